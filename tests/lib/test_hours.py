"""Open now until when? Over weekends, holidays and changed clocks."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from metered.lib.env import SettingError
from metered.lib.hour_words import help_now, in_words
from metered.lib.hours import State, holidays, parse, state

EASTERN = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
US = parse("Mon-Fri 07:30-19:00 America/New_York", holidays("US"))


def at(text: str, zone: dt.tzinfo = EASTERN) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


def asked(text: str, zone: dt.tzinfo = EASTERN) -> State:
    return state(US, at(text, zone))


@pytest.mark.parametrize(
    ("now", "is_open", "until"),
    [
        ("2026-11-20 07:30", True, "2026-11-20 19:00"),
        ("2026-11-20 18:59", True, "2026-11-20 19:00"),
        ("2026-11-20 07:29", False, "2026-11-20 07:30"),
        # Friday evening and the weekend wait for Monday.
        ("2026-11-20 19:00", False, "2026-11-23 07:30"),
        ("2026-11-22 12:00", False, "2026-11-23 07:30"),
        # Thanksgiving.
        ("2026-11-26 12:00", False, "2026-11-27 07:30"),
        # Christmas is a Friday in 2026: closed from Thursday evening until Monday.
        ("2026-12-24 19:30", False, "2026-12-28 07:30"),
    ],
)
def test_a_week(now: str, is_open: bool, until: str) -> None:
    assert asked(now) == State(is_open, at(until))


def test_the_same_hours_on_the_wall_when_clocks_change() -> None:
    # 1 November 2026: clocks go back. Friday before 07:30 is 11:30 UTC, Monday after 12:30 UTC.
    friday, monday = asked("2026-10-30 06:00").until, asked("2026-11-01 12:00").until
    assert friday == dt.datetime(2026, 10, 30, 11, 30, tzinfo=dt.UTC)
    assert monday == dt.datetime(2026, 11, 2, 12, 30, tzinfo=dt.UTC)


def test_open_over_the_night_in_which_clocks_change() -> None:
    always = parse("Mon-Sun 00:00-24:00 America/New_York")
    assert state(always, at("2026-11-01 01:30")).open
    nights = parse("Sat,Sun 00:00-24:00 America/New_York")
    # Saturday 00:00 EDT until Monday 00:00 EST: 49 hours.
    assert state(nights, at("2026-10-31 00:00")) == State(True, dt.datetime(2026, 11, 2, 5, tzinfo=dt.UTC))


def test_two_spans_a_day_and_days_of_the_operators_own() -> None:
    found = parse(
        "Mon-Thu 09:00-12:00; Mon-Thu 13:00-17:00; Fri 9:00-12:00 Europe/Berlin", holidays("2026-11-24")
    )
    assert state(found, at("2026-11-23 12:30", BERLIN)) == State(False, at("2026-11-23 13:00", BERLIN))
    assert state(found, at("2026-11-23 17:00", BERLIN)) == State(False, at("2026-11-25 09:00", BERLIN))


def test_never_open_is_said_and_not_searched_for_ever() -> None:
    assert state(parse("Mon 09:00-10:00 UTC", lambda day: True), at("2026-11-23 09:00")) == State(False, None)


@pytest.mark.parametrize(
    "text",
    [
        "", "Mon-Fri 07:30-19:00", "Mon-Fri 07:30-19:00 Nowhere/Town", "Fri-Mon 07:30-19:00 UTC", "UTC",
        "Mon 19:00-07:30 UTC", "Mon 07:30-25:00 UTC", "8 to 5 UTC", "Mon 07:30 UTC", "Mon 07:30-07:30 UTC",
    ],
)  # fmt: skip
def test_what_cannot_be_read_stops_the_start(text: str) -> None:
    with pytest.raises(SettingError):
        parse(text)


@pytest.mark.parametrize("text", ["2026-13-01", "Christmas", "us"])
def test_holidays_that_cannot_be_read(text: str) -> None:
    with pytest.raises(SettingError):
        holidays(text)


def said(now: str, zone: dt.tzinfo | None) -> tuple[str, str]:
    moment = at(now)
    found = help_now(US, state(US, moment), moment, zone)
    return found.text, found.yours


def test_words_in_their_time_and_in_yours() -> None:
    assert in_words(US) == "Monday to Friday, 7:30 to 19:00 Eastern Time"
    assert said("2026-11-20 10:00", EASTERN) == ("Open now until 19:00 Eastern Time", "")
    assert said("2026-11-20 10:00", BERLIN)[1] == "your time Saturday 01:00 CET"
    assert said("2026-11-20 10:00", None)[1] == ""
    assert said("2026-11-20 05:00", BERLIN) == (
        "Closed now; opens today at 07:30 Eastern Time", "your time 13:30 CET",
    )  # fmt: skip
    assert said("2026-11-19 20:00", None)[0] == "Closed now; opens tomorrow at 07:30 Eastern Time"
    assert (
        said("2026-11-20 20:00", None)[0] == "Closed now; opens on Monday 23 November at 07:30 Eastern Time"
    )
