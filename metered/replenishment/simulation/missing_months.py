"""Months left out of a fleet's typed reads, and how near their estimates come (method section 7)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from metered.reads.missing import Span, clock, estimate
from metered.replenishment.arrays import Floats, Ints
from metered.replenishment.simulation.demand import WEEK, Demand
from metered.replenishment.simulation.family import Fleet, Rng
from metered.replenishment.simulation.report import Goal

MONTH = 30
FIRST = 3
"""Months known before one is left out."""
YEAR = 12
OURS = "our estimate"


@dataclass(slots=True)
class Errors:
    """Way of estimating → pages wrong, pages printed, over all months left out."""

    wrong: dict[str, float] = field(default_factory=dict)
    true: dict[str, float] = field(default_factory=dict)

    def add(self, way: str, pages: float, true: float) -> None:
        self.wrong[way] = self.wrong.get(way, 0.0) + abs(pages - true)
        self.true[way] = self.true.get(way, 0.0) + true

    def share(self, way: str) -> float:
        """Error by volume, %."""
        return 100 * self.wrong.get(way, 0.0) / max(self.true.get(way, 0.0), 1.0)


def clocks(fleet: Fleet, demand: Demand) -> list[Floats]:
    """Each sector's clock, from its connected devices."""
    days = demand.pages.shape[0]
    weekday = (demand.start.weekday() + np.arange(days)) % 7
    there = np.arange(days)[:, None] < demand.removed_on[None, :]
    found = []
    for k in range(len(WEEK)):
        mine = fleet.d_connected & (fleet.sector[fleet.d_site] == k)
        pages = np.where(there[:, mine], demand.pages[:, mine], np.nan)
        usual = WEEK[k][weekday]
        usual = np.where(demand.working | (weekday >= 5), usual, 0.02)
        found.append(clock(pages, usual))
    return found


def measure(rng: Rng, fleet: Fleet, demand: Demand) -> Errors:
    """Every month of every device is left out once, and estimated from the reads before it."""
    days, n = demand.pages.shape[0], fleet.d_site.size
    sums = np.concatenate([np.zeros((1, n), np.int64), np.cumsum(demand.pages, axis=0)])
    ticks = clocks(fleet, demand)
    first = rng.integers(0, MONTH, n)
    errors = Errors()
    for d in range(n):
        at = np.arange(first[d], min(days, int(demand.removed_on[d])), MONTH) + 1
        _device(errors, np.diff(sums[at, d]), np.diff(ticks[fleet.sector[fleet.d_site[d]]][at]))
    return errors


def _device(errors: Errors, pages: Ints, activity: Floats) -> None:
    spans = [Span(float(p), float(a)) for p, a in zip(pages, activity, strict=True)]
    for month in range(FIRST, len(spans)):
        true = spans[month].pages
        errors.add(OURS, estimate(spans[:month], spans[month].activity) or 0.0, true)
        errors.add("last month", spans[month - 1].pages, true)
        if month >= YEAR:
            errors.add("same month last year", spans[month - YEAR].pages, true)


def goals_of(errors: Errors) -> list[Goal]:
    return [Goal("estimate of a missing month: error by volume, %", errors.share(OURS), 22, 15)]


def table(errors: Errors) -> str:
    ways = ", ".join(f"{way} {errors.share(way):.1f}" for way in errors.wrong)
    return f"missing month, error by volume in %: {ways}"
