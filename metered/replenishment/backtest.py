"""Shelves as they would have stood under other settings: what a backtest plays, and what it comes to. Pure.

History gives when cartridges were changed and shelves counted; a trial decides anew when units are sent. A
unit that falls due with nothing on the shelf is short until the next one arrives, and that one goes straight
into the machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.policy import Settings

IN_FORCE = "now"
FEWEST = 1 / 1000
"""Units on average: what differs by less does not differ."""


@dataclass(slots=True)
class Tally:
    """What came of one address under one setting. `spare`: units on its shelves, on the mean of all days;
    `short`: units that fell due with nothing there, `short_days` the days until each was replaced.
    """

    orders: int = 0
    parcels: int = 0
    units: int = 0
    spare: float = 0.0
    short: int = 0
    short_days: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(**{name: value + getattr(other, name) for name, value in asdict(self).items()})


def trials(now: Settings) -> dict[str, Settings]:
    """The settings that are compared, by key, the one in force first; what equals it is left out."""
    others = {
        "risk_third": replace(now, alpha=now.alpha / 3),
        "risk_triple": replace(now, alpha=now.alpha * 3),
        **{f"join_{days}": replace(now, join_days=days) for days in (0, 30, 90)},
        "lead_more": replace(now, lead_days=now.lead_days + 2),
    }
    return {IN_FORCE: now} | {key: other for key, other in others.items() if other != now}


class Trial:
    """The shelves of some pools under one setting, day by day.

    `site` is a pool's address, `party` its address and contract: an order is of one party, a parcel of one
    address.
    """

    def __init__(self, shelf: Floats, site: Ints, party: Ints) -> None:
        self.shelf = shelf.copy()
        self.site, self.party = site, party
        self.leaves = np.full(shelf.size, -1, dtype=np.int64)
        """The day on which a pool's last order is sent."""
        self._coming: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self._on_the_way = np.zeros(shelf.size)
        self._owed: defaultdict[int, list[int]] = defaultdict(list)
        self._orders: set[tuple[int, int]] = set()
        self._parcels: set[tuple[int, int]] = set()
        self._days = 0
        sites = int(site.max(initial=-1)) + 1
        self._spare, self._units = np.zeros(sites), np.zeros(sites, dtype=np.int64)
        self._short, self._short_days = np.zeros(sites, dtype=np.int64), np.zeros(sites, dtype=np.int64)

    @property
    def transit(self) -> Floats:
        """Units on the way, less those that go straight into an empty machine."""
        owed = np.zeros(self.shelf.size)
        for pool, days in self._owed.items():
            owed[pool] = len(days)
        return self._on_the_way - owed

    def begin(self, day: int) -> None:
        """What arrives on this day is there."""
        for pool, units in self._coming.pop(day, ()):
            self._on_the_way[pool] -= units
            self.receive(pool, units, day)

    def receive(self, pool: int, units: int, day: int) -> None:
        """Units arrive; the machines that wait get theirs first."""
        owed = self._owed[pool]
        while units and owed:
            self._short_days[self.site[pool]] += day - owed.pop(0)
            units -= 1
        self.shelf[pool] += units

    def take(self, pool: int, units: int, day: int) -> None:
        """Units go into machines."""
        there = min(int(self.shelf[pool]), units)
        self.shelf[pool] -= there
        self._owed[pool] += [day] * (units - there)
        self._short[self.site[pool]] += units - there

    def correct(self, pool: int, change: int) -> None:
        """The shelf turned out to hold so many more or fewer: a count, a correction, a return."""
        self.shelf[pool] = max(self.shelf[pool] + change, 0.0)

    def order(self, pool: int, units: int, day: int, leaves: int, arrives: int) -> None:
        """Ordered in the evening of `day`; it arrives on the morning of `arrives`, which is later."""
        self._coming[max(arrives, day + 1)].append((pool, units))
        self._on_the_way[pool] += units
        self.leaves[pool] = leaves
        self._orders.add((int(self.party[pool]), day))
        self._parcels.add((int(self.site[pool]), leaves))
        self._units[self.site[pool]] += units

    def waits(self, day: int) -> Bools:
        """Pools with an order that is not sent yet in the evening of `day`: they get no second one."""
        unsent: Bools = self.leaves > day
        return unsent

    def end(self, day: int) -> None:
        """The day is over."""
        np.add.at(self._spare, self.site, self.shelf)
        self._days += 1

    def tallies(self, until: int) -> list[Tally]:
        """By site, after the last day; what is still short then has been until the day `until`."""
        days = self._short_days.copy()
        for pool, owed in self._owed.items():
            days[self.site[pool]] += sum(until - day for day in owed)
        place = dict(zip(self.party.tolist(), self.site.tolist(), strict=True))
        orders, parcels = np.zeros(days.size, dtype=np.int64), np.zeros(days.size, dtype=np.int64)
        for party, _day in self._orders:
            orders[place[party]] += 1
        for site, _day in self._parcels:
            parcels[site] += 1
        return [
            Tally(
                int(orders[i]), int(parcels[i]), int(self._units[i]),
                round(float(self._spare[i]) / max(self._days, 1), 4), int(self._short[i]), int(days[i]),
            )
            for i in range(days.size)
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Played:
    """One address: what came under each setting, and what really happened (its `short` are the urgent orders;
    orders that people placed are in neither)."""

    address: int
    trials: Mapping[str, Tally]
    real: Tally


def summary(played: Sequence[Played], most: int = 12) -> dict[str, Any]:
    """Sums over the addresses as JSON, and the `most` addresses where the answer differs most: first by units
    short, then by units on the shelf, then by parcels; each with the setting that makes the difference.
    """
    keys = list(played[0].trials) if played else [IN_FORCE]
    total = {key: Tally() for key in keys}
    real = Tally()
    apart: list[tuple[tuple[float, float, float], int, str, Played]] = []
    for row in played:
        real = real.plus(row.real)
        for key in keys:
            total[key] = total[key].plus(row.trials[key])
        gaps = [(_apart(row.trials[IN_FORCE], row.trials[key]), key) for key in keys if key != IN_FORCE]
        if gaps:
            gap, key = max(gaps)
            apart.append((gap, -row.address, key, row))
    apart.sort(key=lambda item: item[:2], reverse=True)
    return {
        "addresses": len(played),
        "real": asdict(real),
        "trials": {key: asdict(tally) for key, tally in total.items()},
        "apart": [
            {"address": row.address, "key": key, "now": asdict(row.trials[IN_FORCE]),
             "then": asdict(row.trials[key])}
            for gap, _, key, row in apart[:most]
            if max(gap) > FEWEST
        ],
    }  # fmt: skip


def _apart(one: Tally, other: Tally) -> tuple[float, float, float]:
    return abs(one.short - other.short), abs(one.spare - other.spare), abs(one.parcels - other.parcels)


def as_json(row: Played) -> dict[str, Any]:
    return asdict(row)


def from_json(data: Mapping[str, Any]) -> Played:
    trials = {key: Tally(**tally) for key, tally in data["trials"].items()}
    return Played(data["address"], trials, Tally(**data["real"]))
