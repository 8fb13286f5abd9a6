from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.admin import Button, LookOnly, LookOnlyInline, WithButtons, actor
from metered.orders import actions
from metered.orders.models import LineState, Order, OrderLine, Shipment


class LineInline(LookOnlyInline):
    model = OrderLine
    fields = ("supply", "quantity", "state", "automatic", "closed_reason")
    show_change_link = False


class ShipmentInline(LookOnlyInline):
    model = Shipment
    fields = ("shipped_at", "carrier", "tracking", "expected_on", "to", "delivered_at")
    show_change_link = False


class ShipForm(forms.Form):
    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=40)
    tracking = forms.CharField(label=gettext_lazy("Tracking number"), max_length=60, required=False)
    expected_on = forms.DateField(
        label=gettext_lazy("Expected to arrive on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class CancelForm(forms.Form):
    because = forms.CharField(label=gettext_lazy("Reason, as the customer reads it"), max_length=200)


def _ship(order: Order, values: dict[str, Any], request: HttpRequest) -> str:
    if actions.ship(order=order, actor=actor(request), **values) is None:
        return _(
            "Nothing was shipped: none of it may be sent any more. Its lines are closed, with the reason."
        )
    return _("Shipped. The customer is told by mail.")


def _deliver(order: Order, values: dict[str, Any], request: HttpRequest) -> str:
    for shipment in order.shipments.filter(delivered_at=None):
        actions.deliver(shipment=shipment, actor=actor(request))
    return _("Delivered. The units are on the customer's shelf now.")


def _cancel(order: Order, values: dict[str, Any], request: HttpRequest) -> str:
    for line in order.lines.exclude(state__in=[LineState.CANCELLED, LineState.DECLINED]):
        actions.cancel_line(line=line, because=values["because"], actor=actor(request))
    return _("Cancelled. Nothing of it is on the way any more.")


def _release(order: Order, values: dict[str, Any], request: HttpRequest) -> str:
    actions.release_now(order=order, actor=actor(request))
    return _("Released: it can be packed.")


class QueueFilter(admin.SimpleListFilter):
    title = gettext_lazy("what it waits for")
    parameter_name = "queue"

    STATES = {
        "ship": (LineState.RELEASED,),
        "held": (LineState.AWAITING_READ, LineState.IN_REVIEW),
        "announced": (LineState.PLACED,),
        "arriving": (LineState.SHIPPED,),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("ship", _("To be shipped")),
            ("held", _("Held")),
            ("announced", _("Announced")),
            ("arriving", _("On the way")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        states = self.STATES.get(self.value() or "")
        return queryset.filter(lines__state__in=states).distinct() if states else queryset


@admin.register(Order)
class OrderAdmin(LookOnly, WithButtons):
    list_display = ("number", "account", "address", "origin", "placed_at", "release_at", "units", "states")
    list_select_related = ("account", "address")
    list_filter = (QueueFilter, "origin")
    search_fields = ("number__iexact", "account__name", "account__number", "shipments__tracking__iexact")
    search_help_text = gettext_lazy("Order number, tracking number or customer")
    show_full_result_count = False
    inlines = (LineInline, ShipmentInline)
    buttons = (
        Button(
            "release",
            gettext_lazy("Release now"),
            _release,
            explains=gettext_lazy("The lines can be packed at once; an announcement's time is cut short."),
            when=lambda order: order.lines.filter(
                state__in=[LineState.PLACED, LineState.AWAITING_READ, LineState.IN_REVIEW]
            ).exists(),
        ),
        Button(
            "ship",
            gettext_lazy("Mark as shipped"),
            _ship,
            form=ShipForm,
            explains=gettext_lazy(
                "Everything that is released leaves in one parcel; the customer is told by mail."
            ),
            when=lambda order: order.lines.filter(state=LineState.RELEASED).exists(),
        ),
        Button(
            "deliver",
            gettext_lazy("Mark as delivered"),
            _deliver,
            explains=gettext_lazy("Every parcel of this order that is under way arrived in full."),
            when=lambda order: order.shipments.filter(delivered_at=None).exists(),
        ),
        Button(
            "cancel",
            gettext_lazy("Cancel the order"),
            _cancel,
            form=CancelForm,
            explains=gettext_lazy(
                "Only before anything of it is shipped. The same is not sent by itself for the next 7 days."
            ),
            when=lambda order: (
                order.lines.exclude(
                    state__in=[
                        LineState.SHIPPED,
                        LineState.DELIVERED,
                        LineState.CANCELLED,
                        LineState.DECLINED,
                    ]
                ).exists()
                and not order.shipments.exists()
            ),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).prefetch_related("lines")

    @admin.display(description=gettext_lazy("units"))
    def units(self, order: Order) -> int:
        return sum(line.quantity for line in order.lines.all())

    @admin.display(description=gettext_lazy("state"))
    def states(self, order: Order) -> str:
        return ", ".join(sorted({str(line.get_state_display()) for line in order.lines.all()}))
