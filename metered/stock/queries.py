"""What the ledger tells the stages after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef

from metered.stock.models import Entry


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
    """What happened to a pool at a moment. `on_shelf`: what the ledger expects there now."""

    id: int
    pool_id: int
    kind: str
    quantity: int
    cause: str
    origin: str
    at: dt.datetime
    on_shelf: int


def history_for_system(pool_ids: Sequence[int]) -> list[Moved]:
    """All entries of the pools in the order in which they happened, however late they were posted."""
    # The pool's sum is of the same statement: what is posted meanwhile is in neither.
    rows = Entry.objects.filter(pool_id__in=list(pool_ids)).order_by("at", "pk")
    columns = ("pk", "pool_id", "kind", "quantity", "cause", "origin", "at", "pool__shelf")
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
        Entry.objects.filter(pool_id__in=list(after), pk__gt=min(after.values()))
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
