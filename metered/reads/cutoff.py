"""When reads are due: the billing cut-off of a contract. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Period:
    """From one cut-off to the next, both moments; the read at `end` belongs to it."""

    start: dt.datetime
    end: dt.datetime


def periods(
    now: dt.datetime, *, zone: ZoneInfo, read_day: int, every_months: int, starts_on: dt.date, count: int
) -> list[Period]:
    """The last `count` periods that ended by `now`, the youngest first.

    A period ends with the local day `read_day` (1 to 28) of every `every_months`-th month from the one in
    which the contract starts. None of them ends before the contract starts.
    """
    today = now.astimezone(zone).date()
    first = starts_on.year * 12 + starts_on.month - 1
    month = today.year * 12 + today.month - 1
    month -= (month - first) % every_months
    found: list[Period] = []
    while len(found) < count and _day(month, read_day) >= starts_on:
        end = _end_of(_day(month, read_day), zone)
        if end <= now:
            found.append(Period(_end_of(_day(month - every_months, read_day), zone), end))
        month -= every_months
    return found


def _day(month: int, day: int) -> dt.date:
    return dt.date(month // 12, month % 12 + 1, day)


def _end_of(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The first moment of the next local day."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)


OPENS_DAYS = 7
"""A read counts for a due day from so many days before it."""


@dataclass(frozen=True)
class Due:
    """A read is due on the local day `on`; one taken from `opens` on settles it."""

    on: dt.date
    opens: dt.datetime


def due(
    now: dt.datetime, *, zone: ZoneInfo, read_day: int, every_months: int, starts_on: dt.date
) -> Due | None:
    """The due day that counts at `now`: the last one whose days of entering have begun (rule 14).

    None before the contract's first.
    """
    today = now.astimezone(zone).date()
    first = starts_on.year * 12 + starts_on.month - 1
    every = max(every_months, 1)
    horizon = today + dt.timedelta(days=OPENS_DAYS)
    month = horizon.year * 12 + horizon.month - 1
    month -= (month - first) % every
    if _day(month, read_day) > horizon:
        month -= every
    on = _day(month, read_day)
    if on < starts_on:
        return None
    opens = dt.datetime.combine(on - dt.timedelta(days=OPENS_DAYS), dt.time(), zone)
    return Due(on, opens.astimezone(dt.UTC))
