"""Who keeps too many: what `excess.weigh` says of sites that our policy served, against what they did."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from metered.replenishment import excess, use
from metered.replenishment.arrays import Bools, Floats
from metered.replenishment.policy import Settings
from metered.replenishment.simulation import report
from metered.replenishment.simulation.demand import Demand
from metered.replenishment.simulation.family import Fleet
from metered.replenishment.simulation.policies import Engine, Message
from metered.replenishment.simulation.report import Goal
from metered.replenishment.simulation.world import World
from metered.replenishment.simulation.yardsticks import WRAPPED
from metered.replenishment.state import COLOUR_KINDS, State

YEAR = 365
HOARDERS = 0.25
"""Of the sites of this world: at the public 2 % hardly one would stand here to be found."""
EXTRA_ORDERS = 2


class Watched(Engine):
    """Our engine, and the figures of each year that section 8 needs: all of them what the engine knows."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self.years: list[tuple[excess.PoolYear, excess.SupplyYear]] = []
        self.orders: list[Floats] = []
        """Per year and pool: how often the customer ordered. Not for the rule."""

    def hello(self, message: Message) -> None:
        super().hello(message)
        self._begin()

    @property
    def _state(self) -> State:
        assert self.replay is not None
        return self.replay.state

    def _begin(self) -> None:
        st = self._state
        pools, supplies = st.pools.site.size, st.supplies.device.size
        self._start = st.pools.shelf.copy()
        self._delivered, self._ordered, self._times = (np.zeros(pools) for _ in range(3))
        self._swaps, self._hidden = np.zeros(supplies), np.zeros(supplies)
        self._dark_days = np.zeros(supplies)

    def day(self, message: Message) -> Message:
        st = self._state
        before = st.devices.total.copy(), st.devices.colour.copy()
        answer = super().day(message)
        t = float(message["day"] + 1)
        np.add.at(self._delivered, message["delivered"]["p"], message["delivered"]["n"])
        np.add.at(self._ordered, message["customer_orders"]["p"], message["customer_orders"]["n"])
        np.add.at(self._times, message["customer_orders"]["p"], 1.0)
        assert self.replay is not None
        swaps = self.replay.swaps
        seen = swaps.seen
        np.add.at(self._swaps, swaps.s[seen], swaps.n[seen])
        dark = use.blind(st, np.arange(st.supplies.device.size), np.full(st.supplies.device.size, t))
        self._dark_days += dark
        self._hidden += np.where(dark, self._nominal(before), 0.0)
        if (message["day"] + 1) % YEAR == 0:
            self._close()
        return answer

    def _nominal(self, before: tuple[Floats, Floats]) -> Floats:
        """Nominal cartridges that each supply's pages of today come to."""
        st, gains = self._state, []
        for then, now in zip(before, (st.devices.total, st.devices.colour), strict=True):
            gain = np.nan_to_num(now - then)
            gain = np.where((gain < 0) & (st.devices.modulus > 0), gain + st.devices.modulus, gain)
            gains.append(np.where((gain < 0) | (gain > WRAPPED), 0.0, gain)[st.supplies.device])
        pages: Floats = np.where(COLOUR_KINDS[st.supplies.kind], gains[1], gains[0])
        return pages / st.supplies.yields

    def _close(self) -> None:
        st = self._state
        self.years.append((
            excess.PoolYear(st.pools.site, self._start, self._delivered, self._ordered),
            excess.SupplyYear(
                st.supplies.pool, st.supplies.device, self._swaps,
                st.c_fleet[st.supplies.kind] * self._hidden, self._dark_days > 0,
            ),
        ))  # fmt: skip
        self.orders.append(self._times)
        self._begin()


@dataclass(slots=True)
class Found:
    """Site-years: honest ones, of these flagged; those of hoarders who ordered at least twice, of these
    flagged.
    """

    honest: int = 0
    honest_flagged: int = 0
    hoarders: int = 0
    hoarders_flagged: int = 0

    @property
    def alarm_share(self) -> float:
        return 100 * self.honest_flagged / max(self.honest, 1)

    @property
    def found_share(self) -> float:
        return 100 * self.hoarders_flagged / max(self.hoarders, 1)


def play(
    fleet: Fleet, demand: Demand, seed: int, share: float = HOARDERS, tick: report.Tick | None = None
) -> Found:
    """Serve a fleet in which `share` of the sites hoard, and judge each whole year of each site."""
    many = replace(fleet, traits=replace(fleet.traits, hoards=share))
    engine = Watched()
    report.play(many, demand, engine, seed, tick)
    return count(engine, World(many, demand, seed).hoards)


def count(engine: Watched, hoards: Bools) -> Found:
    found = Found()
    for (pools, supplies), times in zip(engine.years, engine.orders, strict=True):
        flagged = excess.weigh(pools, supplies, hoards.size, YEAR).flagged
        often = hoards & (np.bincount(pools.site, times, minlength=hoards.size) >= EXTRA_ORDERS)
        found.honest += int((~hoards).sum())
        found.honest_flagged += int((flagged & ~hoards).sum())
        found.hoarders += int(often.sum())
        found.hoarders_flagged += int((flagged & often).sum())
    return found


def goals_of(found: Found) -> list[Goal]:
    return [
        Goal("excess: honest sites flagged a year, %", found.alarm_share, 0.3, 0.1),
        Goal("excess: hoarders with two orders found, %", found.found_share, 75, 90),
    ]


def table(found: Found) -> str:
    return (
        f"excess: {found.honest_flagged} of {found.honest} honest years flagged,"
        f" {found.hoarders_flagged} of {found.hoarders} years of hoarders"
    )
