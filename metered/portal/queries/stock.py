"""What stands on the shelves of an address, and how it came to that, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import (
    CharField,
    Count,
    DateField,
    Exists,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    Window,
)
from django.db.models.functions import Cast, Coalesce, Concat, Lower, RowNumber

from metered.accounts.access import Viewer
from metered.accounts.models import Address
from metered.fleet.models import Device, Slot
from metered.lib import keyset
from metered.orders.models import OrderLine
from metered.replenishment.entries import SWAP
from metered.replenishment.models import AddressReview
from metered.stock.models import CountRequest, Entry, Pool

NEVER = dt.date(9999, 12, 31)
EACH = 4
MOVES = ("count", "receive", "install", "set_aside", "put_back", "adjust")
"""What can change a shelf."""

PLACES = keyset.Order("sorted_by")


def _requests(viewer: Viewer) -> QuerySet[CountRequest]:
    rows: QuerySet[CountRequest] = CountRequest.objects.visible_to(viewer)
    return rows.filter(closed_at=None, pool__address__retired_at=None)


def _shelves() -> Q:
    """Pools that are worth a line: a device here uses the supply, or something of it is there."""
    used = Slot.objects.filter(
        supply=OuterRef("supply"),
        device__address=OuterRef("address"),
        device__contract=OuterRef("contract"),
        device__removed_at=None,
    )
    return Q(Exists(used)) | Q(shelf__gt=0)


def places(viewer: Viewer, *, after: str = "", before: str = "") -> keyset.Page:
    """The addresses with shelves, those that are asked for a count first.

    Each row: public_id, name, shelves, counted_at (the latest), asked, due_on.
    """
    shelves = Pool.objects.filter(_shelves(), address=OuterRef("pk")).order_by().values("address")
    asked = (
        CountRequest.objects.filter(pool__address=OuterRef("pk"), closed_at=None)
        .order_by()
        .values("pool__address")
    )
    rows: QuerySet[Any, dict[str, Any]] = (
        Address.objects.visible_to(viewer)
        .filter(retired_at=None)
        .annotate(
            shelves=Coalesce(
                Subquery(shelves.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
            ),
            counted_at=Subquery(shelves.annotate(last=Max("counted_at")).values("last")),
            asked=Coalesce(
                Subquery(asked.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
            ),
            due_on=Subquery(
                asked.annotate(first=Min("due_on")).values("first"), output_field=DateField(null=True)
            ),
        )
        .filter(shelves__gt=0)
        .annotate(
            sorted_by=Concat(
                Cast(Coalesce("due_on", Value(NEVER)), CharField()),
                Value(" "),
                Lower("name"),
                output_field=CharField(),
            )
        )
        .values("public_id", "name", "shelves", "counted_at", "asked", "due_on", "sorted_by")
    )
    return keyset.page(rows, PLACES, after=after, before=before)


def asked(viewer: Viewer) -> list[dict[str, Any]]:
    """The addresses that are asked for counts, the first due on top, `EACH` of them; none for who can't.

    Each: pool__address__public_id, pool__address__name, n, due_on, because (one of them).
    """
    if not viewer.may("report"):
        return []
    rows: Any = _requests(viewer).values("pool__address__public_id", "pool__address__name")
    return list(
        rows.annotate(
            n=Count("pk"), due_on=Min("due_on"), because=Min("because"), in_all=Window(Count("*"))
        ).order_by("due_on", "pool__address__name")[:EACH]
    )


@dataclass(frozen=True)
class Counted:
    """The last count of a pool, and what the books saw between it and the one before."""

    at: dt.datetime
    quantity: int
    change: int
    """Counted less expected."""
    who: str
    since: dt.datetime | None = None
    """The count before."""
    delivered: int = 0
    returned: int = 0
    adjusted: int = 0
    installed: dict[str, int] = field(default_factory=dict)
    """By the device's label; "" where it is not known."""


@dataclass(frozen=True)
class Shelf:
    """A pool with the devices that use it."""

    pool: Pool
    devices: list[Device]
    request: CountRequest | None
    counted: Counted | None


@dataclass(frozen=True)
class Sheet:
    address: Address
    shelves: list[Shelf]
    reviewed_at: dt.datetime | None
    due_at: dt.datetime | None
    """When replenishment looked at the address, and when it looks next."""


def sheet(viewer: Viewer, public_id: str) -> Sheet | None:
    """The shelves of one address in use; None when it isn't there or isn't the viewer's."""
    found: QuerySet[Address] = Address.objects.visible_to(viewer)
    address = found.filter(retired_at=None, public_id=public_id).select_related("current").first()
    if address is None:
        return None
    pools = list(
        Pool.objects.filter(_shelves(), address=address)
        .select_related("supply", "contract")
        .order_by("supply__kind", "supply__colorant", "supply__reorder_number", "pk")
    )
    users: dict[tuple[int, int], dict[int, Device]] = defaultdict(dict)
    slots = Slot.objects.filter(device__address=address, device__removed_at=None, supply__isnull=False)
    for slot in slots.select_related("device__model").order_by("device__name", "device_id"):
        users[slot.device.contract_id, slot.supply_id or 0].setdefault(slot.device_id, slot.device)
    requests = {row.pool_id: row for row in _requests(viewer).filter(pool__address=address)}
    counts = _counted([pool.pk for pool in pools])
    review = AddressReview.objects.filter(address=address).first()
    return Sheet(
        address=address,
        shelves=[
            Shelf(
                pool=pool,
                devices=list(users[pool.contract_id, pool.supply_id].values()),
                request=requests.get(pool.pk),
                counted=counts.get(pool.pk),
            )
            for pool in pools
        ],
        reviewed_at=review.reviewed_at if review else None,
        due_at=review.due_at if review else None,
    )


def _counted(pool_ids: Sequence[int]) -> dict[int, Counted]:
    latest = (
        Entry.objects.filter(pool_id__in=pool_ids, kind=Entry.Kind.COUNT)
        .annotate(back=Window(RowNumber(), partition_by="pool_id", order_by=[F("at").desc(), F("pk").desc()]))
        .filter(back__lte=2)
        .select_related("actor")
        .order_by("pool_id", "back")
    )
    by_pool: dict[int, list[Entry]] = defaultdict(list)
    for entry in latest:
        by_pool[entry.pool_id].append(entry)
    # Only a difference needs explaining.
    spans = {
        pool_id: (rows[1].at, rows[0].at)
        for pool_id, rows in by_pool.items()
        if len(rows) == 2 and rows[0].shelf_change
    }
    moves = _moves(spans)
    return {
        pool_id: Counted(
            at=rows[0].at,
            quantity=rows[0].quantity,
            change=rows[0].shelf_change,
            who=str(rows[0].actor) if rows[0].actor else "",
            since=rows[1].at if len(rows) == 2 else None,
            **moves.get(pool_id, {}),
        )
        for pool_id, rows in by_pool.items()
    }


_SPAN = {
    "receive": ("delivered", 1),
    "set_aside": ("returned", 1),
    "put_back": ("returned", -1),
    "adjust": ("adjusted", 1),
}


def _moves(spans: Mapping[int, tuple[dt.datetime, dt.datetime]]) -> dict[int, dict[str, Any]]:
    """What happened to each pool after the one moment and up to the other."""
    kinds = ("receive", "install", "set_aside", "put_back", "adjust")
    first = min((since for since, _ in spans.values()), default=None)
    rows = Entry.objects.filter(pool_id__in=list(spans), kind__in=kinds)
    if first is not None:
        rows = rows.filter(at__gt=first)
    entries = [row for row in rows if spans[row.pool_id][0] < row.at <= spans[row.pool_id][1]]
    labels = _devices_of(entries)
    found: dict[int, dict[str, Any]] = {}
    for entry in entries:
        told = found.setdefault(
            entry.pool_id, {"delivered": 0, "returned": 0, "adjusted": 0, "installed": defaultdict(int)}
        )
        if entry.kind == Entry.Kind.INSTALL:
            told["installed"][labels.get(entry.pk, "")] += entry.quantity
        else:
            name, sign = _SPAN[entry.kind]
            told[name] += sign * entry.quantity
    return found


def _slot_of(cause: str) -> int:
    """The slot that a swap's cause names, else 0."""
    part = cause.removeprefix(SWAP).partition(":")[0] if cause.startswith(SWAP) else ""
    return int(part) if part.isdigit() and len(part) < 19 else 0


def _devices_of(entries: Iterable[Entry]) -> dict[int, str]:
    """The labels of the devices that installs went into, by entry."""
    wanted = {entry.pk: _slot_of(entry.cause) for entry in entries}
    slots = Slot.objects.filter(pk__in=set(wanted.values())).select_related("device__model")
    labels = {slot.pk: slot.device.label for slot in slots}
    return {entry: labels[slot] for entry, slot in wanted.items() if slot in labels}


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError("no place in a ledger")
    return int(text)


LEDGER = keyset.Order("seq", descending=True, read=_number, write=str, tie="seq", name="seq")
"""A ledger's line goes by its number within its pool, in the order of posting."""


@dataclass(frozen=True)
class Line:
    """One line of a pool's ledger that could change the shelf; `shelf`: what was there after it."""

    entry: Entry
    shelf: int
    device: str
    order: tuple[str, str] | None
    """Public id and number of the order that it came with."""


@dataclass(frozen=True)
class Ledger:
    pool: Pool
    devices: list[Device]
    lines: list[Line]
    newer: str = ""
    older: str = ""


def ledger(
    viewer: Viewer, public_id: str, *, after: str = "", before: str = "", whole: bool = False
) -> Ledger | None:
    """A page of a pool's ledger, the last posted on top, or all of it (`whole`); None if it isn't theirs."""
    found: QuerySet[Pool] = Pool.objects.visible_to(viewer)
    pool = found.filter(public_id=public_id).select_related("supply", "address", "contract").first()
    if pool is None:
        return None
    numbered: QuerySet[Any, dict[str, Any]] = (
        Entry.objects.filter(pool=pool, kind__in=MOVES)
        .annotate(
            seq=Window(RowNumber(), order_by=F("pk").asc()),
            left=Window(Sum("shelf_change"), order_by=F("pk").asc()),
        )
        .values("pk", "seq", "left")
    )
    page = keyset.page(numbered, LEDGER, after=after, before=before)
    rows = list(numbered.order_by("-seq")) if whole else page.rows
    entries = Entry.objects.filter(pk__in=[row["pk"] for row in rows]).select_related("actor").in_bulk()
    labels = _devices_of(entries.values())
    orders = _orders_of(viewer, entries.values())
    devices = Device.objects.filter(
        address_id=pool.address_id,
        contract_id=pool.contract_id,
        removed_at=None,
        pk__in=Slot.objects.filter(supply_id=pool.supply_id).values("device_id"),
    )
    return Ledger(
        pool=pool,
        devices=list(devices.select_related("model").order_by("name", "pk")),
        lines=[
            Line(entries[row["pk"]], row["left"], labels.get(row["pk"], ""), orders.get(row["pk"]))
            for row in rows
        ],
        newer=page.newer,
        older=page.older,
    )


def _orders_of(viewer: Viewer, entries: Iterable[Entry]) -> dict[int, tuple[str, str]]:
    """The orders whose deliveries these entries are: a delivery's cause names its order's line."""
    lines = {
        entry.pk: entry.cause.rpartition(":")[2]
        for entry in entries
        if entry.kind == Entry.Kind.RECEIVE and entry.cause.startswith("delivery:")
    }
    rows = OrderLine.objects.visible_to(viewer).filter(public_id__in=lines.values())
    found = {
        line: (order, number)
        for line, order, number in rows.values_list("public_id", "order__public_id", "order__number")
    }
    return {entry: found[line] for entry, line in lines.items() if line in found}
