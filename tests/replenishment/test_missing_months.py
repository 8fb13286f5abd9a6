"""Months left out of a simulated fleet's reads, and their estimates."""

from __future__ import annotations

import numpy as np

from metered.replenishment.simulation import demand, family, missing_months


def test_estimates_come_nearer_than_the_last_month() -> None:
    rng = np.random.default_rng(11)
    fleet = family.draw(rng, 60)
    errors = missing_months.measure(np.random.default_rng(4), fleet, demand.draw(rng, fleet, 540))
    assert errors.share(missing_months.OURS) < 0.9 * errors.share("last month")
    assert "same month last year" in missing_months.table(errors)
    assert missing_months.goals_of(errors)[0].must == 22


def test_the_error_is_of_volume() -> None:
    errors = missing_months.Errors()
    errors.add("way", 90, 100)
    errors.add("way", 320, 300)
    assert errors.share("way") == 100 * 30 / 400
