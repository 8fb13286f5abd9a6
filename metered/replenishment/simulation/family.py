"""The public family: sites, models, devices, supplies, pools (method part 3.5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.state import KINDS

Rng = np.random.Generator

SECTOR_NAMES = ("office", "school", "retail")
TIER_TOP = np.array([800.0, 4000.0, 15000.0])
YIELD_K = ((2000, 3500), (6000, 10000), (15000, 26000), (35000, 60000))
YIELD_CMY = ((2000, 2500), (4000, 7000), (11000, 18000), (25000, 40000))
YIELD_DRUM = ((10000, 15000), (25000, 40000), (45000, 60000), (50000, 60000))
YIELD_WASTE = ((8000, 15000), (18000, 30000), (25000, 45000), (40000, 60000))
MODELS = 10
PCT1, PCT10, FLAG = 0, 1, 2
REPORT_NAMES = ("pct1", "pct10", "flag", "none")


@dataclass(slots=True)
class Fleet:
    """Struct of arrays; ids are positions. `low` is the true low mark, `bias` the SKU's true capacity."""

    sector: Ints
    d_site: Ints
    d_model: Ints
    d_colour: Bools
    d_connected: Bools
    d_volume: Floats
    d_modulus: Floats
    s_device: Ints
    s_kind: Ints
    s_pool: Ints
    s_yield: Floats
    s_reports: Ints
    s_low: Floats
    s_bias: Floats
    s_gauge: Floats
    p_site: Ints
    p_sku: Ints
    p_start: Ints
    p_declared: Ints


@dataclass(frozen=True, slots=True)
class Model:
    colour: bool
    reports: int
    low: float
    supplies: tuple[Part, ...]


# kind, SKU, yield, true capacity, gauge, how it reports
Part = tuple[str, int, float, float, float, int]


def _part(rng: Rng, kind: str, sku: int, yields: tuple[int, int], reports: int) -> Part:
    bias, gauge = np.exp(rng.normal(0, (0.04, 0.02)))
    return kind, sku, float(rng.integers(*yields)), float(bias), float(gauge), reports


def _models(rng: Rng) -> list[list[list[Model]]]:
    """models[tier][colour]."""
    out: list[list[list[Model]]] = []
    sku = 0
    for tier in range(4):
        out.append([[], []])
        for i in range(MODELS):
            colour = i % 2 == 1
            reports = int(rng.choice(3, p=(0.62, 0.20, 0.18)))
            rows = [_part(rng, "K", sku, YIELD_K[tier], reports)]
            sku += 1
            if colour:
                cmy = float(rng.integers(*YIELD_CMY[tier]))
                for kind in "CMY":
                    rows.append((kind, sku, cmy, float(np.exp(rng.normal(0, 0.04))), 1.0, reports))
                    sku += 1
            if rng.random() < 0.65:
                if colour and rng.random() < 0.4:
                    each = float(rng.integers(*YIELD_DRUM[tier]))
                    for kind in ("drumK", "drumC", "drumM", "drumY"):
                        rows.append((kind, sku, each, 1.0, 1.0, reports))
                else:
                    rows.append(_part(rng, "drum", sku, YIELD_DRUM[tier], reports))
                sku += 1
            if rng.random() < (0.8 if colour else 0.1):
                how = FLAG if rng.random() < 0.75 else reports
                rows.append(_part(rng, "waste", sku, YIELD_WASTE[tier], how))
                sku += 1
            out[tier][int(colour)].append(Model(colour, reports, float(rng.uniform(0.05, 0.18)), tuple(rows)))
    return out


def draw(rng: Rng, devices: int) -> Fleet:
    """A fleet of `devices` devices."""
    sizes: list[int] = []
    while sum(sizes) < devices:
        sizes.append(min(int(rng.geometric(1 / 3.2)), 40, devices - sum(sizes)))
    sites = len(sizes)
    sector = rng.choice(3, size=sites, p=(0.73, 0.15, 0.12)).astype(np.int64)
    d_site = np.repeat(np.arange(sites), sizes).astype(np.int64)
    shared = rng.normal(0, 1.2 * 0.5, sites)[d_site]
    volume = np.clip(1500 * np.exp(shared + rng.normal(0, 1.2 * np.sqrt(0.75), devices)), 50, 60000)
    tier = np.searchsorted(TIER_TOP, volume * np.exp(rng.normal(0, 0.35, devices)))
    colour = rng.random(devices) < 0.45
    manual_site = rng.random(sites) < 0.15
    connected = ~manual_site[d_site] & (rng.random(devices) >= 0.04)
    models = _models(rng)
    pools: dict[tuple[int, int], int] = {}
    rows: list[tuple[int, int, int, float, int, float, float, float]] = []
    d_model = np.zeros(devices, dtype=np.int64)
    for d in range(devices):
        i = int(rng.integers(MODELS // 2))
        model = models[int(tier[d])][int(colour[d])][i]
        d_model[d] = (int(tier[d]) * 2 + int(colour[d])) * MODELS + i
        for kind, number, pages, bias, gauge, how in model.supplies:
            pool = pools.setdefault((int(d_site[d]), number), len(pools))
            reports = how if connected[d] else 3
            rows.append((d, KINDS.index(kind), pool, pages, reports, model.low, bias, gauge))
    columns = list(zip(*rows, strict=True))
    start = rng.choice(3, size=len(pools), p=(0.5, 0.4, 0.1)).astype(np.int64)
    wrong = rng.random(len(pools)) < 0.2
    declared = np.where(wrong, np.maximum(start + rng.choice((-1, 1), size=start.size), 0), start)
    keys = np.array(list(pools), dtype=np.int64)
    return Fleet(
        sector=sector, d_site=d_site, d_model=d_model, d_colour=colour, d_connected=connected,
        d_volume=volume, d_modulus=np.where(rng.random(devices) < 0.1, 1e6, 1e8),
        s_device=np.array(columns[0], dtype=np.int64), s_kind=np.array(columns[1], dtype=np.int64),
        s_pool=np.array(columns[2], dtype=np.int64), s_yield=np.array(columns[3]),
        s_reports=np.array(columns[4], dtype=np.int64), s_low=np.array(columns[5]),
        s_bias=np.array(columns[6]), s_gauge=np.array(columns[7]),
        p_site=keys[:, 0], p_sku=keys[:, 1], p_start=start, p_declared=declared,
    )  # fmt: skip
