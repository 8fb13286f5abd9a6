"""The shelf and its doubts (method section 4), with numbers worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metered.replenishment import forecast, shelf
from metered.replenishment import state as st
from tests.replenishment.builders import calendar, fleet, floats, ints

CAL = calendar()


def belief(state: st.State) -> Any:
    p = state.pools
    return [p.below[0], p.right[0], p.above[0]]


def test_a_delivery_moves_from_the_way_to_the_shelf() -> None:
    state = fleet()
    state.pools.transit[:] = 3
    shelf.deliver(state.pools, ints(0, 0), floats(1, 2))
    assert (state.pools.shelf[0], state.pools.transit[0]) == (3, 0)


def test_a_swap_leaks_two_percent_of_the_belief() -> None:
    state = fleet(shelf=2)
    shelf.install(state.pools, ints(0), floats(1))
    assert state.pools.shelf[0] == 1
    assert belief(state) == pytest.approx([0.0982, 0.8036, 0.0982])


def test_who_took_the_last_unit_had_one_to_take() -> None:
    state = fleet(shelf=1)
    shelf.install(state.pools, ints(0), floats(1))
    # What lacked, and its leak, are out of the question: (0, .8036, .0982) / .9018
    assert belief(state) == pytest.approx([0.0, 0.891107, 0.108893], rel=1e-4)
    shelf.install(state.pools, ints(0), floats(1))  # there was one more than the ledger knew
    assert state.pools.shelf[0] == 0
    assert belief(state) == pytest.approx([0.0, 0.901099, 0.098901], rel=1e-4)


def test_a_count_that_agrees_makes_sure() -> None:
    state = fleet(shelf=1)
    shelf.count(state.pools, ints(0), floats(1))
    # (.09 x .125, .82 x .75, .09 x .09) / .63435
    assert belief(state) == pytest.approx([0.017735, 0.969496, 0.012769], rel=1e-4)


def test_two_counts_one_above_move_the_centre() -> None:
    state = fleet(shelf=1)
    shelf.count(state.pools, ints(0), floats(2))
    assert state.pools.shelf[0] == 1
    shelf.count(state.pools, ints(0), floats(2))
    assert state.pools.shelf[0] == 2


def test_a_count_two_below_replaces_the_ledger() -> None:
    state = fleet(shelf=3)
    shelf.count(state.pools, ints(0), floats(1))
    assert state.pools.shelf[0] == 1
    assert belief(state) == list(st.BELIEF)


def test_a_shelf_is_never_believed_below_nothing() -> None:
    state = fleet(shelf=0)
    shelf.count(state.pools, ints(0), floats(0))
    assert state.pools.below[0] == 0
    assert sum(belief(state)) == pytest.approx(1)


def test_the_balance_of_unseen_swaps_corrects_the_use() -> None:
    state = fleet(reports=st.NONE, shelf=1)
    state.pools.arrived[:] = 2
    state.pools.used[:] = 1.6
    shelf.balance(state, ints(0), floats(1), shelf.R_COUNT, 0.0, floats(0))
    # used = 2, K = .16 x 2.56 / (.4096 + .3 + .3 + .075), a *= 1 + K / 4
    k = 0.4096 / 1.0846
    assert state.supplies.c()[0] == pytest.approx(1 + k / 4, rel=1e-6)
    assert state.pools.v[0] == pytest.approx(0.16 * (1 - k), rel=1e-6)
    assert (state.pools.base[0], state.pools.arrived[0], state.pools.used[0]) == (1, 0, 0)


def test_two_emergencies_teach_more_than_two_counts() -> None:
    """A whole cartridge went where a third was expected: in one cycle most of that is believed."""
    found = []
    for noise in (shelf.R_COUNT, shelf.R_EMERGENCY):
        state = fleet(reports=st.NONE)
        for _ in range(2):
            state.pools.arrived[:], state.pools.used[:] = 1, 0.33
            shelf.balance(state, ints(0), floats(0), noise, 0.0, floats(0))
        found.append(state.supplies.c()[0])
    assert found[0] < 1.2 < 1.6 < found[1]


def test_a_first_count_teaches_nothing_of_the_use() -> None:
    state = fleet(reports=st.NONE, shelf=1)
    state.pools.base[:], state.pools.used[:] = np.nan, 1.6
    shelf.balance(state, ints(0), floats(1), shelf.R_COUNT, 0.0, floats(0))
    assert state.supplies.c()[0] == 1
    assert state.pools.base[0] == 1


def test_uncertainty_grows_without_a_count() -> None:
    state = fleet()
    assert shelf.blind_spread(state.pools, ints(0), 100.0)[0] == pytest.approx((0.16 + 0.04 + 0.01) ** 0.5)


def test_an_emergency_empties_the_shelf_and_the_emptiest_supply() -> None:
    state = fleet(kinds=("drumK", "drumC"), shelf=2, same_pool=True, f=0.5)
    state.supplies.f[:] = (0.5, 0.3)
    state.devices.t[:] = 1.0
    forecast.fold_emergencies(state, CAL, ints(0), 1.0)
    assert state.pools.shelf[0] == 0
    assert state.supplies.f.tolist() == [0.5, 0.0]


@pytest.mark.parametrize(("f", "left"), [(0.2, 0), (0.6, 2)])
def test_a_hand_order_teaches_only_when_the_machine_is_low(f: float, left: Any) -> None:
    state = fleet(shelf=2, f=f)
    state.devices.t[:] = 1.0
    forecast.fold_hand_orders(state, CAL, ints(0), 1.0)
    assert state.pools.shelf[0] == left


def test_counts_of_dark_pools_balance_and_others_do_not() -> None:
    dark, seen = fleet(reports=st.NONE, shelf=1), fleet(shelf=1, f=0.5)
    for state in (dark, seen):
        state.devices.t[:] = 1.0
        state.pools.used[:] = 2.0
        forecast.fold_counts(state, CAL, ints(0), floats(1), 1.0)
    assert dark.supplies.c()[0] < 1
    assert seen.supplies.c()[0] == 1
    assert np.isclose(dark.pools.used[0], 0)


def dark(shelf_: int, f: float, x: float) -> st.State:
    state = fleet(reports=st.NONE, connected=False, shelf=shelf_, f=f)
    state.devices.t[:] = 10.0
    state.supplies.x[:] = x
    return state


def test_a_count_of_a_pool_that_nobody_sees_moves_the_level_too() -> None:
    """Shelf 0 and 0.1 left is thought; one is counted: rather 1.0 in all than 1.9 or 0.1."""
    state = dark(0, 0.1, 2.0)
    forecast.fold_counts(state, CAL, ints(0), floats(1), 10.0)
    assert state.pools.shelf[0] == 1
    assert state.supplies.f[0] < 0.5
    assert sum(belief(state)) == pytest.approx(1)


def test_a_count_that_can_hardly_be_true_moves_little() -> None:
    state = dark(0, 0.6, 0.2)
    forecast.fold_counts(state, CAL, ints(0), floats(2), 10.0)
    assert state.pools.shelf[0] == 0
    assert state.supplies.f[0] == pytest.approx(0.6, abs=0.15)


def test_a_ledgers_count_is_taken_as_it_is_and_still_teaches_the_level() -> None:
    state = dark(0, 0.9, 1.0)
    forecast.fold_ledger_counts(state, CAL, ints(0), floats(1), 10.0)
    assert state.pools.shelf[0] == 1
    assert state.supplies.f[0] < 0.9


def test_who_orders_by_hand_in_the_dark_has_a_low_panel() -> None:
    state = dark(1, 0.5, 2.5)
    forecast.fold_hand_orders(state, CAL, ints(0), 10.0)
    assert state.pools.shelf[0] == 0
    assert state.supplies.f[0] == pytest.approx(0.09)
    sure = dark(2, 0.9, 0.1)
    forecast.fold_hand_orders(sure, CAL, ints(0), 10.0)
    assert sure.pools.shelf[0] == 2
    assert sure.supplies.f[0] == pytest.approx(0.9)


def test_a_full_shelf_that_somebody_declared_is_doubted_most() -> None:
    state = fleet(kinds=("K", "C", "M"))
    state.pools.shelf[:] = (0, 1, 2)
    shelf.declared(state.pools)
    assert state.pools.below.tolist() == [0.0, 0.13, 0.27]


def test_a_blurred_belief_stays_one_and_never_below_nothing() -> None:
    state = fleet(shelf=0)
    shelf.blur(state.pools, ints(0), 0.5, 0.2)
    assert belief(state)[0] == 0
    assert sum(belief(state)) == pytest.approx(1)
    state = fleet(shelf=1)
    shelf.blur(state.pools, ints(0), 0.5, 0.0)
    assert belief(state)[0] > 0.4
