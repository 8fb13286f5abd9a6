"""From rows to a history and back: what the pure generator is told, and what is written of its answer."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings

from metered.accounts.models import Address, Membership
from metered.portal.demo import ledger
from metered.portal.demo.catalogue.kit import FLAG
from metered.portal.demo.fleet import Rows
from metered.portal.demo.history import History, Ints, Places, Printers, make
from metered.portal.demo.parcels import parcels
from metered.portal.demo.readings import Clock, write_observations, write_reads
from metered.portal.demo.reasons import reason
from metered.portal.demo.recorded import end_of_history
from metered.stock.models import Pool

SILENT_DAYS = 9
MONTH = 28
FEW, SHARE, FLAG_SHARE = 3, 10, 4
COLOURS = ("cyan", "magenta", "yellow")
REST = 0.02


@dataclass(frozen=True, slots=True)
class Written:
    """How much a history came to."""

    devices: int = 0
    observations: int = 0
    reads: int = 0
    orders: int = 0

    def __add__(self, other: Written) -> Written:
        return Written(
            self.devices + other.devices,
            self.observations + other.observations,
            self.reads + other.reads,
            self.orders + other.orders,
        )


@dataclass(frozen=True, slots=True)
class Staff:
    """Who acts at the customers: orderers by address, and by account one who counts and types meters."""

    orderers: dict[int, list[int]]
    clerk: dict[int, int]


def staff_of() -> Staff:
    """From the memberships: who may order at an address, and per account the reporter or else an orderer."""
    orderers: dict[int, list[int]] = defaultdict(list)
    clerk: dict[int, int] = {}
    for member in Membership.objects.exclude(role="viewer").order_by("pk").prefetch_related("addresses"):
        if member.role == "reporter" or member.account_id not in clerk:
            clerk[member.account_id] = member.user_id
        if member.role == "orderer":
            own = [address.pk for address in member.addresses.all()] if member.limited else None
            mine = Address.objects.filter(account_id=member.account_id).values_list("pk", flat=True)
            for pk in mine if own is None else own:
                orderers[pk].append(member.user_id)
    return Staff(dict(orderers), clerk)


def write_history(
    rng: np.random.Generator,
    rows: Rows,
    books: ledger.Books,
    *,
    days: int,
    join_days: int,
    now: dt.datetime,
    staff: Staff,
) -> Written:
    """Makes up `days` days for the devices of `rows`: writes what they reported, books orders and stock."""
    start = now.date() - dt.timedelta(days=days - 1)
    clock = Clock(now, days, rng.integers(600, 5 * 3600, len(rows.devices)))
    last = _last_days(rows, clock)
    places = _places(rng, rows)
    history = make(rng, days, start.weekday(), _printers(rows, last), places)
    observations = write_observations(rows, history, clock)
    reads = write_reads(rng, rows, history, clock, staff.clerk)
    orders = _book(rng, rows, books, history, places, clock, start, last, join_days, staff)
    return Written(len(rows.devices), observations, reads, orders)


def _last_days(rows: Rows, clock: Clock) -> Ints:
    """The day index of each device's last report: today, but for the recorded ones and the silent one."""
    last = np.full(len(rows.devices), clock.days - 1)
    end = end_of_history(clock.now, Path(settings.BASE_DIR).parent / "shared" / "printers")
    for d, spec in enumerate(rows.specs):
        if spec.recorded:
            while clock.at(int(last[d]), d) > end:
                last[d] -= 1
        elif spec.fact.is_ == "silent":
            last[d] -= SILENT_DAYS
    return last


def _printers(rows: Rows, last: Ints) -> Printers:
    specs = rows.specs
    return Printers(
        monthly=np.array([spec.monthly for spec in specs]),
        share=np.array([spec.share for spec in specs]),
        last=last,
        end_total=np.array([spec.end[0] for spec in specs]),
        end_mono=np.array([spec.end[1] for spec in specs]),
        end_colour=np.array([spec.end[2] for spec in specs]),
        weekends=np.arange(len(specs)) % 3 > 0,
    )


def _places(rng: np.random.Generator, rows: Rows) -> Places:
    specs = [place for spec in rows.specs for place in spec.places]
    final = np.array([place.final for place in specs])
    drawn = rng.uniform(REST, 1.0, len(specs))
    return Places(
        device=np.array(rows.slot_device),
        yields=np.array(
            [place.supply.pages if place.supply else 60_000 for place in specs], dtype=np.float64
        ),
        tinted=np.array([place.colorant in COLOURS for place in specs]),
        step=np.array([place.step for place in specs]),
        final=np.where(np.isnan(final), drawn, final),
        fixed=np.array([place.fixed for place in specs]),
    )


def _book(
    rng: np.random.Generator,
    rows: Rows,
    books: ledger.Books,
    history: History,
    places: Places,
    clock: Clock,
    start: dt.date,
    last: Ints,
    join_days: int,
    staff: Staff,
) -> int:
    pools = list({pool.pk: pool for pool in rows.slot_pool if pool is not None}.values())
    index = {pool.pk: i for i, pool in enumerate(pools)}
    addresses = {row.pk: row for row in Address.objects.filter(pk__in={pool.address_id for pool in pools})}
    sent = parcels(
        rng,
        start,
        history,
        places,
        np.array([-1 if pool is None else index[pool.pk] for pool in rows.slot_pool]),
        np.array([pool.address_id for pool in pools]),
        last[places.device],
        join_days,
        regular=join_days >= MONTH,
    )
    desk = ledger.Desk(staff.orderers, reason(rows, history, pools, start))
    ledger.book_counts(books, rng, pools, clock, staff.clerk)
    ledger.book_swaps(books, rows, history, clock)
    ledger.book_parcels(books, rng, sent, pools, rows, clock, addresses, desk)
    return len(sent)


def spares(rows: Rows) -> dict[int, int]:
    """Units that stand on shelves for good, by pool: what recorded devices need, and what a large stock
    keeps.

    The more devices share a shelf, the likelier one of them needs something sooner than its level says; most
    of all where a device only says "low".
    """
    recorded = {
        (rows.devices[d].address_id, number) for d, spec in enumerate(rows.specs) for number in spec.spares
    }
    places = [place for spec in rows.specs for place in spec.places]
    sharing: dict[Pool, list[int]] = defaultdict(list)
    for place, pool in zip(places, rows.slot_pool, strict=True):
        if pool is not None:
            sharing[pool].append(place.step)
    found = {}
    for pool, steps in sharing.items():
        own = (pool.address_id, pool.supply.reorder_number) in recorded
        share = FLAG_SHARE if steps[0] == FLAG else SHARE
        found[pool.pk] = int(own) + (math.ceil(len(steps) / share) if len(steps) >= FEW else 0)
    return found
