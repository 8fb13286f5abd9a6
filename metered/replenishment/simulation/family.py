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


@dataclass(frozen=True, slots=True)
class Traits:
    """What makes one family of fleets differ from another (part 3.5); the defaults are the public family's.

    Volumes in pages a month, shares from 0 to 1, spreads as sd of a logarithm. `reporting`: models that tell
    steps of 1 %, of 10 %, flags only. `lead`: how likely 2, 3, … working days are.
    """

    site_size: float = 3.2
    sectors: tuple[float, float, float] = (0.73, 0.15, 0.12)
    colour: float = 0.45
    volume: float = 1500.0
    volume_sd: float = 1.2
    coverage: tuple[float, float] = (0.055, 0.06)
    coverage_sd: float = 0.4
    coverage_drift: float = 0.12
    shifts: float = 0.25
    jobs: float = 0.8
    reporting: tuple[float, float, float] = (0.62, 0.20, 0.18)
    low: tuple[float, float] = (0.05, 0.18)
    manual_sites: float = 0.15
    manual_devices: float = 0.04
    weekend_off: float = 0.35
    gaps: float = 0.6
    unknown: float = 0.03
    mute: float = 0.015
    defective: float = 0.01
    early: float = 0.4
    by_hand: tuple[float, float] = (0.10, 0.30)
    hoards: float = 0.02
    quarterly: float = 0.3
    count_wrong: float = 0.25
    start: tuple[float, float, float] = (0.5, 0.4, 0.1)
    declared_wrong: float = 0.2
    lead: tuple[float, ...] = (0.2, 0.35, 0.24, 0.12, 0.05, 0.015, 0.01, 0.008, 0.005, 0.002)
    promise: tuple[int, int] = (2, 6)


FAMILIES = {
    "public": Traits(),
    # Held out: never looked at while the method's constants were chosen.
    "other": Traits(
        site_size=5.0, sectors=(0.6, 0.1, 0.3), colour=0.6, volume=900.0, volume_sd=1.4,
        coverage=(0.05, 0.075), coverage_sd=0.5, coverage_drift=0.16, shifts=0.4, jobs=1.2,
        reporting=(0.45, 0.25, 0.30), low=(0.08, 0.25), manual_sites=0.25, manual_devices=0.02,
        weekend_off=0.6, gaps=1.0, unknown=0.05, mute=0.03, defective=0.015, early=0.25,
        by_hand=(0.05, 0.4), quarterly=0.1, count_wrong=0.15, start=(0.6, 0.3, 0.1), declared_wrong=0.3,
        lead=(0.0, 0.1, 0.25, 0.3, 0.2, 0.08, 0.04, 0.02, 0.01), promise=(3, 8),
    ),
}  # fmt: skip


@dataclass(slots=True)
class Fleet:
    """Struct of arrays; ids are positions. `low` is the true low mark, `bias` the SKU's true capacity."""

    traits: Traits
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


def _models(rng: Rng, traits: Traits) -> list[list[list[Model]]]:
    """models[tier][colour]."""
    out: list[list[list[Model]]] = []
    sku = 0
    for tier in range(4):
        out.append([[], []])
        for i in range(MODELS):
            colour = i % 2 == 1
            reports = int(rng.choice(3, p=traits.reporting))
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
            out[tier][int(colour)].append(
                Model(colour, reports, float(rng.uniform(*traits.low)), tuple(rows))
            )
    return out


def draw(rng: Rng, devices: int, traits: Traits = FAMILIES["public"]) -> Fleet:
    """A fleet of `devices` devices."""
    sizes: list[int] = []
    while sum(sizes) < devices:
        sizes.append(min(int(rng.geometric(1 / traits.site_size)), 40, devices - sum(sizes)))
    sites = len(sizes)
    sector = rng.choice(3, size=sites, p=traits.sectors).astype(np.int64)
    d_site = np.repeat(np.arange(sites), sizes).astype(np.int64)
    shared = rng.normal(0, traits.volume_sd * 0.5, sites)[d_site]
    own = rng.normal(0, traits.volume_sd * np.sqrt(0.75), devices)
    volume = np.clip(traits.volume * np.exp(shared + own), 50, 60000)
    tier = np.searchsorted(TIER_TOP, volume * np.exp(rng.normal(0, 0.35, devices)))
    colour = rng.random(devices) < traits.colour
    manual_site = rng.random(sites) < traits.manual_sites
    connected = ~manual_site[d_site] & (rng.random(devices) >= traits.manual_devices)
    models = _models(rng, traits)
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
    start = rng.choice(3, size=len(pools), p=traits.start).astype(np.int64)
    wrong = rng.random(len(pools)) < traits.declared_wrong
    declared = np.where(wrong, np.maximum(start + rng.choice((-1, 1), size=start.size), 0), start)
    keys = np.array(list(pools), dtype=np.int64)
    return Fleet(
        traits=traits, sector=sector, d_site=d_site, d_model=d_model, d_colour=colour, d_connected=connected,
        d_volume=volume, d_modulus=np.where(rng.random(devices) < 0.1, 1e6, 1e8),
        s_device=np.array(columns[0], dtype=np.int64), s_kind=np.array(columns[1], dtype=np.int64),
        s_pool=np.array(columns[2], dtype=np.int64), s_yield=np.array(columns[3]),
        s_reports=np.array(columns[4], dtype=np.int64), s_low=np.array(columns[5]),
        s_bias=np.array(columns[6]), s_gauge=np.array(columns[7]),
        p_site=keys[:, 0], p_sku=keys[:, 1], p_start=start, p_declared=declared,
    )  # fmt: skip
