"""What a device printed in a month of which nobody sent a read: billed until the next read trues it up. Pure.

It stands with the reads, not with the forecast: an estimate becomes a read, of reads alone, and the forecast
lies downstream. The measure of time is the sector's own clock, learnt from what its connected devices print:
holidays and seasons pass on it as slowly as printing goes on, so a rate on it is the "activity rate" of the
method and the clock's step over the month is "activity days times sector index" in one (section 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LOOK_BACK = 365
"""Days that say what is usual of a connected device."""
LEAST_DAYS, LEAST_DEVICES = 28, 5
MOST_TIMES = 4.0
"""A device counts no more than so many times its usual day: one job is no season."""
HALF_LIFE = 1.5
"""Months after which a month says half as much of the next."""
MOST_ACTIVITY = 30.0
MOST_RATIO = 1.35
"""A month counts no more than so many times above or below the usual: jobs and idle weeks pass."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one read to the next: pages, and activity days on whatever clock."""

    pages: float
    activity: float


def clock(pages: Floats, usual: Floats) -> Floats:
    """Activity days before each day, `[days + 1]`, from what a sector's connected devices printed.

    `pages[day, device]`, nan where a device was not there; `usual[day]`: what the calendar says of the day (1
    is a working day), which stands in for the first four weeks and where fewer than five devices tell. A day
    is the mean of the devices' pages beside their own usual of the year before, so every day is known when it
    is over and never changes.
    """
    days = usual.size
    known = np.where(np.isnan(pages), 0.0, pages)
    there = ~np.isnan(pages)
    printed = np.concatenate([np.zeros((1, pages.shape[1])), np.cumsum(known, axis=0)])
    passed = np.concatenate([[0.0], np.cumsum(usual)])
    day = usual.astype(np.float64).copy()
    for t in range(LEAST_DAYS, days):
        first = max(0, t - LOOK_BACK)
        mean = (printed[t] - printed[first]) / max(passed[t] - passed[first], 1e-9)
        told = there[t] & there[first] & (mean >= 1.0)
        if np.count_nonzero(told) >= LEAST_DEVICES:
            day[t] = np.minimum(known[t, told] / mean[told], MOST_TIMES).mean()
    return np.concatenate([[0.0], np.cumsum(day)])


def estimate(spans: Sequence[Span], activity: float) -> float | None:
    """Pages of a window of `activity` days, from the `spans` before it, the oldest first.

    The mean rate of the spans, each half as much as the one 1.5 months later, those that stick out cut to
    1.35 times above or below their weighted median. None when nothing is known.
    """
    kept = [span for span in spans if span.activity > 0 and span.pages >= 0]
    if not kept:
        return None
    rate = np.array([span.pages / span.activity for span in kept])
    age = np.arange(len(kept))[::-1]
    weight = np.exp2(-age / HALF_LIFE) * np.minimum([span.activity for span in kept], MOST_ACTIVITY)
    order = np.argsort(rate, kind="stable")
    passed = np.cumsum(weight[order])
    middle = rate[order][np.searchsorted(passed, passed[-1] / 2)]
    cut = np.clip(rate, middle / MOST_RATIO, middle * MOST_RATIO)
    return float(cut @ weight / weight.sum() * max(activity, 0.0))
