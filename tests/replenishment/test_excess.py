"""Who keeps too many (method section 8), worked by hand and on a small world."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metered.replenishment import excess
from metered.replenishment.simulation import demand, family, hoarders, report
from metered.replenishment.simulation.world import World


def weigh(
    start: float = 0, delivered: float = 0, ordered: float = 0, swaps: float = 0, hidden: float = 0,
    unseen: Any = False,
) -> Any:  # fmt: skip
    pool = excess.PoolYear(np.array([0]), np.array([start]), np.array([delivered]), np.array([ordered]))
    supply = excess.SupplyYear(
        np.array([0]), np.array([0]), np.array([swaps]), np.array([hidden]), np.array([unseen])
    )
    return excess.weigh(pool, supply, 2)


def test_by_hand() -> None:
    found = weigh(start=1, delivered=6, ordered=6, swaps=1)
    assert found.estimate[0] == 6 and found.allowance[0] == pytest.approx(1 + 1 / 12)
    assert found.sd[0] == pytest.approx((0.1 + 0.04 + 0.05) ** 0.5)
    assert found.excess[0] == pytest.approx(6 - 1.645 * found.sd[0] - found.allowance[0])
    assert found.flagged.tolist() == [True, False]


def test_never_more_than_he_ordered_and_a_share_of_what_came() -> None:
    assert not weigh(delivered=9, ordered=1).flagged[0]
    assert weigh(delivered=9, ordered=1).excess[0] == 1
    assert weigh(delivered=9, ordered=0).excess[0] == 0
    assert weigh(delivered=10, ordered=4, swaps=5).flagged[0]
    busy = weigh(delivered=40, ordered=6, swaps=30)
    assert busy.excess[0] > 4 and not busy.flagged[0]


def test_what_nobody_saw_is_less_sure() -> None:
    seen = weigh(delivered=9, ordered=5, swaps=4)
    hidden = weigh(delivered=9, ordered=5, hidden=4, unseen=True)
    assert hidden.sd[0] == pytest.approx((0.1 + 0.12 + 1.6**2) ** 0.5)
    assert seen.flagged[0] and not hidden.flagged[0]


def test_errors_of_one_device_add_up() -> None:
    pools = excess.PoolYear(*(np.array([v, v]) for v in (0, 0.0, 5.0, 3.0)))
    one = excess.SupplyYear(*(np.array(v) for v in ([0, 1], [0, 0], [0.0, 0.0], [2.0, 2.0], [True, True])))
    two = excess.SupplyYear(*(np.array(v) for v in ([0, 1], [0, 1], [0.0, 0.0], [2.0, 2.0], [True, True])))
    assert excess.weigh(pools, one, 1).sd[0] > excess.weigh(pools, two, 1).sd[0]


def test_the_engine_tells_hoarders_from_others() -> None:
    rng = np.random.default_rng(6)
    fleet = family.draw(rng, 24)
    wanted = demand.draw(rng, fleet, 366)
    engine = hoarders.Watched()
    fleet.traits = family.Traits(hoards=0.5)
    report.play(fleet, wanted, engine, 6)
    world = World(fleet, wanted, 6)
    assert len(engine.years) == 1
    found = hoarders.count(engine, world.hoards)
    assert found.hoarders >= 2 and found.hoarders_flagged >= 0.5 * found.hoarders
    assert found.honest_flagged == 0 and found.honest >= 2
    ((pools, supplies),) = engine.years
    assert supplies.swaps.sum() > 5 and supplies.hidden[fleet.s_reports == 3].sum() > 0
    assert pools.delivered.sum() > pools.ordered.sum() > 0
