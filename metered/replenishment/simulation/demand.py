"""What would be printed if nothing were missing: pages and use per page, the same for every policy (part
3.5).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.simulation.family import Fleet, Rng
from metered.replenishment.state import COLOUR_KINDS, TONERS

WEEK = np.array(
    [[1, 1, 1, 1, 1, 0.03, 0.02], [1, 1, 1, 1, 1, 0.03, 0.02], [1, 1, 1, 1, 1, 0.9, 0.45]], dtype=np.float64
)
SCHOOL = np.array([1, 1, 1.05, 0.95, 1.25, 0.7, 0.08, 0.35, 1.4, 1.15, 1.05, 0.75])
HOLIDAYS = frozenset(
    [
        (1, 1),
        (1, 15),
        (2, 19),
        (5, 27),
        (6, 19),
        (7, 4),
        (9, 2),
        (11, 11),
        (11, 28),
        (11, 29),
        (12, 24),
        (12, 25),
    ]
)


@dataclass(slots=True)
class Demand:
    """`pages[t, d]`, `colour[t, d]` wanted; `per_page[t, s]` nominal cartridges used per page, before
    capacity.
    """

    pages: Ints
    colour: Ints
    per_page: Floats
    jobs: list[tuple[int, int, int, int, int, int]]  # announced on, device, start, end, pages, colour
    removed_on: Ints
    working: Bools
    holidays: list[int]
    start: dt.date


def holidays_of(start: dt.date, days: int) -> list[int]:
    """A dozen fixed dates a year that fall on working days."""
    out = []
    for i in range(days):
        day = start + dt.timedelta(days=i)
        if (day.month, day.day) in HOLIDAYS and day.weekday() < 5:
            out.append(i)
    return out


def draw(rng: Rng, fleet: Fleet, days: int, start: dt.date = dt.date(2024, 1, 1)) -> Demand:
    n = fleet.d_site.size
    weekday = (start.weekday() + np.arange(days)) % 7
    month = np.array([(start + dt.timedelta(days=i)).month for i in range(days)])
    off = holidays_of(start, days + 400)
    holiday = np.isin(np.arange(days), off)
    working = (weekday < 5) & ~holiday
    sector = fleet.sector[fleet.d_site]

    week = WEEK[:, weekday].copy()
    week[:, holiday] = 0.01
    per_week = WEEK.sum(axis=1)
    week /= per_week[:, None] / 7
    week[1] *= SCHOOL[month - 1]
    lam = (fleet.d_volume / 30.4)[None, :] * week.T[:, sector]
    years = np.arange(days)[:, None] / 365
    phase = rng.uniform(0, 2 * np.pi, n)
    lam *= 1 + rng.normal(0, 0.08, n)[None, :] * np.sin(2 * np.pi * years + phase[None, :])
    lam *= np.exp(rng.normal(0, 0.15, n)[None, :] * years)
    cover_shift = np.zeros((days, n))
    for d in range(n):
        for _ in range(rng.poisson(fleet.traits.shifts * days / 365)):
            at = int(rng.integers(days))
            lam[at:, d] *= np.exp(rng.normal(0, 0.7))
            cover_shift[at:, d] += rng.normal(0, 0.25)
        for _ in range(rng.poisson(0.15 * days / 365)):
            at = int(rng.integers(days))
            lam[at : at + int(rng.integers(10, 61)), d] = 0
    k = 0.5 + 0.9 * np.log10(np.maximum(fleet.d_volume, 50) / 50)
    pages = rng.poisson(lam * rng.gamma(k[None, :], 1 / k[None, :], (days, n))).astype(np.int64)
    share = np.where(fleet.d_colour, rng.beta(2, 3, n), 0.0)
    colour = rng.binomial(pages, share[None, :]).astype(np.int64)
    job_cover = np.ones((days, n))
    jobs = _jobs(rng, fleet, days, pages, colour, job_cover)

    removed = np.where(rng.random(n) < 1 - 0.96 ** (days / 365), rng.integers(0, days, n), days).astype(
        np.int64
    )
    per_page = _use(rng, fleet, days, pages, colour, cover_shift, job_cover)
    return Demand(pages, colour, per_page, jobs, removed, working, off, start)


def _jobs(
    rng: Rng, fleet: Fleet, days: int, pages: Ints, colour: Ints, cover: Floats
) -> list[tuple[int, int, int, int, int, int]]:
    out = []
    for d in range(fleet.d_site.size):
        for _ in range(rng.poisson(fleet.traits.jobs * days / 365)):
            size = fleet.d_volume[d] * 0.4 * np.exp(rng.normal(0, 0.7))
            at, length = int(rng.integers(days)), int(rng.integers(1, 6))
            tinted = bool(fleet.d_colour[d] and rng.random() < 0.5)
            announced = rng.random() < 0.25
            happens = not (announced and rng.random() < 0.08)
            if announced:
                on = at - int(rng.integers(3, 21))
                if on >= 0:
                    said = int(size * rng.uniform(0.75, 1.25)) + 1
                    out.append((on, d, at, at + length - 1, said, int(tinted)))
            if happens:
                span = slice(at, min(at + length, days))
                extra = max(int(size / length), 1)
                pages[span, d] += extra
                if tinted:
                    colour[span, d] += extra
                cover[span, d] *= rng.uniform(1, 2.2)
    return sorted(out)


def _use(
    rng: Rng, fleet: Fleet, days: int, pages: Ints, colour: Ints, shift: Floats, job_cover: Floats
) -> Floats:
    s, kind, traits = fleet.s_device, fleet.s_kind, fleet.traits
    toner = kind < TONERS
    months = days // 30 + 2
    base = np.clip(
        np.where(kind == 0, *traits.coverage) * np.exp(rng.normal(0, traits.coverage_sd, s.size)), 0.03, 0.2
    )
    drift = np.zeros((months, s.size))
    for m in range(1, months):
        drift[m] = 0.7 * drift[m - 1] + rng.normal(0, traits.coverage_drift * np.sqrt(1 - 0.49), s.size)
    wear = np.exp(rng.normal(0.1, 0.2, s.size))
    out = np.empty((days, s.size), dtype=np.float64)
    for t in range(days):
        n = np.where(COLOUR_KINDS[kind], colour[t, s], pages[t, s])
        noise = np.maximum(
            1 + rng.normal(0, 1, s.size) * np.minimum(0.5 / np.sqrt(np.maximum(n, 1) / 20), 0.8), 0.1
        )
        cover = base * np.exp(drift[t // 30] + shift[t, s]) * noise * job_cover[t, s] / 0.05
        out[t] = np.where(toner, cover, wear) / fleet.s_yield
    return out
