"""Meters typed by people: which to believe (method section 7, the part that the forecast needs)."""

from __future__ import annotations

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.rates import PRIOR_DAYS, Pages, keep_pages, rates, unrolled
from metered.replenishment.state import State
from metered.replenishment.workdays import Workdays

Z_LOW, Z_HIGH = -3.6, 3.0
MEMORY = 0.85
FLOOR = 0.04
PRIOR_SD = 0.5
"""How far (log) devices lie from the rate that their cartridges' yield suggests."""


def surprise(pages: Floats, expected: Floats, err: Floats, known: Floats) -> Floats:
    """z = ln((m + 30) / (E + 30)) / s, s^2 = EWMA of squared log errors + 0.04 (section 7).

    `known`: activity days that the rate was learnt from. A rate that is still the model's usual one may be
    wrong several times over.
    """
    prior = PRIOR_SD * PRIOR_DAYS / (known + PRIOR_DAYS)
    return np.log((np.maximum(pages, 0) + 30) / (expected + 30)) / np.sqrt(err + FLOOR + prior**2)


def _fits(pages: Floats, tinted: Floats, expected: Floats, err: Floats, known: Floats) -> Bools:
    z = surprise(pages, expected, err, known)
    idle = (pages == 0) & (expected > 60)
    fits: Bools = (pages >= 0) & (z >= Z_LOW) & (z <= Z_HIGH) & (tinted >= 0) & (tinted <= pages) & ~idle
    return fits


def fold_typed(state: State, cal: Workdays, d: Ints, t: Floats, total: Floats, colour: Floats) -> Pages:
    """Take typed meters of distinct devices; returns the pages of those believed (section 7).

    A read that does not fit is held; when the next one agrees with it, it is believed, and if it lies below
    the last the controller was swapped: the rate stands in for the pages that nobody saw.
    """
    dev = state.devices
    first = np.isnan(dev.t[d])
    t0 = np.where(first, t, dev.t[d])
    active = cal.active(dev.sector[d], t) - cal.active(dev.sector[d], t0)
    r, rc = rates(dev, d)
    expected = r * active
    pages, _ = unrolled(total - dev.total[d], dev.modulus[d], expected)
    tinted, _ = unrolled(colour - dev.colour[d], dev.modulus[d], rc * active)
    known = dev.d_slow[d]
    good = ~first & _fits(pages, tinted, expected, dev.err[d], known)

    held = ~first & ~good & ~np.isnan(dev.held_t[d])
    t_held = np.where(held, dev.held_t[d], t)
    active_held = cal.active(dev.sector[d], t) - cal.active(dev.sector[d], t_held)
    again, _ = unrolled(total - dev.held_total[d], dev.modulus[d], r * active_held)
    again_colour, _ = unrolled(colour - dev.held_colour[d], dev.modulus[d], rc * active_held)
    # Agrees: goes on at the usual rate, or at the one that the held read told.
    missed = cal.active(dev.sector[d], t_held) - cal.active(dev.sector[d], t0)
    leap, _ = unrolled(dev.held_total[d] - dev.total[d], dev.modulus[d], expected)
    pace = np.where(held & (leap > 0) & (missed > 0), leap, 0.0) / np.maximum(missed, 0.1) * active_held
    agreed = np.zeros(d.size, dtype=np.bool_)
    for usual in (r * active_held, pace):
        agreed |= held & _fits(
            np.where(held, again, 0), np.where(held, again_colour, 0), usual, dev.err[d], known
        )
    swapped = agreed & ((pages < 0) | (tinted < 0) | (tinted > pages))
    pages = np.where(swapped, r * missed + again, pages)
    tinted = np.where(swapped, np.minimum(rc * missed + again_colour, pages), tinted)
    # Twice the same unlikely leap is true, but most of it is seldom the rate's doing.
    pages = np.where(first, 0.0, pages)
    tinted = np.where(first, 0.0, tinted)

    learn = good & (expected > 0)
    e = np.log((np.maximum(pages, 0) + 30) / (expected + 30))
    dev.err[d[learn]] = MEMORY * dev.err[d[learn]] + (1 - MEMORY) * e[learn] ** 2
    hold = ~first & ~good & ~agreed
    dev.held_t[d] = np.where(hold, t, np.nan)
    dev.held_total[d] = np.where(hold, total, np.nan)
    dev.held_colour[d] = np.where(hold, colour, np.nan)
    k = first | good | agreed
    kept = keep_pages(state, cal, d[k], t[k], total[k], colour[k], pages[k], tinted[k])
    # Before the first meter nobody counted pages, but some were printed; the rate does not learn of them.
    start = np.full(kept.d.size, state.since)
    uncounted = cal.active(dev.sector[kept.d], t[k]) - cal.active(dev.sector[kept.d], np.minimum(start, t[k]))
    uncounted = np.where(first[k], uncounted, 0.0)
    more, more_colour = r[k] * uncounted, np.minimum(rc[k], r[k]) * uncounted
    return Pages(kept.d, kept.total + more, kept.colour + more_colour, kept.active + uncounted)
