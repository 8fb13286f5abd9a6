"""The estimate of a month without a read (method section 7)."""

from __future__ import annotations

import numpy as np
import pytest

from metered.reads.missing import Span, clock, estimate


def test_a_steady_device_goes_on_on_its_clock() -> None:
    spans = [Span(1000, 20), Span(500, 10), Span(1500, 30)]
    assert estimate(spans, 20) == pytest.approx(1000)
    assert estimate(spans, 2) == pytest.approx(100)
    assert estimate([], 20) is None and estimate([Span(5, 0)], 20) is None


def test_one_heavy_job_passes_and_another_pace_is_followed() -> None:
    usual = [Span(1000, 20)] * 6
    job = estimate([*usual, Span(9000, 20)], 20)
    assert job is not None and 1000 < job < 1150
    idle = estimate([*usual, Span(0, 20)], 20)
    assert idle is not None and 850 < idle < 1000
    moved = estimate([*usual, *[Span(2000, 20)] * 3], 20)
    assert moved is not None and moved > 1700


def test_the_clock_runs_as_the_connected_devices_print() -> None:
    usual = np.ones(120)
    pages = np.tile([10.0, 200.0, 55.0, 7.0, 90.0, 33.0], (120, 1))
    pages[60:90] *= 0.1
    pages[70, 1] = 1e6
    pages[:, 5] = np.nan
    ticks = clock(pages, usual)
    assert ticks[60] == pytest.approx(60)
    assert ticks[90] - ticks[60] == pytest.approx(3, abs=1.0)
    few = clock(pages[:, :4], usual)
    assert few[-1] == 120
    assert ticks.shape == (121,) and (np.diff(ticks) >= 0).all()
