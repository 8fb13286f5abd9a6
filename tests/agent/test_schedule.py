"""When a printer is read: by a clock that is passed in, in any time zone, whatever happens to the clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metered.agent.schedule import Past, Plan, meters_due, share, supplies_due

BERLIN = ZoneInfo("Europe/Berlin")
START = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
LOOK = dt.timedelta(minutes=10)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def read_at(plan: Plan, serial: str, first: dt.datetime, last: dt.datetime) -> tuple[list[dt.datetime], ...]:
    """The moments at which a loop that looks every ten minutes reads meters, and supplies alone."""
    past, meters, supplies, now = Past(first, first), [], [], first
    while now < last:
        if meters_due(plan, serial, past, now):
            meters.append(now)
            past = Past(now, now)
        elif supplies_due(plan, serial, past, now):
            supplies.append(now)
            past = replace(past, supplies_at=now)
        now += LOOK
    return meters, supplies


def test_supplies_come_once_an_hour_and_meters_once_a_day() -> None:
    meters, supplies = read_at(Plan(zone=BERLIN), "3TX481207", START, START + 3 * DAY)
    assert len(meters) == 3
    assert len(meters) + len(supplies) in (72, 73)
    for moment in meters:
        assert 5 <= moment.astimezone(BERLIN).hour <= 6
    whole = sorted(meters + supplies)
    between = [later - earlier for earlier, later in pairwise(whole)]
    assert all(gap <= HOUR for gap in between)
    assert sum(gap < HOUR for gap in between) <= 6, "only a reading of meters comes between"


def test_a_reading_counts_for_its_slot_though_reports_know_no_fractions_of_a_second() -> None:
    for number in range(100):
        plan, serial, now, past = Plan(1.0), f"SN{number}", START, Past(START, START)
        while not supplies_due(plan, serial, past, now):
            now += dt.timedelta(milliseconds=50)
        read = replace(past, supplies_at=now.replace(microsecond=0))
        assert not supplies_due(plan, serial, read, now + dt.timedelta(milliseconds=10))


def test_each_printer_has_a_moment_of_its_own() -> None:
    shares = [share(f"SN{number}") for number in range(2_000)]
    tenths = [sum(at / 10 <= each < (at + 1) / 10 for each in shares) for at in range(10)]
    assert sum(tenths) == 2_000 and all(150 <= count <= 250 for count in tenths)
    assert share("3TX481207") == share("3TX481207") != share("3TX481208")


@pytest.mark.parametrize("day", [dt.date(2026, 3, 29), dt.date(2026, 10, 25)])
@pytest.mark.parametrize("meters_at", [(1, 30), (2, 0), (2, 30), (3, 0), (23, 30)])
def test_days_of_23_and_25_hours_have_one_reading_of_meters(day: dt.date, meters_at: tuple[int, int]) -> None:
    serial = "3TX481207"
    first = dt.datetime.combine(day - DAY, dt.time(12), BERLIN).astimezone(dt.UTC)
    last = dt.datetime.combine(day + DAY, dt.time(12), BERLIN).astimezone(dt.UTC)
    meters, supplies = read_at(Plan(meters_at=meters_at, zone=BERLIN), serial, first, last)
    assert len(meters) == 2
    assert len({moment.astimezone(BERLIN).date() for moment in meters}) == 2 or meters_at == (23, 30)
    hours = round((last - first) / HOUR)
    assert hours - 1 <= len(meters) + len(supplies) <= hours + 2


def test_meters_are_read_before_the_day_ends_at_which_is_billed() -> None:
    plan = Plan(cutoff_days=(28,), zone=BERLIN)
    first = dt.datetime(2026, 11, 27, 12, tzinfo=BERLIN).astimezone(dt.UTC)
    meters, _ = read_at(plan, "3TX481207", first, first + 2 * DAY)
    local = [moment.astimezone(BERLIN) for moment in meters]
    assert [moment.day for moment in local] == [28, 28, 29]
    assert (local[1].hour, local[1].minute // 60) == (22, 0), "two hours ahead, spread over the first of them"


def test_a_printer_that_was_off_at_the_cut_off_is_read_when_it_is_back() -> None:
    plan, serial = Plan(cutoff_days=(28,), zone=BERLIN), "3TX481207"
    late = dt.datetime(2026, 11, 28, 23, 55, tzinfo=BERLIN)
    past = Past(meters_at=dt.datetime(2026, 11, 28, 6, 30, tzinfo=BERLIN))
    assert meters_due(plan, serial, past, late)
    assert not meters_due(plan, serial, replace(past, meters_at=late - MINUTE), late)


@pytest.mark.parametrize("back", [MINUTE, 10 * MINUTE, 30 * MINUTE])
def test_a_clock_that_is_set_back_a_little_reads_nothing_twice(back: dt.timedelta) -> None:
    past = Past(START, START)
    assert not meters_due(Plan(), "A1", past, START - back)
    assert not supplies_due(Plan(), "A1", past, START - back)


@pytest.mark.parametrize("ahead", [2 * HOUR, 365 * DAY, 10_000 * DAY])
def test_readings_from_a_future_that_was_a_mistake_silence_no_printer(ahead: dt.timedelta) -> None:
    past = Past(START + ahead, START + ahead, tried_at=START + ahead, failures=3)
    assert meters_due(Plan(), "A1", past, START) and supplies_due(Plan(), "A1", past, START)


def test_after_failures_a_printer_is_asked_less_and_less_often() -> None:
    waits = []
    for failures in (1, 2, 3, 4, 5, 50):
        past = Past(tried_at=START, failures=failures)
        seconds = 0
        while not meters_due(Plan(), "A1", past, START + dt.timedelta(seconds=seconds)):
            seconds += 60
        waits.append(seconds)
    assert waits == [300, 600, 1200, 2400, 3600, 3600]


MOMENTS = st.integers(1_300_000_000, 2_200_000_000).map(
    lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC)
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])


@given(
    now=MOMENTS,
    serial=st.text(max_size=12),
    every=st.sampled_from([1.0, 60.0, 900.0, 3600.0, 86400.0]),
    zone=ZONES,
    meters_at=st.tuples(st.integers(0, 23), st.integers(0, 59)),
    days=st.sets(st.integers(1, 28)),
)
def test_what_was_just_read_is_not_due_and_what_was_read_long_ago_is(
    now: dt.datetime, serial: str, every: float, zone: str, meters_at: tuple[int, int], days: set[int]
) -> None:
    plan = Plan(every, meters_at, tuple(days), ZoneInfo(zone))
    just, long_ago = Past(now, now), Past(now - 3 * DAY, now - 3 * DAY)
    assert not meters_due(plan, serial, just, now) and not supplies_due(plan, serial, just, now)
    assert meters_due(plan, serial, long_ago, now) and supplies_due(plan, serial, long_ago, now)


def test_without_a_zone_this_machines_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        meters, _ = read_at(Plan(), "3TX481207", START, START + DAY)
        (moment,) = meters
        assert moment.astimezone(ZoneInfo("Asia/Tokyo")).hour == 5
    finally:
        monkeypatch.undo()
        time.tzset()
