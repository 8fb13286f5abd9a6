"""Risk and order (method sections 5 and 6), with numbers worked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from metered.replenishment import forecast, policy, risk
from metered.replenishment import state as st
from metered.replenishment.arrays import normal_tail
from metered.replenishment.policy import Settings
from metered.replenishment.state import Jobs
from tests.replenishment.builders import calendar, fleet, floats, ints

CAL = calendar()
SETTINGS = Settings()


def all_of(state: st.State) -> Any:
    return np.arange(state.supplies.device.size)


def decide(state: st.State, t: Any = 1.0, settings: Any = SETTINGS, may: Any = None) -> Any:
    state.devices.t[:] = t
    return policy.decide(state, CAL, np.arange(state.pools.site.size), t, settings, may)


def test_an_announcement_waits_for_the_working_days_beyond_the_next() -> None:
    monday, friday, sunday = 7.4, 11.4, 13.4
    for t in (monday, friday, sunday, 8.0):
        assert policy.announcement_waits(CAL, t, 45 / 86_400) == 0
        assert policy.announcement_waits(CAL, t, 1.0) == 0
    assert policy.announcement_waits(CAL, monday, 3.0) == 2
    assert policy.announcement_waits(CAL, friday, 3.0) == 0
    assert policy.announcement_waits(CAL, friday, 4.0) == 1


def test_what_waits_for_its_announcement_is_ordered_earlier() -> None:
    # With 100 pages a day of 8,400 nothing is due on a Monday at this level; two days more, and it is.
    first = [
        next(f for f in np.arange(0.4, 0.0, -0.005) if _ordered(float(f), waits).quantity[0])
        for waits in (0, 2)
    ]
    assert first[1] > first[0] + 0.02
    assert _ordered(0.1, 2).arrival == _ordered(0.1, 0).arrival + 2


def _ordered(f: float, waits: int) -> Any:
    state = fleet(f=f)
    state.devices.t[:] = 7.4
    return policy.decide(state, CAL, np.arange(1), 7.4, SETTINGS, None, waits)


def test_the_risk_of_one_supply() -> None:
    state = fleet(f=0.2)
    state.devices.t[:] = 0.0
    o = risk.outlook(state, CAL, all_of(state), 0.0)
    assert o.u[0] == pytest.approx(100 / 8400)
    # 8 days of 100 pages: expected .095238, the middle (.97 - .27 / 8) of that. k = .5 + .9 log10(2080 / 50),
    # s^2 = .202 + .05 + (1/8 + .05) / 1.9572 = .34142; two deviations up e^(2 s) as much.
    mu, variance = risk.need(o, floats(8.0), floats(0.0))
    assert mu[0] == pytest.approx(0.0952381 * 0.93625, rel=1e-4)
    assert risk.use_spread(o, floats(8.0))[0] == pytest.approx(0.34142**0.5, rel=1e-3)
    assert variance[0] ** 0.5 == pytest.approx(0.0891667 * (np.exp(2 * 0.58431) - 1) / 2, rel=1e-3)
    # var_f = .003^2 + (.055 x .8)^2
    z = (0.2 - 0.0891667) / (0.0989**2 + 0.001945) ** 0.5
    assert z == pytest.approx(1.0239, rel=1e-3)
    assert risk.tail(o, floats(8.0), floats(0.0), 0)[0] == pytest.approx(0.15296, rel=1e-3)


def test_a_machine_that_prints_much_prints_evenly() -> None:
    busy, slow = fleet(yields=84_000.0), fleet(yields=840.0)
    spreads = [
        risk.use_spread(risk.outlook(state, CAL, ints(0), 0.0), floats(5.0))[0] for state in (busy, slow)
    ]
    assert spreads[0] < 0.95 * spreads[1]
    # The longer, the surer: what is much on one day and little on another evens out.
    o = risk.outlook(slow, CAL, ints(0), 0.0)
    assert risk.use_spread(o, floats(30.0))[0] < risk.use_spread(o, floats(5.0))[0]


def test_cyan_dries_a_little_every_day() -> None:
    o = risk.outlook(fleet(kinds=("C",), f=0.5), CAL, ints(0), 0.0)
    assert o.u[0] == pytest.approx(40 / 8400 + 0.0002)


def test_a_device_that_is_overdue_is_thought_to_rest_a_little() -> None:
    state = fleet(f=0.5)
    state.devices.t[:] = 0.0
    assert risk.outlook(state, CAL, ints(0), 7.0).g[0] == pytest.approx(5.05)
    assert risk.outlook(state, CAL, ints(0), 14.0).g[0] == pytest.approx(0.75 * 10.1)


def test_an_ok_flag_promises_the_low_mark() -> None:
    state = fleet(reports=st.FLAG, f=0.0)
    state.supplies.flag[:] = st.OK
    o = risk.outlook(state, CAL, ints(0), 0.0)
    promised = risk.tail(o, floats(1.0), floats(0.0), 0)[0]
    state.supplies.flag[:] = st.LOW
    low = risk.tail(risk.outlook(state, CAL, ints(0), 0.0), floats(1.0), floats(0.0), 0)[0]
    assert low > 0.5 > 0.03 > promised


def test_an_ok_flag_cuts_off_what_lies_below_its_mark() -> None:
    """P(need > f, given f > mark) against a plain integral over what may be left."""
    state = fleet(reports=st.FLAG, f=0.3)
    state.supplies.flag[:], state.supplies.x[:] = st.OK, 0.6
    o = risk.outlook(state, CAL, ints(0), 0.0)
    h, none = floats(8.0), floats(0.0)
    mu, variance = risk.need(o, h, none)
    left = np.linspace(-2, 3, 20_001)
    sure = normal_tail(-(left - o.mark[0]) / st.LOW_MARK_SD)
    weight = np.exp(-0.5 * (left - o.f[0]) ** 2 / o.var_f[0]) * sure
    short = normal_tail((left - mu[0]) / variance[0] ** 0.5)
    expected = float((weight * short).sum() / weight.sum())
    assert risk.tail(o, h, none, 0)[0] == pytest.approx(expected, rel=0.02)
    # Without the flag it would be told five times as likely.
    state.supplies.flag[:] = 0
    assert risk.tail(risk.outlook(state, CAL, ints(0), 0.0), h, none, 0)[0] > 2 * expected


def test_an_announced_job_adds_its_need() -> None:
    state = fleet(f=0.5)
    state.jobs = Jobs(ints(0), floats(3.0), floats(3.0), floats(840.0), ints(0).astype(bool))
    assert risk.announced(state, ints(0), 0.0, floats(10.0))[0] == pytest.approx(0.135)
    assert risk.announced(state, ints(0), 4.0, floats(10.0))[0] == 0


def test_the_supplies_of_a_pool_are_added_up() -> None:
    state = fleet(devices=2, same_pool=True, f=0.5)
    state.devices.t[:] = 0.0
    known(state)
    o = risk.outlook(state, CAL, all_of(state), 0.0)
    # Each needs more than what is in it with probability one half.
    h = o.f / o.u
    h = h / risk.middle(o, h)
    tails = risk.pool_tails(state, o, h, np.zeros(2), ints(0))
    assert tails[0, 0] == pytest.approx(0.75, abs=0.01)
    assert tails[0, 1] == pytest.approx(0.25, abs=0.01)


def test_the_belief_mixes_the_neighbours() -> None:
    state = fleet(shelf=1)
    tails = np.array([[0.4, 0.1, 0.0]])
    p = risk.short(state, ints(0), tails, floats(1))
    assert p[0] == pytest.approx(0.09 * 0.4 + 0.82 * 0.1 + 0.09 * 0.0)
    state.pools.shelf[:] = 0
    p = risk.short(state, ints(0), tails, floats(0))
    assert p[0] == pytest.approx((0.82 * 0.4 + 0.09 * 0.1) / 0.91)


def test_the_window_ends_with_an_order_of_the_next_working_day() -> None:
    # Monday evening: an order of Tuesday arrives on the fifth working day after it, Tuesday of the week
    # after.
    assert policy.arrival_day(CAL, 0, SETTINGS) == 8
    # Friday's and Sunday's evenings are the same shipping day.
    assert policy.arrival_day(CAL, 4, SETTINGS) == policy.arrival_day(CAL, 6, SETTINGS) == 14


def test_an_empty_machine_without_a_spare_is_sent_one() -> None:
    state = fleet(f=0.02)
    known(state)
    d = decide(state)
    assert d.quantity.tolist() == [1]
    assert d.due.tolist() == [True]
    assert d.risk[0] > 0.5


def test_a_full_machine_is_sent_nothing() -> None:
    d = decide(fleet(f=0.9))
    assert d.quantity.tolist() == [0]
    assert d.risk[0] < 0.001


def test_a_spare_or_a_parcel_on_its_way_is_enough() -> None:
    for shelf, transit in ((1, 0), (0, 1)):
        state = fleet(f=0.02, shelf=shelf)
        state.pools.transit[:] = transit
        state.pools.below[:] = 0.0
        assert decide(state).quantity.tolist() == [0]


def known(state: st.State) -> None:
    """What a page takes is known well."""
    state.supplies.a *= 20
    state.supplies.b *= 20


def test_a_new_machine_of_unknown_use_gets_its_spare_with_the_first_parcel() -> None:
    state = fleet(kinds=("K", "K"), f=0.98)
    state.supplies.f[0] = 0.03
    assert decide(state).joined.tolist() == [False, True]
    known(state)
    assert decide(state).joined.tolist() == [False, False]


def test_an_address_that_uses_much_has_parcels_more_often() -> None:
    for devices, window in ((4, 42), (40, 24), (400, 15)):
        state = fleet(devices=devices, f=0.9)  # each uses 3 cartridges a year of 250 working days
        days = decide(state).join_days
        assert days.min() == days.max()
        assert days[0] == pytest.approx(window, abs=1)
    assert decide(fleet(f=0.9), settings=Settings(join_days=0)).join_days.tolist() == [0]


def test_what_would_lie_long_runs_more_risk() -> None:
    """In proportion to the days, between two bounds; more where nobody sees the level."""
    days = np.array([1.0, 90.0, 180.0, 9000.0])
    wait = policy.Idle(days, days * 0, np.zeros(4, dtype=bool))
    assert wait.accepted(SETTINGS) / SETTINGS.alpha == pytest.approx([0.045, 0.5, 1.0, 2.2])
    dark = policy.Idle(days, days * 0, np.ones(4, dtype=bool))
    assert dark.accepted(SETTINGS) / SETTINGS.alpha == pytest.approx([0.045, 90 / 130, 180 / 130, 8.0])


def test_what_is_due_soon_comes_along_and_the_rest_does_not() -> None:
    state = fleet(kinds=("K", "K", "K"), f=0.5)
    state.supplies.f[:] = (0.03, 0.45, 0.98)
    known(state)
    d = decide(state)
    assert d.due.tolist() == [True, False, False]
    assert d.joined.tolist() == [False, True, False]
    assert d.quantity.tolist() == [1, 1, 0]


def test_nothing_comes_along_when_nothing_is_due() -> None:
    assert decide(fleet(kinds=("K", "K"), f=0.45)).quantity.tolist() == [0, 0]


def test_a_barred_pool_neither_orders_nor_travels() -> None:
    state = fleet(kinds=("K", "K"), f=0.02)
    known(state)
    d = decide(state, may=np.array([True, False]))
    assert d.quantity.tolist() == [1, 0]


def test_removed_devices_need_nothing() -> None:
    state = fleet(f=0.02)
    forecast.remove_devices(state, ints(0))
    assert decide(state).quantity.tolist() == [0]


def test_a_smaller_alpha_orders_earlier() -> None:
    f = next(f for f in np.arange(0.6, 0.0, -0.005) if decide(fleet(f=f)).quantity[0])
    careful = next(
        f
        for f in np.arange(0.6, 0.0, -0.005)
        if decide(fleet(f=f), settings=Settings(alpha=0.005)).quantity[0]
    )
    assert 0.1 < f < careful < 0.6


def test_an_unsure_pool_is_asked_to_count_once_in_thirty_days() -> None:
    state = fleet(f=0.17, shelf=1)
    state.pools.below[:], state.pools.right[:] = 0.3, 0.61
    d = decide(state)
    assert d.alpha[0] / 3 < d.risk[0] < 0.3
    d = replace(d, quantity=d.quantity * 0)
    assert policy.ask_counts(state, d, 1.0).tolist() == [0]
    assert policy.ask_counts(state, d, 20.0).tolist() == []
    assert policy.ask_counts(state, d, 31.5).tolist() == [0]


def test_a_count_is_worth_more_where_nobody_sees_the_level() -> None:
    for reports, asked in ((st.PCT1, []), (st.NONE, [0])):
        state = fleet(f=0.5, shelf=1, reports=reports)
        state.supplies.seen[:] = 0.0 if reports == st.PCT1 else np.nan
        state.pools.below[:], state.pools.right[:] = 0.3, 0.61
        d = decide(state)
        far = replace(d, risk=d.alpha / 10, quantity=d.quantity * 0)
        assert policy.ask_counts(state, far, 1.0).tolist() == asked


def test_what_nobody_sees_is_not_empty_while_nobody_calls() -> None:
    state = fleet(f=0.0, reports=st.NONE, connected=False)
    state.devices.t[:] = 0.0
    state.supplies.seen[:] = np.nan
    # With what of a level is never known by pages, 0.08, a deviation of 0.4.
    state.supplies.p0[:] = np.sqrt(0.4**2 - 0.08**2)
    f, variance = risk.level_unseen(risk.outlook(state, CAL, ints(0), 0.0))
    # Half a normal: mean 0.4 sqrt(2 / pi) = 0.319, variance 0.16 (1 - 2 / pi) = 0.0581; of the lognormal with
    # these the logarithm's variance is ln(1 + 0.0581 / 0.319^2) = 0.452, the median 0.319 e^-0.226.
    assert f[0] == pytest.approx(0.2547, abs=2e-4)
    assert variance[0] == pytest.approx(0.452 * 0.2547**2, abs=2e-4)
    q10, q50, q90 = forecast.days_left(state, CAL, ints(0), 0.0)[:, 0]
    assert 1 < q10 < q50 < 0.2547 * 84 * 7 / 5 < q90


def test_what_is_known_badly_is_not_told_much_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    state = fleet(f=0.9, reports=st.NONE, connected=False)
    state.devices.t[:] = 0.0
    state.supplies.seen[:], state.supplies.p0[:], state.pools.v[:] = np.nan, 0.1, 0.6
    told = forecast.days_left(state, CAL, ints(0), 0.0)[1, 0]
    monkeypatch.setattr(risk, "EARLY", np.zeros(5))
    middle = forecast.days_left(state, CAL, ints(0), 0.0)[1, 0]
    assert told == pytest.approx(np.exp(-0.5) * middle, rel=0.03)


def test_pages_since_the_last_meter_are_gone_where_nobody_sees() -> None:
    state = fleet(f=0.8, reports=st.NONE, connected=False)
    state.devices.t[:] = 0.0
    state.supplies.seen[:], state.supplies.p0[:] = np.nan, 0.1
    then, now = (forecast.days_left(state, CAL, ints(0), t)[1, 0] for t in (0.0, 28.0))
    assert then - 28 < now < then - 14


def test_days_left_are_ordered_and_the_middle_is_level_by_rate() -> None:
    state = fleet(f=0.5)
    state.devices.t[:] = 0.0
    q10, q50, q90 = forecast.days_left(state, CAL, ints(0), 0.0)[:, 0]
    assert q10 < q50 < q90
    # 0.5 x 84 = 42 working days are eight weeks and two days, less the traces of weekends: the median, of
    # which half a variance is told early.
    assert q50 < 58 and 58 * np.exp(-0.5) < q50
    known(state)
    assert q50 < forecast.days_left(state, CAL, ints(0), 0.0)[1, 0] == pytest.approx(56, abs=2)


def test_what_nobody_sees_is_told_less_surely_than_a_level() -> None:
    spans = []
    for reports in (st.PCT1, st.NONE):
        state = fleet(f=0.5, reports=reports)
        state.devices.t[:] = 0.0
        state.supplies.seen[:] = 0.0 if reports == st.PCT1 else np.nan
        state.supplies.p0[:] = 0.003
        known(state)
        q10, _, q90 = forecast.days_left(state, CAL, ints(0), 0.0)[:, 0]
        spans.append(q90 - q10)
    assert spans[1] > 1.3 * spans[0]
