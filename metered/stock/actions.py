"""The only writer of stock. A posting has a unique cause: the same posting twice changes nothing.

A count is the truth of its moment (domain rule 16): what happened up to then is in it, and moves the shelf no
more, however late it is posted; what happened since comes on top.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.lib.errors import Refused
from metered.lib.wake import wake
from metered.lib.zones import time_zone_or_none
from metered.stock.models import CountRequest, Entry, Pool
from metered.stock.queries import counts_due_for_system

IN_THE_FUTURE = dt.timedelta(minutes=10)
"""A count may be so far ahead of our clock; beyond that it is a slip."""

OLDEST = dt.timedelta(days=30)
"""A count that is older says too little about today's shelf to be entered."""


def pool_for(*, account_id: int, contract_id: int, address_id: int, supply_id: int) -> Pool:
    """The pool of a contract, an address and a supply; made when it is not there yet."""
    pool, _created = Pool.objects.get_or_create(
        contract_id=contract_id,
        address_id=address_id,
        supply_id=supply_id,
        defaults={"account_id": account_id},
    )
    return pool


@transaction.atomic
def _post(
    *,
    kind: str,
    pool_id: int,
    quantity: int,
    cause: str,
    origin: str,
    at: dt.datetime | None,
    actor: User | None,
    note: str,
) -> Entry:
    # No key lock: who inserts a row that names a pool, in whatever order, has not to wait for us.
    pool = Pool.objects.select_for_update(no_key=True).get(pk=pool_id)
    # Under the pool's lock: whoever comes second with the same cause sees the first.
    before: Entry | None = Entry.objects.filter(pool_id=pool_id, cause=cause).first()
    if before is not None:
        return before
    at = at or timezone.now()
    shelf, on_the_way, leaving = pool.shelf, pool.on_the_way, pool.leaving
    in_the_count = pool.counted_at is not None and at <= pool.counted_at
    if kind == Entry.Kind.EXPECT:
        on_the_way += quantity
    elif kind == Entry.Kind.CANCEL:
        on_the_way -= quantity
    elif kind == Entry.Kind.RECEIVE:
        # What nobody expected arrives all the same.
        on_the_way = max(on_the_way - quantity, 0)
        shelf += 0 if in_the_count else quantity
    elif kind == Entry.Kind.INSTALL:
        # A unit that the ledger did not know of was installed: the shelf can't go below nothing.
        shelf = shelf if in_the_count else max(shelf - quantity, 0)
    elif kind == Entry.Kind.SET_ASIDE:
        # Nor by what somebody found and wants to return.
        shelf = shelf if in_the_count else max(shelf - quantity, 0)
        leaving += quantity
    elif kind == Entry.Kind.PUT_BACK:
        shelf += 0 if in_the_count else quantity
        leaving -= quantity
    elif kind == Entry.Kind.TAKE_BACK:
        leaving -= quantity
    elif kind == Entry.Kind.COUNT:
        if pool.counted_at is None or at >= pool.counted_at:
            shelf = _moved_since(pool_id, at, quantity)
            pool.counted_at = at
            # Under the pool's lock, as asking is: a request is closed, or asked after this count.
            CountRequest.objects.filter(pool_id=pool_id, closed_at=None).update(closed_at=timezone.now())
    else:
        shelf += quantity
    if on_the_way < 0:
        raise Refused(_("More would be cancelled than is on the way."), code="not_on_the_way")
    if leaving < 0:
        raise Refused(_("Less than that was set aside for a return."), code="not_set_aside")
    if shelf < 0:
        raise Refused(_("There is less on the shelf than that."), code="not_on_shelf")
    entry = Entry.objects.create(
        account_id=pool.account_id,
        pool=pool,
        kind=kind,
        quantity=quantity,
        shelf_change=shelf - pool.shelf,
        cause=cause,
        origin=origin,
        at=at,
        actor=actor,
        note=note,
    )
    pool.shelf, pool.on_the_way, pool.leaving = shelf, on_the_way, leaving
    pool.save(update_fields=["shelf", "on_the_way", "leaving", "counted_at"])
    if kind in (Entry.Kind.COUNT, Entry.Kind.ADJUST, Entry.Kind.SET_ASIDE, Entry.Kind.PUT_BACK):
        # Nobody else says that the shelf is another now; the sweep finds the entry when this is lost.
        wake("replenishment.review")
    return entry


def _moved_since(pool_id: int, at: dt.datetime, shelf: int) -> int:
    """A shelf of `shelf` units at that moment, after all that was posted as later."""
    signs = {
        Entry.Kind.RECEIVE: 1,
        Entry.Kind.ADJUST: 1,
        Entry.Kind.INSTALL: -1,
        Entry.Kind.SET_ASIDE: -1,
        Entry.Kind.PUT_BACK: 1,
    }
    later = Entry.objects.filter(pool_id=pool_id, at__gt=at, kind__in=signs).order_by("at", "pk")
    for kind, quantity in later.values_list("kind", "quantity"):
        shelf = max(shelf + signs[Entry.Kind(kind)] * quantity, 0)
    return shelf


def expect(*, pool_id: int, quantity: int, cause: str, origin: str, at: dt.datetime | None = None) -> Entry:
    """Units were ordered: from now on they are on the way."""
    return _post(
        kind=Entry.Kind.EXPECT,
        pool_id=pool_id,
        quantity=quantity,
        cause=cause,
        origin=origin,
        at=at,
        actor=None,
        note="",
    )


def cancel(*, pool_id: int, quantity: int, cause: str, origin: str, note: str = "") -> Entry:
    """Expected units will not come. Raises Refused(not_on_the_way) when fewer are expected."""
    return _post(
        kind=Entry.Kind.CANCEL,
        pool_id=pool_id,
        quantity=quantity,
        cause=cause,
        origin=origin,
        at=None,
        actor=None,
        note=note,
    )


def receive(
    *,
    pool_id: int,
    quantity: int,
    cause: str,
    origin: str,
    at: dt.datetime | None = None,
    actor: User | None = None,
) -> Entry:
    """Units arrived: from on the way to the shelf."""
    return _post(
        kind=Entry.Kind.RECEIVE,
        pool_id=pool_id,
        quantity=quantity,
        cause=cause,
        origin=origin,
        at=at,
        actor=actor,
        note="",
    )


def install(
    *, pool_id: int, quantity: int, cause: str, at: dt.datetime | None = None, note: str = ""
) -> Entry:
    """Units were put into a device, as a level jump or a new cartridge serial shows."""
    return _post(
        kind=Entry.Kind.INSTALL,
        pool_id=pool_id,
        quantity=quantity,
        cause=cause,
        origin=Entry.Origin.DEVICE,
        at=at,
        actor=None,
        note=note,
    )


def count(
    *,
    pool_id: int,
    quantity: int,
    cause: str,
    at: dt.datetime | None = None,
    actor: User | None = None,
    origin: str = Entry.Origin.CUSTOMER,
    note: str = "",
) -> Entry:
    """Somebody counted the shelf; the difference to what was expected stays visible (domain rule 17).

    A count older than the last one is kept, and the newer one stands.
    """
    return _post(
        kind=Entry.Kind.COUNT,
        pool_id=pool_id,
        quantity=quantity,
        cause=cause,
        origin=origin,
        at=at,
        actor=actor,
        note=note,
    )


def set_aside(
    *,
    pool_id: int,
    quantity: int,
    cause: str,
    origin: str = Entry.Origin.CUSTOMER,
    at: dt.datetime | None = None,
    actor: User | None = None,
    note: str = "",
) -> Entry:
    """Units are going to be returned: they leave the shelf, and nobody counts on them any more.

    Units that the ledger did not know of may be set aside too.
    """
    return _post(
        kind=Entry.Kind.SET_ASIDE,
        pool_id=pool_id,
        quantity=quantity,
        cause=cause,
        origin=origin,
        at=at,
        actor=actor,
        note=note,
    )


def put_back(
    *,
    pool_id: int,
    quantity: int,
    cause: str,
    origin: str = Entry.Origin.CUSTOMER,
    actor: User | None = None,
    note: str = "",
) -> Entry:
    """Units that were set aside stay after all. Raises Refused(not_set_aside) when fewer are."""
    return _post(
        kind=Entry.Kind.PUT_BACK,
        pool_id=pool_id,
        quantity=quantity,
        cause=cause,
        origin=origin,
        at=None,
        actor=actor,
        note=note,
    )


def take_back(
    *,
    pool_id: int,
    quantity: int,
    cause: str,
    origin: str = Entry.Origin.CUSTOMER,
    at: dt.datetime | None = None,
    actor: User | None = None,
) -> Entry:
    """Units that were set aside came back to us. Raises Refused(not_set_aside) when fewer are."""
    return _post(
        kind=Entry.Kind.TAKE_BACK,
        pool_id=pool_id,
        quantity=quantity,
        cause=cause,
        origin=origin,
        at=at,
        actor=actor,
        note="",
    )


def adjust(
    *,
    pool_id: int,
    quantity: int,
    cause: str,
    actor: User | None,
    note: str,
    origin: str = Entry.Origin.STAFF,
) -> Entry:
    """A correction with its reason, by staff or of what a customer reported; `quantity` is the change and may
    be negative.
    """
    if not note:
        raise Refused(_("An adjustment needs its reason."), code="no_reason")
    return _post(
        kind=Entry.Kind.ADJUST,
        pool_id=pool_id,
        quantity=quantity,
        cause=cause,
        origin=origin,
        at=None,
        actor=actor,
        note=note,
    )


@dataclass(frozen=True)
class Kept:
    """What became of the counts of one address: of each pool, by its id, the entry that was kept.

    `meanwhile`: pools that somebody else counted since the person's list was made; nothing is kept of those.
    """

    entries: dict[int, Entry]
    meanwhile: list[int]


@transaction.atomic
def count_shelves(
    *,
    account_id: int,
    address_id: int,
    address_public_id: str,
    counted: Mapping[int, int],
    seen: Mapping[int, dt.datetime | None],
    once: str,
    at: dt.datetime | None = None,
    actor: User | None = None,
) -> Kept:
    """Somebody counted shelves of an address: `counted` is units by pool id; what isn't in it was not.

    `seen`: when each pool had last been counted, as the person's list said. `once` names the list: sent twice
    it counts once. `at`: when it was counted; raises Refused(in_the_future) and Refused(too_old).
    """
    now = timezone.now()
    at = at or now
    if at > now + IN_THE_FUTURE:
        raise Refused(_("That time has not come yet."), code="in_the_future")
    if at < now - OLDEST:
        raise Refused(_("That is over a month ago: please count again."), code="too_old")
    here = Pool.objects.filter(account_id=account_id, address_id=address_id, pk__in=list(counted))
    pools = list(here.select_for_update(no_key=True).order_by("pk"))
    entries: dict[int, Entry] = {}
    meanwhile: list[int] = []
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for pool in pools:
        cause = f"count:{pool.public_id}:{once}"
        known = Entry.objects.filter(pool=pool, cause=cause).first()
        if known is None and pool.counted_at != seen.get(pool.pk):
            meanwhile.append(pool.pk)
            continue
        entries[pool.pk] = known or count(
            pool_id=pool.pk, quantity=counted[pool.pk], cause=cause, at=at, actor=actor
        )
        if known is None:
            before[pool.public_id], after[pool.public_id] = pool.shelf, counted[pool.pk]
    if after:
        log(
            actor=actor,
            account_id=account_id,
            address_id=address_id,
            verb="counted",
            kind="stock",
            public_id=address_public_id,
            before=before,
            after=after,
        )
    return Kept(entries, meanwhile)


@transaction.atomic
def ask_count(
    *, pool_ids: Sequence[int], because: str, at: dt.datetime | None = None, actor: User | None = None
) -> int:
    """Asks for these pools to be counted; returns how many were not asked for yet.

    `because`: one of CountRequest.Because. A pool that was counted since `at`, and one at a retired address,
    is not asked for. Twice asks once.
    """
    at = at or timezone.now()
    rows = Pool.objects.filter(pk__in=list(pool_ids), address__retired_at=None).select_related("address")
    pools = list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    open_now = set(
        CountRequest.objects.filter(pool__in=pools, closed_at=None).values_list("pool_id", flat=True)
    )
    asked = [
        pool
        for pool in pools
        if pool.pk not in open_now and (pool.counted_at is None or pool.counted_at < at)
    ]
    CountRequest.objects.bulk_create(
        [
            CountRequest(
                account_id=pool.account_id,
                pool=pool,
                because=because,
                asked_at=at,
                due_on=_due_on(pool, at),
                asked_by=actor,
            )
            for pool in asked
        ],
        batch_size=1000,
    )
    by_address: dict[int, list[Pool]] = {}
    for pool in asked:
        by_address.setdefault(pool.address_id, []).append(pool)
    for address_id, here in by_address.items():
        log(
            actor=actor,
            account_id=here[0].account_id,
            address_id=address_id,
            verb="asked for a count",
            kind="stock",
            public_id=here[0].address.public_id,
            after={"because": because, "supplies": len(here)},
        )
    return len(asked)


def _due_on(pool: Pool, at: dt.datetime) -> dt.date:
    """The day, as the people there have it."""
    zone: Any = time_zone_or_none(pool.address.time_zone) or dt.UTC
    return (at.astimezone(zone) + dt.timedelta(days=settings.COUNT_WITHIN_DAYS)).date()


def ask_due_counts(*, now: dt.datetime | None = None) -> int:
    """Asks for the counts that the contracts want by now (domain rule 17); returns how many are new."""
    now = now or timezone.now()
    return ask_count(pool_ids=counts_due_for_system(now), because=CountRequest.Because.CADENCE, at=now)
