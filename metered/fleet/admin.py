from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.accounts.desk import LoggedAdmin, Settled
from metered.accounts.models import Fact
from metered.fleet import actions, admin_requests
from metered.fleet.models import (
    Agent,
    Bulletin,
    Contract,
    ContractPrice,
    Device,
    MeterType,
    ModelMeter,
    ModelSupply,
    PrinterModel,
    Slot,
    Supply,
    Token,
)
from metered.lib.admin import Button, LookOnlyInline, NamedInline, WithButtons, actor


@admin.register(MeterType)
class MeterTypeAdmin(admin.ModelAdmin):
    list_display = ("name", "code", "order")
    search_fields = ("name", "code")


class FitInline(NamedInline):
    model = ModelSupply
    extra = 0
    autocomplete_fields = ("supply", "model")


class MeterInline(NamedInline):
    model = ModelMeter
    extra = 0


class BulletinInline(LookOnlyInline):
    """Written on its own page: its buttons tell people."""

    model = Bulletin
    fields = ("minimum_software", "from_date", "published_at")


@admin.register(PrinterModel)
class PrinterModelAdmin(admin.ModelAdmin):
    list_display = ("vendor", "name", "colour", "eligibility")
    list_display_links = ("vendor", "name")
    list_filter = ("eligibility", "colour", "vendor")
    search_fields = ("vendor", "name")
    readonly_fields = ("public_id",)
    inlines = (FitInline, MeterInline, BulletinInline)


@admin.register(Supply)
class SupplyAdmin(admin.ModelAdmin):
    list_display = ("reorder_number", "name", "kind", "colorant", "yield_pages", "yield_standard", "active")
    list_filter = ("kind", "colorant", "active")
    search_fields = ("reorder_number", "name")
    readonly_fields = ("public_id",)
    inlines = (FitInline,)


class PriceInline(NamedInline):
    model = ContractPrice
    extra = 0


@admin.register(Contract)
class ContractAdmin(Settled, LoggedAdmin):
    list_display = ("number", "account", "status", "starts_on", "ends_on", "currency")
    list_select_related = ("account",)
    list_filter = ("status", "currency")
    search_fields = ("number", "account__name", "account__number")
    autocomplete_fields = ("account",)
    readonly_fields = ("public_id",)
    inlines = (PriceInline,)
    added = changed = Fact.Kind.CONTRACT_CHANGED


class SlotInline(NamedInline):
    model = Slot
    extra = 0
    fields = ("position", "code", "kind", "colorant", "name", "supply", "replenished")
    readonly_fields = ("position", "code", "kind", "colorant", "name")
    autocomplete_fields = ("supply",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The printer names its slots; reports add them.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TokenInline(LookOnlyInline):
    model = Token
    fields = ("hint", "created_at", "created_by", "revoked_at")


def _new_token(row: Agent | Device, values: dict[str, Any], request: HttpRequest) -> str:
    owner: dict[str, Any] = {"agent": row} if isinstance(row, Agent) else {"device": row}
    token = actions.issue_token(**owner, actor=actor(request))
    return _("Copy this token now, it is not shown again: %(token)s") % {"token": token}


def _revoke_all(row: Agent | Device, values: dict[str, Any], request: HttpRequest) -> str:
    live = row.tokens.filter(revoked_at=None)
    for token in live:
        actions.revoke_token(token=token, actor=actor(request))
    return _("Its tokens are refused from now on.")


TOKEN_BUTTONS = (
    Button(
        "new-token",
        gettext_lazy("Make a token"),
        _new_token,
        explains=gettext_lazy("The token is shown once. What holds it may send reports for this customer."),
    ),
    Button(
        "revoke-tokens",
        gettext_lazy("Revoke its tokens"),
        _revoke_all,
        explains=gettext_lazy("Whatever holds one of its tokens can't report any more, at once."),
        when=lambda row: row.tokens.filter(revoked_at=None).exists(),
    ),
)


class SwitchForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)


def _switch(on: bool) -> Any:
    def run(device: Device, values: dict[str, Any], request: HttpRequest) -> str:
        actions.switch_replenishment(device=device, on=on, reason=values["reason"], actor=actor(request))
        return _("Automatic replenishment is on again.") if on else _("Automatic replenishment is off.")

    return run


def _remove(device: Device, values: dict[str, Any], request: HttpRequest) -> str:
    actions.remove_device(device=device, actor=actor(request))
    return _("The device is out of use; nothing more is sent for it.")


class InUseFilter(admin.SimpleListFilter):
    title = gettext_lazy("in use")
    parameter_name = "in_use"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("In use")), ("no", _("Removed"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "yes":
            return queryset.filter(removed_at=None)
        if self.value() == "no":
            return queryset.exclude(removed_at=None)
        return queryset


@admin.register(Device)
class DeviceAdmin(Settled, WithButtons, LoggedAdmin):
    list_display = ("serial", "name", "model", "account", "address", "path", "replenishment", "removed_at")
    list_select_related = ("model", "account", "address")
    list_filter = (InUseFilter, "path", "replenishment")
    search_fields = ("serial_key__startswith", "name", "account__name")
    search_help_text = gettext_lazy("Beginning of the serial number, the device's name or the customer's")
    autocomplete_fields = ("account", "contract", "address", "model")
    readonly_fields = ("public_id", "serial_key", "removed_at", "replenishment", "replenishment_reason")
    show_full_result_count = False
    inlines = (SlotInline, TokenInline)
    added = Fact.Kind.DEVICE_ADDED
    changed = Fact.Kind.DEVICE_CHANGED
    buttons = (
        Button(
            "switch-on",
            gettext_lazy("Switch replenishment on"),
            _switch(True),
            form=SwitchForm,
            when=lambda device: (
                device.replenishment == Device.Replenishment.OFF and device.removed_at is None
            ),
        ),
        Button(
            "switch-off",
            gettext_lazy("Switch replenishment off"),
            _switch(False),
            form=SwitchForm,
            explains=gettext_lazy(
                "Nothing is sent automatically for this device until it is switched on again."
            ),
            when=lambda device: device.replenishment != Device.Replenishment.OFF,
        ),
        Button(
            "remove",
            gettext_lazy("Remove the device"),
            _remove,
            explains=gettext_lazy(
                "Its history stays. Its tokens are refused and nothing more is sent for it."
            ),
            when=lambda device: device.removed_at is None,
        ),
        *TOKEN_BUTTONS,
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _code(agent: Agent, values: dict[str, Any], request: HttpRequest) -> str:
    made = actions.make_code(agent=agent, actor=actor(request))
    return _("Read this code out now, it is not shown again: %(code)s. It is good for an hour, once.") % {
        "code": made.text
    }


def _revoke_agent(agent: Agent, values: dict[str, Any], request: HttpRequest) -> str:
    actions.revoke_agent(agent=agent, actor=actor(request))
    return _("The agent can't report any more. Its devices stay as they are.")


class RevokedFilter(admin.SimpleListFilter):
    title = gettext_lazy("in use")
    parameter_name = "in_use"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("In use")), ("no", _("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("yes", "no"):
            return queryset.filter(revoked_at__isnull=self.value() == "yes")
        return queryset


@admin.register(Agent)
class AgentAdmin(Settled, WithButtons, LoggedAdmin):
    """What an agent says, and whether it is silent, reads.admin adds: the fleet knows of no reports."""

    list_display = ("name", "account", "host", "enrolled_at")
    list_select_related = ("account",)
    list_filter = (RevokedFilter,)
    search_fields = ("name", "account__name", "account__number", "host")
    autocomplete_fields = ("account",)
    readonly_fields = ("public_id", "host", "created_at", "enrolled_at", "revoked_at")
    inlines = (TokenInline,)
    buttons = (
        Button(
            "new-code",
            gettext_lazy("Make an enrolment code"),
            _code,
            explains=gettext_lazy(
                "For whoever sets the agent up, over the phone too. A code made before is good no more."
            ),
            when=lambda agent: agent.revoked_at is None,
        ),
        Button(
            "new-token",
            gettext_lazy("Make a token"),
            _new_token,
            explains=TOKEN_BUTTONS[0].explains,
            when=lambda agent: agent.revoked_at is None,
        ),
        TOKEN_BUTTONS[1],
        Button(
            "revoke",
            gettext_lazy("Revoke the agent"),
            _revoke_agent,
            explains=gettext_lazy(
                "Whatever it sends is refused, at once. Devices that nobody else reports go on by estimate."
            ),
            when=lambda agent: agent.revoked_at is None,
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # What it reported keeps its name.
        return False


# Registered by being imported.
__all__ = ["admin_requests"]
