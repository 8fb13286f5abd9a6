"""Unused supplies of removed devices, and forms of people who are not signed in, as the desk sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.fleet.models import Supply
from metered.lib.admin import Button, LookOnly, LookOnlyAdmin, WithButtons, actor
from metered.returns import actions
from metered.returns.desk_forms import AssignForm, NoneLeftForm, form_of
from metered.returns.leftovers import compatible
from metered.returns.models import Leftover, Unconfirmed


def _assign(leftover: Leftover, values: dict[str, Any], request: HttpRequest) -> str:
    device = values["device"]
    actions.assign(leftover=leftover, device=device, actor=actor(request))
    said = _("Given to %(device)s.") % {"device": device.label}
    if device.address_id != leftover.address_id:
        said += " " + _("The customer has to carry it to %(address)s.") % {"address": device.address}
    return said


def _none_left(leftover: Leftover, values: dict[str, Any], request: HttpRequest) -> str:
    actions.none_left(leftover=leftover, once=values["once"].hex, actor=actor(request))
    return _("Counted as none. Nobody is reminded of it any more.")


def _open(leftover: Leftover) -> bool:
    return leftover.state == Leftover.State.OPEN


def _fits(leftover: Leftover) -> str:
    if not compatible(leftover):
        return _("No device in use of the same contract can use it.")
    return _(
        "Devices of the same contract that it fits. At another address its shelf there gets the units in our"
        " books."
    )


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((str(value), str(label)) for value, label in Leftover.State.choices), ("all", _("All"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for name, label in self.lookup_choices:
            yield {
                "selected": (self.value() or "open") == name,
                "query_string": changelist.get_query_string({self.parameter_name: name}),
                "display": label.capitalize(),
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Leftover]) -> QuerySet[Leftover]:
        wanted = self.value() or Leftover.State.OPEN
        return queryset.filter(state=wanted) if wanted in Leftover.State.values else queryset


@admin.register(Leftover)
class LeftoverAdmin(LookOnly, WithButtons):
    list_display = ("supply", "units", "account", "address", "device", "found_at", "reminders", "state")
    list_select_related = ("account", "address", "device__model", "pool__supply")
    list_filter = (OpenFilter,)
    search_fields = ("account__name", "account__number", "pool__supply__reorder_number", "device__serial")
    search_help_text = gettext_lazy("Customer, reorder number or the removed device's serial number")
    show_full_result_count = False
    ordering = ("found_at", "pk")
    fields = (
        "account", "address", "supply", "units", "device", "found_at", "state", "reminders", "remind_at",
        "settled_at", "settled_by", "returned_in", "assigned_to",
    )  # fmt: skip
    readonly_fields = fields
    buttons = (
        Button(
            "assign",
            gettext_lazy("Give to a compatible device"),
            _assign,
            form_for=form_of(AssignForm),
            explains=_fits,
            when=_open,
        ),
        Button(
            "none-left",
            gettext_lazy("None of it is left"),
            _none_left,
            form=NoneLeftForm,
            explains=gettext_lazy("The shelf is counted as empty, and nobody is reminded any more."),
            when=_open,
        ),
    )

    @admin.display(description=gettext_lazy("supply"))
    def supply(self, leftover: Leftover) -> str:
        return f"{leftover.pool.supply.name}, {leftover.pool.supply.reorder_number}"

    @admin.display(description=gettext_lazy("units on the shelf"))
    def units(self, leftover: Leftover) -> int:
        return leftover.pool.shelf


@admin.register(Unconfirmed)
class UnconfirmedAdmin(LookOnlyAdmin):
    """Forms of people who are not signed in: what was mailed to them, and what came of it."""

    list_display = ("made_at", "email", "known_as", "account", "outcome", "expires_at", "filed")
    list_select_related = ("account", "filed")
    list_filter = ("outcome",)
    search_fields = ("email__istartswith", "known_as__iexact", "account__name")
    search_help_text = gettext_lazy("Beginning of the e-mail address, what was typed, or the customer")
    ordering = ("-made_at", "-pk")
    fields = (
        "made_at", "email", "language", "known_as", "account", "address", "what", "boxes", "contact",
        "outcome", "taken_at", "expires_at", "filed",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=gettext_lazy("what"))
    def what(self, row: Unconfirmed) -> str:
        units = {int(pk): n for pk, n in row.filled.get("units", {}).items()}
        supplies = Supply.objects.filter(pk__in=units).order_by("reorder_number")
        return "; ".join(f"{units[each.pk]} × {each.name}, {each.reorder_number}" for each in supplies)

    @admin.display(description=gettext_lazy("boxes"))
    def boxes(self, row: Unconfirmed) -> str:
        return str(row.filled.get("boxes", ""))

    @admin.display(description=gettext_lazy("contact"))
    def contact(self, row: Unconfirmed) -> str:
        parts = (row.filled.get(name, "") for name in ("contact", "phone", "pick_up", "note"))
        return ", ".join(str(part) for part in parts if part)
