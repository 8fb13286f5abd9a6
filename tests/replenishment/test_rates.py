"""Page rates (method section 1) and typed reads (section 7), with numbers worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from metered.replenishment import rates, typed
from metered.replenishment.state import Jobs, State
from tests.replenishment.builders import calendar, fleet, floats, ints

CAL = calendar()


def take(state: State, t: Any, total: Any, colour: Any = 0.0, fold: Any = rates.fold_meters) -> Any:
    return fold(state, CAL, ints(0), floats(t), floats(total), floats(colour))


def test_before_any_meter_the_rate_is_a_cartridge_in_84_days() -> None:
    total, _ = rates.rates(fleet().devices, ints(0))
    assert total[0] == pytest.approx(100.0)


def test_the_rate_is_the_mean_of_a_fast_and_a_slow_memory() -> None:
    state = fleet()
    take(state, 1.0, 5000)
    assert rates.rates(state.devices, ints(0))[0][0] == pytest.approx(100.0)
    take(state, 2.0, 5200)  # Tuesday, 200 pages
    # w = 3 (1 - 1/40): slow (200 + 292.5) / (1 + 2.925), fast (200 + 3 slow) / (1 + 3)
    slow = 492.5 / 3.925
    fast = (200 + 3 * slow) / 4
    assert rates.rates(state.devices, ints(0))[0][0] == pytest.approx((fast + slow) / 2, rel=1e-5)
    take(state, 3.0, 5200)
    # 200 x 2^(-1/8) in 2^(-1/8) + 1 days, and with 2^(-1/45); w = 3 (1 - 1.984715 / 40)
    weight = 3 * (1 - 1.984715 / 40)
    slow = (196.9431 + weight * 100) / (1.984715 + weight)
    fast = (183.4008 + 3 * slow) / 4.917004
    assert rates.rates(state.devices, ints(0))[0][0] == pytest.approx((fast + slow) / 2, rel=1e-5)


def test_a_machine_that_prints_little_is_not_held_to_print_more() -> None:
    state = fleet()  # made for 100 pages a day, prints 10
    for day in range(120):
        take(
            state,
            day + 1.0,
            1000 + 10 * (day - 2 * (day // 7)) if day % 7 < 5 else 1000 + 50 * (day // 7 + 1),
        )
    total = rates.rates(state.devices, ints(0))[0][0]
    assert total == pytest.approx(10, rel=0.06)


def test_a_meter_that_wraps_counts_on() -> None:
    state = fleet()
    state.devices.modulus[:] = 1e6
    take(state, 1.0, 999_950)
    assert take(state, 2.0, 30).total[0] == 80


def test_another_controller_starts_anew_and_the_rate_stands_in() -> None:
    state = fleet()
    take(state, 1.0, 700_000)
    assert take(state, 2.0, 12).total[0] == pytest.approx(100.0)
    assert take(state, 3.0, 112).total[0] == 100


def test_an_announced_job_is_left_out_of_the_usual_rate() -> None:
    plain, told = fleet(), fleet()
    told.jobs = Jobs(ints(0), floats(1.0), floats(1.0), floats(5000.0), ints(0).astype(bool))
    for state in (plain, told):
        take(state, 1.0, 0)
        assert take(state, 2.0, 5100).total[0] == 5100
    assert rates.rates(told.devices, ints(0))[0][0] == pytest.approx(100.0)
    assert rates.rates(plain.devices, ints(0))[0][0] > 1000


def typed_take(state: State, t: Any, total: Any, colour: Any = 0.0) -> Any:
    return take(state, t, total, colour, typed.fold_typed)


def test_z_of_a_typed_read() -> None:
    # s^2 = 0.36^2: ln(2030 / 1030) / 0.36
    z = typed.surprise(floats(2000), floats(1000), floats(0.36**2 - 0.04), floats(1e9))
    assert z[0] == pytest.approx(1.8845, rel=1e-3)


def test_a_likely_read_is_believed() -> None:
    state = fleet(connected=False)
    typed_take(state, 0.0, 10_000)
    assert typed_take(state, 28.0, 12_100).total[0] == 2100


@pytest.mark.parametrize(
    "slip", [121_000, 1210, 10_000], ids=["doubled digit", "missing digit", "last again"]
)
def test_an_unlikely_read_is_held_and_the_next_right_one_forgets_it(slip: Any) -> None:
    state = fleet(connected=False)
    typed_take(state, 0.0, 10_000)
    assert typed_take(state, 28.0, slip).d.size == 0
    assert typed_take(state, 56.0, 14_200).total[0] == 4200
    assert state.devices.held_t[0] != state.devices.held_t[0]


def test_colour_above_total_is_held() -> None:
    state = fleet(connected=False)
    typed_take(state, 0.0, 10_000, 4000)
    assert typed_take(state, 28.0, 4800, 12_000).d.size == 0


def test_two_reads_that_agree_are_another_controller() -> None:
    state = fleet(connected=False)
    typed_take(state, 0.0, 90_000)
    assert typed_take(state, 14.0, 500).d.size == 0
    pages = typed_take(state, 28.0, 1500)
    # 1,000 pages seen by the new controller, and ten working days (and two weekends) at the rate before.
    assert pages.total[0] == pytest.approx(1000 + 100 * 10.1, rel=1e-6)
