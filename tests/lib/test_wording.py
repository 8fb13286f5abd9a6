"""Dates, spans and numbers as people say them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from metered.lib import wording

NOW = dt.datetime(2026, 11, 20, 18, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _new_york() -> object:
    with timezone.override(ZoneInfo("America/New_York")):
        yield


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (dt.datetime(2026, 11, 20, 19, 5, tzinfo=dt.UTC), "today at 14:05 EST"),
        # 02:00 UTC of the 21st is still the 20th in New York.
        (dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC), "today at 21:00 EST"),
        (dt.datetime(2026, 11, 21, 6, 0, tzinfo=dt.UTC), "tomorrow at 01:00 EST"),
        (dt.datetime(2026, 11, 23, 19, 5, tzinfo=dt.UTC), "on Monday 23 November at 14:05 EST"),
    ],
)
def test_moments_are_told_in_the_viewers_zone(moment: dt.datetime, said: str) -> None:
    assert wording.at(moment, NOW) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5, "1 minute"),
        (119, "1 minute"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (7300, "2 hours"),
        (86400, "1 day"),
        (9 * 86400 + 5, "9 days"),
        (1200 * 86400, "1,200 days"),
    ],
)
def test_spans_have_one_unit(seconds: int, said: str) -> None:
    assert wording.since(NOW - dt.timedelta(seconds=seconds), NOW) == said


def test_a_clock_ahead_of_ours_is_not_a_negative_span() -> None:
    assert wording.since(NOW + dt.timedelta(hours=3), NOW) == "1 minute"


def test_dates_name_the_year_only_where_it_matters() -> None:
    today = NOW.date()
    assert wording.day(dt.date(2026, 3, 2), today) == "2 Mar"
    assert wording.day(dt.date(2025, 12, 30), today) == "30 Dec 2025"
    assert wording.full_day(dt.date(2026, 12, 1)) == "1 December 2026"
    assert wording.on(dt.date(2026, 11, 19), today) == "yesterday"
    assert wording.on(dt.date(2026, 11, 25), today) == "on Wednesday 25 November"
    assert wording.on(dt.date(2025, 1, 2), today) == "on 2 January 2025"
    assert wording.stamp(dt.datetime(2026, 11, 20, 11, 2, tzinfo=dt.UTC)) == "20 Nov 2026, 06:02"


def test_numbers_are_grouped() -> None:
    assert wording.grouped(1234567) == "1,234,567"
    assert wording.days(1.2) == "1 day"
    assert wording.days(-4) == "0 days"


def test_countries_have_names() -> None:
    assert wording.country("DE") == "Germany"
    assert wording.country("ZZZ") == "ZZZ"
