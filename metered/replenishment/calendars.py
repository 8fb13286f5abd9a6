"""The portal's calendars: working days and activity by country and region. Day 0 is 1970-01-01 UTC."""

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


def place_of(country: str, subdivision: str) -> str:
    """Where an address keeps its holidays, as ISO 3166-2 writes it: "DE-BY"; the country alone without
    a region."""
    return f"{country}-{subdivision}" if subdivision else country


@lru_cache(maxsize=512)
def _holidays(place: str, first_year: int, last_year: int) -> frozenset[int]:
    """Public holidays; those of the whole country where the library knows no such region, none where it
    knows no such country."""
    country, _, region = place.partition("-")
    regions = public_holidays.list_supported_countries().get(country)
    if regions is None:
        return frozenset()
    found = public_holidays.country_holidays(
        country, subdiv=region if region in regions else None, years=range(first_year, last_year + 1)
    )
    return frozenset(day_number(date) for date in found)


@lru_cache(maxsize=512)
def _calendar(place: str, today: dt.date) -> Workdays:
    first = day_number(today) - PAST
    holidays = _holidays(place, date_of(first).year, today.year + AHEAD // 365 + 1)
    return Workdays.build(DAY_ZERO, first, PAST + AHEAD, holidays)


@lru_cache(maxsize=64)
def calendars(places: tuple[str, ...], today: dt.date) -> tuple[Workdays, ...]:
    """A calendar per place (`place_of`), from three years back to well beyond the longest forecast.

    All share one table of activity: a device's `sector` is its place's position in `places`.
    """
    made = [_calendar(place, today) for place in places]
    activity = np.stack([cal.activity[0] for cal in made]) if made else np.zeros((1, PAST + AHEAD + 1))
    return tuple(Workdays(cal.first, activity, cal.working, cal.order, cal.before) for cal in made)
