"""What a heavy job means: cartridges and the day by which to announce it (domain rule 23). Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metered.replenishment import policy, risk
from metered.replenishment.arrays import Floats, Ints
from metered.replenishment.calendars import date_of, day_number
from metered.replenishment.state import Jobs, State
from metered.replenishment.workdays import Workdays

MOST_CARTONS = 500

Closures = Sequence[tuple[dt.date, dt.date]]


@dataclass(frozen=True, slots=True)
class Share:
    """One printer's part: its pages, and how many of them are in colour."""

    pages: int
    colour: int


def shares(pages: int, colour: int, tinted: Sequence[bool]) -> list[Share]:
    """The pages of a job spread over its printers: colour over those that print it (`tinted`), the others
    over all, as evenly as whole pages go. Colour that nobody can print is in no share.
    """
    inks = _spread(colour, tinted)
    greys = _spread(pages - colour, [True] * len(tinted))
    return [Share(grey + ink, ink) for grey, ink in zip(greys, inks, strict=True)]


def _spread(pages: int, takes: Sequence[bool]) -> list[int]:
    count, place = sum(takes), 0
    found = []
    for take in takes:
        found.append(pages // count + (place < pages % count) if take else 0)
        place += take
    return found


@dataclass(frozen=True, slots=True)
class Need:
    """One row per pool: `takes` cartridges of the job itself, `more` cartons beyond what is there and what
    is sent for the usual use, `covered` the part of the job (0 to 1) that what is there is likely enough for.
    """

    p: Ints
    takes: Floats
    more: Ints
    covered: Floats


def need(
    state: State, cal: Workdays, p: Ints, t: float, job: Jobs, until: float, settings: policy.Settings
) -> Need:
    """What the distinct pools `p` need of `job` from t until the time `until`, beyond shelf and transit.

    `state.jobs` are the other announced jobs. The cartons are those after which the pool is short with at
    most the risk in force (method sections 5 and 6), less those that are needed without the job.
    """
    before = state.jobs
    n = state.pools.shelf[p] + state.pools.transit[p]
    o = risk.outlook(state, cal, policy.living(state, p), t)
    h, ends = policy.window(cal, o, until), np.full(o.s.size, until)
    usual = risk.announced(state, o.s, t, ends)
    state.jobs = job
    own = risk.announced(state, o.s, t, ends)
    state.jobs = before
    # Both from the same table, so that they differ by the job only.
    without = policy.smallest(
        state, p, risk.pool_tails(state, o, h, usual, p), n, settings.alpha, MOST_CARTONS
    )
    together = risk.pool_tails(state, o, h, usual + own, p)
    wanted = policy.smallest(state, p, together, n, settings.alpha, MOST_CARTONS)

    where = state.supplies.pool[o.s]
    size = state.pools.site.size
    takes: Floats = np.bincount(where, own, minlength=size)[p].astype(np.float64)
    goes = np.bincount(where, o.u * (h + o.g) + usual, minlength=size)[p]
    left = n + np.bincount(where, o.left, minlength=size)[p] - goes
    covered = np.where(takes > 0, np.clip(left / np.maximum(takes, 1e-9), 0.0, 1.0), 1.0)
    more = np.where(takes > 0, np.maximum(wanted - without, 0), 0)
    return Need(p, takes, more, np.where(more > 0, covered, 1.0))


@dataclass(frozen=True, slots=True)
class Timing:
    """`announce_by`: the last working day on which announcing is early enough, None when that is over;
    `arrives_on`: when what is announced today is there."""

    announce_by: dt.date | None
    arrives_on: dt.date


def timing(
    cal: Workdays,
    today: dt.date,
    starts_on: dt.date,
    settings: policy.Settings,
    waits: int = 0,
    closures: Closures = (),
) -> Timing:
    """By when to announce a job so that everything is there on the morning of its first day.

    An order is decided on the evening of the announcement, leaves after `waits` further working days and
    takes the lane's days; nothing arrives where doors are closed.
    """

    def arrives(day: int) -> dt.date:
        there = policy.arrival_day(cal, day, settings, waits)
        for _ in range(policy.FARTHEST):
            if not any(first <= date_of(there) <= last for first, last in closures):
                break
            there = cal.working_after(there, 1)
        return date_of(there)

    now = day_number(today)
    for day in range(day_number(starts_on) - 1, now - 1, -1):
        if (cal.is_working(day) or day == now) and arrives(day) <= starts_on:
            return Timing(date_of(day), arrives(now))
    return Timing(None, arrives(now))
