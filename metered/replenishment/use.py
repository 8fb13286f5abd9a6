"""Use per page, learnt from levels (method section 2), and its prediction between levels (section 3)."""

from __future__ import annotations

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.rates import Pages
from metered.replenishment.state import (
    COLOUR_KINDS,
    IDLE_KINDS,
    NONE,
    START,
    START_SD,
    TONER_KINDS,
    UNTAUGHT,
    State,
    Supplies,
    Swaps,
)

MEMORY = 1.5
DRIFT = 0.16
FLEET_SD_TONER, FLEET_SD_OTHER = 0.42, 0.28
IDLE = 0.0002
BLIND_AFTER = 10.0
FLEET_WEIGHT = 0.6
FLEET_LEAST = 5


def spread(sup: Supplies, s: Ints) -> Floats:
    """Relative sd of c: what drifts (0.16) and what is left of the fleet's, as far as c is still its mean.

    Devices of a fleet differ by much more than the 0.25 that section 2 starts with: what they print does.
    """
    fleet = np.where(TONER_KINDS[sup.kind[s]], FLEET_SD_TONER, FLEET_SD_OTHER) * UNTAUGHT / sup.b[s]
    return np.sqrt(DRIFT**2 + fleet**2)


def learn(sup: Supplies, s: Ints, drop: Floats) -> None:
    """a <- 2^(-x/1.5) a + x, b <- 2^(-x/1.5) b + Dp/Y for a drop x since the last anchor; starts anew
    (section 2).
    """
    x = np.maximum(drop, 0.0)
    fade = np.exp2(-x / MEMORY)
    sup.a[s] = np.maximum(fade * sup.a[s] + x, 1e-4)
    sup.b[s] = fade * sup.b[s] + sup.e_acc[s]
    anchor(sup, s)


def anchor(sup: Supplies, s: Ints) -> None:
    """From here on drops and pages are counted anew; a drop that says nothing of c is forgotten."""
    sup.e_acc[s] = 0.0
    sup.x_acc[s] = 0.0


def fleet_lesson(kind: Ints, a: Floats, b: Floats) -> dict[int, float]:
    """Kind → geometric mean of c = a / b over the supplies with b > 0.6, within 0.2 .. 5; kinds with fewer
    than five of them teach nothing (section 2).
    """
    taught = b > FLEET_WEIGHT
    found = {}
    for k in np.unique(kind[taught]).tolist():
        rows = taught & (kind == k)
        if np.count_nonzero(rows) >= FLEET_LEAST:
            found[k] = min(max(float(np.exp(np.mean(np.log(a[rows] / b[rows])))), 0.2), 5.0)
    return found


def learn_fleet(state: State) -> None:
    """c_fleet by `fleet_lesson`; supplies that were never taught follow it (section 2, weekly)."""
    sup = state.supplies
    for kind, mean in fleet_lesson(sup.kind, sup.a, sup.b).items():
        untaught = (sup.kind == kind) & (sup.b == UNTAUGHT)
        sup.a[untaught] *= mean / state.c_fleet[kind]
        state.c_fleet[kind] = mean


def restart(sup: Supplies, s: Ints) -> None:
    """Nobody knows how full these are: half, give or take (section 2)."""
    sup.f[s], sup.p0[s], sup.x[s] = START, START_SD, 0.0


def blind(state: State, s: Ints, t: Floats) -> Bools:
    """Supplies whose levels nobody sees: reported by nobody, or unknown for ten days (section 3)."""
    sup = state.supplies
    unseen: Bools = (sup.reports[s] == NONE) | ~(t - sup.seen[s] <= BLIND_AFTER)
    return unseen


def dark_pools(state: State, p: Ints, t: float) -> Ints:
    """Of the pools `p`, those whose supplies are all blind: their swaps are seen by nobody (section 4)."""
    s, owner = state.by_pool.take(p)
    if s.size == 0:
        return p[:0]
    seen = np.bincount(owner, ~blind(state, s, np.full(s.size, t)), minlength=p.size)
    dark: Ints = p[(seen == 0) & (state.by_pool.count(p) > 0)]
    return dark


def predict(state: State, pages: Pages) -> None:
    """f <- f - c Dp/Y for every supply of the devices in `pages` (section 3), for CMY also 0.0002 an
    activity day."""
    sup, pools = state.supplies, state.pools
    s, owner = state.by_device.take(pages.d)
    kind = sup.kind[s]
    e = np.where(COLOUR_KINDS[kind], pages.colour[owner], pages.total[owner]) / sup.yields[s]
    used = sup.c(s) * e + np.where(IDLE_KINDS[kind], IDLE * pages.active[owner], 0.0)
    sup.f[s] -= used
    sup.x[s] += used
    sup.e_acc[s] += e
    sup.x_acc[s] += used
    np.add.at(pools.used, sup.pool[s], used)


def take_from_shelf(state: State, d: Ints) -> Swaps:
    """The swap that nobody reports (section 3): blind supplies of the devices `d` that ran dry use up the
    shelf, the emptiest first: when f < 0 and shelf >= 1: f += 1, shelf -= 1.
    """
    sup, pools = state.supplies, state.pools
    s, _ = state.by_device.take(d)
    s = s[sup.f[s] < 0]
    t = state.devices.t[sup.device[s]]
    unseen = blind(state, s, t)
    s, t = s[unseen], t[unseen]
    n = np.zeros(s.size)
    for i in np.argsort(sup.f[s], kind="stable").tolist():
        row = s[i]
        p = sup.pool[row]
        n[i] = min(np.ceil(-sup.f[row]), np.floor(pools.shelf[p]))
        sup.f[row] += n[i]
        pools.shelf[p] -= n[i]
        # Below minus one the estimate is wrong, not the machine a year without toner.
        sup.f[row] = max(sup.f[row], -1.0)
    took = n >= 1
    return Swaps.none().plus(s[took], n[took], t[took], seen=False)
