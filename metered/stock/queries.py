"""What the ledger tells the stages after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Exists, Min, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from metered.fleet.models import Contract, Slot
from metered.reads.copying import numbers
from metered.stock.models import Entry, Pool


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry as it was posted. `shelf`: what the ledger expects right after it; `stale`: a count that says
    nothing, since a newer one was posted before it.
    """

    id: int
    pool_id: int
    kind: str
    quantity: int
    shelf_change: int
    cause: str
    origin: str
    at: dt.datetime
    shelf: int
    stale: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened to a pool at a moment. `on_shelf`: what the ledger expects there now; `shelf_change`: by
    how much that moved when it was posted.
    """

    id: int
    pool_id: int
    kind: str
    quantity: int
    cause: str
    origin: str
    at: dt.datetime
    on_shelf: int
    shelf_change: int


def history_for_system(pool_ids: Sequence[int]) -> list[Moved]:
    """All entries of the pools in the order in which they happened, however late they were posted."""
    # The pool's sum is of the same statement: what is posted meanwhile is in neither.
    rows = Entry.objects.filter(pool_id__in=list(pool_ids)).order_by("at", "pk")
    columns = ("pk", "pool_id", "kind", "quantity", "cause", "origin", "at", "pool__shelf", "shelf_change")
    return [Moved(*row) for row in rows.values_list(*columns)]


def entries_after_for_system(after: Mapping[int, int]) -> list[Posted]:
    """The entries of each pool that follow its id in `after`, in the order in which they were posted."""
    if not after:
        return []
    newer = Entry.objects.filter(
        pool=OuterRef("pool"), kind=Entry.Kind.COUNT, at__gt=OuterRef("at"), pk__lt=OuterRef("pk")
    )
    # The pool's sum is of the same statement: what is posted meanwhile is in neither.
    rows: Any = (
        Entry.objects.filter(pk__gt=min(after.values()))
        # As one value: thousands of them would each be prepared.
        .extra(where=["stock_entry.pool_id = ANY(%s::bigint[])"], params=[numbers(list(after))])
        .annotate(outdated=Exists(newer))
        .order_by("-pk")
        .values_list(
            "pk",
            "pool_id",
            "kind",
            "quantity",
            "shelf_change",
            "cause",
            "origin",
            "at",
            "pool__shelf",
            "outdated",
        )
    )
    shelves: dict[int, int] = {}
    found = []
    for pk, pool_id, kind, quantity, change, cause, origin, at, shelf, outdated in rows:
        if pk <= after[pool_id]:
            continue
        left = shelves.get(pool_id, shelf)
        shelves[pool_id] = left - change
        stale = outdated and kind == Entry.Kind.COUNT
        found.append(Posted(pk, pool_id, kind, quantity, change, cause, origin, at, left, stale))
    return found[::-1]


def count_is_stale(pool: Pool, now: dt.datetime | None = None) -> bool:
    """Whether a count should be asked for before something is ordered for this pool (domain rule 17)."""
    oldest = (now or timezone.now()) - dt.timedelta(days=settings.COUNT_WHEN_ORDERING_DAYS)
    return pool.counted_at is None or pool.counted_at < oldest


ALONG = dt.timedelta(days=14)
"""Who is asked to count an address counts with it what would be asked for within this time."""


def counts_due_for_system(now: dt.datetime) -> list[int]:
    """The pools whose count is older than their contract wants, with those of their address soon to be.

    Only where a device uses the supply. What was never counted is due that long after its first entry in the
    ledger; a shelf of which nothing is known at all is not.
    """
    used = Slot.objects.filter(
        supply=OuterRef("supply"),
        device__address=OuterRef("address"),
        device__contract=OuterRef("contract"),
        device__removed_at=None,
    )
    known: Any = (
        Pool.objects.filter(contract__status=Contract.Status.ACTIVE, address__retired_at=None)
        .filter(Q(counted_at=None) | Q(counted_at__lt=now))
        .filter(Exists(used))
        .annotate(since=Coalesce("counted_at", Min("entries__at")))
        .filter(since__isnull=False)
        .order_by("pk")
        .values_list("pk", "address_id", "since", "contract__count_every_days")
    )
    due = [(pk, place, since + dt.timedelta(days=every)) for pk, place, since, every in known]
    asked = {place for _pk, place, day in due if day <= now}
    return [pk for pk, place, day in due if place in asked and day <= now + ALONG]
