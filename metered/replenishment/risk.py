"""The risk that a pool runs dry before help can arrive (method section 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from metered.replenishment import rates, shelf, use
from metered.replenishment.arrays import Floats, Ints, both_below, normal_tail
from metered.replenishment.sources import PAGES_ONLY, sources
from metered.replenishment.state import COLOUR_KINDS, IDLE_KINDS, LOW_MARK_SD, OK, TONER_KINDS, State
from metered.replenishment.workdays import Workdays

MOST = 6
MOST_OF_JOB = 60
"""So many cartridges of one supply more are told apart where a job was announced."""
OVERDUE_AFTER, OVERDUE_FACTOR = 8.0, 0.75
JOB_FACTOR = 1.35
USED, USED_ALONE = 1.1, 3.0
"""Beyond so many cartridges since its level was known, a supply is no less sure: swaps would have shown. Of
a blind one alone in its pool nothing shows but what is said of the pool (`shelf.count_alone`)."""
PACE, LEARNT, LEAST_DAYS = 0.05, 0.05, 0.5
MIDDLE, MIDDLE_SHORT = 0.97, 0.27
AT = 2.0
STEADY, ACTIVE_MONTH = (0.5, 4.0), 20.8
"""How evenly a machine prints grows with its pages a month, k = 0.5 + 0.9 log10(pages / 50) (part 3.5); so
many activity days make a month. The numbers above were fitted on the needs that simulated fleets of two
families had, in six and in thirty days (ADR 18)."""
LEAST_OK = 2e-3
"""Less likely than so, an "ok" is taken for a level at its mark."""
Z_90 = 1.2815515655
QUANTILE_SPREAD = np.array([(1.08, 1.10), (1.08, 1.10), (1.25, 1.35), (1.80, 1.00), (1.55, 1.05)])
"""Times the spread, to the early and to the late side, for each of `sources`: fitted on two families, so that
four of five run-outs lie between. Where nobody sees a swap, one may have gone unnoticed."""
EARLY, MOST_EARLY = np.array([0.5, 0.5, 0.5, 1.0, 1.0]), 0.5
"""Variances by which the middle date is told before the median, for each of `sources`. What people feel is
the relative error, ten days too late for what has ten left; the mean of that is least a whole variance
early. A greater variance than `MOST_EARLY` is of what is far away, and there the middle is the middle."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Per supply row: what is left, what goes, how sure; all that the need over any window is made of.

    `u` cartridges an activity day, `g` activity days since the last meter, `var_f` variance of the level,
    `mark` the low mark that an "ok" promises (0 elsewhere), `steady` how evenly the machine prints: the shape
    k of a day's pages, whose relative variance is 1 / k.
    """

    s: Ints
    f: Floats
    u: Floats
    g: Floats
    s_c: Floats
    var_f: Floats
    mark: Floats
    steady: Floats
    now: Floats
    sector: Ints
    at: float

    @property
    def left(self) -> Floats:
        """What is left, at least what is left for sure."""
        return np.maximum(np.maximum(self.f, self.mark), 0.0)


def outlook(state: State, cal: Workdays, s: Ints, t: float) -> Outlook:
    """The supplies `s` at time t (section 5): u = c R / Y (+ 0.0002 for CMY), g x 0.75 when over 8."""
    sup, dev = state.supplies, state.devices
    d = sup.device[s]
    kind = sup.kind[s]
    total, colour = rates.rates(dev, d)
    u = sup.c(s) * np.where(COLOUR_KINDS[kind], colour, total) / sup.yields[s]
    u = u + np.where(IDLE_KINDS[kind], use.IDLE, 0.0)
    sector = dev.sector[d]
    now = cal.active(sector, np.full(s.size, t))
    last = np.where(np.isnan(dev.t[d]), state.since, dev.t[d])
    g = np.maximum(now - cal.active(sector, np.minimum(last, t)), 0.0)
    g = np.where((g > OVERDUE_AFTER) & dev.connected[d], OVERDUE_FACTOR * g, g)
    unseen = use.blind(state, s, np.full(s.size, t))
    s_c = np.where(unseen, shelf.blind_spread(state.pools, sup.pool[s], t), use.spread(sup, s))
    f = sup.f[s]
    gone = np.where(dev.connected[d], 0.055, 0.08) * (1 - np.clip(f, 0, 1))
    used = np.minimum(sup.x[s], np.where(unseen & (state.by_pool.count(sup.pool[s]) == 1), USED_ALONE, USED))
    var_f = sup.p0[s] ** 2 + (s_c * used) ** 2 + gone**2
    ok = (sup.flag[s] == OK) & ~unseen
    mark = np.where(ok, state.low_mean[state.pools.sku[sup.pool[s]]], 0.0)
    month = np.maximum(ACTIVE_MONTH * total, 1.0)
    steady = np.clip(0.5 + 0.9 * np.log10(month / 50), *STEADY)
    return Outlook(s, f, u, g, s_c, var_f, mark, steady, now, sector, t)


def use_spread(o: Outlook, h: Floats) -> Floats:
    """Sd of the logarithm of the use over h + g activity days, whose middle is `middle` of what is expected.

    s^2 = s_c^2 + PACE + (1 / (h + g) + LEARNT) / k: how much a page takes, how much is printed in such a time
    from one to the next, how unevenly day by day, and what that leaves unknown of the rate.
    """
    days = np.maximum(h + o.g, LEAST_DAYS)
    spread: Floats = np.sqrt(o.s_c**2 + PACE + (1 / days + LEARNT) / o.steady)
    return spread


def middle(o: Outlook, h: Floats) -> Floats:
    """The median use over h + g activity days, of the expected: a few days of much make the mean."""
    days: Floats = MIDDLE - MIDDLE_SHORT / np.maximum(h + o.g, 2.0)
    return days


def announced(state: State, s: Ints, t0: float, t1: Floats) -> Floats:
    """Cartridges that announced jobs take between t0 and t1: 1.35 c pages / Y (section 5), and of toner as
    many times that as the job's pages are denser than usual.
    """
    if state.jobs.device.size == 0:
        return np.zeros(s.size)
    sup = state.supplies
    d, start, kind = sup.device[s], np.full(s.size, t0), sup.kind[s]
    total, colour = rates.announced_pages(state, d, start, t1)
    if (state.jobs.factor != 1.0).any():
        dense, dense_colour = rates.announced_pages(state, d, start, t1, as_usual=True)
        total = np.where(TONER_KINDS[kind], dense, total)
        colour = np.where(TONER_KINDS[kind], dense_colour, colour)
    pages = np.where(COLOUR_KINDS[kind], colour, total)
    return JOB_FACTOR * sup.c(s) * pages / sup.yields[s]


def need(o: Outlook, h: Floats, jobs: Floats) -> tuple[Floats, Floats]:
    """(mean, variance) of a normal need over h activity days that stands for the lognormal one where it
    counts: with its median, and its value `AT` deviations up.
    """
    mu = middle(o, h) * (o.u * (h + o.g) + jobs)
    return mu, (mu * np.expm1(AT * use_spread(o, h)) / AT) ** 2


def tail(o: Outlook, h: Floats, jobs: Floats, j: int, rows: Ints | slice = slice(None)) -> Floats:
    """P(supply needs more than j cartridges) over h activity days (section 5)."""
    mu, var_d = need(o, h, jobs)
    mu, var_d, f, var_f, mark = mu[rows], var_d[rows], o.f[rows], o.var_f[rows], o.mark[rows]
    p = normal_tail((f + j - mu) / np.sqrt(var_d + var_f))
    ok = np.flatnonzero(mark > 0)
    if ok.size:
        p[ok] = _tail_of_ok(p[ok], f[ok], var_f[ok], mark[ok], mu[ok] - j, var_d[ok])
    return p


def _tail_of_ok(p: Floats, f: Floats, var_f: Floats, mark: Floats, mu: Floats, var_d: Floats) -> Floats:
    """P(need > f, given that f is above the low mark), where `p` is P(need > f).

    An "ok" cuts off what lies below the mark, which is what most of `p` is made of. Where the forecast holds
    an "ok" for all but impossible, the level is the mark (section 5).
    """
    at_mark = np.minimum(p, normal_tail((mark - mu) / np.sqrt(var_d + LOW_MARK_SD**2)))
    var_x, var_y = var_d + var_f, var_f + LOW_MARK_SD**2
    x, y = (f - mu) / np.sqrt(var_x), (f - mark) / np.sqrt(var_y)
    above = normal_tail(-y)
    within = p - both_below(-x, -y, var_f / np.sqrt(var_x * var_y))
    return np.where(above > LEAST_OK, np.clip(within / np.maximum(above, LEAST_OK), 0.0, 1.0), at_mark)


def pool_tails(state: State, o: Outlook, h: Floats, jobs: Floats, p: Ints) -> Floats:
    """T[i, n] = P(pool p[i] needs more than n) for n = 0 .. width - 1: its supplies convolved (section 5).

    `o` must hold every living supply of the pools `p` (distinct). The width fits the largest pool, and the
    largest job: one that takes more than six cartridges must not look as if it took six.
    """
    most = MOST + int(min(np.ceil(jobs.max(initial=0.0)), MOST_OF_JOB))
    widest = 60 if most == MOST else 10 * most
    where = np.full(state.pools.site.size, -1, dtype=np.int64)
    where[p] = np.arange(p.size)
    owner = where[state.supplies.pool[o.s]]
    mine = np.flatnonzero(owner >= 0)
    owner = owner[mine]
    tails = np.stack([tail(o, h, jobs, j, mine) for j in range(most)], axis=1)
    mass = np.empty((mine.size, most + 1))
    mass[:, 0] = 1 - tails[:, 0]
    mass[:, 1:most] = tails[:, :-1] - tails[:, 1:]
    mass[:, most] = tails[:, -1]
    np.maximum(mass, 0.0, out=mass)

    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=p.size)
    start = np.cumsum(counts) - counts
    width = int(min(most * max(int(counts.max(initial=1)), 1), widest)) + 1
    total = np.zeros((p.size, width))
    total[:, 0] = 1.0
    for rank in range(int(counts.max(initial=0))):
        rows = np.flatnonzero(counts > rank)
        m = mass[order[start[rows] + rank]]
        old = total[rows]
        new = old * m[:, :1]
        for k in range(1, most + 1):
            new[:, k:] += old[:, : width - k] * m[:, k : k + 1]
        total[rows] = new
    return np.clip(1.0 - np.cumsum(total, axis=1), 0.0, 1.0)


def short(state: State, p: Ints, tails: Floats, n: Floats) -> Floats:
    """P = b- T(n-1) + b0 T(n) + b+ T(n+1) for n units at hand (section 5); b- counts only where a unit
    could lack.
    """
    pools = state.pools
    rows = np.arange(p.size)
    i = n.astype(np.int64)
    last = tails.shape[1] - 1

    def at(k: Ints) -> Floats:
        value = tails[rows, np.clip(k, 0, last)]
        return np.where(k > last, 0.0, np.where(k < 0, 1.0, value))

    below = np.where(pools.shelf[p] >= 1, pools.below[p], 0.0)
    weight = below + pools.right[p] + pools.above[p]
    risk: Floats = (below * at(i - 1) + pools.right[p] * at(i) + pools.above[p] * at(i + 1)) / weight
    return risk


def level(o: Outlook) -> tuple[Floats, Floats]:
    """(f, variance) of what is left; of an "ok" given that it is above the low mark: a normal cut off
    there."""
    sd = np.sqrt(o.var_f + LOW_MARK_SD**2)
    hazard, share = _cut(np.clip((o.mark - o.f) / sd, -8.0, 4.0))
    f = np.where(o.mark > 0, np.maximum(o.f + o.var_f / sd * hazard, o.mark), o.f)
    left = 1 - o.var_f / sd**2 * share
    return np.maximum(f, 1e-4), np.where(o.mark > 0, np.maximum(o.var_f * left, LOW_MARK_SD**2), o.var_f)


def _cut(at: Floats) -> tuple[Floats, Floats]:
    """Of a standard normal cut off below `at`: its mean, and the share of its variance that is gone."""
    hazard = np.exp(-0.5 * at * at) / np.sqrt(2 * np.pi) / normal_tail(at)
    return hazard, hazard * (hazard - at)


def level_unseen(o: Outlook) -> tuple[Floats, Floats]:
    """(f, variance) of what is left now, of supplies whose levels nobody sees: given that it is not nothing.

    By its pages many a cartridge is over while nobody called: then it is not. Normal after what went since
    the last meter, cut off at nothing, and from there on a lognormal of that mean and variance, of which f is
    the median: it is skewed, little is likelier than much.
    """
    none = np.zeros(o.s.size)
    gone = middle(o, none) * o.u * o.g
    sd = np.maximum(np.sqrt(o.var_f + (gone * use_spread(o, none)) ** 2), 1e-3)
    at = np.clip((gone - o.f) / sd, -8.0, 4.0)
    hazard, share = _cut(at)
    mean = np.maximum(o.f - gone + sd * hazard, 0.01)
    log_variance = np.log1p(np.maximum(sd**2 * (1 - share), 1e-4) / mean**2)
    f = mean * np.exp(-0.5 * log_variance)
    return f, log_variance * f**2


def run_out(state: State, cal: Workdays, o: Outlook, t: float) -> Floats:
    """Days from t until the cartridge in the machine is empty: shape (3, n) for q10, q50, q90, at most 730;
    q50 is told `EARLY`.

    The need of section 5 with j = 0, solved for the window by halving. The spread is taken as that of a
    lognormal need: of a normal one with this much spread the far end would lie at infinity.
    """
    out = np.empty((3, o.s.size))
    source = sources(state, o.s, t)
    unseen = source >= PAGES_ONLY
    f, var_f = np.where(unseen, level_unseen(o), level(o))
    o = replace(o, g=np.where(unseen, 0.0, o.g))
    unsure = np.minimum(var_f / np.maximum(f, 0.02) ** 2, 1.0)
    horizon = cal.active(o.sector, np.full(o.s.size, t + 730.0)) - o.now
    early, late = QUANTILE_SPREAD[source].T
    for row in range(3):
        lo, hi = np.zeros(o.s.size), horizon.copy()
        for _ in range(22):
            h = 0.5 * (lo + hi)
            mu = middle(o, h) * (o.u * (h + o.g) + announced(state, o.s, t, t + h * 1.4))
            variance = use_spread(o, h) ** 2 + unsure
            if row == 1:
                at = -EARLY[source] * np.minimum(variance, MOST_EARLY)
            else:
                at = (-Z_90 * early, 0, Z_90 * late)[row] * np.sqrt(variance)
            empty = np.log(np.maximum(mu, 1e-12) / f) > at
            hi = np.where(empty, h, hi)
            lo = np.where(empty, lo, h)
        for sector in np.unique(o.sector).tolist():
            m = o.sector == sector
            out[row, m] = cal.when(int(sector), o.now[m] + hi[m]) - t
    return np.clip(np.maximum.accumulate(out, axis=0), 0.0, 730.0)
