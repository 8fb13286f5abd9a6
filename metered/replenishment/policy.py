"""What to ship and when (method section 6), from the risk of section 5. Pure: the day is passed in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metered.replenishment import risk, use
from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.state import State
from metered.replenishment.workdays import Workdays

MOST_UNITS = 30
ASK_AGAIN = 30.0
FARTHEST = 366
"""Working days that are searched for an open one."""
NEED_RISK = 0.2
"""A need said to customers holds in four of five cases: who orders up to it is rarely short, nor hoards."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The dials: `alpha` is stock against outages, `join_days` shipments against stock, `lead_days` the
    lane.
    """

    alpha: float = 0.03
    lead_days: int = 5
    join_days: int = 45
    join_risk: float = 0.2


@dataclass(frozen=True, slots=True)
class Decisions:
    """One row per pool looked at.

    `quantity` 0 means nothing now; `risk` is P(short) with what is at hand over the window, `due` whether
    that alone asks for an order, `joined` whether it only travels along; `need` the level aimed at.
    """

    p: Ints
    quantity: Ints
    risk: Floats
    at_hand: Floats
    due: Bools
    joined: Bools
    need: Floats
    arrival: int
    later_risk: Floats


def arrival_day(cal: Workdays, day: int, settings: Settings, waits: int = 0) -> int:
    """The day on whose morning an order of the NEXT working day arrives: until then tonight's order must
    cover. It leaves after `waits` further working days.
    """
    return cal.working_after(cal.working_after(day, 1), settings.lead_days + waits)


def announcement_waits(cal: Workdays, t: float, announced: float) -> int:
    """Working days beyond the next one that an order decided at t waits for, when it may leave `announced`
    days later. The next one is the protocol's: ordered in one evening, sent on the morning after.
    """
    leaves = cal.working_after(int(t + announced) - 1, 1)
    return cal.working_between(cal.working_after(int(t), 1), leaves)


def window(cal: Workdays, o: risk.Outlook, until: float) -> Floats:
    """Activity days h from now until the time `until`."""
    return np.maximum(cal.active(o.sector, np.full(o.s.size, until)) - o.now, 0.0)


def smallest(
    state: State, p: Ints, tails: Floats, n: Floats, most: float, units_most: int = MOST_UNITS
) -> Ints:
    """Smallest q with P(n + q) <= most, at most `units_most` (section 6)."""
    q = np.zeros(p.size, dtype=np.int64)
    open_ = risk.short(state, p, tails, n) > most
    for units in range(1, units_most + 1):
        if not open_.any():
            break
        q[open_] = units
        open_ &= risk.short(state, p, tails, n + units) > most
    return q


def living(state: State, p: Ints) -> Ints:
    """Supply rows of the pools `p` that count and whose device still stands."""
    s, _ = state.by_pool.take(p)
    alive: Ints = s[state.devices.alive[state.supplies.device[s]] & state.supplies.live[s]]
    return alive


def decide(
    state: State,
    cal: Workdays,
    p: Ints,
    t: float,
    settings: Settings,
    may: Bools | None = None,
    waits: int = 0,
) -> Decisions:
    """Decide for the distinct pools `p` at time t (the evening of day floor(t - 1) is t); `may` bars pools
    from orders, which leave after `waits` working days beyond the next.

    q = smallest with P(n + q) <= alpha. Once a site has an order, its ordered pools are raised to the median
    need of `join_days` + lead, and every other pool with P(need within that > n) over 0.2 comes along
    (section 6).
    """
    day = int(np.ceil(t)) - 1
    arrival = arrival_day(cal, day, settings, waits)
    n = state.pools.shelf[p] + state.pools.transit[p]
    allowed = np.ones(p.size, dtype=np.bool_) if may is None else may
    o = risk.outlook(state, cal, living(state, p), t)
    h = window(cal, o, float(arrival))
    jobs = risk.announced(state, o.s, t, np.full(o.s.size, float(arrival)))

    # By the union bound a pool can't be short more often than its supplies together; most end here.
    bound = np.bincount(state.supplies.pool[o.s], risk.tail(o, h, jobs, 0), minlength=state.pools.site.size)[
        p
    ]
    p_short = np.minimum(bound, 1.0)
    quantity = np.zeros(p.size, dtype=np.int64)
    close = np.flatnonzero((bound > settings.alpha / 8) | (n < 0))
    if close.size:
        tails = risk.pool_tails(state, o, h, jobs, p[close])
        p_short[close] = risk.short(state, p[close], tails, n[close])
        quantity[close] = smallest(state, p[close], tails, n[close], settings.alpha)
    due = (quantity > 0) & allowed
    quantity[~due] = 0
    joined = np.zeros(p.size, dtype=np.bool_)
    need = n + quantity
    later = np.zeros(p.size)

    site = state.pools.site[p]
    travels = np.flatnonzero(np.isin(site, site[due]) & allowed)
    if travels.size:
        q = p[travels]
        horizon = float(cal.working_after(day + settings.join_days, settings.lead_days + waits))
        s_of = np.isin(state.supplies.pool[o.s], q)
        o_site = risk.outlook(state, cal, o.s[s_of], t)
        h_site = window(cal, o_site, horizon)
        jobs_site = risk.announced(state, o_site.s, t, np.full(o_site.s.size, horizon))
        tails = risk.pool_tails(state, o_site, h_site, jobs_site, q)
        later[travels] = risk.short(state, q, tails, n[travels])
        median = (tails > 0.5).sum(axis=1)
        raised = np.maximum(quantity[travels], median - n[travels].astype(np.int64))
        along = ~due[travels] & (later[travels] > settings.join_risk)
        up_to = smallest(state, q, tails, n[travels], settings.join_risk)
        quantity[travels] = np.where(due[travels], raised, np.where(along, up_to, 0))
        joined[travels] = along
        need[travels] = n[travels] + quantity[travels]
    quantity = np.minimum(quantity, MOST_UNITS)
    return Decisions(p, quantity, p_short, n, due, joined, need, arrival, later)


def need_within(state: State, cal: Workdays, p: Ints, t: float, days: float, most: float = NEED_RISK) -> Ints:
    """Units that the distinct pools `p` will need within `days` from t: the smallest n with P(need > n) <=
    `most`.

    What is in the machines counts, shelf and transit don't: the limit of a hand order is this need less both
    (domain rule 18).
    """
    o = risk.outlook(state, cal, living(state, p), t)
    until = np.full(o.s.size, t + days)
    tails = risk.pool_tails(state, o, window(cal, o, t + days), risk.announced(state, o.s, t, until), p)
    need: Ints = (tails > most).sum(axis=1).astype(np.int64)
    return need


def ask_counts(
    state: State, decisions: Decisions, t: float, settings: Settings, may: Bools | None = None
) -> Ints:
    """Pools to ask for a count: unsure and alpha/8 < P < 0.3, once in 30 days (section 4); `may` bars
    pools.
    """
    pools, p = state.pools, decisions.p
    between = (decisions.risk > settings.alpha / 8) & (decisions.risk < 0.3) & (decisions.quantity == 0)
    s, owner = state.by_pool.take(p)
    dark = np.bincount(owner, use.blind(state, s, np.full(s.size, t)), minlength=p.size) > 0
    unsure = (pools.right[p] < 0.8) | (dark & (pools.used[p] > 0.5))
    rested = ~(t - pools.asked[p] < ASK_AGAIN)
    allowed = np.ones(p.size, dtype=np.bool_) if may is None else may
    ask: Ints = p[between & unsure & rested & allowed & (state.by_pool.count(p) > 0)]
    pools.asked[ask] = t
    return ask
