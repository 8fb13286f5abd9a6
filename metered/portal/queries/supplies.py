"""Every supply in use and how long it lasts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from metered.accounts.access import Viewer
from metered.lib import keyset
from metered.orders.queries import coming
from metered.portal.presentation.forecast import RunOut
from metered.portal.presentation.supplies import SupplyInUse
from metered.portal.queries.forecasts import arrival, positions
from metered.replenishment.models import Position

SIZE = 25

SOONEST_FIRST = keyset.by_time("runs_out_at", descending=False, tie="seat", name="seat")
"""A supply has no name of its own in URLs: it goes by its device and its place in it."""


@dataclass(frozen=True)
class Page:
    rows: list[SupplyInUse]
    newer: str
    older: str


def _rows(viewer: Viewer, address: str) -> QuerySet[Position]:
    rows = positions(viewer)
    return rows.filter(device__address__public_id=address) if address else rows


def _values(rows: QuerySet[Position]) -> QuerySet[Any, Any]:
    seat = Concat(F("device__public_id"), Value("-"), Cast("slot__position", CharField()))
    return rows.annotate(seat=seat).values(
        "seat",
        "slot_id",
        "device_id",
        "pool_id",
        "runs_out_from",
        "runs_out_at",
        "runs_out_until",
        "slot__kind",
        "slot__colorant",
        "slot__position",
        "slot__supply__reorder_number",
        "pool__shelf",
        "pool__on_the_way",
        "device__public_id",
        "device__name",
        "device__model__name",
        "device__address__name",
        "device__state__levels",
    )


def page(viewer: Viewer, address: str, *, after: str = "", before: str = "") -> Page:
    """A page of supplies, the first to run out on top; `address` (public id) narrows them."""
    found = keyset.page(_values(_rows(viewer, address)), SOONEST_FIRST, after=after, before=before, size=SIZE)
    return Page(rows=_filled(viewer, found.rows), newer=found.newer, older=found.older)


def soonest(viewer: Viewer, count: int) -> list[SupplyInUse]:
    """The first supplies to run out."""
    rows = _values(_rows(viewer, "")).order_by("runs_out_at", "slot_id")[:count]
    return _filled(viewer, list(rows))


def count(viewer: Viewer, address: str) -> int:
    return _rows(viewer, address).count()


def _filled(viewer: Viewer, rows: list[dict[str, Any]]) -> list[SupplyInUse]:
    arrivals = _arrivals(viewer, {row["pool_id"] for row in rows if row["pool__on_the_way"]}, timezone.now())
    return [
        SupplyInUse(
            device_public_id=row["device__public_id"],
            device_name=row["device__name"],
            model=row["device__model__name"],
            address=row["device__address__name"],
            reorder_number=row["slot__supply__reorder_number"] or "",
            level=_level(row),
            shelf=row["pool__shelf"] or 0,
            on_the_way=row["pool__on_the_way"] or 0,
            arrives_on=arrivals.get(row["pool_id"]),
            run_out=RunOut(
                row["slot_id"],
                row["device_id"],
                row["pool_id"],
                row["slot__kind"],
                row["slot__colorant"],
                row["runs_out_from"],
                row["runs_out_at"],
                row["runs_out_until"],
            ),
        )
        for row in rows
    ]


def _level(row: dict[str, Any]) -> int | None:
    levels, position = row["device__state__levels"] or [], row["slot__position"]
    level: int | None = levels[position] if position < len(levels) else None
    return level


def _arrivals(viewer: Viewer, pool_ids: Iterable[int], now: dt.datetime) -> dict[int, dt.date]:
    """The next delivery of each pool."""
    found: dict[int, dt.date] = {}
    for item in coming(viewer, pool_ids):
        day = arrival(item, now)
        if day is not None:
            found[item.pool_id] = min(day, found.get(item.pool_id, day))
    return found
