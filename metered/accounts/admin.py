from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.accounts import joining
from metered.accounts.address_actions import edit_address
from metered.accounts.desk import LoggedAdmin, Settled
from metered.accounts.models import (
    Account,
    ActivityEntry,
    Address,
    AddressClosure,
    AddressVersion,
    ApiKey,
    Fact,
    Invitation,
    JoinRequest,
    Membership,
    Registration,
    User,
)
from metered.accounts.people_forms import PartForm
from metered.accounts.people_queries import addresses_in_use_for_system
from metered.lib.admin import (
    Button,
    LookOnly,
    LookOnlyAdmin,
    LookOnlyInline,
    NamedInline,
    WithButtons,
    actor,
)


class MembershipInline(NamedInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user", "account", "addresses")


class EmailInline(LookOnlyInline):
    """Addresses are proven by their owners in the sign-in pages, never typed here."""

    model = EmailAddress
    fields = ("email", "verified", "primary")
    readonly_fields = fields
    show_change_link = False


@admin.register(User)
class UserAdmin(LoggedAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("public_id", "last_login", "date_joined")
    inlines = (EmailInline, MembershipInline)
    # A password is set by its owner through the sign-in pages, never typed here.
    fieldsets = (
        (None, {"fields": ("email", "name", "language", "time_zone")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Record", {"fields": ("public_id", "last_login", "date_joined")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Who may do what is decided by those who may do everything.

        By their address people sign in and get the link for a new password: they change it themselves, on the
        sign-in pages, where the new one is proven.
        """
        fixed = self.readonly_fields if obj is None else (*self.readonly_fields, "email")
        return fixed if actor(request).is_superuser else (*fixed, "is_staff", "is_superuser", "groups")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and obj.is_superuser and not actor(request).is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.email = obj.email.lower()
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


class AddressInline(LookOnlyInline):
    model = Address
    fields = ("name", "country", "time_zone", "current", "retired_at")
    readonly_fields = fields


@admin.register(Account)
class AccountAdmin(LoggedAdmin):
    list_display = ("name", "number", "contact_email", "language", "time_zone")
    search_fields = ("name", "number", "contact_email")
    readonly_fields = ("public_id", "created_at")
    inlines = (AddressInline, MembershipInline)


class WordingForm(forms.ModelForm):
    class Meta:
        model = AddressVersion
        fields = (
            "recipient", "lines", "city", "region", "postal_code", "country",
            "contact", "phone", "delivery_note",
        )  # fmt: skip


def _word(address: Address, values: dict[str, Any], request: HttpRequest) -> str:
    edit_address(
        address=address,
        name=address.name,
        time_zone=address.time_zone,
        subdivision=address.subdivision,
        wording=values,
        seen=None,
        actor=actor(request),
    )
    return _("The address is worded anew.")


class VersionInline(LookOnlyInline):
    model = AddressVersion
    ordering = ("-version",)
    fields = (
        "version",
        "recipient",
        "lines",
        "city",
        "region",
        "postal_code",
        "country",
        "created_at",
        "created_by",
    )


class ClosureInline(NamedInline):
    model = AddressClosure
    extra = 0


@admin.register(Address)
class AddressAdmin(Settled, WithButtons, LoggedAdmin):
    list_display = ("name", "account", "current", "country", "refused_reason", "retired_at")
    list_select_related = ("account", "current")
    list_filter = ("country",)
    search_fields = ("name", "account__name", "account__number", "current__city", "current__postal_code")
    autocomplete_fields = ("account",)
    readonly_fields = ("public_id", "current", "retired_at")
    added = changed = Fact.Kind.ADDRESS_CHANGED
    inlines = (VersionInline, ClosureInline)
    buttons = (
        Button(
            "word",
            gettext_lazy("Word the address"),
            _word,
            form=WordingForm,
            explains=gettext_lazy("Orders that have not left follow it; parcels keep what they left with."),
        ),
    )


@admin.register(ActivityEntry)
class ActivityAdmin(LookOnlyAdmin):
    list_display = ("at", "account", "actor_name", "verb", "kind", "public_id")
    list_select_related = ("account",)
    list_filter = ("kind", "verb")
    search_fields = ("account__name", "account__number", "actor_name", "public_id")
    date_hierarchy = "at"


@admin.register(ApiKey)
class ApiKeyAdmin(LookOnlyAdmin):
    """Keys by which programs act for a person; the person revokes them."""

    list_display = ("name", "hint", "user", "account", "created_at", "used_on", "revoked_at")
    list_select_related = ("user", "account")
    search_fields = ("user__email__istartswith", "account__name", "hint")
    exclude = ("digest",)


@admin.register(Registration)
class RegistrationAdmin(LookOnlyAdmin):
    """What somebody typed who calls because no link came."""

    list_display = ("created_at", "email", "serial", "place", "outcome", "account", "used_at")
    list_select_related = ("account",)
    list_filter = ("outcome",)
    search_fields = ("email", "serial", "name")


@admin.register(Invitation)
class InvitationAdmin(LookOnlyAdmin):
    list_display = ("email", "account", "role", "sent_at", "expires_at", "accepted_at", "withdrawn_at")
    list_select_related = ("account",)
    search_fields = ("email", "account__name", "account__number")


def _part_form(row: JoinRequest) -> Callable[..., PartForm]:
    addresses = list(addresses_in_use_for_system(row.account_id))
    return lambda data, initial: PartForm(data, addresses=addresses, initial={"role": "viewer", **initial})


def _approve(row: JoinRequest, values: dict[str, Any], request: HttpRequest) -> str:
    known = {address.public_id: address for address in addresses_in_use_for_system(row.account_id)}
    addresses = [known[name] for name in values["addresses"]] if values["scope"] == "some" else None
    joining.approve(request=row, actor=actor(request), role=values["role"], addresses=addresses)
    return _("They are in, and told by mail.")


def _decline(row: JoinRequest, values: dict[str, Any], request: HttpRequest) -> str:
    joining.decline(request=row, actor=actor(request))
    return _("They stay out, and are told by mail.")


def _waits(row: JoinRequest) -> bool:
    return row.decided_at is None


@admin.register(JoinRequest)
class JoinRequestAdmin(LookOnly, WithButtons):
    list_display = ("created_at", "user", "account", "serial", "decided_at", "approved", "decided_by")
    list_select_related = ("user", "account", "decided_by")
    list_filter = (("decided_at", admin.EmptyFieldListFilter), "approved")
    search_fields = ("user__email", "user__name", "account__name", "account__number", "serial")
    buttons = (
        Button(
            "approve",
            gettext_lazy("Let them in"),
            _approve,
            form_for=_part_form,
            when=_waits,
            explains=gettext_lazy("Only after you made sure that they work for this customer."),
        ),
        Button("decline", gettext_lazy("Decline"), _decline, when=_waits),
    )
