"""The shelf: a ledger with a belief about being one off, and the balance where swaps are unseen (section
4).
"""

from __future__ import annotations

import numpy as np

from metered.replenishment.arrays import Floats, Ints
from metered.replenishment.state import BELIEF, SWAP_VARIANCE, Pools, State

LEAK = 0.02
_RIGHT, _ABOVE, _BELOW, _FAR = 0.75, 0.125, 0.09, 0.0175
R_COUNT, R_EMERGENCY, R_SUPPLY = 0.3, 0.01, 0.075
"""Variance of what a count, or an emergency, says was used; and of what each supply holds at that moment."""
V_DAY = 0.0004
LEAST_USE, MOST_USE = 0.3, 5.0
"""Times the fleet's use per page: beyond that units go elsewhere, or come from there."""
PARTS = 20
MOST_LEFT = 1.9
"""A level at the last meter, with what is thought to have gone since: not two cartridges."""


def _normalise(pools: Pools, p: Ints) -> None:
    total = pools.below[p] + pools.right[p] + pools.above[p]
    for side in (pools.below, pools.right, pools.above):
        side[p] /= total


def _believe(pools: Pools, p: Ints, belief: tuple[float, float, float]) -> None:
    pools.below[p], pools.right[p], pools.above[p] = belief


def deliver(pools: Pools, p: Ints, n: Floats) -> None:
    """Units arrived: from transit to the shelf. `p` may repeat."""
    np.add.at(pools.shelf, p, n)
    np.subtract.at(pools.transit, p, n)
    np.add.at(pools.arrived, p, n)
    np.maximum(pools.transit, 0.0, out=pools.transit)


def install(pools: Pools, p: Ints, n: Floats) -> None:
    """Swaps seen: shelf -= n; each leaks 2 % of the belief to its sides. A shelf below 0 was wrong: 0.

    Who took the last unit of the ledger had one to take: nothing lacks behind a shelf that is empty.
    """
    np.subtract.at(pools.shelf, p, n)
    q = np.unique(p)
    moved = LEAK * pools.right[q]
    pools.right[q] -= moved
    pools.below[q] += moved / 2
    pools.above[q] += moved / 2
    wrong = q[pools.shelf[q] < 0]
    pools.shelf[wrong] = 0.0
    _believe(pools, wrong, BELIEF)
    last = q[pools.shelf[q] <= 0]
    pools.below[last] = 0.0
    _normalise(pools, last)


def blur(pools: Pools, p: Ints, fewer: float, more: float) -> None:
    """The shelf of one pool may hold one fewer, or one more, than the ledger: so likely each."""
    same = max(1.0 - fewer - more, 0.0)
    b, r, a = pools.below[p], pools.right[p], pools.above[p]
    pools.below[p] = (b * (same + fewer) + r * fewer) * (pools.shelf[p] >= 1)
    pools.right[p] = r * same + b * more + a * fewer
    pools.above[p] = a * (same + more) + r * more
    _normalise(pools, p)


def declared(pools: Pools) -> None:
    """Belief about shelves that somebody declared: one in five is wrong, and the fuller a shelf is said to
    be, the likelier it holds less (shelves at a start are mostly empty or hold one).
    """
    for least, belief in ((0, (0.0, 0.92, 0.08)), (1, (0.13, 0.84, 0.03)), (2, (0.27, 0.70, 0.03))):
        _believe(pools, np.flatnonzero(pools.shelf >= least), belief)


def empty(pools: Pools, p: Ints) -> None:
    """The shelf is known to be empty: an emergency, a hand order when low, an empty flag (section 4)."""
    pools.shelf[p] = 0.0
    _believe(pools, p, (0.0, 0.96, 0.04))


def likelihood(error: Floats) -> Floats:
    """How likely a count is off by `error` units: right 75 %, +1 12.5 %, -1 9 % (section 4)."""
    table = np.select([error == 0, error == 1, error == -1], [_RIGHT, _ABOVE, _BELOW], default=_FAR)
    return np.where(np.abs(error) > 2, _FAR / 10, table)


def count(pools: Pools, p: Ints, counted: Floats) -> None:
    """A count of distinct pools: the belief times its likelihood, re-centred when a side passes 50 %
    (section 4).

    A count two or more below replaces the ledger.
    """
    below = counted <= pools.shelf[p] - 2
    gone = p[below]
    pools.shelf[gone] = counted[below]
    _believe(pools, gone, BELIEF)
    _believe(pools, gone[counted[below] < 1], (0.0, 0.91, 0.09))
    q, k = p[~below], counted[~below]
    n = pools.shelf[q]
    pools.below[q] *= likelihood(k - (n - 1)) * (n >= 1)
    pools.right[q] *= likelihood(k - n)
    pools.above[q] *= likelihood(k - (n + 1))
    _normalise(pools, q)
    up = q[pools.above[q] > 0.5]
    pools.shelf[up] += 1
    pools.below[up], pools.right[up], pools.above[up] = pools.right[up], pools.above[up], 0.02
    down = q[pools.below[q] > 0.5]
    pools.shelf[down] -= 1
    pools.above[down], pools.right[down], pools.below[down] = pools.right[down], pools.below[down], 0.02
    pools.below[q[pools.shelf[q] < 1]] = 0.0
    _normalise(pools, q)


def recount(pools: Pools, p: Ints, counted: Floats) -> None:
    """A count of distinct pools where the ledger takes it as it is (domain rule 17): the centre is what was
    counted, and the belief says how likely the count is one off, given what was expected (section 4)."""
    n = pools.shelf[p]
    prior = {-1: pools.below[p], 0: pools.right[p], 1: pools.above[p]}
    sides = []
    for side in (-1, 0, 1):
        true = counted + side
        before = np.full(p.size, 0.02)
        for offset, weight in prior.items():
            before = np.where(true == n + offset, np.maximum(weight, 0.02), before)
        sides.append(before * likelihood(counted - true) * (true >= 0))
    pools.shelf[p] = counted
    pools.below[p], pools.right[p], pools.above[p] = sides
    _normalise(pools, p)


def count_alone(
    state: State, p: Ints, s: Ints, counted: Floats, left: Floats, sd: Floats, ahead: Floats, *, as_is: bool
) -> None:
    """A count of pools `p` of one supply each, `s`, that nobody sees: what is on the shelf and what is in the
    machine are one sum, of which the count tells the whole part.

    `left` is believed to be in the machine now, give or take `sd`; `ahead` went since the last meter. The
    sum's belief times the count's likelihood gives the shelf, the level and how sure both are; `as_is`: only
    the level, the count being taken as it is.
    """
    pools, sup = state.pools, state.supplies
    part = (np.arange(PARTS) + 0.5) / PARTS
    for i, row in enumerate(p.tolist()):
        n, k = pools.shelf[row], counted[i]
        whole = np.arange(max(n, k) + 3)
        total = whole[:, None] + part
        prior = np.full(total.shape, 1e-9)
        for side, weight in ((-1, pools.below[row]), (0, pools.right[row]), (1, pools.above[row])):
            prior += weight * np.exp(-0.5 * ((total - (n + side + left[i])) / sd[i]) ** 2)
        post = prior * likelihood(k - whole)[:, None]
        units = post.sum(axis=1) / post.sum()
        m = int(k) if as_is else int(np.argmax(units))
        inside = post[m] / post[m].sum()
        mean = float(inside @ part)
        sup.f[s[i]] = min(mean + ahead[i], MOST_LEFT)
        sup.p0[s[i]] = max(float(inside @ (part - mean) ** 2) ** 0.5, 0.03)
        sup.x[s[i]] = 0.0
        if not as_is:
            pools.shelf[row] = m
            near = (units[m - 1] if m else 0.0, units[m], units[m + 1] if m + 1 < units.size else 0.0)
            pools.below[row], pools.right[row], pools.above[row] = np.array(near) / sum(near)


def balance(state: State, p: Ints, counted: Floats, noise: float, t: float, ahead: Floats) -> None:
    """Learn c of pools without visible swaps from a known shelf (section 4).

    used = base + in - n, X = sum of c Dp/Y since; K = v X^2 / (v X^2 + R), a *= 1 + K (used / X - 1),
    v *= 1 - K. An emergency says besides that one of the machines is empty, too. `p` distinct; the caller
    passes only pools whose supplies are all blind. `ahead` is the use expected since their last meters: it
    belongs to this balance although its pages are still to be read.
    """
    pools, sup = state.pools, state.supplies
    used = pools.base[p] + pools.arrived[p] - counted
    x = pools.used[p] + ahead
    fresh = pools.v[p] + V_DAY * np.maximum(t - pools.v_t[p], 0.0)
    unsure = state.by_pool.count(p) - (noise == R_EMERGENCY)
    end = noise + R_SUPPLY * unsure
    r = pools.r_base[p] + end
    gain = fresh * x**2 / (fresh * x**2 + r)
    # Without a count before this one nobody knows what was used since.
    known = (x > 0.05) & ~np.isnan(pools.base[p])
    ratio = np.where(known, used / np.where(known, x, 1.0), 1.0)
    factor = np.clip(1 + gain * (ratio - 1), 0.3, 3.0)
    rows, owner = state.by_pool.take(p)
    usual = sup.b[rows] * state.c_fleet[sup.kind[rows]]
    sup.a[rows] = np.clip(
        sup.a[rows] * factor[owner],
        np.minimum(sup.a[rows], LEAST_USE * usual),
        np.maximum(sup.a[rows], MOST_USE * usual),
    )
    pools.v[p] = np.where(known, (1 - gain) * fresh, fresh)
    pools.v_t[p] = t
    pools.base[p] = counted
    pools.arrived[p] = 0.0
    pools.used[p] = -ahead
    pools.r_base[p] = end


def blind_spread(pools: Pools, p: Ints, t: float) -> Floats:
    """s_c = sqrt(v + 0.01) of a pool without visible swaps; v grows by 0.0004 a day (section 4)."""
    v = np.minimum(pools.v[p] + V_DAY * np.maximum(t - pools.v_t[p], 0.0), 4 * SWAP_VARIANCE)
    return np.sqrt(v + 0.01)
