"""What must hold whatever is reported, in whatever order."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from metered.replenishment import forecast, lanes, policy, shelf
from metered.replenishment import state as st
from tests.replenishment.builders import calendar, fleet, floats, ints

CAL = calendar()
LEVELS = some.one_of(some.integers(0, 100), some.sampled_from([-2, -3, -4, -5]))
EVENTS = some.lists(
    some.tuples(
        some.sampled_from(["report", "read", "deliver", "count", "hand", "emergency", "order", "remove"]),
        some.floats(0.0, 40.0), some.integers(0, 1_200_000), LEVELS, some.integers(0, 6),
    ),
    max_size=30,
)  # fmt: skip


def play(events: Any, reports: Any) -> Any:
    """Every kind of event on one colour device; returns the state and all quantities decided."""
    state = fleet(kinds=("K", "C", "waste"), reports=reports, shelf=1)
    state.devices.modulus[:] = 1e6
    t, decided = 0.0, []
    for what, wait, number, level, units in events:
        t += wait
        if t > 700:
            break
        d, at, pools = ints(0), floats(t), np.arange(3)
        match what:
            case "report":
                forecast.fold_reports(
                    state, CAL, d, at, floats(number), floats(number // 3),
                    np.arange(3), np.full(3, t), np.full(3, float(level)),
                )  # fmt: skip
            case "read":
                if t > state.devices.t[0] or np.isnan(state.devices.t[0]):
                    forecast.fold_reads(state, CAL, d, at, floats(number), floats(number // 3))
            case "deliver":
                shelf.deliver(state.pools, pools, np.full(3, float(units)))
            case "count":
                forecast.fold_counts(state, CAL, pools, np.full(3, float(units)), t)
            case "hand":
                forecast.fold_hand_orders(state, CAL, pools, t)
            case "emergency":
                forecast.fold_emergencies(state, CAL, pools, t)
            case "remove":
                forecast.remove_devices(state, d if units == 6 else d[:0])
            case _:
                got = policy.decide(state, CAL, pools, t, policy.Settings())
                state.pools.transit += got.quantity
                decided.append(got.quantity.tolist())
                days = forecast.days_left(state, CAL, np.arange(3), t)
                assert (np.diff(days, axis=0) >= 0).all() and (days >= 0).all()
    return state, decided


@settings(max_examples=150, deadline=None)
@given(EVENTS, some.sampled_from([st.PCT1, st.PCT10, st.FLAG, st.NONE]))
def test_nothing_becomes_negative_or_unknown(events: Any, reports: Any) -> None:
    state, decided = play(events, reports)
    pools, sup, dev = state.pools, state.supplies, state.devices
    assert (pools.shelf >= 0).all() and (pools.transit >= 0).all()
    assert np.allclose(pools.below + pools.right + pools.above, 1)
    assert (sup.a > 0).all() and (sup.b > 0).all() and np.isfinite(sup.f).all() and (sup.f <= 1.9).all()
    assert (dev.n_fast >= 0).all() and (dev.d_fast >= 0).all() and (dev.nc_slow >= 0).all()
    assert (pools.v > 0).all()
    assert all(0 <= q <= 30 for row in decided for q in row)


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_the_same_input_gives_the_same_decisions(events: Any) -> None:
    first, second = play(events, st.PCT1), play(events, st.PCT1)
    assert first[1] == second[1]
    for name in ("f", "a", "b", "x"):
        assert np.array_equal(getattr(first[0].supplies, name), getattr(second[0].supplies, name))


@settings(max_examples=200, deadline=None)
@given(
    some.floats(0, 1), some.floats(0, 1), some.integers(0, 2), some.floats(5, 4000),
    some.sampled_from([st.PCT1, st.PCT10, st.NONE]), some.integers(1, 3),
)  # fmt: skip
def test_a_lower_level_never_lowers_the_order(
    one: Any, other: Any, spare: Any, rate: Any, reports: Any, devices: Any
) -> None:
    def order(f: float) -> Any:
        state = fleet(f=f, shelf=spare, reports=reports, devices=devices, same_pool=True)
        state.devices.prior_total[:] = rate
        state.devices.t[:] = 1.0
        return int(policy.decide(state, CAL, ints(0), 1.0, policy.Settings()).quantity[0])

    low, high = sorted((one, other))
    assert order(low) >= order(high)


FLEETS = some.fixed_dictionaries(
    {
        "devices": some.integers(1, 4),
        "reports": some.sampled_from([st.PCT1, st.PCT10, st.FLAG, st.NONE]),
        "same_pool": some.booleans(),
        "shelf": some.integers(0, 2),
        "f": some.floats(0, 1),
    }
)
MASKS = some.lists(some.booleans(), min_size=12, max_size=12)


def dressed(parts: Any) -> Any:
    state = fleet(kinds=("K", "C", "drum"), **parts)
    state.devices.t[:] = 1.0
    return state, np.arange(state.pools.site.size)


@settings(max_examples=150, deadline=None)
@given(FLEETS, MASKS)
def test_nothing_is_ordered_for_a_pool_that_is_barred(parts: Any, mask: Any) -> None:
    """An inactive contract, a closed address, an open order: whatever bars a pool, it neither orders nor
    travels along."""
    state, pools = dressed(parts)
    may = np.array(mask[: pools.size])
    got = policy.decide(state, CAL, pools, 1.0, policy.Settings(), may)
    assert (got.quantity[~may] == 0).all()
    assert not got.due[~may].any() and not got.joined[~may].any()


@settings(max_examples=150, deadline=None)
@given(FLEETS, MASKS)
def test_nothing_is_ordered_for_what_is_switched_off(parts: Any, mask: Any) -> None:
    state, pools = dressed(parts)
    state.supplies.live[:] = mask[: state.supplies.live.size]
    got = policy.decide(state, CAL, pools, 1.0, policy.Settings())
    needed = np.bincount(state.supplies.pool, state.supplies.live, minlength=pools.size) > 0
    assert (got.quantity[~needed] == 0).all()


@settings(max_examples=150, deadline=None)
@given(FLEETS, MASKS)
def test_nothing_is_ordered_for_removed_devices(parts: Any, mask: Any) -> None:
    state, pools = dressed(parts)
    gone = np.flatnonzero(mask[: state.devices.site.size])
    forecast.remove_devices(state, gone)
    got = policy.decide(state, CAL, pools, 1.0, policy.Settings())
    alive = state.devices.alive[state.supplies.device]
    needed = np.bincount(state.supplies.pool, alive, minlength=pools.size) > 0
    assert (got.quantity[~needed] == 0).all()
    assert (got.quantity >= 0).all()


@settings(max_examples=100, deadline=None)
@given(FLEETS, some.integers(0, 3))
def test_what_is_on_its_way_is_not_ordered_again(parts: Any, more: Any) -> None:
    """One evening's orders taken, the same evening asks for nothing more of what was due."""
    state, pools = dressed(parts)
    first = policy.decide(state, CAL, pools, 1.0, policy.Settings())
    state.pools.transit += first.quantity + more
    again = policy.decide(state, CAL, pools, 1.0, policy.Settings())
    assert (again.quantity[first.due] == 0).all()


@settings(max_examples=150, deadline=None)
@given(FLEETS, some.integers(0, 4), some.floats(0.05, 2.5))
def test_a_count_leaves_a_belief_and_a_level_that_can_be(parts: Any, counted: Any, used: Any) -> None:
    state, pools = dressed(parts)
    state.supplies.x[:] = used
    forecast.fold_counts(state, CAL, pools, np.full(pools.size, float(counted)), 1.0)
    p = state.pools
    assert np.allclose(p.below + p.right + p.above, 1)
    assert (p.shelf >= 0).all() and (p.below[p.shelf == 0] == 0).all()
    assert np.isfinite(state.supplies.f).all() and (state.supplies.a > 0).all()


@settings(max_examples=100, deadline=None)
@given(some.lists(some.integers(0, 80), max_size=60), some.integers(1, 5), some.integers(0, 6))
def test_a_lane_stays_between_its_promise_and_its_parcels(days: Any, least: Any, more: Any) -> None:
    lane = lanes.Lane((least, least + more))
    start = lane.days()
    assert start == lane.promised
    for d in days:
        lane.learn(d)
    assert 1 <= lane.days() <= max([lane.promised, *(min(d, lanes.LONGEST) for d in days)])


def test_a_lane_learns_what_parcels_take() -> None:
    lane = lanes.Lane((2, 6))
    for d in [4, 5, 6, 7, 8] * 100:
        lane.learn(d)
    assert lane.days() == 8
    quick = lanes.Lane((2, 6))
    for d in [2] * 500:
        quick.learn(d)
    assert quick.days() == 2


def test_a_read_far_below_what_a_machine_said_prints_nothing_back() -> None:
    events = [("read", 2.0, 0, 0, 0), ("report", 14.0, 171761, 4, 6), ("read", 20.0, 414, 97, 6)]
    for wait in (0.0, 0.5, 1.0, 7.0):
        dev = play([*events, ("read", wait, 400, 97, 6), ("read", wait, 390, 97, 6)], st.PCT1)[0].devices
        assert (dev.n_fast >= 0).all() and (dev.nc_fast >= 0).all() and (dev.n_slow >= 0).all()
