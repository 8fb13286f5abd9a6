"""Early warnings at the support desk: what will run out before anything can arrive, and the order for it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.admin import Button, LookOnly, WithButtons, actor
from metered.orders import actions
from metered.replenishment.models import Shortage


def _order(row: Shortage, values: dict[str, Any], request: HttpRequest) -> str:
    # The same row twice is the same form: it places once.
    orders = actions.order_by_hand(
        account_id=row.account_id,
        address_id=row.address_id,
        once=uuid.uuid5(uuid.NAMESPACE_URL, f"shortage:{row.pk}"),
        asked=[actions.Asked(row.pool_id, 1, None)],
        actor=actor(request),
        urgent=True,
        anyway=True,
    )
    return _("Ordered urgently: %(number)s.") % {"number": ", ".join(order.number for order in orders)}


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", _("Now")), ("over", _("Over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Shortage]) -> QuerySet[Shortage]:
        if self.value() in ("open", "over"):
            return queryset.filter(ended_at__isnull=self.value() == "open")
        return queryset


@admin.register(Shortage)
class ShortageAdmin(LookOnly, WithButtons):
    list_display = (
        "supply", "account", "address", "runs_out_on", "arrives_on", "noticed_at", "told_at", "ended_at",
    )  # fmt: skip
    list_select_related = ("pool__supply", "account", "address")
    list_filter = (StateFilter,)
    ordering = ("runs_out_on", "pk")
    search_fields = ("account__name", "account__number", "pool__supply__reorder_number__iexact")
    search_help_text = gettext_lazy("Customer or reorder number")
    show_full_result_count = False
    fields = ("supply", *list_display[1:])
    readonly_fields = fields
    buttons = (
        Button(
            "order",
            gettext_lazy("Order it urgently"),
            _order,
            explains=gettext_lazy("One unit is released at once; the people of the address see it."),
            when=lambda row: row.ended_at is None,
        ),
    )

    @admin.display(description=gettext_lazy("supply"))
    def supply(self, row: Shortage) -> str:
        return str(row.pool.supply)
