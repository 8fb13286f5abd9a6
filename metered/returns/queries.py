"""Reading returns. One page of the history costs two queries, however long the history is."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Sum

from metered.accounts.access import Viewer
from metered.accounts.models import Address
from metered.fleet.models import ModelSupply
from metered.fleet.queries import supplies_named
from metered.lib import keyset
from metered.orders.models import ShipmentLine
from metered.orders.queries import shipped_units_for_system
from metered.returns import numbers, policy
from metered.returns.models import Leftover, Receipt, ReceiptPhoto, Return, ReturnLine, Unconfirmed
from metered.returns.unconfirmed import by_token
from metered.returns.weighing import back_for_system, pools_for
from metered.stock.models import Pool

NEWEST_FIRST = keyset.by_time("filed_at")

STATES: dict[str, tuple[str, ...]] = {
    "filed": ("filed",),
    "confirmed": ("confirmed",),
    "received": ("received",),
    "closed": ("closed",),
    "stopped": ("rejected", "withdrawn"),
}
"""The words of the history's filter, and the states that they stand for."""

OPEN = ("filed", "confirmed", "received")
"""What is not settled yet."""

SHORTEST = 3
"""So many digits of an RMA number are needed to look for a part of it."""


@dataclass(frozen=True)
class Wanted:
    """What the history is narrowed to; every part may be empty."""

    search: str = ""
    state: str = ""
    address: str = ""

    def __bool__(self) -> bool:
        return bool(self.search or self.state or self.address)


def _history(viewer: Viewer, wanted: Wanted) -> QuerySet[Any, dict[str, Any]]:
    rows = Return.objects.visible_to(viewer)
    if wanted.state in STATES:
        rows = rows.filter(state__in=STATES[wanted.state])
    if wanted.address:
        rows = rows.filter(address__public_id=wanted.address)
    if wanted.search:
        rows = rows.filter(_found(wanted.search))
    values: QuerySet[Any, dict[str, Any]] = rows.values(
        "id", "public_id", "number", "state", "filed_at", "due_on", "decided_at", "boxes", "pallet",
        "pick_up_on", "pick_up", "handed_over_at", "received_at", "closed_at", "carrier", "tracking",
        "address__public_id", "address__name", "filed_by__name", "filed_by__email", "contact",
    )  # fmt: skip
    return values


def _found(text: str) -> Q:
    """An RMA number, however spaced, or its beginning or end; a reorder number, however spelled."""
    digits = numbers.typed(text)
    lines = ReturnLine.objects.filter(parent=OuterRef("pk"))
    found = Q(Exists(lines.filter(supply__in=[supply.pk for supply in supplies_named(text)])))
    if len(digits) >= SHORTEST:
        found |= Q(number__startswith=digits) | Q(number__endswith=digits)
    return found


def history(viewer: Viewer, wanted: Wanted, *, after: str = "", before: str = "") -> keyset.Page:
    """A page of returns, newest first; each row carries `lines`, as the other queries here."""
    page = keyset.page(_history(viewer, wanted), NEWEST_FIRST, after=after, before=before)
    _attach(page.rows)
    return page


def still_open(viewer: Viewer, count: int) -> list[dict[str, Any]]:
    """The newest returns that are not settled, with `lines`."""
    rows = _history(viewer, Wanted()).filter(state__in=OPEN)
    found = list(rows.order_by(*NEWEST_FIRST.by(False))[:count])
    _attach(found)
    return found


def _attach(rows: Sequence[dict[str, Any]]) -> None:
    by_return: dict[int, dict[str, Any]] = {}
    for row in rows:
        row["lines"] = []
        by_return[row["id"]] = row
    if not by_return:
        return
    lines = ReturnLine.objects.filter(parent_id__in=list(by_return)).order_by("supply__reorder_number")
    for line in lines.values(
        "parent_id", "quantity", "accepted", "received", "reason", "supply__name", "supply__reorder_number",
    ):  # fmt: skip
        by_return[line["parent_id"]]["lines"].append(line)


CSV_CHUNK = 500


def history_lines(viewer: Viewer, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Every line of the narrowed history, newest return first, a chunk at a time."""
    rows: list[dict[str, Any]] = []
    for row in _history(viewer, wanted).order_by(*NEWEST_FIRST.by(False)).iterator(chunk_size=CSV_CHUNK):
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


@dataclass(frozen=True)
class Whole:
    """One return with all that belongs to it."""

    made: Return
    lines: list[ReturnLine]
    receipts: list[Receipt]
    """Each with its `lines` and, without their pictures, its `photos`."""
    leftovers: list[Leftover]
    """What was left over and is on it."""


def whole(viewer: Viewer, public_id: str) -> Whole | None:
    """One return; None when it isn't there or isn't the viewer's."""
    made: Return | None = (
        Return.objects.visible_to(viewer)
        .select_related("address", "filed_by", "closed_by")
        .filter(public_id=public_id)
        .first()
    )
    if made is None:
        return None
    # A picture weighs more than all the rest.
    pictures = Prefetch("photos", queryset=ReceiptPhoto.objects.defer("image"))
    receipts = Receipt.objects.filter(parent=made).prefetch_related("lines__line__supply", pictures)
    lines = ReturnLine.objects.filter(parent=made).select_related("supply")
    return Whole(
        made=made,
        lines=list(lines.order_by("supply__reorder_number", "pk")),
        receipts=list(receipts),
        leftovers=list(Leftover.objects.filter(returned_in=made).select_related("device__model")),
    )


def photo(viewer: Viewer, public_id: str) -> ReceiptPhoto | None:
    """A picture of what came; None when it isn't there or isn't the viewer's."""
    found: ReceiptPhoto | None = ReceiptPhoto.objects.visible_to(viewer).filter(public_id=public_id).first()
    return found


def filed_with(viewer: Viewer, once: uuid.UUID) -> Return | None:
    """The return that the viewer filed with the form of that name."""
    rows = Return.objects.visible_to(viewer).filter(once=once, filed_by_id=viewer.user_id)
    found: Return | None = rows.first()
    return found


@dataclass(frozen=True)
class Returnable:
    """A supply that was sent to an address. `shelf`: units that should be there; `sent`: shipped ever."""

    supply: Any
    shelf: int
    sent: int
    left_over: bool
    """No device there uses it any more."""
    device: str
    """The removed one that used it last, where it is left over."""


def returnable(viewer: Viewer, address: Address) -> list[Returnable]:
    """What may be returned from an address: what is left over first, then what its shelf holds most of."""
    pools = Pool.objects.visible_to(viewer).filter(address=address).select_related("supply")
    shelves: dict[int, Pool] = {pool.supply_id: pool for pool in pools.order_by("shelf", "pk")}
    left = {row.pool_id: row for row in leftovers(viewer, address)}
    inside = ShipmentLine.objects.filter(
        shipment__account_id=viewer.account_id, shipment__to__address=address
    ).values_list("line__supply_id")
    sent = {pk: int(units) for pk, units in inside.annotate(units=Sum("quantity")).order_by()}
    rows = [
        Returnable(
            supply=pool.supply,
            shelf=pool.shelf,
            sent=sent.get(supply_id, 0),
            left_over=pool.pk in left,
            device=_label(left.get(pool.pk)),
        )
        for supply_id, pool in shelves.items()
        if pool.shelf or sent.get(supply_id)
    ]
    return sorted(rows, key=lambda row: (not row.left_over, -row.shelf, row.supply.reorder_number))


def _label(row: Leftover | None) -> str:
    return row.device.label if row is not None and row.device is not None else ""


def leftovers(viewer: Viewer, address: Address | None = None) -> list[Leftover]:
    """What is left over and not settled, by address."""
    rows = Leftover.objects.visible_to(viewer).filter(state=Leftover.State.OPEN)
    if address is not None:
        rows = rows.filter(address=address)
    found = rows.select_related("address", "pool__supply", "device__model")
    return list(found.order_by("address__name", "address_id", "pool__supply__reorder_number"))


def left_over_at(viewer: Viewer) -> list[dict[str, Any]]:
    """Where something is left over: address__public_id, address__name, units; by the address's name."""
    rows = Leftover.objects.visible_to(viewer).filter(state=Leftover.State.OPEN)
    found = rows.values("address__public_id", "address__name").annotate(units=Sum("pool__shelf"))
    return list(found.order_by("address__name", "address__public_id"))


def leftover(viewer: Viewer, public_id: str) -> Leftover | None:
    """One leftover, settled or not; None when it isn't there or isn't the viewer's."""
    rows = Leftover.objects.visible_to(viewer).filter(public_id=public_id)
    found: Leftover | None = rows.select_related("address", "pool__supply").first()
    return found


def questions(viewer: Viewer, address: Address, units: Mapping[int, int]) -> dict[int, policy.Question]:
    """Supply → what will be asked of so many units of it, if they were filed now."""
    sent = shipped_units_for_system(viewer.account_id, units)
    back = back_for_system(viewer.account_id, units)
    pools = pools_for(viewer.account_id, address.pk, units)
    return {
        supply_id: policy.question(
            policy.Claim(
                quantity=n,
                sent=sent.get(supply_id, 0),
                back=back.get(supply_id, 0),
                shelf=pools[supply_id].shelf if supply_id in pools else None,
            )
        )
        for supply_id, n in units.items()
    }


def unconfirmed_for_system(token: str, now: dt.datetime) -> Unconfirmed | None:
    """The form of a mailed link; None for one that is not ours."""
    return by_token(token, now)


def used_in_for_system(supply_ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """Supply → (maker, model) of the printers that it is made for."""
    found: dict[int, list[tuple[str, str]]] = {}
    rows = ModelSupply.objects.filter(supply_id__in=list(supply_ids)).order_by("model__vendor", "model__name")
    for supply_id, maker, model in rows.values_list("supply_id", "model__vendor", "model__name"):
        found.setdefault(supply_id, []).append((maker, model))
    return found
