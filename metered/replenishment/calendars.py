"""The portal's calendars: working days and activity by country. Day 0 is 1970-01-01 UTC."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import holidays as public_holidays
import numpy as np

from metered.replenishment.workdays import Workdays

DAY_ZERO = dt.date(1970, 1, 1)
US_A_DAY = 86_400_000_000
PAST, AHEAD = 1100, 1000


def day_number(date: dt.date) -> int:
    return (date - DAY_ZERO).days


def date_of(day: float) -> dt.date:
    return DAY_ZERO + dt.timedelta(days=int(day))


def engine_time(moment: dt.datetime) -> float:
    """A moment as the engine counts it: days since 1970 UTC."""
    return moment.timestamp() / 86400


def moment_of(t: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(t * 86400, tz=dt.UTC)


@lru_cache(maxsize=64)
def _holidays(country: str, first_year: int, last_year: int) -> frozenset[int]:
    try:
        found = public_holidays.country_holidays(country, years=range(first_year, last_year + 1))
    except NotImplementedError:
        return frozenset()
    return frozenset(day_number(date) for date in found)


@lru_cache(maxsize=16)
def calendars(countries: tuple[str, ...], today: dt.date) -> tuple[Workdays, ...]:
    """A calendar per country, from three years back to well beyond the longest forecast.

    All share one table of activity: a device's `sector` is its country's position in `countries`.
    """
    first = day_number(today) - PAST
    made = [
        Workdays.build(
            DAY_ZERO,
            first,
            PAST + AHEAD,
            _holidays(country, date_of(first).year, today.year + AHEAD // 365 + 1),
        )
        for country in countries
    ]
    activity = np.stack([cal.activity[0] for cal in made]) if made else np.zeros((1, PAST + AHEAD + 1))
    return tuple(Workdays(cal.first, activity, cal.working, cal.order, cal.before) for cal in made)
