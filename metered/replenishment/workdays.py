"""Working days and activity days: the only clock of the engine (method section 1).

Time is a float number of days; day k lasts from k to k + 1, so the evening of day k is k + 1.0. The caller
chooses day 0 (the protocol: its start date; the portal: 1970-01-01 in UTC).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints

SECTORS = ("office", "school", "retail")
# Activity of a day relative to a working day, Monday to Sunday.
_WEEK = np.array(
    [[1, 1, 1, 1, 1, 0.03, 0.02], [1, 1, 1, 1, 1, 0.03, 0.02], [1, 1, 1, 1, 1, 0.9, 0.45]], dtype=np.float64
)
_HOLIDAY = 0.02
# A school's year: the summer break is the one season that a rate of the last weeks can't know ahead.
_SCHOOL = (1.0, 1.0, 1.0, 1.0, 1.1, 0.75, 0.15, 0.4, 1.25, 1.1, 1.0, 0.8)


@dataclass(frozen=True, slots=True)
class Workdays:
    """Days `first` .. `first + len(working) - 1`; times outside are clamped to its ends.

    `activity[s, i]` is the sum of activity of sector s before day first + i (one entry more than days),
    `working[i]` says whether parcels move on that day, `order[j]` is the day number of the j-th working day.
    """

    first: int
    activity: Floats
    working: Bools
    order: Ints
    before: Ints

    @classmethod
    def build(cls, day_zero: dt.date, first: int, days: int, holidays: Collection[int] = ()) -> Workdays:
        """A calendar of `days` days from day number `first`; `holidays` are day numbers."""
        number = np.arange(first, first + days)
        start = day_zero + dt.timedelta(days=first)
        weekday = (start.weekday() + np.arange(days)) % 7
        off = np.isin(number, np.fromiter(holidays, dtype=np.int64, count=len(holidays)))
        month = np.array([(start + dt.timedelta(days=i)).month for i in range(days)], dtype=np.int64)
        w = _WEEK[:, weekday].copy()
        w[:, off] = _HOLIDAY
        w[1] *= np.array(_SCHOOL)[month - 1]
        activity = np.zeros((len(SECTORS), days + 1))
        np.cumsum(w, axis=1, out=activity[:, 1:])
        working = (weekday < 5) & ~off
        before = np.concatenate([[0], np.cumsum(working)]).astype(np.int64)
        return cls(first, activity, working, number[working].astype(np.int64), before)

    def active(self, sector: Ints, t: Floats) -> Floats:
        """Activity days of each sector before time t; differences of two give A and h of the method."""
        pos = np.clip(t - self.first, 0.0, self.working.size - 1e-9)
        i = pos.astype(np.int64)
        low = self.activity[sector, i]
        return low + (pos - i) * (self.activity[sector, i + 1] - low)

    def when(self, sector: int, activity: Floats) -> Floats:
        """Inverse of `active` for one sector: the time at which so much activity has passed."""
        grid = np.arange(self.first, self.first + self.working.size + 1, dtype=np.float64)
        return np.interp(activity, self.activity[sector], grid)

    def is_working(self, day: int) -> bool:
        i = day - self.first
        return bool(0 <= i < self.working.size and self.working[i])

    def working_after(self, day: int, n: int) -> int:
        """The n-th working day after `day`; the calendar's end when it lies beyond."""
        i = min(max(day - self.first + 1, 0), self.working.size)
        j = int(self.before[i]) + n - 1
        return int(self.order[j]) if j < self.order.size else self.first + self.working.size

    def working_between(self, after: int, until: int) -> int:
        """Working days from the day after `after` to `until`, inclusive; 0 when `until` is not later."""
        i, j = (min(max(day - self.first + 1, 0), self.working.size) for day in (after, until))
        return max(int(self.before[j] - self.before[i]), 0)
