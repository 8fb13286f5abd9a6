"""Folding what was learnt into the state: the one implementation for a fleet in memory and for a batch of
rows.
"""

from __future__ import annotations

import numpy as np

from metered.replenishment import levels, shelf, use
from metered.replenishment.arrays import Floats, Ints
from metered.replenishment.rates import fold_meters
from metered.replenishment.risk import outlook, run_out
from metered.replenishment.state import State, Swaps
from metered.replenishment.typed import fold_typed
from metered.replenishment.workdays import Workdays

HAND_ORDER_BELOW = 0.35
DOUBT = 1.5
BY_HAND_LEFT, BY_HAND_SD = 0.09, 0.05
"""What a machine holds when a panel that says low makes somebody order."""


def fold_reports(
    state: State,
    cal: Workdays,
    d: Ints,
    t: Floats,
    total: Floats,
    colour: Floats,
    s: Ints,
    ts: Floats,
    v: Floats,
) -> Swaps:
    """One report of each of the distinct devices `d`, with the levels `v` of the supplies `s` (sections 1
    to 4).

    A report that is not later than the device's last is a repetition and is left out, with its levels.
    """
    new = ~(t <= state.devices.t[d])
    if not new.all():
        old = np.zeros(state.devices.site.size, dtype=np.bool_)
        old[d[~new]] = True
        keep = ~old[state.supplies.device[s]]
        d, t, total, colour, s, ts, v = d[new], t[new], total[new], colour[new], s[keep], ts[keep], v[keep]
    use.predict(state, fold_meters(state, cal, d, t, total, colour))
    swaps = levels.fold_levels(state, s, ts, v)
    return swaps.and_(use.take_from_shelf(state, d))


def fold_reads(state: State, cal: Workdays, d: Ints, t: Floats, total: Floats, colour: Floats) -> Swaps:
    """Meters typed by people, one per distinct device (sections 1, 3 and 7)."""
    pages = fold_typed(state, cal, d, t, total, colour)
    use.predict(state, pages)
    return use.take_from_shelf(state, pages.d)


def _left_now(state: State, cal: Workdays, p: Ints, t: float) -> tuple[Ints, Ints, Floats, Floats]:
    """(supply rows of the pools, their position in p, what is left now, what went since the last meter)."""
    s, owner = state.by_pool.take(p)
    alive = state.devices.alive[state.supplies.device[s]]
    s, owner = s[alive], owner[alive]
    o = outlook(state, cal, s, t)
    return s, owner, o.left - o.u * o.g, o.u * o.g


def _balance(state: State, cal: Workdays, p: Ints, counted: Floats, noise: float, t: float) -> None:
    _, owner, _, ahead = _left_now(state, cal, p, t)
    shelf.balance(state, p, counted, noise, t, np.bincount(owner, ahead, minlength=p.size).astype(np.float64))


def _alone(state: State, p: Ints, t: float) -> Ints:
    """Of the pools `p`, those of one supply that nobody sees."""
    dark = use.dark_pools(state, p, t)
    alone: Ints = dark[state.by_pool.count(dark) == 1]
    return alone


def _count_alone(state: State, cal: Workdays, p: Ints, counted: Floats, t: float, *, as_is: bool) -> None:
    s, _ = state.by_pool.take(p)
    o = outlook(state, cal, s, t)
    ahead = o.u * o.g
    sd = np.sqrt(o.var_f + (o.s_c * ahead) ** 2)
    shelf.count_alone(state, p, s, counted, o.f - ahead, sd, ahead, as_is=as_is)


def fold_counts(state: State, cal: Workdays, p: Ints, counted: Floats, t: float) -> None:
    """Shelves counted by customers, distinct pools (section 4)."""
    alone = np.isin(p, _alone(state, p, t))
    if alone.any():
        _count_alone(state, cal, p[alone], counted[alone], t, as_is=False)
    dark = use.dark_pools(state, p, t)
    if dark.size:
        m = np.isin(p, dark)
        _balance(state, cal, p[m], counted[m], shelf.R_COUNT, t)
    shelf.count(state.pools, p[~alone], counted[~alone])


def fold_ledger_counts(state: State, cal: Workdays, p: Ints, counted: Floats, t: float) -> None:
    """Counts that a ledger has taken as they are (domain rule 17), distinct pools (section 4).

    Nobody leaves a machine dry beside a spare: one that ran dry by its pages was given units that no ledger
    knew of.
    """
    dark = use.dark_pools(state, p, t)
    if dark.size:
        m = np.isin(p, dark)
        _balance(state, cal, p[m], counted[m], shelf.R_COUNT, t)
    s, owner = state.by_pool.take(p)
    dry = (state.supplies.f[s] < 0) & (counted[owner] >= 1) & use.blind(state, s, np.full(s.size, t))
    alone = np.isin(p, _alone(state, p, t)) & (np.bincount(owner, dry, minlength=p.size) == 0)
    if alone.any():
        _count_alone(state, cal, p[alone], counted[alone], t, as_is=True)
    shelf.recount(state.pools, p, counted)
    # Pages printed after the count may take what was counted.
    use.restart(state.supplies, s[dry & (state.devices.t[state.supplies.device[s]] <= t)])


def fold_emergencies(state: State, cal: Workdays, p: Ints, t: float) -> None:
    """A needed supply is empty with none on the shelf: shelf = 0, f = 0 for the emptiest of the pool
    (section 4).
    """
    dark = use.dark_pools(state, p, t)
    if dark.size:
        _balance(state, cal, dark, np.zeros(dark.size), shelf.R_EMERGENCY, t)
    s, owner, left, ahead = _left_now(state, cal, p, t)
    for i in range(p.size):
        mine = np.flatnonzero(owner == i)
        if mine.size:
            j = mine[np.argmin(left[mine])]
            levels.ran_dry(state, s[j : j + 1])
            # f stands at the last meter: what went since is still to be read. Not more than one cartridge.
            state.supplies.f[s[j]] = min(ahead[j], 1.0)
            state.supplies.x[s[j]] = 0.0
            state.supplies.p0[s[j]] = levels.P0_COARSE
    shelf.empty(state.pools, p)


def fold_hand_orders(state: State, cal: Workdays, p: Ints, t: float) -> None:
    """Customers order by hand when the panel says low and nothing is there: f < 0.35 means shelf = 0
    (section 4).
    """
    _, owner, left, _ = _left_now(state, cal, p, t)
    least = np.full(p.size, np.inf)
    np.minimum.at(least, owner, left)
    shelf.empty(state.pools, p[least < HAND_ORDER_BELOW])
    alone = _alone(state, p, t)
    if alone.size:
        _low_by_hand(state, cal, alone, t)


def _low_by_hand(state: State, cal: Workdays, p: Ints, t: float) -> None:
    """Who orders the only supply of a pool that nobody sees does so when its panel says low; unless a level
    so low is out of the question.
    """
    s, _ = state.by_pool.take(p)
    o = outlook(state, cal, s, t)
    ahead = o.u * o.g
    least = state.pools.shelf[p] + o.f - ahead - DOUBT * np.sqrt(o.var_f + (o.s_c * ahead) ** 2)
    low = least < HAND_ORDER_BELOW
    p, s, ahead = p[low], s[low], ahead[low]
    shelf.balance(state, p, np.zeros(p.size), shelf.R_EMERGENCY, t, ahead)
    state.supplies.f[s] = np.minimum(BY_HAND_LEFT + ahead, shelf.MOST_LEFT)
    state.supplies.x[s] = 0.0
    state.supplies.p0[s] = BY_HAND_SD
    shelf.empty(state.pools, p)


def remove_devices(state: State, d: Ints) -> None:
    """Devices taken away: their supplies need nothing any more."""
    state.devices.alive[d] = False


def days_left(state: State, cal: Workdays, s: Ints, t: float) -> Floats:
    """Days from t until the cartridges of `s` are empty, (3, n): q10, q50, q90 (section 5's need, no
    shelf).
    """
    return run_out(state, cal, outlook(state, cal, s, t), t)
