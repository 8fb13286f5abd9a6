from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.admin import Button, LookOnly, LookOnlyInline, WithButtons, actor
from metered.orders import actions, admin_shortages  # noqa: F401 (registers itself)
from metered.orders.models import LineState, Order, OrderLine, Problem, Shipment
from metered.orders.policy import limit


class LineInline(LookOnlyInline):
    model = OrderLine
    fields = ("supply", "quantity", "state", "automatic", "closed_reason")


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
        actions.deliver(shipment=shipment, actor=actor(request), tell=True)
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


class ReduceForm(forms.Form):
    quantity = forms.IntegerField(label=gettext_lazy("Units to send"), min_value=1)
    because = forms.CharField(label=gettext_lazy("Why not all, as the customer reads it"), max_length=200)


class ReasonForm(forms.Form):
    because = forms.CharField(label=gettext_lazy("Reason, as the customer reads it"), max_length=200)


class AnswerForm(forms.Form):
    answer = forms.CharField(label=gettext_lazy("Answer, as the customer reads it"), max_length=200)


def _release_line(line: OrderLine, values: dict[str, Any], request: HttpRequest) -> str:
    actions.release_line(line=line, actor=actor(request))
    return _("Released. The customer is told by mail.")


def _reduce_line(line: OrderLine, values: dict[str, Any], request: HttpRequest) -> str:
    actions.reduce_line(line=line, actor=actor(request), **values)
    return _("Released with fewer units. The customer is told by mail, with the reason.")


def _decline_line(line: OrderLine, values: dict[str, Any], request: HttpRequest) -> str:
    actions.decline_line(line=line, actor=actor(request), **values)
    return _("Declined. The customer is told by mail, with the reason.")


def _held(line: OrderLine) -> bool:
    return line.state in (LineState.AWAITING_READ, LineState.IN_REVIEW)


class HeldFilter(admin.SimpleListFilter):
    title = gettext_lazy("what it waits for")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("staff", _("Us")), ("read", _("A read or a count")), ("any", _("Either"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OrderLine]) -> QuerySet[OrderLine]:
        states = {
            "staff": [LineState.IN_REVIEW],
            "read": [LineState.AWAITING_READ],
            "any": [LineState.IN_REVIEW, LineState.AWAITING_READ],
        }.get(self.value() or "")
        return queryset.filter(state__in=states) if states else queryset


@admin.register(OrderLine)
class OrderLineAdmin(LookOnly, WithButtons):
    """Lines, above all those that are above their limit and wait."""

    list_display = ("__str__", "order", "account", "state", "limit_then", "limit_now", "placed_at")
    list_select_related = ("order", "account", "supply", "pool")
    list_filter = (HeldFilter, "state")
    ordering = ("-order__placed_at", "-pk")
    search_fields = ("order__number__iexact", "account__name", "supply__reorder_number__iexact")
    search_help_text = gettext_lazy("Order number, customer or reorder number")
    show_full_result_count = False
    fields = (
        "order", "account", "supply", "quantity", "state", "limit_then", "limit_now", "closed_reason",
    )  # fmt: skip
    readonly_fields = fields
    buttons = (
        Button(
            "release",
            gettext_lazy("Release it"),
            _release_line,
            explains=gettext_lazy("All of its units can be packed; the customer is told by mail."),
            when=_held,
        ),
        Button(
            "reduce",
            gettext_lazy("Send fewer"),
            _reduce_line,
            form=ReduceForm,
            explains=gettext_lazy("The units below are packed; the rest is declined with the reason."),
            when=lambda line: _held(line) and line.quantity > 1,
        ),
        Button(
            "decline",
            gettext_lazy("Decline it"),
            _decline_line,
            form=ReasonForm,
            explains=gettext_lazy("Nothing of it is sent; the customer is told by mail, with the reason."),
            when=_held,
        ),
    )

    @admin.display(description=gettext_lazy("ordered"))
    def placed_at(self, line: OrderLine) -> Any:
        return line.order.placed_at

    @admin.display(description=gettext_lazy("limit when ordered"))
    def limit_then(self, line: OrderLine) -> str:
        what = line.weighed or {}
        if "need" not in what:
            return "–"
        return _("%(limit)s: %(need)s needed, %(shelf)s on the shelf, %(coming)s on the way") % {
            "limit": what["limit"],
            "need": what["need"],
            "shelf": what["shelf"],
            "coming": what["on_the_way"],
        }

    @admin.display(description=gettext_lazy("shelf and on the way now"))
    def limit_now(self, line: OrderLine) -> str:
        need = (line.weighed or {}).get("need")
        text = _("%(shelf)s and %(coming)s") % {"shelf": line.pool.shelf, "coming": line.pool.on_the_way}
        if need is None or not _held(line):
            return text
        others = line.pool.on_the_way - line.quantity
        return _("%(text)s; limit without it %(limit)s") % {
            "text": text,
            "limit": limit(need, line.pool.shelf, others),
        }


def _replace(problem: Problem, values: dict[str, Any], request: HttpRequest) -> str:
    order = actions.replace_problem(problem=problem, actor=actor(request))
    return _("Replaced by %(number)s. The customer is told by mail.") % {"number": order.number}


def _answer(problem: Problem, values: dict[str, Any], request: HttpRequest) -> str:
    actions.answer_problem(problem=problem, actor=actor(request), **values)
    return _("Answered. The customer is told by mail.")


@admin.register(Problem)
class ProblemAdmin(LookOnly, WithButtons):
    """What customers reported: wrong, damaged, defective, missing."""

    list_display = ("__str__", "account", "kind", "quantity", "status", "reported_at", "replacement")
    list_select_related = ("line__order", "line__supply", "account", "replacement")
    list_filter = ("status", "kind")
    search_fields = ("line__order__number__iexact", "account__name", "line__supply__reorder_number__iexact")
    search_help_text = gettext_lazy("Order number, customer or reorder number")
    show_full_result_count = False
    fields = (
        "account", "line", "kind", "quantity", "note", "reported_by", "reported_at", "status", "answer",
        "settled_at", "replacement",
    )  # fmt: skip
    readonly_fields = fields
    buttons = (
        Button(
            "replace",
            gettext_lazy("Replace without charge"),
            _replace,
            explains=gettext_lazy("An order for the same units is released at once."),
            when=lambda problem: problem.status == Problem.Status.OPEN,
        ),
        Button(
            "answer",
            gettext_lazy("Answer without replacing"),
            _answer,
            form=AnswerForm,
            explains=gettext_lazy("Nothing is sent; the customer is told by mail."),
            when=lambda problem: problem.status == Problem.Status.OPEN,
        ),
    )
