"""What would be decided with more days of safety, or a heavy job; nothing is kept (domain rules 23, 25)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from django.conf import settings

from metered.fleet.models import Device
from metered.replenishment import deciding, store
from metered.replenishment.actions import dials
from metered.replenishment.entries import take_entries
from metered.replenishment.heavy_offers import Plan, jobs_of_plan
from metered.replenishment.known import facts
from metered.replenishment.state import Jobs

MOST_SAFETY = 30


@dataclass(frozen=True, slots=True)
class Compared:
    """A pool that the device uses: the decision as it is, and as it would be (explain.py describes both)."""

    pool_id: int
    now: Mapping[str, Any]
    then: Mapping[str, Any]

    @property
    def differs(self) -> bool:
        return (self.now["rule"], self.now["quantity"]) != (self.then["rule"], self.then["quantity"])


def what_if_for_system(
    device: Device, now: dt.datetime, *, safety_days: int = 0, plan: Plan | None = None
) -> list[Compared]:
    """For each pool of the device: both decisions, the emptiest first.

    `safety_days`: working days by which a delivery is expected later than it is; `plan`: a job of this
    device. The whole address is weighed, since its supplies travel together.
    """
    standing = Device.objects.filter(address_id=device.address_id, removed_at=None).order_by("pk")
    ids = list(standing.values_list("pk", flat=True))
    if device.pk not in ids:
        return []
    before = _decided(ids, now, 0, None)
    after = _decided(ids, now, min(max(safety_days, 0), MOST_SAFETY), plan)
    mine = [
        Compared(pool, before[pool], reason)
        for pool, reason in after.items()
        if pool in before and any(slot["device"] == device.public_id for slot in reason["slots"])
    ]
    return sorted(mine, key=lambda item: (-float(item.then["risk"]), item.pool_id))


def _decided(
    ids: Sequence[int], now: dt.datetime, later: int, plan: Plan | None
) -> dict[int, dict[str, Any]]:
    loaded = store.load(list(ids), now)
    take_entries(loaded)
    if plan is not None:
        loaded.state.jobs = _together(loaded.state.jobs, jobs_of_plan(plan, loaded.row_of_device))
    known = facts(loaded, now)
    return deciding.look(loaded, known, dials(), now, settings.ANNOUNCEMENT, later=later).plain()


def _together(one: Jobs, other: Jobs) -> Jobs:
    joined = {f.name: np.concatenate([getattr(one, f.name), getattr(other, f.name)]) for f in fields(Jobs)}
    return Jobs(**joined)
