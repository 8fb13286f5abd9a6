"""What a heavy job would mean for the supplies of an address; nothing is kept (domain rule 23)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.conf import settings

from metered.accounts.models import AddressClosure
from metered.fleet.models import Device
from metered.replenishment import deciding, heavy, policy, store
from metered.replenishment.actions import dials
from metered.replenishment.arrays import Ints
from metered.replenishment.calendars import day_number, engine_time
from metered.replenishment.entries import take_entries
from metered.replenishment.known import facts
from metered.replenishment.state import USUAL_COVERAGE, Jobs


@dataclass(frozen=True, slots=True)
class Plan:
    """A job as it was typed: the devices' ids with their shares, the dates, percent of the page or None."""

    shares: Mapping[int, heavy.Share]
    starts_on: dt.date
    ends_on: dt.date
    coverage: int | None = None


@dataclass(frozen=True, slots=True)
class Supply:
    """What a job means for one supply; `barred` as fleet.policy says it, "off" where nothing is sent by
    itself, empty where it is; `known` whether its use is the printers' own."""

    pool_id: int
    supply: Mapping[str, Any]
    takes: float
    more: int
    covered: float
    shelf: int
    on_the_way: int
    machine: Mapping[str, Any]
    """The reason's slots, as explain.py describes them."""
    barred: str
    known: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    supplies: Sequence[Supply]
    """Those of which the job takes something, the neediest first."""
    announce_by: dt.date | None
    arrives_on: dt.date


def meaning_for_system(
    address_id: int, plan: Plan, now: dt.datetime, *, today: dt.date, instead_of: int | None = None
) -> Meaning:
    """What the plan means at that address. `instead_of`: the id of an announced job that it takes the place
    of. `today`: the day of whoever asks.
    """
    standing = Device.objects.filter(address_id=address_id, removed_at=None).order_by("pk")
    loaded = store.load(list(standing.values_list("pk", flat=True)), now)
    take_entries(loaded)
    state = loaded.state
    if instead_of is not None:
        state.jobs = store.jobs_of(loaded.devices, without=instead_of)
    known = facts(loaded, now)
    reasons = deciding.look(loaded, known, dials(), now, settings.ANNOUNCEMENT).plain()
    state.supplies.live[:] = True

    cal, t = loaded.calendar, engine_time(now)
    waits = policy.announcement_waits(cal, t, settings.ANNOUNCEMENT / dt.timedelta(days=1))
    closures = list(
        AddressClosure.objects.filter(address_id=address_id, ends_on__gte=today).values_list(
            "starts_on", "ends_on"
        )
    )
    lane = replace(dials(), lead_days=int(known.leads.max(initial=1)))
    when = heavy.timing(cal, today, plan.starts_on, lane, waits, closures)
    job = jobs_of_plan(plan, loaded.row_of_device)
    chosen = np.isin(state.supplies.device, job.device)
    rows: Ints = np.unique(state.supplies.pool[chosen])
    rows = rows[loaded.pools[rows] > 0]
    found = heavy.need(state, cal, rows, t, job, day_number(plan.ends_on) + 1.0, lane)
    supplies = []
    for i, row in enumerate(rows.tolist()):
        reason = reasons.get(int(loaded.pools[row]))
        # What goes by less than a hundredth of a cartridge is not worth a line.
        if reason is None or found.takes[i] < 0.01:
            continue
        supplies.append(
            Supply(
                pool_id=int(loaded.pools[row]),
                supply=reason["supply"],
                takes=float(found.takes[i]),
                more=int(found.more[i]),
                covered=float(found.covered[i]),
                shelf=int(reason["shelf"]),
                on_the_way=int(reason["on_the_way"]),
                machine=reason,
                barred=str(reason["barred"] or ""),
                known=reason["rule"] != "unknown",
            )
        )
    supplies.sort(key=lambda item: (-item.more, -item.takes, item.pool_id))
    return Meaning(supplies, when.announce_by, when.arrives_on)


def jobs_of_plan(plan: Plan, rows: Mapping[int, int]) -> Jobs:
    """The plan as the state has jobs. `rows`: device → its row; devices without one are left out."""
    parts = [
        (rows[device], pages, tinted)
        for device, share in sorted(plan.shares.items())
        if device in rows
        for pages, tinted in ((share.pages - share.colour, False), (share.colour, True))
        if pages
    ]
    size = len(parts)
    return Jobs(
        np.array([part[0] for part in parts], dtype=np.int64),
        np.full(size, float(day_number(plan.starts_on))),
        np.full(size, float(day_number(plan.ends_on))),
        np.array([part[1] for part in parts], dtype=np.float64),
        np.array([part[2] for part in parts], dtype=np.bool_),
        np.full(size, plan.coverage / USUAL_COVERAGE if plan.coverage else 1.0),
    )
