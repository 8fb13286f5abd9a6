"""What other programmes do: policies that ours is measured against on the same fleet."""

from __future__ import annotations

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.simulation.policies import Message
from metered.replenishment.state import COLOUR_KINDS, EMPTY, KINDS, LOW, OK, UNKNOWN

WRAPPED = 200_000.0
"""A meter that gained more than this was swapped."""


class Yardstick:
    """Ships one unit once per cartridge: flags at low, supplies without a level by pages and yield.

    What makes a percentage due is the subclass's. Renewed: "ok" again, or more than half full.
    """

    by_yield_at = 0.8

    def __init__(self) -> None:
        self.seconds = 0.0

    def hello(self, message: Message) -> None:
        s = message["supplies"]
        self.device = np.array(s["device"], dtype=np.int64)
        self.pool = np.array(s["pool"], dtype=np.int64)
        self.tinted = COLOUR_KINDS[[KINDS.index(k) for k in s["kind"]]]
        self.yields = np.array(s["yield"], dtype=np.float64)
        n, devices = self.device.size, len(message["devices"]["site"])
        self.ordered = np.zeros(n, dtype=np.bool_)
        self.blind = np.array([r == "none" for r in s["reports"]])
        self.printed = 0.5 * self.yields
        self.modulus = np.array(message["devices"]["meter_modulus"], dtype=np.float64)
        self.total, self.colour = np.full(devices, np.nan), np.full(devices, np.nan)
        self.level, self.gone = np.full(n, np.nan), np.zeros(devices, dtype=np.bool_)

    def due(self, s: Ints, v: Floats, day: int) -> Bools:
        raise NotImplementedError

    def day(self, message: Message) -> Message:
        units = np.zeros(int(self.pool.max(initial=-1)) + 1, dtype=np.int64)
        self.gone[message["removed"]] = True
        s = np.array(message["levels"]["s"], dtype=np.int64)
        v = np.array(message["levels"]["v"], dtype=np.float64)
        self._levels(s, v, int(message["day"]), units)
        unknown = np.zeros(self.pool.size, dtype=np.bool_)
        unknown[s[v == UNKNOWN]] = True
        for name in ("reports", "reads"):
            r = message[name]
            d = np.array(r["d"], dtype=np.int64)
            self._pages(d, np.array(r["total"], float), np.array(r["color"], float), unknown, units)
        p = np.flatnonzero(units)
        return {
            "type": "orders", "day": message["day"], "p": p.tolist(), "n": np.minimum(units[p], 30).tolist()
        }  # fmt: skip

    def _levels(self, s: Ints, v: Floats, day: int, units: Ints) -> None:
        low = (v == LOW) | (v == EMPTY)
        percent = v >= 0
        low[percent] = self.due(s[percent], v[percent], day)
        order = low & ~self.ordered[s]
        self.ordered[s[order]] = True
        np.add.at(units, self.pool[s[order]], 1)
        self.ordered[s[~low & ((v == OK) | (v > 50))]] = False

    def _pages(self, d: Ints, total: Floats, colour: Floats, unknown: Bools, units: Ints) -> None:
        gain = (total - self.total[d]) % self.modulus[d]
        tint = (colour - self.colour[d]) % self.modulus[d]
        self.total[d], self.colour[d] = total, colour
        good = (gain <= WRAPPED) & (tint <= WRAPPED)
        pages, pages_colour = np.zeros(self.total.size), np.zeros(self.total.size)
        pages[d[good]], pages_colour[d[good]] = gain[good], tint[good]
        mine = np.flatnonzero(self.blind | unknown)
        self.printed[mine] += np.where(self.tinted, pages_colour[self.device], pages[self.device])[mine]
        order = mine[self.printed[mine] >= self.by_yield_at * self.yields[mine]]
        self.printed[order] -= self.yields[order]
        np.add.at(units, self.pool[order], 1)

    def end(self) -> None:
        pass


class ShipAt(Yardstick):
    """Ship one at a level: what most programmes do."""

    def __init__(self, percent: float = 20.0) -> None:
        super().__init__()
        self._at = percent
        self.by_yield_at = 1 - percent / 100

    def due(self, s: Ints, v: Floats, day: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return v <= self._at


class Trend(Yardstick):
    """Ship one when the level's trend since the last swap leaves 14 days or less."""

    days = 14.0

    def hello(self, message: Message) -> None:
        super().hello(message)
        self.since = np.full(self.pool.size, np.nan)
        self.top = np.full(self.pool.size, np.nan)

    def due(self, s: Ints, v: Floats, day: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        new = np.isnan(self.since[s]) | (v > self.level[s] + 12)
        self.since[s[new]], self.top[s[new]] = day, v[new]
        self.level[s] = v
        a_day = (self.top[s] - v) / np.maximum(day - self.since[s], 1.0)
        sinking: Bools = (v <= 60) & (v <= self.days * a_day)
        return sinking


class ByYield(Yardstick):
    """Ship one for every nominal yield of pages; levels are not looked at."""

    def hello(self, message: Message) -> None:
        super().hello(message)
        self.blind[:] = True

    def _levels(self, s: Ints, v: Floats, day: int, units: Ints) -> None:
        return
