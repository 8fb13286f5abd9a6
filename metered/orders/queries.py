"""Reading orders. One page of the history costs three queries, however long the history is."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from metered.accounts.access import Viewer
from metered.lib import keyset
from metered.orders.models import UNSHIPPED, Order, OrderLine, Problem, Shipment, ShipmentLine
from metered.replenishment.models import DeviceRate

NEWEST_FIRST = keyset.by_time("placed_at")

STATES: dict[str, tuple[str, ...]] = {
    "open": UNSHIPPED,
    "shipped": ("shipped",),
    "delivered": ("delivered",),
    "cancelled": ("cancelled", "declined"),
}
"""The words of the history's filter, and the states of lines that they stand for."""


@dataclass(frozen=True)
class Wanted:
    """What the history is narrowed to; every part may be empty."""

    search: str = ""
    state: str = ""
    origin: str = ""
    address: str = ""

    def __bool__(self) -> bool:
        return bool(self.search or self.state or self.origin or self.address)


def _history(viewer: Viewer, wanted: Wanted) -> QuerySet[Any, dict[str, Any]]:
    rows = Order.objects.visible_to(viewer)
    lines = OrderLine.objects.filter(order=OuterRef("pk"))
    if wanted.state in STATES:
        rows = rows.filter(Exists(lines.filter(state__in=STATES[wanted.state])))
    if wanted.origin:
        rows = rows.filter(origin=wanted.origin)
    if wanted.address:
        rows = rows.filter(address__public_id=wanted.address)
    if wanted.search:
        text = wanted.search
        parcels = Shipment.objects.filter(order=OuterRef("pk"), tracking__iexact=text)
        rows = rows.filter(
            Q(number__iexact=text)
            | Q(number__iendswith=f"-{text}")
            | Q(reference__icontains=text)
            | Exists(lines.filter(supply__reorder_number__iexact=text))
            | Exists(parcels)
        )
    values: QuerySet[Any, dict[str, Any]] = rows.values(
        "id", "public_id", "number", "origin", "placed_at", "release_at", "held_at", "reference",
        "cost_centre", "address__name", "placed_by__name", "placed_by__email",
    )  # fmt: skip
    return values


def history(viewer: Viewer, wanted: Wanted, *, after: str = "", before: str = "") -> keyset.Page:
    """A page of orders, newest first; each row carries `lines` and `parcels`, as the other queries here."""
    page = keyset.page(_history(viewer, wanted), NEWEST_FIRST, after=after, before=before)
    _attach(page.rows)
    return page


def recent(viewer: Viewer, count: int) -> list[dict[str, Any]]:
    """The newest orders, with `lines` and `parcels`."""
    rows = list(_history(viewer, Wanted()).order_by(*NEWEST_FIRST.by(False))[:count])
    _attach(rows)
    return rows


def count(viewer: Viewer) -> int:
    """How many orders the viewer may see."""
    found: int = Order.objects.visible_to(viewer).count()
    return found


def _attach(rows: Sequence[dict[str, Any]]) -> None:
    ids = [row["id"] for row in rows]
    by_order: dict[int, dict[str, Any]] = {}
    for row in rows:
        row["lines"], row["parcels"] = [], []
        by_order[row["id"]] = row
    lines = OrderLine.objects.filter(order_id__in=ids).order_by("id")
    for line in lines.values(
        "order_id", "quantity", "state", "release_at", "held_at", "closed_reason", "supply__name",
        "supply__reorder_number", "supply__kind", "supply__colorant",
    ):  # fmt: skip
        by_order[line["order_id"]]["lines"].append(line)
    parcels = Shipment.objects.filter(order_id__in=ids).order_by("shipped_at", "id")
    for parcel in parcels.values(
        "order_id", "carrier", "tracking", "shipped_at", "expected_on", "delivered_at"
    ):
        by_order[parcel["order_id"]]["parcels"].append(parcel)


@dataclass(frozen=True)
class Whole:
    """One order with all that belongs to it."""

    order: Order
    lines: list[OrderLine]
    parcels: list[Shipment]
    contents: dict[int, list[ShipmentLine]]
    """The lines of each parcel, by the parcel's id."""
    problems: list[Problem]
    """What was reported about it, oldest first."""
    replaces: Problem | None
    """What this order makes good."""


def whole(viewer: Viewer, public_id: str) -> Whole | None:
    """One order; None when it isn't there or isn't the viewer's."""
    order: Order | None = (
        Order.objects.visible_to(viewer)
        .select_related("address__current", "placed_by", "contract")
        .filter(public_id=public_id)
        .first()
    )
    return None if order is None else whole_for_system(order)


def whole_for_system(order: Order) -> Whole:
    """One order with all that belongs to it."""
    lines = list(
        OrderLine.objects.filter(order=order)
        .select_related("supply", "pool")
        .prefetch_related("slots__device__model")
        .order_by("id")
    )
    parcels = list(Shipment.objects.filter(order=order).select_related("to").order_by("shipped_at", "id"))
    contents: dict[int, list[ShipmentLine]] = {parcel.pk: [] for parcel in parcels}
    inside = ShipmentLine.objects.filter(shipment__in=parcels).select_related("line__supply")
    for item in inside.order_by("id"):
        contents[item.shipment_id].append(item)
    problems = Problem.objects.filter(line__order=order).select_related("line__supply", "replacement")
    return Whole(
        order=order,
        lines=lines,
        parcels=parcels,
        contents=contents,
        problems=list(problems.order_by("reported_at", "pk")),
        replaces=_replaced_by(order),
    )


def _replaced_by(order: Order) -> Problem | None:
    if order.origin != Order.Origin.REPLACED:
        return None
    return Problem.objects.filter(replacement=order).select_related("line__order").first()


@dataclass(frozen=True)
class Coming:
    """Units of an order line that have not arrived."""

    pool_id: int
    order_public_id: str
    number: str
    supply: str
    reorder_number: str
    quantity: int
    state: str
    release_at: dt.datetime | None
    held_at: dt.datetime | None
    expected_on: dt.date | None


def coming(viewer: Viewer, pool_ids: Iterable[int]) -> list[Coming]:
    """What is ordered or shipped for these pools and has not arrived, oldest first."""
    lines = (
        OrderLine.objects.visible_to(viewer)
        .filter(pool_id__in=list(pool_ids), state__in=[*UNSHIPPED, "shipped"])
        .order_by("order__placed_at", "id")
        .values(
            "id",
            "pool_id",
            "quantity",
            "state",
            "release_at",
            "held_at",
            "order__public_id",
            "order__number",
            "supply__name",
            "supply__reorder_number",
        )
    )
    rows = list(lines)
    expected: dict[int, dt.date] = {}
    inside = ShipmentLine.objects.filter(
        line_id__in=[row["id"] for row in rows],
        shipment__delivered_at=None,
        shipment__expected_on__isnull=False,
    ).values_list("line_id", "shipment__expected_on")
    for line_id, date in inside:
        if date is not None:
            expected[line_id] = max(date, expected.get(line_id, date))
    return [
        Coming(
            pool_id=row["pool_id"],
            order_public_id=row["order__public_id"],
            number=row["order__number"],
            supply=row["supply__name"],
            reorder_number=row["supply__reorder_number"],
            quantity=row["quantity"],
            state=row["state"],
            release_at=row["release_at"],
            held_at=row["held_at"],
            expected_on=expected.get(row["id"]),
        )
        for row in rows
    ]


def lately_for_system(
    pool_id: int, slot_ids: Iterable[int], now: dt.datetime, *, but: uuid.UUID | None = None
) -> list[OrderLine]:
    """Lines of the pool for one of these slots that were ordered within settings.ORDER_AGAIN_DAYS, and not
    given up (domain rule 18). `but`: those of this form don't count."""
    since = now - dt.timedelta(days=settings.ORDER_AGAIN_DAYS)
    lines = OrderLine.objects.filter(
        pool_id=pool_id, order__placed_at__gt=since, slots__in=list(slot_ids)
    ).exclude(state__in=STATES["cancelled"])
    if but is not None:
        lines = lines.filter(Q(order__once=None) | ~Q(order__once=but))
    return list(lines.select_related("order").distinct().order_by("pk"))


def shipped_units_for_system(account_id: int, supply_ids: Iterable[int]) -> dict[int, int]:
    """Supply → units that were ever shipped to the account, whether or not they arrived."""
    rows = ShipmentLine.objects.filter(
        shipment__account_id=account_id, line__supply_id__in=list(supply_ids)
    ).values_list("line__supply_id")
    return {pk: int(units) for pk, units in rows.annotate(units=Sum("quantity"))}


def heard_on_for_system(address_id: int) -> dict[int, dt.date]:
    """Device → the day of the last observation or read that the forecast knows, for the address."""
    rates = DeviceRate.objects.filter(
        device__address_id=address_id, device__removed_at=None, folded_at__isnull=False
    )
    return {device_id: at.date() for device_id, at in rates.values_list("device_id", "folded_at")}


def placed_with(viewer: Viewer, once: str) -> list[Order]:
    """The orders that the viewer placed with the form of that name; none for what names no form."""
    try:
        form = uuid.UUID(once)
    except ValueError:
        return []
    rows = Order.objects.visible_to(viewer).filter(once=form, placed_by_id=viewer.user_id)
    return list(rows.order_by("pk"))


CSV_CHUNK = 500


def history_lines(viewer: Viewer, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Every order line of the narrowed history, newest order first, a chunk at a time."""
    orders = _history(viewer, wanted).order_by(*NEWEST_FIRST.by(False))
    rows: list[dict[str, Any]] = []
    for row in orders.iterator(chunk_size=CSV_CHUNK):
        rows.append(row)
        if len(rows) == CSV_CHUNK:
            yield from _with_lines(rows)
            rows = []
    yield from _with_lines(rows)


def _with_lines(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    _attach(rows)
    for row in rows:
        for line in row["lines"]:
            yield row | {"line": line}


def reportable(whole: Whole) -> list[tuple[str, str, int]]:
    """(line, what, how many at most) of everything that arrived and that nothing was said about yet."""
    said: dict[int, int] = {}
    for problem in whole.problems:
        said[problem.line_id] = said.get(problem.line_id, 0) + problem.quantity
    sent: dict[int, int] = {}
    for parcel in whole.parcels:
        if parcel.delivered_at is not None:
            for item in whole.contents[parcel.pk]:
                sent[item.line_id] = sent.get(item.line_id, 0) + item.quantity
    return [
        (line.public_id, f"{line.supply.name} ({line.supply.reorder_number})", left)
        for line in whole.lines
        if (left := sent.get(line.pk, 0) - said.get(line.pk, 0)) > 0
    ]
