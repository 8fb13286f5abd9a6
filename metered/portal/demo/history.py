"""Years of printing, made from a seed: pages, meters, levels, swaps. Pure; numpy only.

Levels are worked out backwards: each slot's level on its last day is given, and what was printed before that
day tells what it was then. So a history ends exactly where it should (just above what a recording says), and
future days tell which orders must already be on their way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

AHEAD = 160
"""Days worked out beyond today: a slow cartridge is ordered months before its swap."""
WORKDAYS_A_MONTH = 21.7
_WEEK = np.array([1.0, 1.04, 1.06, 1.0, 0.9, 0.05, 0.02])
OK, LOW = -3, -4
FLAG_STEP = 0


@dataclass(frozen=True, slots=True)
class Printers:
    """One entry per device. `last` is the day index of its last report; `end_*` its meters after that day."""

    monthly: Floats
    share: Floats
    last: Ints
    end_total: Ints
    end_mono: Ints
    end_colour: Ints
    weekends: Bools


@dataclass(frozen=True, slots=True)
class Places:
    """One entry per slot. `final` is the fraction left on the device's last day; `fixed` an unchanging
    answer (0: none).

    `tinted`: colour pages wear it, not all pages. `step`: 1 or 10 percent, 0 for ok and low.
    """

    device: Ints
    yields: Floats
    tinted: Bools
    step: Ints
    final: Floats
    fixed: Ints


@dataclass(frozen=True, slots=True)
class History:
    """Rows are days 0 .. days + AHEAD - 1; columns devices or slots.

    `level` is the stored code of reads.levels (tenths of a percent, or a word), `left` the fraction behind
    it,
    `used` the cumulated use in cartridges. `swaps` are (day, slot) in order of days.
    """

    days: int
    total: Ints
    mono: Ints
    colour: Ints
    reported: Bools
    left: Floats
    level: Ints
    used: Floats
    per_day: Floats
    swaps: list[tuple[int, int]]


def make(
    rng: np.random.Generator, days: int, first_weekday: int, printers: Printers, places: Places
) -> History:
    """Print for `days` days and plan AHEAD more. Day 0 falls on `first_weekday` (Monday 0)."""
    span = days + AHEAD
    weekday = (first_weekday + np.arange(span)) % 7
    pages, tinted = _pages(rng, weekday, printers)
    used = np.cumsum(_use(rng, pages, tinted, places), axis=0)
    rest = _rest_at_swap(rng, places.device.size)
    at_last = used[printers.last[places.device], np.arange(places.device.size)]
    z = places.final - rest + (at_last - used)
    full = 1.0 - rest
    left = rest + np.mod(z, full)
    cycle = np.floor(z / full).astype(np.int64)
    day, slot = np.nonzero((cycle[:-1] > cycle[1:]) & (places.fixed == 0))
    return History(
        days=days,
        total=_meters(pages, printers.last, printers.end_total),
        mono=_meters(pages - tinted, printers.last, printers.end_mono),
        colour=_meters(tinted, printers.last, printers.end_colour),
        reported=_reported(rng, weekday, days, printers),
        left=left,
        level=_levels(rng, left, places),
        used=used,
        per_day=(used[-1] - used[0]) / (span - 1),
        swaps=sorted(zip((day + 1).tolist(), slot.tolist(), strict=True)),
    )


def _pages(rng: np.random.Generator, weekday: Ints, printers: Printers) -> tuple[Ints, Ints]:
    """Pages of each day and device: weekends quiet, days uneven, seasons slow; a part of them in colour."""
    span, devices = weekday.size, printers.monthly.size
    shape = np.clip(0.5 + 0.9 * np.log10(np.maximum(printers.monthly, 51) / 50), 0.5, 3.0)
    uneven = rng.gamma(shape, 1 / shape, (span, devices))
    phase = rng.uniform(0, 2 * np.pi, devices)
    season = 1 + 0.08 * np.sin(2 * np.pi * np.arange(span)[:, None] / 365 + phase)
    mean = printers.monthly / WORKDAYS_A_MONTH * _WEEK[weekday][:, None] * season
    pages = rng.poisson(mean * uneven)
    return pages, rng.binomial(pages, printers.share)


def _meters(pages: Ints, last: Ints, end: Ints) -> Ints:
    """Counters after each day, so that the last reported one reads `end`. They began at zero."""
    total = np.cumsum(pages, axis=0)
    counters: Ints = np.maximum(total - total[last, np.arange(last.size)] + end, 0)
    return counters


def _use(rng: np.random.Generator, pages: Ints, tinted: Ints, places: Places) -> Floats:
    """Cartridges used a day and slot: each device has its own coverage, which drifts by the month."""
    slots = places.device.size
    coverage = np.exp(rng.normal(0.0, 0.22, slots))
    months = pages.shape[0] // 30 + 1
    drift = np.repeat(np.exp(rng.normal(0.0, 0.08, (months, slots))), 30, axis=0)[: pages.shape[0]]
    worn = np.where(places.tinted, tinted[:, places.device], pages[:, places.device])
    # A hair even on idle days, so that a level always has one place in its cycle.
    used: Floats = coverage * drift * worn / places.yields + 1e-7
    return used


def _rest_at_swap(rng: np.random.Generator, slots: int) -> Floats:
    """What is left in a cartridge when people change it: little, but one in five changes early."""
    early = rng.random(slots) < 0.2
    return np.where(early, rng.uniform(0.04, 0.11, slots), rng.uniform(0.004, 0.03, slots))


def _levels(rng: np.random.Generator, left: Floats, places: Places) -> Ints:
    low = rng.uniform(0.08, 0.13, places.device.size)
    words = np.where(left <= low, LOW, OK)
    step = np.maximum(places.step, 1)
    percent = np.ceil(left * 100 / step - 1e-9).astype(np.int64) * step * 10
    level = np.where(places.step == FLAG_STEP, words, np.clip(percent, 0, 1000))
    return np.where(places.fixed != 0, places.fixed, level)


def _reported(rng: np.random.Generator, weekday: Ints, days: int, printers: Printers) -> Bools:
    """Which days have a report: 3 % are missed, some offices switch off at weekends."""
    day = np.arange(days)[:, None]
    reported = rng.random((days, printers.last.size)) > 0.03
    reported &= printers.weekends | (weekday[:days, None] < 5)
    reported &= day <= printers.last
    reported[printers.last, np.arange(printers.last.size)] = True
    return reported
