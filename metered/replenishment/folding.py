"""Observations in columns, folded into a loaded state in time order: one numpy batch per day. No database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from metered.reads.columns import Columns, Layout
from metered.reads.packing import NO_LEVEL, NO_METER
from metered.replenishment import forecast, levels
from metered.replenishment import state as st
from metered.replenishment.arrays import Floats, Ints
from metered.replenishment.calendars import US_A_DAY
from metered.replenishment.store import Loaded

UNRESTRICTED = -1
COLOUR_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Install:
    """A new cartridge in a slot. `seen`: a report showed it; else pages made it due."""

    slot_id: int
    pool_id: int
    quantity: int
    at_us: int
    seen: bool


def rounds(columns: Columns) -> list[Ints]:
    """Positions of the observations that are folded together: a day's first of every device, its second, …

    Day by day over all devices, so that devices that share a shelf meet it in the order of time, however
    the observations were split into batches.
    """
    if not len(columns):
        return []
    day = columns.observed_us // US_A_DAY
    new = np.ones(len(columns), dtype=np.bool_)
    new[1:] = (columns.device[1:] != columns.device[:-1]) | (day[1:] != day[:-1])
    start = np.maximum.accumulate(np.where(new, np.arange(len(columns)), 0))
    nth = np.arange(len(columns)) - start
    order = np.lexsort((columns.device, nth, day))
    key = np.stack([day[order], nth[order]])
    cuts = np.flatnonzero((key[:, 1:] != key[:, :-1]).any(axis=0)) + 1
    return [part.astype(np.int64) for part in np.split(order, cuts)]


class Fold:
    """Folds one set of columns into one loaded state."""

    def __init__(self, loaded: Loaded, columns: Columns, layouts: Mapping[int, Layout]) -> None:
        self.loaded, self.columns = loaded, columns
        self.cartridges: dict[int, str] = {}
        row = loaded.row_of_device
        self._row = np.array([row[int(d)] for d in columns.device], dtype=np.int64)
        self._t = columns.observed_us / US_A_DAY
        self._levels = columns.level_table()
        self._total, self._colour = self._meters(layouts)

    def _meters(self, layouts: Mapping[int, Layout]) -> tuple[Floats, Floats]:
        """Total and colour meters of every observation; nan where it told none.

        The total is the meter `total` where the device has one, else mono and colour together, else the
        sheets that it counts instead: not what is billed, but use all the same. Its colour pages are
        `colour`, or the total without `mono`, or two in five.
        """
        at = {
            name: np.full(self.loaded.devices.size, -1, dtype=np.int64)
            for name in ("total", "mono", "colour", "total_sheets")
        }
        # Most devices share a layout with others.
        sharing: dict[Layout, list[int]] = defaultdict(list)
        for device, layout in layouts.items():
            sharing[layout].append(self.loaded.row_of_device[device])
        for layout, rows in sharing.items():
            for name, index in at.items():
                index[rows] = layout.meter(name)
        table = self.columns.meter_table()
        if table.shape[1] == 0:
            nothing = np.full(len(self.columns), np.nan)
            return nothing, nothing.copy()

        def meter(name: str) -> Floats:
            index = at[name][self._row]
            value = table[np.arange(index.size), np.clip(index, 0, table.shape[1] - 1)]
            return np.where((index < 0) | (value == NO_METER), np.nan, value.astype(np.float64))

        total, mono, colour = meter("total"), meter("mono"), meter("colour")
        has_total = at["total"][self._row] >= 0
        has_colour = at["colour"][self._row] >= 0
        has_mono = at["mono"][self._row] >= 0
        total = np.where(
            has_total, total, np.where(has_colour & has_mono, mono + colour, np.where(has_mono, mono, colour))
        )
        total = np.where(has_total | has_mono | has_colour, total, meter("total_sheets"))
        tints = self.loaded.colour_models[self._row]
        other = np.where(has_mono, total - mono, COLOUR_SHARE * total)
        colour = np.where(tints, np.where(has_colour, colour, other), 0.0)
        return total, np.where(np.isnan(colour), np.where(tints, COLOUR_SHARE * total, 0.0), colour)

    def run(self) -> list[Install]:
        """Fold everything; returns the swaps found, in the order of time."""
        installs: list[Install] = []
        for batch in rounds(self.columns):
            swaps = self.take(batch)
            sup = self.loaded.state.supplies
            for s, n, seen in zip(swaps.s.tolist(), swaps.n.tolist(), swaps.seen.tolist(), strict=True):
                pool = int(self.loaded.pools[sup.pool[s]])
                at = int(self.loaded.folded_us[sup.device[s]])
                if pool > 0:
                    installs.append(Install(int(self.loaded.slots[s]), pool, int(n), at, bool(seen)))
        return installs

    def take(self, batch: Ints) -> st.Swaps:
        """Fold one of the `rounds`; returns its swaps."""
        state, cal = self.loaded.state, self.loaded.calendar
        batch = batch[self.columns.observed_us[batch] > self.loaded.folded_us[self._row[batch]]]
        d, t = self._row[batch], self._t[batch]
        s, ts, v = self._reported(batch, d, t)
        self._changed_cartridges(batch, s, v, t)
        metered = ~np.isnan(self._total[batch])
        with_meter = np.zeros(state.devices.site.size, dtype=np.bool_)
        with_meter[d[metered]] = True
        m = with_meter[state.supplies.device[s]]
        swaps = forecast.fold_reports(
            state, cal, d[metered], t[metered], self._total[batch][metered], self._colour[batch][metered],
            s[m], ts[m], v[m],
        )  # fmt: skip
        # Without a meter the levels still count, and nothing is said of pages.
        swaps = swaps.and_(levels.fold_levels(state, s[~m], ts[~m], v[~m]))
        self.loaded.folded_us[d] = self.columns.observed_us[batch]
        return swaps

    def _reported(self, batch: Ints, d: Ints, t: Floats) -> tuple[Ints, Floats, Floats]:
        """Supply rows with a level in this batch, their times, and the levels in the engine's words."""
        table = self._levels[batch]
        width = min(table.shape[1], self.loaded.slot_at.shape[1])
        at = self.loaded.slot_at[d][:, :width]
        told = (at >= 0) & (table[:, :width] != NO_LEVEL) & (table[:, :width] != UNRESTRICTED)
        rows, places = np.nonzero(told)
        s = at[rows, places]
        code = table[rows, places].astype(np.int64)
        v = np.where(code >= 0, code / 10, np.where(code >= st.EMPTY, code, st.UNKNOWN)).astype(np.float64)
        percent = code >= 0
        fine = s[percent & (code % 100 != 0)]
        coarse = s[percent & (code % 100 == 0)]
        steps = self.loaded.steps
        steps[fine] = 1
        steps[coarse] = np.where(steps[coarse] == 0, 10, steps[coarse])
        state = self.loaded.state
        state.supplies.reports[s] = np.where(steps[s] == 1, st.PCT1, st.PCT10)
        return s, t[rows], v

    def _changed_cartridges(self, batch: Ints, s: Ints, v: Floats, t: Floats) -> None:
        """A new serial is the second witness of a swap: one report is enough then (domain rule 16)."""
        if not self.columns.cartridges:
            return
        sup = self.loaded.state.supplies
        level = dict(zip(s.tolist(), v.tolist(), strict=True))
        for i in batch.tolist():
            for place, serial in enumerate(self.columns.cartridges.get(i) or []):
                if not serial or place >= self.loaded.slot_at.shape[1]:
                    continue
                row = int(self.loaded.slot_at[self._row[i], place])
                if row < 0:
                    continue
                slot = int(self.loaded.slots[row])
                before, self.cartridges[slot] = self.loaded.cartridges.get(slot), serial
                self.loaded.cartridges[slot] = serial
                if before and before != serial and level.get(row, -1) >= 0:
                    sup.pend[row] = levels.UP
                    sup.pend_v[row] = level[row] / 100
                    sup.pend_t[row] = self._t[i] - 1
                    # A part-used cartridge may stand lower than the old one: it is a swap all the same.
                    sup.f[row] = min(sup.f[row], level[row] / 100 - 0.26)
