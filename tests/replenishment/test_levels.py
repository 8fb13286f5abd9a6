"""Levels (method sections 2 and 3): what a report does to the estimate, and what counts as a swap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metered.replenishment import forecast, levels, rates, use
from metered.replenishment import state as st
from tests.replenishment.builders import calendar, fleet, floats, ints

CAL = calendar()


def report(state: st.State, t: Any, total: Any, *values: Any) -> Any:
    """One report of device 0 with a level for each of its supplies."""
    s = np.arange(len(values))
    return forecast.fold_reports(
        state, CAL, ints(0), floats(t), floats(total), floats(0.0),
        s, np.full(s.size, float(t)), floats(*values),
    )  # fmt: skip


def test_use_per_page_is_learnt_from_the_drop() -> None:
    state = fleet()
    state.supplies.e_acc[:] = 0.1
    use.learn(state.supplies, ints(0), floats(0.12))
    # a = 2^(-0.08) 0.25 + 0.12, b = 2^(-0.08) 0.25 + 0.1
    assert state.supplies.a[0] == pytest.approx(0.356515, rel=1e-5)
    assert state.supplies.b[0] == pytest.approx(0.336515, rel=1e-5)


def test_the_spread_of_use_per_page() -> None:
    state = fleet()
    state.supplies.b[:] = 0.35
    # What drifts, and 0.25 / 0.35 of how much the fleet's devices differ.
    assert use.spread(state.supplies, ints(0))[0] == pytest.approx((0.16**2 + (0.42 / 1.4) ** 2) ** 0.5)


def test_the_fleet_learns_a_geometric_mean_that_the_untaught_follow() -> None:
    state = fleet(devices=7)
    state.supplies.b[:6] = 1.0
    state.supplies.a[:6] = (1, 1, 1, 4, 4, 4)
    use.learn_fleet(state)
    assert state.c_fleet[0] == pytest.approx(2.0)
    assert state.supplies.c()[6] == pytest.approx(2.0)
    assert state.supplies.c()[0] == 1.0


def test_pages_lower_the_estimate_between_levels() -> None:
    state = fleet(f=0.5)
    report(state, 1.0, 0, -2)
    report(state, 2.0, 840, -2)
    assert state.supplies.f[0] == pytest.approx(0.4)


def test_a_level_in_its_band_is_kept_and_one_outside_is_clipped() -> None:
    state = fleet(f=0.5)
    report(state, 1.0, 0, 50)
    report(state, 2.0, 84, 49)
    assert state.supplies.f[0] == pytest.approx(0.49)
    report(state, 3.0, 84, 46)
    assert state.supplies.f[0] == pytest.approx(0.46)
    assert state.supplies.x[0] == 0
    assert state.supplies.c()[0] > 1


def test_steps_of_ten_percent_have_a_wide_band() -> None:
    state = fleet(f=0.5, reports=st.PCT10)
    report(state, 1.0, 0, 50)
    report(state, 2.0, 420, 50)
    assert state.supplies.f[0] == pytest.approx(0.45)
    assert state.supplies.p0[0] == 0.03


def test_a_jump_up_must_show_twice() -> None:
    state = fleet(f=0.1, shelf=2)
    report(state, 1.0, 0, 10)
    assert report(state, 2.0, 0, 100).s.size == 0
    assert state.pools.shelf[0] == 2
    assert state.supplies.f[0] == pytest.approx(0.1)
    swaps = report(state, 3.0, 0, 99)
    assert swaps.s.tolist() == [0]
    assert swaps.n.tolist() == [1]
    assert state.pools.shelf[0] == 1
    assert state.supplies.f[0] == pytest.approx(0.99)


def test_a_blip_is_no_swap() -> None:
    state = fleet(f=0.1, shelf=1)
    report(state, 1.0, 0, 10)
    report(state, 2.0, 0, 100)
    assert report(state, 3.0, 0, 10).s.size == 0
    assert report(state, 4.0, 0, 100).s.size == 0
    assert state.pools.shelf[0] == 1


def test_the_same_report_again_is_no_confirmation() -> None:
    state = fleet(f=0.1, shelf=1)
    report(state, 1.0, 0, 10)
    report(state, 2.0, 0, 100)
    before = state.devices.n_fast.copy()
    assert report(state, 2.0, 0, 100).s.size == 0
    assert report(state, 2.01, 0, 100).s.size == 0
    assert state.pools.shelf[0] == 1
    assert np.array_equal(before, state.devices.n_fast) or before[0] == 0
    assert report(state, 2.1, 0, 100).s.size == 1


def test_a_fall_must_show_twice_and_teaches_nothing() -> None:
    state = fleet(f=0.9)
    report(state, 1.0, 0, 90)
    report(state, 2.0, 0, 40)
    assert state.supplies.f[0] == pytest.approx(0.9)
    c = state.supplies.c()[0]
    assert report(state, 3.0, 0, 40).s.size == 0
    assert state.supplies.f[0] == pytest.approx(0.4)
    assert state.supplies.c()[0] == c


def test_after_silence_one_report_is_enough() -> None:
    state = fleet(f=0.2, shelf=1)
    report(state, 1.0, 0, 20)
    assert report(state, 12.0, 0, 95).n.tolist() == [1]
    assert state.pools.shelf[0] == 0


def test_a_long_silence_may_hold_two_swaps() -> None:
    state = fleet(f=0.2, shelf=3)
    report(state, 1.0, 0, 20)
    # 8,400 pages = one cartridge: f = -0.8 before the level of 95 %
    assert report(state, 31.0, 8400, 95).n.tolist() == [2]
    assert state.pools.shelf[0] == 1


def test_low_combines_the_estimate_with_the_mean_low_mark() -> None:
    state = fleet(reports=st.FLAG, f=1.0)
    state.supplies.p0[:] = 0.03
    report(state, 1.0, 0, st.OK)
    report(state, 2.0, 6720, st.OK)
    assert state.supplies.f[0] == pytest.approx(0.2)
    report(state, 3.0, 6720, st.LOW)
    # own variance 0.03^2 + (0.16^2 + 0.42^2) 0.8^2 + (0.055 x 0.8)^2 = 0.132116, the mark's 0.0016
    expected = (0.2 / 0.132116 + 0.115 / 0.0016) / (1 / 0.132116 + 1 / 0.0016)
    assert state.supplies.f[0] == pytest.approx(expected, rel=1e-3)
    assert state.supplies.c()[0] > 1.0


def test_ok_twice_after_low_is_a_swap() -> None:
    state = fleet(reports=st.FLAG, f=0.12, shelf=1)
    report(state, 1.0, 0, st.LOW)
    assert report(state, 2.0, 0, st.OK).s.size == 0
    assert report(state, 3.0, 0, st.OK).n.tolist() == [1]
    assert state.pools.shelf[0] == 0
    assert state.supplies.f[0] == 1.0


def test_empty_means_nothing_in_the_machine_and_nothing_on_the_shelf() -> None:
    state = fleet(reports=st.FLAG, f=0.1)
    state.pools.shelf[:] = 0.0
    report(state, 1.0, 0, st.LOW)
    report(state, 2.0, 0, st.EMPTY)
    assert state.supplies.f[0] == 0.0
    assert state.pools.shelf[0] == 0


def test_a_gauge_that_says_empty_while_it_prints_leaves_the_ledger_alone() -> None:
    state = fleet(reports=st.FLAG, f=0.1, shelf=1)
    report(state, 1.0, 0, st.LOW)
    report(state, 2.0, 0, st.EMPTY)
    report(state, 3.0, 100, st.EMPTY)
    report(state, 4.0, 200, st.EMPTY)
    assert state.pools.shelf[0] == 1
    stuck = fleet(reports=st.FLAG, f=0.1, shelf=1)
    for t, word in ((1.0, st.LOW), (2.0, st.EMPTY), (3.0, st.EMPTY), (4.0, st.EMPTY)):
        report(stuck, t, 0, word)
    assert stuck.pools.shelf[0] == 0


def test_a_supply_that_stays_ok_too_long_was_swapped_unseen() -> None:
    state = fleet(reports=st.FLAG, f=1.0, shelf=1)
    state.supplies.p0[:] = 0.03
    state.supplies.a[:], state.supplies.b[:] = 2.0, 2.0
    report(state, 1.0, 0, st.OK)
    swaps = report(state, 30.0, int(8400 * 1.6), st.OK)
    assert swaps.s.tolist() == [0]
    assert state.pools.shelf[0] == 0
    assert state.supplies.f[0] == pytest.approx(1.0 - 1.6 + 0.9)


def test_without_a_spare_no_unseen_swap_is_suspected() -> None:
    state = fleet(reports=st.FLAG, f=1.0, shelf=0)
    state.supplies.a[:], state.supplies.b[:] = 2.0, 2.0
    report(state, 1.0, 0, st.OK)
    assert report(state, 30.0, int(8400 * 1.6), st.OK).s.size == 0


def test_a_supply_that_says_nothing_uses_up_the_shelf() -> None:
    state = fleet(reports=st.NONE, f=0.5, shelf=1)
    rates.fold_meters(state, CAL, ints(0), floats(1.0), floats(0.0), floats(0.0))
    forecast.fold_reads(state, CAL, ints(0), floats(21.0), floats(2100.0), floats(0.0))
    assert state.supplies.f[0] == pytest.approx(0.25)
    forecast.fold_reads(state, CAL, ints(0), floats(52.0), floats(2100.0 + 2520), floats(0.0))
    assert state.supplies.f[0] == pytest.approx(0.95)
    assert state.pools.shelf[0] == 0


def test_the_low_mark_of_a_sku_is_learnt_from_low_to_empty() -> None:
    state = fleet(reports=st.FLAG, f=0.1)
    report(state, 1.0, 0, st.LOW)
    f = state.supplies.f[0]
    report(state, 2.0, 840, st.EMPTY)
    # weight 6 before: 0.115 + (used - 0.115) / 7, used = 0.1 nominal cartridges x c
    used = 0.1 * state.supplies.c()[0]
    assert f > 0
    assert state.low_mean[0] == pytest.approx(0.115 + (used - 0.115) / 7, abs=2e-3)


def anchored(shelf: int, use: float, pages: float) -> st.State:
    """A flag that was full (c = 1, well known), then took `use` by the estimate over `pages` nominal
    cartridges.
    """
    state = fleet(reports=st.FLAG, f=1.0, shelf=shelf)
    state.supplies.a[:] = state.supplies.b[:] = 3.0
    state.supplies.flag[:] = st.OK
    state.supplies.f[:] = 1.0 - use
    state.supplies.x[:] = state.supplies.x_acc[:] = use
    state.supplies.e_acc[:] = pages
    return state


def low(state: st.State) -> None:
    levels.fold_levels(state, ints(0), floats(3.0), floats(st.LOW))
    levels.fold_levels(state, ints(0), floats(4.0), floats(st.LOW))


def test_low_far_too_late_means_swaps_that_nobody_saw() -> None:
    state = anchored(shelf=2, use=2.7, pages=2.7)
    low(state)
    # From full to the mark is 0.885; 2.7 is that and two more cartridges.
    assert state.pools.shelf[0] == 0
    assert state.supplies.flag[0] == st.LOW


def test_low_in_time_leaves_the_shelf_alone() -> None:
    state = anchored(shelf=1, use=0.9, pages=0.9)
    low(state)
    assert state.pools.shelf[0] == 1
    assert state.pools.below[0] < 0.15


def test_low_between_the_two_leaves_a_doubt() -> None:
    state = anchored(shelf=1, use=1.25, pages=1.25)
    low(state)
    assert 0.15 < state.pools.below[0] < 0.75


def test_who_swaps_before_low_and_now_says_low_has_nothing_left() -> None:
    """One unseen swap is believed already, and a spare: that spare would have been put in before low."""
    state = anchored(shelf=1, use=1.8, pages=1.8)
    state.supplies.f[:] = 0.12
    low(state)
    assert state.pools.shelf[0] == 0 or state.pools.below[0] > 0.5


def test_a_dry_machine_teaches_a_flag_what_it_used() -> None:
    state = anchored(shelf=0, use=0.5, pages=0.5)
    levels.ran_dry(state, ints(0))
    assert state.supplies.c(ints(0))[0] > 1.1
    percent = fleet(f=0.5)
    percent.supplies.e_acc[:] = percent.supplies.x_acc[:] = 0.5
    levels.ran_dry(percent, ints(0))
    assert percent.supplies.c(ints(0))[0] == pytest.approx(1.0)
