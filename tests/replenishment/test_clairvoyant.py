"""The bound that knows the future, on fleets small enough for a test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from metered.replenishment.simulation import demand, family, report
from metered.replenishment.simulation.clairvoyant import Clairvoyant
from metered.replenishment.simulation.policies import Policy
from metered.replenishment.simulation.world import World
from metered.replenishment.simulation.yardsticks import ShipAt

DAYS = 200


@pytest.fixture(scope="module")
def drawn() -> Any:
    rng = np.random.default_rng(8)
    fleet = family.draw(rng, 30)
    return fleet, demand.draw(rng, fleet, DAYS)


@pytest.fixture(scope="module")
def found(drawn: Any) -> Any:
    fleet, wanted = drawn
    policies: dict[str, Policy] = {"20": ShipAt(), "alone": Clairvoyant(0), "joined": Clairvoyant(60)}
    return {name: report.run(fleet, wanted, p, 8) for name, p in policies.items()}


def test_it_is_hardly_ever_out_and_cheap(found: Any) -> None:
    assert found["20"].out_days > 500
    assert found["joined"].out_days < 0.1 * found["20"].out_days
    assert found["joined"].cost < 0.6 * found["20"].cost


def test_joining_saves_parcels_and_costs_spares(found: Any) -> None:
    assert found["joined"].shipments < 0.9 * found["alone"].shipments
    assert found["joined"].spare > found["alone"].spare


def test_the_next_cartridges_are_those_that_will_be_put_in(drawn: Any) -> None:
    world = World(drawn[0], drawn[1], 8)
    first, second = world.cartridge(3, 1), world.cartridge(3, 2)
    world.shelf[world.fleet.s_pool[3]] = 2
    world._take(0, 3, early=False)
    assert (world.capacity[3], world.fails[3]) == first and world.cartridge(3, 1) == second
    assert first != second


def test_a_unit_comes_with_the_last_parcel_in_time(drawn: Any) -> None:
    world = World(drawn[0], drawn[1], 8)
    policy = Clairvoyant(0)
    policy.sees(world)
    site = int(world.fleet.p_site[0])
    arrives, last = policy._table(site)
    for day in range(40, 60):
        sent = int(last[day])
        assert arrives[sent] <= day
        assert all(arrives[later] > day for later in range(sent + 1, day + 1))


def test_the_goal_is_a_share_of_the_gap(found: Any) -> None:
    base, best = found["20"], found["joined"]

    def goal(cost: float) -> report.Goal:
        rows = report.goals_of(replace(best, cost=cost), base, best)
        return next(g for g in rows if "cost gap" in g.text)

    assert goal(best.cost).value == pytest.approx(100) and goal(best.cost).verdict == "aim"
    assert goal(base.cost).value == pytest.approx(0) and goal(base.cost).verdict == "MISSED"
    assert goal(best.cost + 0.2 * (base.cost - best.cost)).verdict == "must"
    assert not any("cost gap" in g.text for g in report.goals_of(best, base))
