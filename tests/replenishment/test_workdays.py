"""Activity and working days (method section 1)."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from metered.replenishment.arrays import both_below, normal_tail
from metered.replenishment.calendars import calendars, day_number, place_of
from metered.replenishment.workdays import Workdays
from tests.replenishment.builders import calendar, floats, ints


def test_a_working_week_is_five_activity_days_and_a_trace() -> None:
    assert calendar().active(ints(0), floats(7.0))[0] == pytest.approx(5.05)
    assert calendar().active(ints(2), floats(7.0))[0] == pytest.approx(6.35)


def test_a_region_keeps_its_own_holidays_and_an_unknown_one_its_countrys() -> None:
    today = dt.date(2026, 3, 2)
    # Reformation Day was a Tuesday in 2023, All Saints' Day the Wednesday after.
    places = [("DE", "BB"), ("DE", "BY"), ("DE", ""), ("DE", "ZZ"), ("ZZ", "BY")]
    cals = calendars(tuple(place_of(*place) for place in places), today)
    days = [day_number(dt.date(2023, *day)) for day in ((10, 3), (10, 31), (11, 1))]
    off = [[not cal.is_working(day) for day in days] for cal in cals]
    assert off == [
        [True, True, False],
        [True, False, True],
        [True, False, False],
        [True, False, False],
        [False, False, False],
    ]
    # Activity is one table for all, a row for each place.
    activity = [cals[0].active(ints(row), floats(days[1] + 1.0)) for row in range(2)]
    assert activity[0] != activity[1]


def test_half_a_day_is_half_its_activity() -> None:
    assert calendar().active(ints(0), floats(1.5))[0] == pytest.approx(1.5)


def test_a_holiday_is_neither_active_nor_working() -> None:
    cal = calendar(holidays=(1,))
    assert cal.active(ints(0), floats(2.0))[0] == pytest.approx(1.02)
    assert not cal.is_working(1)
    assert cal.is_working(2)


def test_working_days_skip_weekends() -> None:
    cal = calendar()
    friday = 4
    assert cal.working_after(friday, 1) == 7
    assert cal.working_after(friday, 5) == 11
    # Saturday and Sunday leave together with Friday.
    assert cal.working_after(6, 1) == 7


def test_when_is_the_inverse_of_active() -> None:
    cal = calendar()
    t = floats(3.25, 10.5, 100.75)
    back = cal.when(0, cal.active(ints(0, 0, 0), t))
    assert np.allclose(back, t)


def test_a_school_rests_in_july() -> None:
    cal = Workdays.build(dt.date(2024, 7, 1), 0, 31)
    assert cal.active(ints(1), floats(31.0))[0] < 0.2 * cal.active(ints(0), floats(31.0))[0]


def test_the_normal_tail_is_right_to_six_digits() -> None:
    got = normal_tail(floats(0.0, 1.2815515655, 3.0, -1.2815515655, 5.0))
    assert got == pytest.approx([0.5, 0.1, 0.0013498980, 0.9, 2.866516e-7], rel=1e-6)


def test_two_normals_below_their_bounds() -> None:
    # Without correlation the product; with it, at 0: 1/4 + asin(r) / 2 pi (Sheppard).
    h, k = floats(0.3, 0.0, 0.0, 8.0), floats(-1.0, 0.0, 0.0, -1.2815515655)
    got = both_below(h, k, floats(0.0, 0.5, 0.98, 0.7))
    assert got == pytest.approx(
        [0.6179114 * 0.1586553, 0.25 + np.arcsin(0.5) / 2 / np.pi, 0.25 + np.arcsin(0.98) / 2 / np.pi, 0.1],
        abs=1e-5,
    )
    # By the integral of phi(x) Phi((k - r x) / sqrt(1 - r^2)) up to h, in 200,000 steps.
    got = both_below(floats(1.0, -1.5), floats(1.0, -0.5), floats(0.5, 0.9))
    assert got == pytest.approx([0.7452036, 0.0663304], abs=1e-5)
