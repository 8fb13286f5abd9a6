"""A sample of `python3 manage.py prove returns`."""

from __future__ import annotations

import pytest

from metered.orders import leaving
from tests.flows.returns import Size, days, machine, race, removals
from tests.returns.scene import stocked

SAMPLE = Size(days=40, runs=12, steps=30, interleavings=60)


@pytest.mark.django_db
def test_forty_days_and_nobody_waits_too_long() -> None:
    assert days(SAMPLE, print) == []


@pytest.mark.django_db
def test_the_books_agree_whatever_is_done_to_returns() -> None:
    assert machine(SAMPLE, print) == []


@pytest.mark.django_db(transaction=True)
def test_nothing_is_shipped_to_a_removed_device() -> None:
    assert removals(SAMPLE, print) == []


@pytest.mark.django_db(transaction=True)
def test_the_race_is_seen_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof that can't fail proves nothing: without the devices' lock parcels leave for what is gone."""
    monkeypatch.setattr(leaving, "gone_with_its_devices", _unlocked)
    made = stocked(1)
    seen = {race(made, automatic=False, head_start=(step - 20) / 5000) for step in range(40)}
    assert "wrong: shipped to a removed device" in seen


def _unlocked(line: object) -> bool:
    return False
