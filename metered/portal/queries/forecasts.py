"""When supplies run out, and whether the next one is there in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, DateTimeField, F, Func, OuterRef, Q, QuerySet, Subquery

from metered.accounts.access import Viewer
from metered.fleet.models import Device
from metered.orders.queries import Coming, coming
from metered.portal.presentation.forecast import RunOut
from metered.portal.queries.devices_in_use import in_use, silent_since
from metered.replenishment.explain import explain
from metered.replenishment.models import PoolForecast, Position

FAR = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
"""Stands where no run-out is known, so that those devices come last."""

HELD = ("awaiting_read", "in_review")
"""Nobody knows yet when these leave."""


def delivery() -> dt.timedelta:
    """How long a parcel takes, in calendar days of the operator's working days."""
    return dt.timedelta(days=-(-settings.REPLENISHMENT_LEAD_DAYS * 7 // 5))


class _Included(Func):
    """Whether the contract includes the slot's kind of supply."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def positions(viewer: Viewer) -> QuerySet[Position]:
    """The supplies in the viewer's devices whose run-out is known.

    Without knowing which supply it is, its yield is a guess and so is its run-out: those are left out.
    """
    rows: QuerySet[Position] = Position.objects.visible_to(viewer)
    return rows.filter(runs_out_at__isnull=False, slot__supply__isnull=False, device__removed_at=None)


def soonest_run_out() -> Subquery:
    """For a query of devices: when the first of a device's supplies runs out, or NULL."""
    known = Position.objects.filter(
        device_id=OuterRef("pk"), runs_out_at__isnull=False, slot__supply__isnull=False
    )
    return Subquery(
        known.order_by("runs_out_at").values("runs_out_at")[:1], output_field=DateTimeField(null=True)
    )


def run_outs(viewer: Viewer, device_ids: Iterable[int]) -> list[RunOut]:
    """The known run-outs of these devices, soonest first."""
    rows: QuerySet[Any, Any] = (
        positions(viewer)
        .filter(device_id__in=list(device_ids))
        .order_by("runs_out_at", "slot_id")
        .values_list(
            "slot_id",
            "device_id",
            "pool_id",
            "slot__kind",
            "slot__colorant",
            "runs_out_from",
            "runs_out_at",
            "runs_out_until",
        )
    )
    return [RunOut(*row) for row in rows]


def soonest(viewer: Viewer, device_ids: Sequence[int]) -> dict[int, RunOut]:
    """Of each of these devices, the supply that runs out first."""
    found: dict[int, RunOut] = {}
    for run_out in run_outs(viewer, device_ids):
        found.setdefault(run_out.device_id, run_out)
    return found


def decisions(viewer: Viewer, pool_ids: Iterable[int]) -> dict[int, Any]:
    """The last decision about each of these pools, explained."""
    rows: QuerySet[PoolForecast] = PoolForecast.objects.visible_to(viewer)
    known = rows.filter(pool_id__in=list(pool_ids), decision__isnull=False)
    found: QuerySet[Any, Any] = known.values_list("pool_id", "decision")
    return {pool_id: explain(reason) for pool_id, reason in found}


@dataclass(frozen=True)
class Short:
    """A supply that may run out before another one is there."""

    device_id: int
    public_id: str
    name: str
    model: str
    kind: str
    colorant: str
    runs_out: dt.datetime
    barred: str
    """off or starting when nothing is sent for it; empty when something is."""
    next: Coming | None
    """What is on the way for it."""
    arrives_on: dt.date | None


@dataclass(frozen=True)
class Coverage:
    """Who may be out of something within the horizon."""

    devices: frozenset[int]
    known: bool
    """Whether any run-out is known."""
    short: list[Short]


def coverage(viewer: Viewer, now: dt.datetime, days: int) -> Coverage:
    """Which devices are not covered for `days`.

    Not covered are those that are silent for long; those whose supply likely runs out with none on the shelf
    before the next can be there; and, over the whole horizon, those for which nothing is sent.
    """
    silent = in_use(viewer).filter(silent_since(now, settings.SILENT_ALERT_DAYS)).values_list("pk", flat=True)
    known = positions(viewer)
    soon = Q(runs_out_at__lt=now + delivery())
    unsent = Q(pool=None) | ~Q(device__replenishment=Device.Replenishment.ON) | Q(slot__replenished=False)
    risky: QuerySet[Any, Any] = (
        known.filter(runs_out_at__lt=now + dt.timedelta(days=days))
        .filter(Q(pool=None) | Q(pool__shelf=0))
        .filter(soon | (unsent & (Q(pool=None) | Q(pool__on_the_way=0))))
        .filter(_Included(F("slot__kind"), F("device__contract__included_kinds")))
        .order_by("runs_out_at", "slot_id")
        .values(
            "device_id",
            "pool_id",
            "runs_out_at",
            "slot__kind",
            "slot__colorant",
            "slot__replenished",
            "device__public_id",
            "device__name",
            "device__model__name",
            "device__replenishment",
        )
    )
    rows = list(risky)
    on_the_way: dict[int, Coming] = {}
    for item in coming(viewer, {row["pool_id"] for row in rows if row["pool_id"]}):
        on_the_way.setdefault(item.pool_id, item)
    short = [_short(row, on_the_way.get(row["pool_id"]), now) for row in rows]
    short = [item for item in short if not _in_time(item)]
    return Coverage(
        devices=frozenset(silent) | {item.device_id for item in short},
        known=bool(rows) or known.exists(),
        short=short,
    )


def _short(row: dict[str, Any], item: Coming | None, now: dt.datetime) -> Short:
    barred = ""
    if row["pool_id"] is None:
        barred = "off"
    elif row["device__replenishment"] != Device.Replenishment.ON:
        barred = row["device__replenishment"]
    elif not row["slot__replenished"]:
        barred = "off"
    return Short(
        device_id=row["device_id"],
        public_id=row["device__public_id"],
        name=row["device__name"],
        model=row["device__model__name"],
        kind=row["slot__kind"],
        colorant=row["slot__colorant"],
        runs_out=row["runs_out_at"],
        barred=barred,
        next=item,
        arrives_on=arrival(item, now),
    )


def arrival(item: Coming | None, now: dt.datetime) -> dt.date | None:
    """When it is there: as the carrier says, else after the usual time from its leaving."""
    if item is None or (item.state in HELD and item.expected_on is None):
        return None
    leaves = max(item.release_at or now, now)
    return item.expected_on or (leaves + delivery()).date()


def _in_time(item: Short) -> bool:
    return item.arrives_on is not None and item.arrives_on <= item.runs_out.date()
