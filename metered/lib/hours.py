"""When somebody is there to help (domain rule 32). Pure: the setting's text and the clock in, a state out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from metered.lib.env import SettingError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOK_AHEAD = 60
"""Days: hours that open on none of them never open."""

IsHoliday = Callable[[dt.date], bool]


@dataclass(frozen=True)
class Span:
    """Open on these week days (0 is Monday) from `opens` until `closes`, in the hours' zone.

    `closes` of midnight is the end of the day.
    """

    days: tuple[int, ...]
    opens: dt.time
    closes: dt.time


@dataclass(frozen=True)
class Hours:
    """Spans in one zone; on a holiday it is closed all day."""

    spans: tuple[Span, ...]
    zone: ZoneInfo
    is_holiday: IsHoliday

    def _opened(self, day: dt.date) -> list[tuple[dt.datetime, dt.datetime]]:
        """When it opens and closes on that day, in UTC, so that a changed clock can't make a span wrong."""
        if self.is_holiday(day):
            return []
        found = []
        for span in self.spans:
            if day.weekday() in span.days:
                end = day + dt.timedelta(days=1) if span.closes == dt.time() else day
                found.append(
                    (
                        dt.datetime.combine(day, span.opens, self.zone).astimezone(dt.UTC),
                        dt.datetime.combine(end, span.closes, self.zone).astimezone(dt.UTC),
                    )
                )
        return sorted(found)


@dataclass(frozen=True)
class State:
    """`until` is when it closes while open, and when it opens next while closed; None: not in sight."""

    open: bool
    until: dt.datetime | None


def state(hours: Hours, now: dt.datetime) -> State:
    """Is somebody there at `now`, and until when, or from when again?

    Spans that touch (until midnight, from midnight) count as one.
    """
    today = now.astimezone(hours.zone).date()
    spans = [span for ahead in range(LOOK_AHEAD) for span in hours._opened(today + dt.timedelta(days=ahead))]
    closes: dt.datetime | None = None
    for opens, ends in spans:
        if closes is not None:
            if opens > closes:
                break
            closes = max(closes, ends)
        elif opens <= now < ends:
            closes = ends
        elif opens > now:
            return State(False, opens)
    return State(closes is not None, closes)


_PART = re.compile(r"([a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*) (\d{1,2}:\d\d)-(\d{1,2}:\d\d)")


def parse(text: str, is_holiday: IsHoliday = lambda day: False) -> Hours:
    """``Mon-Fri 07:30-19:00; Sat 09:00-12:00 America/New_York``. Raises SettingError.

    Spans are separated by semicolons; days by commas; ``24:00`` is the end of the day.
    """
    spans_text, _, zone_name = text.strip().rpartition(" ")
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(f"support hours must end in a time zone such as Europe/Berlin: {text!r}") from None
    spans = tuple(_span(part.strip(), text) for part in spans_text.split(";") if part.strip())
    if not spans:
        raise SettingError(f"support hours name no day: {text!r}")
    return Hours(spans, zone, is_holiday)


def _span(part: str, text: str) -> Span:
    match = _PART.fullmatch(part.lower())
    wrong = SettingError(f"support hours must look like 'Mon-Fri 07:30-19:00 America/New_York', not {text!r}")
    if match is None:
        raise wrong
    days: list[int] = []
    try:
        for item in match[1].split(","):
            first, _, last = item.partition("-")
            start, end = DAYS.index(first), DAYS.index(last or first)
            if end < start:
                raise wrong
            days += range(start, end + 1)
        opens = dt.time.fromisoformat(match[2].zfill(5))
        closes = dt.time() if match[3] == "24:00" else dt.time.fromisoformat(match[3].zfill(5))
    except ValueError:
        raise wrong from None
    if closes <= opens and closes != dt.time():
        raise wrong
    return Span(tuple(sorted(set(days))), opens, closes)


def holidays(text: str) -> IsHoliday:
    """``US`` or ``DE-BY`` (public holidays), dates (``2026-12-24``), or both, by commas.

    Raises SettingError.
    """
    dates: set[dt.date] = set()
    places: list[tuple[str, str | None]] = []
    for word in (part.strip() for part in text.split(",")):
        if re.fullmatch(r"\d{4}-\d\d-\d\d", word):
            try:
                dates.add(dt.date.fromisoformat(word))
            except ValueError:
                raise SettingError(f"{word!r} is no date") from None
        elif re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", word):
            country, _, region = word.partition("-")
            places.append((country, region or None))
        elif word:
            raise SettingError(f"support holidays are like US, DE-BY or 2026-12-24, not {word!r}")

    def is_holiday(day: dt.date) -> bool:
        return day in dates or any(day in _public(country, region, day.year) for country, region in places)

    return is_holiday


@lru_cache(maxsize=64)
def _public(country: str, region: str | None, year: int) -> frozenset[dt.date]:
    # Loaded when asked for: every process reads the settings, few look at the calendar.
    import holidays as public_holidays

    try:
        return frozenset(public_holidays.country_holidays(country, subdiv=region, years=year))
    except NotImplementedError:
        return frozenset()
