"""Orders, parcels and the stock ledger of a history: one event after the other, each posted as the actions
would.

`Pool.shelf` and `Pool.on_the_way` are set to what the entries add up to.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from metered.accounts.models import Address
from metered.fleet.models import Device
from metered.lib.ids import new_public_id
from metered.orders.models import LineState, Order, OrderLine, Shipment, ShipmentLine
from metered.portal.demo.bulk import copy_rows, draw_ids, draw_numbers
from metered.portal.demo.fleet import Rows
from metered.portal.demo.history import History
from metered.portal.demo.parcels import Parcel, Wanted
from metered.portal.demo.readings import Clock
from metered.stock.models import Entry, Pool

ANNOUNCED = dt.timedelta(hours=24)
HOUR = dt.timedelta(hours=1)
COUNT_EVERY = 90
_CARRIERS = {
    "US": (("UPS", "1Z8R4F3903########"), ("FedEx", "7946########")),
    "CA": (("Purolator", "3302########"), ("Canada Post", "7023############")),
    "DE": (("DHL", "00340434########5817"), ("DPD", "0148########19")),
}

_ORDER = (
    "number", "placed_at", "id", "public_id", "account_id", "contract_id", "address_id", "origin",
    "placed_by_id", "reference", "cost_centre", "release_at",
)  # fmt: skip
_LINE = (
    "id", "public_id", "order_id", "account_id", "pool_id", "supply_id", "quantity", "state", "automatic",
    "reason", "release_at", "closed_reason",
)  # fmt: skip
_SHIPMENT = (
    "id", "public_id", "account_id", "order_id", "to_id", "carrier", "tracking", "shipped_at", "expected_on",
    "delivered_at",
)  # fmt: skip
_ENTRY = (
    "account_id", "pool_id", "kind", "quantity", "shelf_change", "cause", "origin", "at", "posted_at",
    "actor_id", "note",
)  # fmt: skip


@dataclass(slots=True)
class Post:
    """One entry to be. A swap that no report showed changes the shelf, and the ledger only at the next count.

    `opens`: a count with which a history begins; whatever that history needs was on the shelf then.
    """

    at: dt.datetime
    kind: str
    quantity: int
    cause: str
    origin: str
    unseen: bool = False
    actor: int | None = None
    opens: bool = False


@dataclass(slots=True)
class Books:
    """Everything about orders and stock that is to be written."""

    posts: dict[int, list[Post]] = field(default_factory=lambda: defaultdict(list))
    orders: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    line_slots: list[tuple[int, int]] = field(default_factory=list)
    shipments: list[tuple[Any, ...]] = field(default_factory=list)
    shipment_lines: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who orders by hand at an address, and how a decision is worded: `reason(pool, wanted, parcel)`."""

    orderers: dict[int, list[int]]
    reason: Callable[[Pool, Wanted, Parcel], dict[str, Any]]


def book_swaps(books: Books, rows: Rows, history: History, clock: Clock) -> None:
    """Each swap leaves the shelf when a second report shows it, as replenishment has it: a swap seen only
    once so
    far is not posted yet, and the next report will. Devices without reports show nothing.
    """
    for day, slot in history.swaps:
        pool = rows.slot_pool[slot]
        device = rows.slot_device[slot]
        if pool is None or day >= history.days:
            continue
        later = np.flatnonzero(history.reported[day:, device])
        if later.size < 2:
            continue
        at = clock.at(day + int(later[1]), device)
        unseen = rows.devices[device].path == Device.Path.MANUAL
        cause = f"swap:{rows.slots[slot].pk}:{at:%Y%m%d}"
        books.posts[pool.pk].append(Post(at, Entry.Kind.INSTALL, 1, cause, Entry.Origin.DEVICE, unseen))


def book_counts(
    books: Books, rng: np.random.Generator, pools: list[Pool], clock: Clock, counter: dict[int, int]
) -> None:
    """The shelf is counted when the history begins and every quarter, by whoever looks after stock."""
    for pool in pools:
        opening = clock.at(0, 0) - dt.timedelta(days=1)
        moments = [opening]
        if not books.posts[pool.pk]:
            first = int(rng.integers(30, 30 + COUNT_EVERY))
            days = range(first, clock.days - 1, COUNT_EVERY)
            moments += [clock.at(day, 0).replace(hour=15, minute=int(rng.integers(0, 60))) for day in days]
        for at in moments:
            cause = f"count:{pool.public_id}:{at:%Y%m%d%H%M}"
            books.posts[pool.pk].append(
                Post(
                    at,
                    Entry.Kind.COUNT,
                    0,
                    cause,
                    Entry.Origin.CUSTOMER,
                    False,
                    counter[pool.account_id],
                    at == opening,
                )
            )


def book_parcels(
    books: Books,
    rng: np.random.Generator,
    parcels: list[Parcel],
    pools: list[Pool],
    rows: Rows,
    clock: Clock,
    addresses: dict[int, Address],
    desk: Desk,
) -> None:
    """Orders with their lines and parcels, and what they meant for stock (`Wanted.pool` indexes `pools`)."""
    order_ids = draw_ids(Order, len(parcels))
    line_ids = iter(draw_ids(OrderLine, sum(len(parcel.lines) for parcel in parcels)))
    shipment_ids = iter(draw_ids(Shipment, len(parcels)))
    for pk, parcel in zip(order_ids, parcels, strict=True):
        address = addresses[parcel.address]
        placed = _moment(clock, parcel.placed, 6, rng)
        shipped, delivered = (
            _moment(clock, parcel.shipped, 17, rng),
            _moment(clock, parcel.delivered, 14, rng),
        )
        origin = _origin(rng, desk, address.pk, placed, clock.now)
        automatic = origin == Order.Origin.AUTOMATIC
        person = None if automatic else int(rng.choice(desk.orderers[address.pk]))
        release = placed + ANNOUNCED if automatic else None
        if automatic and shipped <= placed + ANNOUNCED:
            shipped = placed + ANNOUNCED + HOUR
        delivered = max(delivered, shipped + 20 * HOUR)
        state = _state(clock.now, placed, release, shipped, delivered)
        first = pools[parcel.lines[0].pool]
        head = (pk, new_public_id(), address.account_id, first.contract_id, address.pk, origin, person)
        books.orders.append((placed, *head, "", "", release))
        shipment = None
        if state in (LineState.SHIPPED, LineState.DELIVERED):
            shipment = next(shipment_ids), new_public_id()
            books.shipments.append(_shipment(rng, shipment, pk, address, shipped, delivered, clock.now))
        for wanted in sorted(parcel.lines, key=lambda line: pools[line.pool].pk):
            line, line_public = next(line_ids), new_public_id()
            pool = pools[wanted.pool]
            reason = desk.reason(pool, wanted, parcel) if automatic else None
            why = json.dumps(reason, ensure_ascii=False) if reason else None
            where = (address.account_id, pool.pk, pool.supply_id)
            books.lines.append(
                (line, line_public, pk, *where, wanted.quantity, state, automatic, why, release, "")
            )
            books.line_slots += [(line, rows.slots[slot].pk) for slot in dict.fromkeys(wanted.slots)]
            posts = books.posts[pool.pk]
            posts.append(Post(placed, Entry.Kind.EXPECT, wanted.quantity, f"order:{line_public}", origin))
            if shipment is not None:
                arrived = state == LineState.DELIVERED
                books.shipment_lines.append(
                    (shipment[0], line, wanted.quantity, wanted.quantity if arrived else 0)
                )
                if arrived:
                    cause = f"delivery:{shipment[1]}:{line_public}"
                    posts.append(Post(delivered, Entry.Kind.RECEIVE, wanted.quantity, cause, origin))


def _moment(clock: Clock, day: int, hour: int, rng: np.random.Generator) -> dt.datetime:
    at = clock.now - dt.timedelta(days=clock.days - 1 - day)
    at = at.replace(
        hour=hour, minute=int(rng.integers(0, 60)), second=int(rng.integers(0, 60)), microsecond=0
    )
    # Today's orders were placed already, whatever the hour at which the demo starts.
    return min(at, clock.now - HOUR) if day == clock.days - 1 and hour < 12 else at


def _origin(rng: np.random.Generator, desk: Desk, address: int, placed: dt.datetime, now: dt.datetime) -> str:
    """Most orders are automatic; some people order by hand, seldom in a hurry, none in the last month."""
    if not desk.orderers.get(address) or now - placed < dt.timedelta(days=30):
        return Order.Origin.AUTOMATIC
    return str(
        rng.choice(
            [Order.Origin.AUTOMATIC, Order.Origin.CUSTOMER, Order.Origin.EMERGENCY], p=[0.87, 0.11, 0.02]
        )
    )


def _state(
    now: dt.datetime,
    placed: dt.datetime,
    release: dt.datetime | None,
    shipped: dt.datetime,
    delivered: dt.datetime,
) -> str:
    if delivered <= now:
        return LineState.DELIVERED
    if shipped <= now:
        return LineState.SHIPPED
    return LineState.RELEASED if (release or placed) <= now else LineState.PLACED


def _shipment(
    rng: np.random.Generator,
    ids: tuple[int, str],
    order: int,
    address: Address,
    shipped: dt.datetime,
    delivered: dt.datetime,
    now: dt.datetime,
) -> tuple[Any, ...]:
    carriers = _CARRIERS[address.country]
    carrier, pattern = carriers[int(rng.integers(0, len(carriers)))]
    tracking = "".join(str(int(rng.integers(0, 10))) if c == "#" else c for c in pattern)
    arrived = delivered if delivered <= now else None
    parcel = (carrier, tracking, shipped, delivered.date(), arrived)
    return (*ids, address.account_id, order, address.current_id, *parcel)


def write(books: Books, pools: list[Pool], spares: dict[int, int]) -> None:
    """Writes all rows. `spares`: pool → units that stand on its shelf beyond what the history needs."""
    heads = sorted(books.orders, key=lambda order: (order[0], order[1]))
    numbers = draw_numbers(len(heads))
    copy_rows(Order, _ORDER, ((number, *head) for number, head in zip(numbers, heads, strict=True)))
    copy_rows(OrderLine, _LINE, books.lines)
    copy_rows(OrderLine.slots.through, ("orderline_id", "slot_id"), books.line_slots)
    copy_rows(Shipment, _SHIPMENT, books.shipments)
    copy_rows(ShipmentLine, ("shipment_id", "line_id", "quantity", "delivered"), books.shipment_lines)
    entries: list[tuple[Any, ...]] = []
    for pool in pools:
        entries += _settle(
            pool, sorted(books.posts[pool.pk], key=lambda post: post.at), spares.get(pool.pk, 0)
        )
    copy_rows(Entry, _ENTRY, entries)
    Pool.objects.bulk_update(pools, ["shelf", "on_the_way", "counted_at"], batch_size=1000)


def _settle(pool: Pool, posts: list[Post], spare: int) -> list[tuple[Any, ...]]:
    """The pool's entries in order of time; sets its sums. An opening count makes all swaps possible."""
    need = _needs(posts)
    truth = shelf = on_the_way = 0
    entries: list[tuple[Any, ...]] = []
    for i, post in enumerate(posts):
        move = _move(post)
        truth = max(truth, need[i] + spare) if post.opens else truth + move
        if post.unseen:
            continue
        before, quantity = shelf, post.quantity
        if post.kind == Entry.Kind.COUNT:
            shelf = quantity = truth
            pool.counted_at = post.at
        elif post.kind == Entry.Kind.EXPECT:
            on_the_way += quantity
        elif post.kind == Entry.Kind.RECEIVE:
            on_the_way -= quantity
            shelf += move
        else:
            shelf += move
        moments = (post.at, post.at, post.actor, "")
        change = shelf - before
        entries.append(
            (pool.account_id, pool.pk, post.kind, quantity, change, post.cause, post.origin, *moments)
        )
    pool.shelf, pool.on_the_way = shelf, on_the_way
    return entries


def _move(post: Post) -> int:
    return post.quantity * {Entry.Kind.RECEIVE.value: 1, Entry.Kind.INSTALL.value: -1}.get(str(post.kind), 0)


def _needs(posts: list[Post]) -> list[int]:
    """For each post, how many units the shelf needs at that moment so that nothing later finds it bare."""
    needs = [0] * len(posts)
    need = 0
    for i in range(len(posts) - 1, -1, -1):
        needs[i] = need
        need = max(need - _move(posts[i]), 0)
        # Another history's beginning brings what it needs itself.
        need = 0 if posts[i].opens else need
    return needs
