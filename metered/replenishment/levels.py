"""What a level report says: still the same cartridge, a new one, or nothing yet (method section 3).

Every jump must show in two reports. A report repeated (the same moment sent again, or another within the
hour) is never the confirmation.
"""

from __future__ import annotations

import numpy as np

from metered.replenishment import shelf, use
from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.state import (
    EMPTY,
    LOW,
    LOW_MARK,
    LOW_MARK_SD,
    LOW_MARK_WEIGHT,
    OK,
    PCT10,
    TONERS,
    State,
    Swaps,
)

GAP = 1.0 / 24
SILENCE = 5.0
STUCK = 1.9
SAME = 0.12
P0_FINE, P0_COARSE = 0.003, 0.03
UP, DOWN, RENEWED = 1, -1, 2
UNSEEN_GAIN = 0.9
ANCHORED = 0.2
"""A level that is surer than this (sd) was once known: what is used since teaches the use per page."""
MARK_LEAST, MARK_MOST, MARK_HEAVIEST = 0.03, 0.25, 40.0
PENALTY_TONER, PENALTY_OTHER = 2.5, 9.0
MOST_AT_ONCE = 2
"""So many swaps more, or fewer, than believed are weighed when a low flag tells."""
UNSURE = 0.08
"""What is left of doubt about unseen swaps however well the pages fit."""
EARLY = 0.6
"""Who swaps before the low mark would have done so again: low then says that the shelf is empty."""


def fold_levels(state: State, s: Ints, t: Floats, v: Floats) -> Swaps:
    """Take one report of each of the distinct supplies `s`, after `predict`: percent 0..100 or a code.

    Unknown (-2) says nothing. Returns the swaps found; the pools' shelves are already less by them.
    """
    swaps = Swaps.none()
    percent = v >= 0
    if percent.any():
        swaps = _fold_percent(state, s[percent], t[percent], v[percent], swaps)
    words = (v == OK) | (v == LOW) | (v == EMPTY)
    if words.any():
        swaps = _fold_words(state, s[words], t[words], v[words].astype(np.int64), swaps)
    return swaps


def _confirms(state: State, s: Ints, t: Floats, kind: int) -> Bools:
    sup = state.supplies
    again: Bools = (sup.pend[s] == kind) & (t - sup.pend_t[s] >= GAP)
    return again


def _suspect(state: State, s: Ints, t: Floats, v: Floats, kind: int) -> None:
    """Remember a jump until the next report; an hour's repetition keeps the first moment."""
    sup = state.supplies
    fresh = sup.pend[s] != kind
    sup.pend_t[s] = np.where(fresh, t, sup.pend_t[s])
    sup.pend[s] = kind
    sup.pend_v[s] = v


def _fold_percent(state: State, s: Ints, t: Floats, v: Floats, swaps: Swaps) -> Swaps:
    sup = state.supplies
    coarse = sup.reports[s] == PCT10
    step = np.where(coarse, 10.0, 1.0)
    hi = v / 100
    lo = np.where(v == 0, 0.0, (v - step) / 100)
    f = sup.f[s]
    first = np.isnan(sup.seen[s])
    silent = ~first & (t - sup.seen[s] > SILENCE)
    up = ~first & (lo - f > np.where(coarse, 0.15, 0.12))
    down = ~first & (f - hi > 0.12 + 3 * sup.x_acc[s])
    # The second showing may have gone down by a day's use, not up or far away: two blips are not a swap.
    near = (hi - sup.pend_v[s] <= SAME) & (sup.pend_v[s] - hi <= SAME + 3 * sup.x_acc[s])
    up_again = up & near & _confirms(state, s, t, UP)
    down_again = down & near & _confirms(state, s, t, DOWN)
    swap = up_again | (silent & (lo - f > 0.3))
    settle = ~swap & ~first & ~down_again & ~up & ~down

    m = settle
    row, f_new = s[m], np.clip(f[m], lo[m], hi[m])
    use.learn(sup, row, sup.x_acc[row] + f[m] - f_new)
    sup.f[row] = f_new

    jump = swap | first | down_again
    use.anchor(sup, s[jump])
    sup.f[s[jump]] = np.where(first, (lo + hi) / 2, hi)[jump]

    known = settle | jump
    row = s[known]
    sup.x[row] = 0.0
    sup.p0[row] = np.where(coarse, P0_COARSE, P0_FINE)[known]
    sup.pend[row] = 0
    sup.seen[row] = t[known]
    sup.flag[row] = 0
    for mask, kind in ((up & ~swap, UP), (down & ~down_again, DOWN)):
        kept = mask & near & (sup.pend[s] == kind) & (t - sup.pend_t[s] < GAP)
        row = mask & ~kept
        sup.pend[s[row]] = 0
        _suspect(state, s[row], t[row], hi[row], kind)

    if swap.any():
        n = np.maximum(np.round(hi - f), 1.0)[swap]
        shelf.install(state.pools, sup.pool[s[swap]], n)
        swaps = swaps.plus(s[swap], n, t[swap])
    return swaps


def _fold_words(state: State, s: Ints, t: Floats, v: Ints, swaps: Swaps) -> Swaps:
    """ok, low and empty: combine with the SKU's mean low mark, see renewal, suspect swaps unseen (section
    3).
    """
    sup = state.supplies
    was = sup.flag[s]
    first = np.isnan(sup.seen[s])

    m = (v == OK) & ((was == OK) | (was == 0))
    if m.any():
        new = first[m]
        sup.f[s[m][new]] = np.maximum(sup.f[s[m][new]], 0.55)
        sup.pend[s[m]] = 0
        swaps = _suspect_unseen(state, s[m], t[m], swaps)
        sup.flag[s[m]] = OK

    m = (v == OK) & ((was == LOW) | (was == EMPTY))
    if m.any():
        again = _confirms(state, s[m], t[m], RENEWED)
        wait = s[m][~again]
        fresh = sup.pend[wait] != RENEWED
        _suspect(state, wait[fresh], t[m][~again][fresh], np.ones(int(fresh.sum())), RENEWED)
        swaps = _renew(state, s[m][again], t[m][again], swaps)

    for word, expected in ((LOW, None), (EMPTY, 0.0)):
        m = v == word
        if not m.any():
            continue
        row, at = s[m], t[m]
        mark = state.low_mean[state.pools.sku[sup.pool[row]]] if expected is None else np.zeros(row.size)
        # Low or empty out of a full cartridge must show twice, as any jump.
        odd = (sup.f[row] - mark > 0.3) & (sup.p0[row] < 0.2)
        sure = ~odd | _confirms(state, row, at, DOWN)
        wait = row[~sure]
        fresh = sup.pend[wait] != DOWN
        _suspect(state, wait[fresh], at[~sure][fresh], np.zeros(int(fresh.sum())), DOWN)
        row, at = row[sure], at[sure]
        if word == LOW:
            swaps = _low(state, row, at, swaps)
        else:
            _empty(state, row, at)
        sup.pend[row] = 0
    sup.seen[s] = t
    return swaps


def _cost(state: State, s: Ints, true_use: Floats) -> Floats:
    """(ln of true to expected use / s_c)^2 + (ln(c ratio / c_fleet) / 0.4)^2 (section 3)."""
    sup = state.supplies
    true = np.maximum(true_use, 0.01)
    expected = np.maximum(sup.x_acc[s], 1e-6)
    ratio = np.log(true / expected) / use.spread(sup, s)
    c = true / np.maximum(sup.e_acc[s], 1e-6)
    return ratio**2 + (np.log(c / state.c_fleet[sup.kind[s]]) / 0.4) ** 2


def _penalty(state: State, s: Ints) -> Floats:
    return np.where(state.supplies.kind[s] < TONERS, PENALTY_TONER, PENALTY_OTHER)


def _suspect_unseen(state: State, s: Ints, t: Floats, swaps: Swaps) -> Swaps:
    """Still ok although it should be low: one swap that no report showed, or a lower use (H1 against H0)."""
    sup = state.supplies
    mark = state.low_mean[state.pools.sku[sup.pool[s]]]
    m = (sup.f[s] < mark) & (state.pools.shelf[sup.pool[s]] >= 1) & (sup.e_acc[s] > 0)
    row = s[m]
    most = sup.f[row] + sup.x_acc[row] - mark[m]
    # Never anchored: it may have been full when it first spoke.
    most = np.where(sup.p0[row] < ANCHORED, most, np.maximum(most, 1.0 - mark[m]))
    h0 = _cost(state, row, np.minimum(most, sup.x_acc[row]))
    h1 = _cost(state, row, np.minimum(most + UNSEEN_GAIN, sup.x_acc[row])) + _penalty(state, row)
    return _unseen(state, row[h1 < h0], t[m][h1 < h0], swaps)


def _unseen(state: State, s: Ints, t: Floats, swaps: Swaps) -> Swaps:
    if s.size == 0:
        return swaps
    state.supplies.f[s] += UNSEEN_GAIN
    shelf.install(state.pools, state.supplies.pool[s], np.ones(s.size))
    return swaps.plus(s, np.ones(s.size), t)


def _settle(state: State, s: Ints, t: Floats, left: Floats, swaps: Swaps) -> Swaps:
    """The supplies `s` are known to have `left`: how many swaps since the last anchor nobody saw?

    Each number of swaps more or fewer than believed is weighed as H0 against H1 is (section 3). What was
    taken for a swap and was none stays in the ledger; the belief learns of it.
    """
    sup, pools = state.supplies, state.pools
    known = np.flatnonzero((sup.p0[s] < ANCHORED) & (sup.e_acc[s] > 0.1))
    if known.size == 0:
        return swaps
    row, at, used = s[known], t[known], (sup.f[s] + sup.x_acc[s] - left)[known]
    taken = np.maximum(np.round((sup.f[row] + sup.x_acc[row] - 1.0) / UNSEEN_GAIN), 0.0)
    steps = np.arange(-MOST_AT_ONCE, MOST_AT_ONCE + 1)
    cost = np.full((row.size, steps.size), np.inf)
    for i, k in enumerate(steps.tolist()):
        can = (taken + k >= 0) & (k <= pools.shelf[sup.pool[row]])
        whole = _cost(state, row, used + UNSEEN_GAIN * k) + _penalty(state, row) * (taken + k)
        cost[:, i] = np.where(can, whole, np.inf)
    best = np.argmin(cost, axis=1)
    weight = np.exp(-0.5 * (cost - cost.min(axis=1, keepdims=True)))
    weight = np.pad(weight / weight.sum(axis=1, keepdims=True), ((0, 0), (1, 1)))
    for i, j in enumerate(best.tolist()):
        k, p = int(steps[j]), sup.pool[row[i : i + 1]]
        sup.f[row[i]] += UNSEEN_GAIN * k
        if k > 0:
            shelf.install(pools, p, np.full(1, float(k)))
            swaps = swaps.plus(row[i : i + 1], np.full(1, float(k)), at[i : i + 1])
        fewer = max(weight[i, j + 2], UNSURE)
        if taken[i] + k >= 1 and left[known[i]] > 0:
            fewer = max(fewer, EARLY)
        shelf.blur(pools, p, fewer, max(weight[i, j], UNSURE) if k >= 0 else 0.9)
    return swaps


def _low(state: State, s: Ints, t: Floats, swaps: Swaps) -> Swaps:
    """low: f with the mean low mark by inverse variance, c from the use since the last anchor (section 3)."""
    sup = state.supplies
    turn = (sup.flag[s] != LOW) & (sup.flag[s] != EMPTY)
    s, t = s[turn], t[turn]
    mark = state.low_mean[state.pools.sku[sup.pool[s]]]
    swaps = _settle(state, s, t, mark, swaps)
    sc = use.spread(sup, s)
    own = (
        sup.p0[s] ** 2 + (sc * np.minimum(sup.x[s], 1.1)) ** 2 + (0.055 * (1 - np.clip(sup.f[s], 0, 1))) ** 2
    )
    weight = 1 / own + 1 / LOW_MARK_SD**2
    f = (np.maximum(sup.f[s], 0.0) / own + mark / LOW_MARK_SD**2) / weight
    drop = sup.x_acc[s] + sup.f[s] - f
    anchored = (sup.p0[s] < ANCHORED) & (sup.e_acc[s] > 0.1)
    use.learn(sup, s[anchored], drop[anchored])
    use.anchor(sup, s[~anchored])
    sup.f[s] = f
    sup.x[s] = 0.0
    sup.p0[s] = np.sqrt(1 / weight)
    sup.flag[s] = LOW
    return swaps


def _empty(state: State, s: Ints, t: Floats) -> None:
    """empty: f = 0 and shelf = 0; from low to here the low mark is learnt (section 3).

    A ledger with units on the shelf is only overruled when the device, empty for a day, printed nothing
    since:
    many gauges say empty while there is something left, and a real one would have been replaced.
    """
    sup, pools = state.supplies, state.pools
    still = s[(sup.flag[s] == EMPTY) & (sup.e_acc[s] < 1e-3) & (t - sup.pend_t[s] >= STUCK)]
    new = sup.flag[s] != EMPTY
    s, t = s[new], t[new]
    low = sup.flag[s] == LOW
    _learn_mark(state, s[low], sup.x_acc[s[low]])
    anchored = ~low & (sup.p0[s] < 0.2) & (sup.e_acc[s] > 0.1)
    use.learn(sup, s[anchored], sup.x_acc[s[anchored]] + sup.f[s[anchored]])
    use.anchor(sup, s[~anchored])
    sup.f[s] = 0.0
    sup.x[s] = 0.0
    sup.p0[s] = P0_FINE
    sup.flag[s] = EMPTY
    sup.pend_t[s] = t
    bare = s[pools.shelf[sup.pool[s]] < 1]
    shelf.empty(pools, np.unique(sup.pool[np.concatenate([bare, still])]))


def ran_dry(state: State, s: Ints) -> None:
    """Somebody says that these are empty: flags learn the use since their last anchor, which the machine
    would only tell when the level is forgotten. Percentages know better; one that fails early has not used
    it all.
    """
    sup = state.supplies
    s = s[(sup.flag[s] != 0) & (sup.flag[s] != EMPTY) & (sup.p0[s] < ANCHORED) & (sup.e_acc[s] > 0.1)]
    use.learn(sup, s, sup.x_acc[s] + np.maximum(sup.f[s], 0.0))


def _renew(state: State, s: Ints, t: Floats, swaps: Swaps) -> Swaps:
    """ok again in two reports after low or empty: a swap (section 3)."""
    sup = state.supplies
    low = sup.flag[s] == LOW
    _learn_mark(state, s[low], sup.x_acc[s[low]])
    use.anchor(sup, s)
    sup.f[s] = 1.0
    sup.x[s] = 0.0
    sup.p0[s] = P0_COARSE
    sup.flag[s] = OK
    sup.pend[s] = 0
    if s.size:
        shelf.install(state.pools, sup.pool[s], np.ones(s.size))
        swaps = swaps.plus(s, np.ones(s.size), t)
    return swaps


def _learn_mark(state: State, s: Ints, used: Floats) -> None:
    """The mean low mark of a SKU: mean of the use between low and swap, kept plausible (section 3)."""
    sku = state.pools.sku[state.supplies.pool[s]]
    for k, u in zip(sku.tolist(), np.clip(used, MARK_LEAST, MARK_MOST).tolist(), strict=True):
        state.low_weight[k] = min(state.low_weight[k] + 1, MARK_HEAVIEST)
        state.low_mean[k] += (u - state.low_mean[k]) / state.low_weight[k]


def start_marks(skus: int) -> tuple[Floats, Floats]:
    """Mean and weight of the low mark of every SKU before any was seen: 0.115 (section 3)."""
    return np.full(skus, LOW_MARK), np.full(skus, LOW_MARK_WEIGHT)
