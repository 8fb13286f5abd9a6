"""The order in which the demo is put into the database. Loading twice loads once."""

from __future__ import annotations

import datetime as dt

import numpy as np
from django.db import transaction
from django.utils import timezone

from metered.accounts.models import Account
from metered.fleet.models import Agent, Device
from metered.orders.timing import time_parcels
from metered.portal.demo import (
    agents,
    by_hand,
    campus,
    ledger,
    people,
    places,
    public,
    reads,
    returns,
    stories,
)
from metered.portal.demo.assemble import Written, spares, staff_of, write_history
from metered.portal.demo.customers import CUSTOMERS, MAPLE, NORTHWIND, RECORDED_AT
from metered.portal.demo.fleet import recorded_specs, spec_of, write_catalogue, write_devices
from metered.portal.demo.joining import write_joining
from metered.replenishment import actions as replenishment
from metered.replenishment import nights, told
from metered.stock.models import Pool

DAYS, CAMPUS_DAYS = 730, 90
DEVICES, DEVICES_SMALL = 2000, 40
JOIN_DAYS, CAMPUS_JOIN_DAYS = 12, 30


def is_loaded() -> bool:
    return Account.objects.filter(number=NORTHWIND.number).exists()


def agent_for_recordings() -> Agent:
    """The agent of the account that holds the recorded devices."""
    return Agent.objects.get(account__number=NORTHWIND.number, name=NORTHWIND.agent)


@transaction.atomic
def load(*, seed: int = 1, small: bool = False, now: dt.datetime | None = None) -> Written:
    """Puts the whole demo into an empty portal, all or nothing. `small`: a campus of 40 devices."""
    now = now or timezone.now()
    rng = np.random.default_rng(seed)
    since = now.date() - dt.timedelta(days=DAYS + 60)
    models, supply_rows = write_catalogue()
    sites = {fact.number: people.write_site(fact, since) for fact in CUSTOMERS}
    people.write_people(sites)
    staff = staff_of()
    pools: dict[tuple[int, int, int], Pool] = {}
    taken: set[str] = set()
    written, books, standing = Written(), ledger.Books(), dict[int, int]()
    own = [(sites[fact.number], row) for fact in CUSTOMERS for row in fact.printers]
    count = (DEVICES_SMALL if small else DEVICES) - len(MAPLE.printers)
    halls = [(sites[MAPLE.number], row) for row in campus.printers(rng, count)]
    for printers, days, join in ((own, DAYS, JOIN_DAYS), (halls, CAMPUS_DAYS, CAMPUS_JOIN_DAYS)):
        start = now.date() - dt.timedelta(days=days - 1)
        specs = [spec_of(rng, row, taken, days) for _, row in printers]
        owners = [site for site, _ in printers]
        if days == DAYS:
            extra = recorded_specs(RECORDED_AT)
            specs += extra
            owners += [sites[NORTHWIND.number]] * len(extra)
        installed = [start - dt.timedelta(days=int(rng.integers(20, 600))) for _ in specs]
        rows = write_devices(specs, owners, models, supply_rows, pools, installed)
        standing |= spares(rows)
        written += write_history(rng, rows, books, days=days, join_days=join, now=now, staff=staff)
    ledger.write(books, list(pools.values()), standing)
    stories.before_review(now)
    _forecast(now)
    stories.after_review(now)
    places.write(now)
    reads.write(now)
    public.write(now)
    write_joining(now)
    by_hand.write(now)
    agents.write(now)
    returns.write(now)
    return written


def _forecast(now: dt.datetime) -> None:
    """Learns from the history as if it had been reported day by day, weighs every address once, as a night
    does, and keeps what run-outs were told."""
    replenishment.rebuild(
        device_ids=list(Device.objects.order_by("pk").values_list("pk", flat=True)), now=now
    )
    stories.take_stock(now)
    replenishment.learn_fleet(now=now)
    while time_parcels(now=now):
        pass
    nights.begin_night(now=now)
    while nights.take_shard(now=now):
        pass
    while replenishment.review_addresses(now=now):
        pass
    told.tell(now=now)
