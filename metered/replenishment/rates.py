"""Page rates from meters (method section 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.state import Devices, State
from metered.replenishment.workdays import Workdays

FAST, SLOW = 8.0, 45.0
PRIOR_DAYS, LEAST_PRIOR = 3.0, 0.15
"""Activity days that the rate expected of a new machine, R0, weighs; of a known one, all but nothing."""
SETTLED = 40.0
"""Activity days of memory after which a machine's own pages say it all."""
CARTRIDGE_DAYS = 84.0
# A daily meter that leaps this far is another controller, not a day's work.
LEAP_FACTOR, LEAP_PAGES = 60.0, 50_000.0


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages printed since the last meter: device rows, total and colour pages, activity days."""

    d: Ints
    total: Floats
    colour: Floats
    active: Floats


def prior_rate(yields: Floats) -> Floats:
    """R0 = Y / 84 pages an activity day: a cartridge lasts about four months of working days (section 1)."""
    return yields / CARTRIDGE_DAYS


def rates(dev: Devices, d: Ints) -> tuple[Floats, Floats]:
    """(R total, R colour) in pages per activity day: the mean of the slow and the fast rate (section 1).

    slow = (N + w R0) / (D + w), w from 3 days down to 0.15 as D grows; fast = (N + 3 slow) / (D + 3). With R0
    itself in both, for good, a machine that prints a fifth of what its model is made for would be held to
    print half as much again as it does.
    """
    weight = np.maximum(PRIOR_DAYS * (1 - dev.d_slow[d] / SETTLED), LEAST_PRIOR)

    def mean(n_fast: Floats, n_slow: Floats, expected: Floats) -> Floats:
        slow = (n_slow[d] + weight * expected[d]) / (dev.d_slow[d] + weight)
        fast = (n_fast[d] + PRIOR_DAYS * slow) / (dev.d_fast[d] + PRIOR_DAYS)
        both: Floats = 0.5 * (slow + fast)
        return both

    return mean(dev.n_fast, dev.n_slow, dev.prior_total), mean(dev.nc_fast, dev.nc_slow, dev.prior_colour)


def unrolled(gain: Floats, modulus: Floats, expected: Floats) -> tuple[Floats, Bools]:
    """A meter's gain with rollover: (gain, wrapped). Below zero it wrapped if gain + modulus < 20 E +
    3,000.
    """
    wrapped = (gain < 0) & (modulus > 0) & (gain + modulus < 20 * expected + 3000)
    return np.where(wrapped, gain + modulus, gain), wrapped


def announced_pages(
    state: State, d: Ints, t0: Floats, t1: Floats, *, as_usual: bool = False
) -> tuple[Floats, Floats]:
    """Pages (all, colour) of announced jobs between t0 and t1 of each device row in `d`, spread evenly
    (section 5). `as_usual`: the usual pages that take as much toner.
    """
    total, colour = np.zeros(d.size), np.zeros(d.size)
    jobs = state.jobs
    if jobs.device.size == 0:
        return total, colour
    for i in range(jobs.device.size):
        at = np.flatnonzero(d == jobs.device[i])
        if at.size == 0:
            continue
        start, end = jobs.start[i], jobs.end[i] + 1.0
        share = (np.minimum(t1[at], end) - np.maximum(t0[at], start)) / (end - start)
        pages = jobs.pages[i] * np.clip(share, 0.0, 1.0) * (jobs.factor[i] if as_usual else 1.0)
        total[at] += pages
        if jobs.colour[i]:
            colour[at] += pages
    return total, colour


def fold_meters(state: State, cal: Workdays, d: Ints, t: Floats, total: Floats, colour: Floats) -> Pages:
    """Take machine meters of distinct devices `d` at times `t`, later than each device's last.

    N_k <- 2^(-A/h_k) N_k + Dp, D_k <- 2^(-A/h_k) D_k + A for h = 8 and 45 (section 1). A first meter is
    only a
    base. A meter that fell without a rollover, or leapt, is a new controller: the rate stands in for the
    pages.
    Announced jobs are left out of the usual rate (domain rule 23).
    """
    dev = state.devices
    first = np.isnan(dev.t[d])
    t0 = np.where(first, t, dev.t[d])
    active = np.maximum(cal.active(dev.sector[d], t) - cal.active(dev.sector[d], t0), 0.0)
    r, rc = rates(dev, d)
    expected, expected_colour = r * active, rc * active
    pages, _ = unrolled(np.where(first, 0.0, total - dev.total[d]), dev.modulus[d], expected)
    tinted, _ = unrolled(np.where(first, 0.0, colour - dev.colour[d]), dev.modulus[d], expected_colour)
    odd = (pages < 0) | (pages > LEAP_FACTOR * expected + LEAP_PAGES)
    pages = np.where(odd, expected, pages)
    odd_colour = odd | (tinted < 0) | np.isnan(tinted)
    tinted = np.minimum(np.where(odd_colour, np.minimum(expected_colour, pages), tinted), pages)
    return keep_pages(state, cal, d, t, total, colour, pages, tinted)


def keep_pages(
    state: State,
    cal: Workdays,
    d: Ints,
    t: Floats,
    total: Floats,
    colour: Floats,
    pages: Floats,
    tinted: Floats,
) -> Pages:
    """Set the meters of `d` and add `pages` (of these `tinted` in colour) to the rates (section 1)."""
    dev = state.devices
    # A counter of another controller can lie below what a held read told: nothing is ever printed back.
    pages = np.maximum(pages, 0.0)
    tinted = np.minimum(np.maximum(tinted, 0.0), pages)
    t0 = np.where(np.isnan(dev.t[d]), t, dev.t[d])
    active = np.maximum(cal.active(dev.sector[d], t) - cal.active(dev.sector[d], t0), 0.0)
    job, job_colour = announced_pages(state, d, t0, t)
    r, rc = rates(dev, d)
    usual = np.clip(pages - job, np.minimum(pages, r * active), pages)
    usual_colour = np.clip(tinted - job_colour, np.minimum(tinted, rc * active), tinted)
    for half, n, nc, days in (
        (FAST, dev.n_fast, dev.nc_fast, dev.d_fast),
        (SLOW, dev.n_slow, dev.nc_slow, dev.d_slow),
    ):
        fade = np.exp2(-active / half)
        n[d] = fade * n[d] + usual
        nc[d] = fade * nc[d] + usual_colour
        days[d] = fade * days[d] + active
    dev.t[d], dev.total[d], dev.colour[d] = t, total, colour
    return Pages(d, pages, tinted, active)
