"""Typed reads of a simulated fleet, held against what was truly printed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from metered.replenishment.simulation import demand, family, typed_reads


@pytest.fixture(scope="module")
def drawn() -> Any:
    rng = np.random.default_rng(11)
    fleet = family.draw(rng, 60)
    return fleet, demand.draw(rng, fleet, 540)


def test_counters_count_roll_over_and_restart(drawn: Any) -> None:
    fleet, wanted = drawn
    counters = typed_reads.Counters(np.random.default_rng(2), fleet, wanted)
    d = int(np.argmax(wanted.pages.sum(axis=0)))
    counters.swapped_on[d] = 300
    one, other = counters.values(d, 100), counters.values(d, 130)
    modulus = int(fleet.d_modulus[d])
    assert (other["total"] - one["total"]) % modulus == wanted.pages[101:131, d].sum()
    assert counters.values(d, 299)["total"] > 0
    assert counters.values(d, 300)["total"] == wanted.pages[300, d]


def test_every_kind_of_slip_is_made_and_changes_something() -> None:
    rng = np.random.default_rng(1)
    true, last, other = (
        {"total": 41233, "colour": 1200},
        {"total": 40000, "colour": 1100},
        {"total": 7, "colour": 3},
    )
    made = Counter[str]()
    for _ in range(400):
        kind, typed = typed_reads.slip(rng, true, last, [other])
        assert typed != true
        made[kind] += 1
        if kind == "swapped":
            assert typed == {"total": 1200, "colour": 41233}
        if kind == "transposed":
            assert all(sorted(str(typed[m])) == sorted(str(v)) for m, v in true.items())
        if kind in ("missing", "doubled"):
            longer = 1 if kind == "doubled" else -1
            grown = sum(len(str(typed[m])) - len(str(v)) for m, v in true.items())
            assert grown == longer or "00" in str(true) or "0" in str(true)
    assert set(made) == set(typed_reads.KINDS) and min(made.values()) > 25


def test_an_error_matters_by_pages_and_by_share() -> None:
    last = {"total": 10_000}
    true = {"total": 11_000}
    assert not typed_reads.matters({"total": 11_190}, true, last, 10**8)
    assert typed_reads.matters({"total": 11_210}, true, last, 10**8)
    assert not typed_reads.matters({"total": 10_090}, {"total": 10_010}, last, 10**8)
    assert typed_reads.matters({"total": 300}, {"total": 100}, {"total": 999_900}, 10**6)


def test_the_rule_catches_slips_and_leaves_right_reads_alone(
    drawn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sample with three times as many slips; the goals are measured by `manage.py simulate`."""
    monkeypatch.setattr(typed_reads, "SLIPS", 0.08)
    tally = typed_reads.judge(np.random.default_rng(3), *drawn)
    assert tally.right > 700 and tally.matter.total() > 25
    assert tally.alarm_share <= 2.0 and tally.caught_share >= 85
    assert tally.controllers_held == tally.controllers
    assert "doubled" in typed_reads.table(tally)
    assert [g.aim for g in typed_reads.goals_of(tally)] == [0.5, 95]
