"""When a printer is read next. Pure: the clock is passed in.

Moments are whole seconds, as reports tell them. Every reading belongs to a slot that begins at one moment of
UTC; it is due when the last reading is not in the slot that now is. So a clock that is set, and a day of 23
or 25 hours, costs at most one reading and never two.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from zoneinfo import ZoneInfo

SPREAD = 3600.0
"""Seconds over which the daily readings of all printers are spread."""

CUTOFF_AHEAD = dt.timedelta(hours=2)
"""Reading begins so long before the day ends at which is billed: an hour to read all, an hour to try
again."""

FIRST_RETRY = 300.0
LAST_RETRY = 3600.0

_CLOCK_SET_BACK = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """`supplies_every` in seconds; `meters_at` (hour, minute) and `cutoff_days` are local; no zone: this
    machine's."""

    supplies_every: float = 3600.0
    meters_at: tuple[int, int] = (5, 0)
    cutoff_days: tuple[int, ...] = ()
    zone: ZoneInfo | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What happened with one printer; moments are aware, None: never. `failures`: in a row, until now."""

    supplies_at: dt.datetime | None = None
    meters_at: dt.datetime | None = None
    tried_at: dt.datetime | None = None
    failures: int = 0


def share(serial: str) -> float:
    """From 0 to below 1, the same for a serial everywhere and for ever, evenly spread."""
    return int.from_bytes(sha256(serial.encode()).digest()[:6]) / 2**48


def meters_due(plan: Plan, serial: str, past: Past, now: dt.datetime) -> bool:
    return _is_due(past.meters_at, _last(_meter_slots(plan, serial, now), now), now) and _may_try(past, now)


def supplies_due(plan: Plan, serial: str, past: Past, now: dt.datetime) -> bool:
    """Reading meters reads supplies too, so only asked when meters are not due."""
    return _is_due(past.supplies_at, _supplies_slot(plan, serial, now), now) and _may_try(past, now)


def _is_due(last: dt.datetime | None, begins: dt.datetime, now: dt.datetime) -> bool:
    # One from the future was taken before the clock was set back: it must not keep a printer silent.
    return last is None or last < begins or last > now + _CLOCK_SET_BACK


def _may_try(past: Past, now: dt.datetime) -> bool:
    """After failures only now and then: 5, 10, 20, 40 minutes, then every hour."""
    if past.failures == 0 or past.tried_at is None:
        return True
    wait = min(FIRST_RETRY * 2 ** min(past.failures - 1, 10), LAST_RETRY)
    return not dt.timedelta(0) <= now - past.tried_at < dt.timedelta(seconds=wait)


def _supplies_slot(plan: Plan, serial: str, now: dt.datetime) -> dt.datetime:
    every = plan.supplies_every
    offset = share(serial) * every
    begins = (now.timestamp() - offset) // every * every + offset
    return dt.datetime.fromtimestamp(int(begins), dt.UTC)


def _meter_slots(plan: Plan, serial: str, now: dt.datetime) -> Iterator[dt.datetime]:
    """The beginnings around now of daily slots, and of those at the billing cut-off."""
    later = dt.timedelta(seconds=int(share(serial) * SPREAD))
    today = now.astimezone(plan.zone).date()
    for days in (-2, -1, 0):
        day = today + dt.timedelta(days=days)
        yield _utc(dt.datetime.combine(day, dt.time(*plan.meters_at)), plan.zone) + later
        if day.day in plan.cutoff_days:
            ends = _utc(dt.datetime.combine(day + dt.timedelta(days=1), dt.time()), plan.zone)
            yield ends - CUTOFF_AHEAD + later


def _last(slots: Iterator[dt.datetime], now: dt.datetime) -> dt.datetime:
    return max(begins for begins in slots if begins <= now)


def _utc(local: dt.datetime, zone: ZoneInfo | None) -> dt.datetime:
    """A local time that a day skips is taken as the moment it would have been; one that comes twice, the
    first."""
    return (local.replace(tzinfo=zone) if zone else local).astimezone(dt.UTC)
