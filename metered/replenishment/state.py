"""The running state as struct of arrays: all that a decision needs, O(1) per device, supply and pool.

The whole fleet (`serve`) and the few rows of one batch (the portal) are the same thing here: row numbers
are local to a State. Levels and uses are in cartridges (1 = full), times in days (`workdays`), nan = never.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints

KINDS = ("K", "C", "M", "Y", "drum", "drumK", "drumC", "drumM", "drumY", "waste", "other")
TONERS = 4
USUAL_COVERAGE = 5.0
"""Percent of a page at which yields are rated (ISO/IEC 19752 and 19798, each colour)."""
TONER_KINDS = np.isin(KINDS, ("K", "C", "M", "Y", "waste"))
"""What empties, or fills, by how much toner a page takes; the others go by the page."""
COLOUR_KINDS = np.isin(KINDS, ("C", "M", "Y", "drumC", "drumM", "drumY"))
IDLE_KINDS = np.isin(KINDS, ("C", "M", "Y"))

# Kinds of report of a supply: the step of its percent, or what else it says.
NONE, FLAG, PCT1, PCT10 = 0, -1, 1, 10
# What a level report says beside 0..100 percent (the protocol's codes).
UNKNOWN, OK, LOW, EMPTY = -2, -3, -4, -5

BELIEF = (0.09, 0.82, 0.09)
LOW_MARK, LOW_MARK_SD, LOW_MARK_WEIGHT = 0.115, 0.04, 6.0
SWAP_VARIANCE = 0.4**2
START, START_SD = 0.5, 0.29
"""A level of which nothing is known: anything from empty to full."""
UNTAUGHT = 0.25
"""The weight b of a supply of which nothing is known yet."""


def full(n: int, value: float) -> Floats:
    return np.full(n, value, dtype=np.float64)


@dataclass(slots=True)
class Devices:
    """One row per device. `prior_*` is R0 in pages per activity day, `modulus` 0 where meters never wrap."""

    site: Ints
    sector: Ints
    connected: Bools
    modulus: Floats
    prior_total: Floats
    prior_colour: Floats
    alive: Bools
    t: Floats
    total: Floats
    colour: Floats
    n_fast: Floats
    n_slow: Floats
    nc_fast: Floats
    nc_slow: Floats
    d_fast: Floats
    d_slow: Floats
    err: Floats
    held_t: Floats
    held_total: Floats
    held_colour: Floats

    @classmethod
    def fresh(
        cls,
        site: Ints,
        sector: Ints,
        connected: Bools,
        modulus: Floats,
        prior_total: Floats,
        prior_colour: Floats,
    ) -> Devices:
        n = site.size
        zero = {name: full(n, 0.0) for name in ("n_fast", "n_slow", "nc_fast", "nc_slow", "d_fast", "d_slow")}
        never = {
            name: full(n, np.nan) for name in ("t", "total", "colour", "held_t", "held_total", "held_colour")
        }
        return cls(
            site=site, sector=sector, connected=connected, modulus=modulus, prior_total=prior_total,
            prior_colour=prior_colour, alive=np.ones(n, dtype=np.bool_), err=full(n, 0.36**2 - 0.04),
            **zero, **never,
        )  # fmt: skip


@dataclass(slots=True)
class Supplies:
    """One row per slot. `f` fraction left at the device's last meter, `a / b` = use per nominal page (c).

    `live`: its need counts in decisions.
    """

    device: Ints
    pool: Ints
    kind: Ints
    yields: Floats
    reports: Ints
    f: Floats
    a: Floats
    b: Floats
    x: Floats
    e_acc: Floats
    x_acc: Floats
    p0: Floats
    pend: Ints
    pend_v: Floats
    pend_t: Floats
    flag: Ints
    seen: Floats
    live: Bools

    @classmethod
    def fresh(
        cls, device: Ints, pool: Ints, kind: Ints, yields: Floats, reports: Ints, c_fleet: Floats
    ) -> Supplies:
        """Nothing known: half full give or take, use per page at the fleet's mean with little weight
        (section 2).
        """
        n = device.size
        return cls(
            device=device, pool=pool, kind=kind, yields=yields, reports=reports,
            f=full(n, START), a=UNTAUGHT * c_fleet[kind], b=full(n, UNTAUGHT), x=full(n, 0.0),
            e_acc=full(n, 0.0), x_acc=full(n, 0.0), p0=full(n, START_SD), pend=np.zeros(n, dtype=np.int64),
            pend_v=full(n, 0.0), pend_t=full(n, np.nan), flag=np.zeros(n, dtype=np.int64),
            seen=full(n, np.nan), live=np.ones(n, dtype=np.bool_),
        )  # fmt: skip

    def c(self, s: Ints | slice = slice(None)) -> Floats:
        return self.a[s] / self.b[s]


@dataclass(slots=True)
class Pools:
    """One row per (address, supply): shelf with belief over -1/0/+1, and the balance of unseen swaps
    (section 4).
    """

    site: Ints
    sku: Ints
    shelf: Floats
    transit: Floats
    below: Floats
    right: Floats
    above: Floats
    base: Floats
    arrived: Floats
    r_base: Floats
    used: Floats
    v: Floats
    v_t: Floats
    asked: Floats

    @classmethod
    def fresh(cls, site: Ints, sku: Ints, shelf: Floats, t: float) -> Pools:
        n = site.size
        return cls(
            site=site, sku=sku, shelf=shelf.copy(), transit=full(n, 0.0), below=full(n, BELIEF[0]),
            right=full(n, BELIEF[1]), above=full(n, BELIEF[2]), base=shelf.copy(),
            arrived=full(n, 0.0),
            r_base=full(n, 0.3), used=full(n, 0.0), v=full(n, SWAP_VARIANCE),
            v_t=full(n, t), asked=full(n, np.nan),
        )  # fmt: skip


@dataclass(slots=True)
class Jobs:
    """Announced heavy jobs (domain rule 23): device row, first and last day, pages, colour or not.

    `factor`: how much more toner its pages take than the device's usual ones; 1 where nobody said.
    """

    device: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    start: Floats = field(default_factory=lambda: np.zeros(0))
    end: Floats = field(default_factory=lambda: np.zeros(0))
    pages: Floats = field(default_factory=lambda: np.zeros(0))
    colour: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    factor: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if self.factor.size != self.device.size:
            self.factor = np.ones(self.device.size)

    def keep(self, mask: Bools) -> None:
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name)[mask])


@dataclass(frozen=True, slots=True)
class Swaps:
    """New cartridges found: supply rows, how many, when, and whether a report showed it or pages made it
    due.
    """

    s: Ints
    n: Floats
    t: Floats
    seen: Bools

    @classmethod
    def none(cls) -> Swaps:
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.bool_))

    def plus(self, s: Ints, n: Floats, t: Floats, *, seen: bool = True) -> Swaps:
        mark = np.full(s.size, seen, dtype=np.bool_)
        return Swaps(*(np.concatenate(pair) for pair in zip(self.columns, (s, n, t, mark), strict=True)))

    @property
    def columns(self) -> tuple[Ints, Floats, Floats, Bools]:
        return self.s, self.n, self.t, self.seen

    def and_(self, other: Swaps) -> Swaps:
        return Swaps(*(np.concatenate(pair) for pair in zip(self.columns, other.columns, strict=True)))


@dataclass(slots=True)
class State:
    """A fleet, or the part of it that a batch touches. `c_fleet` per kind; low marks per SKU (section 3)."""

    devices: Devices
    supplies: Supplies
    pools: Pools
    c_fleet: Floats
    low_mean: Floats
    low_weight: Floats
    jobs: Jobs
    since: float
    by_device: Groups = field(init=False)
    by_pool: Groups = field(init=False)

    def __post_init__(self) -> None:
        self.by_device = Groups.of(self.supplies.device, self.devices.site.size)
        self.by_pool = Groups.of(self.supplies.pool, self.pools.site.size)


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows by key: the rows of key k are `rows[start[k]:start[k + 1]]`."""

    rows: Ints
    start: Ints

    @classmethod
    def of(cls, key: Ints, keys: int) -> Groups:
        counts = np.bincount(key, minlength=keys)
        return cls(np.argsort(key, kind="stable").astype(np.int64), np.concatenate([[0], np.cumsum(counts)]))

    def count(self, k: Ints) -> Ints:
        return self.start[k + 1] - self.start[k]

    def take(self, k: Ints) -> tuple[Ints, Ints]:
        """All rows of the keys `k`, and for each row its position in `k`."""
        n = self.count(k)
        owner = np.repeat(np.arange(k.size), n)
        offset = np.arange(owner.size) - np.repeat(np.cumsum(n) - n, n)
        return self.rows[self.start[k][owner] + offset], owner


def expected_fleet_use() -> Floats:
    """Use per nominal page before any was learnt: as rated."""
    return np.ones(len(KINDS), dtype=np.float64)
