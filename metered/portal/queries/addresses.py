"""An account's addresses with what ships there, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, IntegerField, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower

from metered.accounts.access import Viewer
from metered.accounts.models import Account, Address, AddressClosure, AddressVersion
from metered.accounts.queries import addresses as in_use
from metered.fleet.models import Device
from metered.lib import keyset
from metered.orders.models import UNSHIPPED, Order, OrderLine
from metered.stock.models import Pool

BY_NAME = keyset.Order("sorted_by")
EACH = 12
"""So many devices, orders and earlier wordings are named; the rest is counted."""


def _number(rows: QuerySet[Any], by: str, distinct: str = "pk") -> Coalesce:
    counted = rows.order_by().values(by).annotate(n=Count(distinct, distinct=True)).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def page(viewer: Viewer, today: dt.date, *, after: str = "", before: str = "") -> keyset.Page:
    """The addresses in use, by name, with how much ships there and when each closes next."""
    devices = Device.objects.filter(address=OuterRef("pk"), removed_at=None)
    lines = OrderLine.objects.filter(order__address=OuterRef("pk"), state__in=UNSHIPPED)
    closures = AddressClosure.objects.filter(address=OuterRef("pk"), ends_on__gte=today)
    rows: Any = (
        in_use(viewer)
        .annotate(
            devices_here=_number(devices, "address"),
            unshipped=_number(lines, "order__address", "order"),
            closes=Subquery(closures.order_by().values("address").annotate(d=Min("starts_on")).values("d")),
            sorted_by=Lower("name"),
        )
        .values(
            "public_id", "name", "refused_reason", "devices_here", "unshipped", "closes", "sorted_by",
            "current__recipient", "current__lines", "current__city", "current__region",
            "current__postal_code", "current__country",
        )
    )  # fmt: skip
    return keyset.page(rows, BY_NAME, after=after, before=before)


@dataclass(frozen=True)
class Whole:
    address: Address
    devices: list[Device]
    device_count: int
    orders: list[Order]
    """Those of which something has not been shipped, the oldest first."""
    order_count: int
    closures: list[AddressClosure]
    """Those that are not over."""
    earlier: list[AddressVersion]
    """Wordings before the current one, the last first."""
    on_shelf: int


def whole(viewer: Viewer, public_id: str, today: dt.date) -> Whole | None:
    """One address, also a retired one; None when it isn't there or isn't the viewer's."""
    found: QuerySet[Address] = Address.objects.visible_to(viewer)
    address = found.select_related("current__created_by", "account").filter(public_id=public_id).first()
    if address is None:
        return None
    devices = Device.objects.filter(address=address, removed_at=None)
    orders = unshipped(address.pk)
    earlier = AddressVersion.objects.filter(address=address).exclude(pk=address.current_id or 0)
    return Whole(
        address=address,
        devices=list(devices.select_related("model").order_by("name", "pk")[:EACH]),
        device_count=devices.count(),
        orders=list(orders[:EACH]),
        order_count=orders.count(),
        closures=list(
            AddressClosure.objects.filter(address=address, ends_on__gte=today).order_by("starts_on")
        ),
        earlier=list(earlier.select_related("created_by").order_by("-version")[:EACH]),
        on_shelf=Pool.objects.filter(address=address, shelf__gt=0).count(),
    )


def unshipped(address_id: int) -> QuerySet[Order]:
    """The orders to an address of which something has not been shipped."""
    lines = OrderLine.objects.filter(order__address_id=address_id, state__in=UNSHIPPED)
    return Order.objects.filter(pk__in=lines.values("order_id")).order_by("placed_at", "pk")


def account_of(viewer: Viewer) -> Account:
    return Account.objects.get(pk=viewer.account_id)


def usual_country(viewer: Viewer) -> str:
    """Where most of the account's addresses are; the United States without any."""
    rows = in_use(viewer).order_by().values("country").annotate(n=Count("pk")).order_by("-n", "country")
    first = rows.values_list("country", flat=True).first()
    return first or "US"
