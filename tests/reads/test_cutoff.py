"""When a period ends (pure)."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metered.reads.cutoff import periods

NEW_YORK = ZoneInfo("America/New_York")


def ends(now: str, **more: Any) -> list[str]:
    options: dict[str, Any] = {
        "zone": NEW_YORK, "read_day": 25, "every_months": 1, "starts_on": dt.date(2025, 1, 1), "count": 2,
    } | more  # fmt: skip
    return [period.end.isoformat() for period in periods(dt.datetime.fromisoformat(now), **options)]


def test_a_period_ends_with_the_local_day() -> None:
    # Midnight in New York is 5:00 UTC in winter, and 4:00 in October.
    assert ends("2026-11-20T12:00:00Z") == ["2026-10-26T04:00:00+00:00", "2026-09-26T04:00:00+00:00"]
    assert ends("2026-11-26T04:59:59Z")[0] == "2026-10-26T04:00:00+00:00"
    assert ends("2026-11-26T05:00:00Z")[0] == "2026-11-26T05:00:00+00:00"


def test_quarters_count_from_the_month_the_contract_starts() -> None:
    assert ends("2026-11-20T12:00:00Z", every_months=3, starts_on=dt.date(2025, 2, 1)) == [
        "2026-08-26T04:00:00+00:00",
        "2026-05-26T04:00:00+00:00",
    ]


def test_nothing_is_due_before_the_contract_starts() -> None:
    assert ends("2026-11-28T12:00:00Z", starts_on=dt.date(2026, 11, 1)) == ["2026-11-26T05:00:00+00:00"]
    assert ends("2026-11-28T12:00:00Z", starts_on=dt.date(2026, 11, 26)) == []


@pytest.mark.parametrize("month", range(1, 13))
def test_periods_follow_each_other_without_a_gap(month: int) -> None:
    now = dt.datetime(2026, month, 27, 12, tzinfo=dt.UTC)
    young, old = periods(
        now, zone=NEW_YORK, read_day=25, every_months=1, starts_on=dt.date(2024, 1, 1), count=2
    )
    assert old.end == young.start and old.start < old.end
