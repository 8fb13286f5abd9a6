"""What to ship and when (method section 6), from the risk of section 5. Pure: the day is passed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metered.replenishment import risk, use
from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.state import State
from metered.replenishment.workdays import Workdays

MOST_UNITS = 30
ASK_AGAIN = 30.0
WORTH_A_COUNT, UNSEEN_WORTH_A_COUNT = 1 / 3, 1 / 20
"""Of the risk in force: from there on it is worth knowing the shelf. Where nobody sees a level a count tells
of the machine, too, and of what a page takes: it is worth more before anything is near."""
FARTHEST = 366
"""Working days that are searched for an open one."""
JOIN_UNITS, JOIN_LEAST = 45.0, 15
"""An address that uses more units a year has a shorter joining window, but none shorter than so many days."""
NEED_RISK = 0.2
"""A need said to customers holds in four of five cases: who orders up to it is rarely short, nor hoards."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The dials: `alpha` is stock against outages, `join_days` shipments against stock, `lead_days` the
    lane.
    """

    alpha: float = 0.025
    lead_days: int = 5
    join_days: int = 42
    """Of an address that uses at most `JOIN_UNITS` a year (`joining`)."""
    raise_risk: float = 0.05
    """The chance, within the joining window, from which one more unit of what is due is worth its lying."""
    idle_days: float = 180.0
    """An order that would lie so long runs the risk `alpha`; one that is used sooner less, in proportion, and
    a slower one more, within `least` and `most` times `alpha`."""
    least: float = 0.045
    most: float = 2.2
    dark_days: float = 130.0
    """As `idle_days`, of a pool whose levels nobody sees. Its risk is that of being wrong for weeks, against
    which a spare helps little and a count much."""
    dark_most: float = 8.0


@dataclass(frozen=True, slots=True)
class Decisions:
    """One row per pool looked at.

    `quantity` 0 means nothing now; `risk` is P(short) with what is at hand over the window, `due` whether
    that alone asks for an order, `joined` whether it only travels along; `need` the level aimed at; `alpha`
    the risk in force with what is at hand (`Idle.accepted`); `join_days` the window of its address.
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
    alpha: Floats
    join_days: Ints


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


def window(cal: Workdays, o: risk.Outlook, until: float | Floats) -> Floats:
    """Activity days h from now until the time `until`, one for all or one for each."""
    return np.maximum(cal.active(o.sector, np.broadcast_to(until, o.s.shape)) - o.now, 0.0)


def smallest(
    state: State,
    p: Ints,
    tails: Floats,
    n: Floats,
    most: float | Callable[[int], Floats],
    units_most: int = MOST_UNITS,
) -> Ints:
    """Smallest q with P(n + q) <= most, at most `units_most` (section 6); `most` may depend on q."""

    def over(units: int) -> Bools:
        return risk.short(state, p, tails, n + units) > (most(units) if callable(most) else most)

    q = np.zeros(p.size, dtype=np.int64)
    open_ = over(0)
    for units in range(1, units_most + 1):
        if not open_.any():
            break
        q[open_] = units
        open_ &= over(units)
    return q


@dataclass(frozen=True, slots=True)
class Idle:
    """Per pool: calendar days that an order of tonight would lie unused, and how many one more unit adds."""

    days: Floats
    unit: Floats
    dark: Bools

    def accepted(self, settings: Settings, units: int = 0) -> Floats:
        """The risk in force when `units` are ordered: `alpha` times how long they would lie, within bounds.

        Ordering a day later saves a day of lying and adds that day's chance of running out; so the chance
        that is worth a spare is the greater the longer the spare waits (the newsvendor's ratio, in time).
        """
        idle_days = np.where(self.dark, settings.dark_days, settings.idle_days)
        times = (self.days + units * self.unit) / idle_days
        most = np.where(self.dark, settings.dark_most, settings.most)
        return settings.alpha * np.clip(times, settings.least, most)


def idle(state: State, cal: Workdays, o: risk.Outlook, h: Floats, jobs: Floats, p: Ints, n: Floats) -> Idle:
    """How long an order for the pools `p` with `n` units at hand would lie, at the usual use."""
    where, size = state.supplies.pool[o.s], state.pools.site.size
    year = cal.active(o.sector, o.now * 0 + o.at + 365.0) - o.now
    calendar = 365.0 / np.maximum(year, 1.0)
    use_a_day = np.bincount(where, o.u / calendar, minlength=size)[p]
    left = np.maximum(o.left - o.u * (o.g + h) - jobs, -1.0)
    stock = n + np.bincount(where, left, minlength=size)[p]
    unit = 1.0 / np.maximum(use_a_day, 1e-6)
    dark = np.isin(p, use.dark_pools(state, p, o.at))
    return Idle(np.maximum(stock, 0.0) * unit, unit, dark)


def joining(state: State, p: Ints, wait: Idle, settings: Settings) -> Ints:
    """Days within which what falls due joins a parcel, per pool: the window of its address.

    A parcel costs the same whatever is in it, and a spare by the day; so the best time between two parcels
    falls with the square root of the units that an address uses (Harris's economic order quantity, 1913).
    The window of all is the longest: what will be due later than that is not yet known.
    """
    site = state.pools.site[p]
    units = np.bincount(site, 365.0 / wait.unit, minlength=int(site.max(initial=-1)) + 1)[site]
    days = settings.join_days * np.sqrt(JOIN_UNITS / np.maximum(units, JOIN_UNITS))
    window: Ints = np.maximum(days, min(settings.join_days, JOIN_LEAST)).astype(np.int64)
    return window


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

    q = smallest with P(n + q) <= alpha. Once a site has an order, every other pool that would be due within
    its joining window comes along, with what it would then be sent; and what is due is raised to the need
    of that window. (Section 6 takes along what is needed within it at one in five, and raises to the median:
    what nobody sees well is then sent by itself soon after.)
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
    wait = idle(state, cal, o, h, jobs, p, n)
    alpha = wait.accepted(settings)
    close = np.flatnonzero((bound > alpha * UNSEEN_WORTH_A_COUNT) | (n < 0))
    if close.size:
        tails = risk.pool_tails(state, o, h, jobs, p[close])
        p_short[close] = risk.short(state, p[close], tails, n[close])
        quantity[close] = smallest(
            state, p[close], tails, n[close], lambda units: wait.accepted(settings, units)[close]
        )
    due = (quantity > 0) & allowed
    quantity[~due] = 0
    joined = np.zeros(p.size, dtype=np.bool_)
    need = n + quantity
    later = np.zeros(p.size)

    join_days = joining(state, p, wait, settings)
    site = state.pools.site[p]
    travels = np.flatnonzero(np.isin(site, site[due]) & allowed)
    if travels.size:
        q = p[travels]
        ends = {
            days: float(cal.working_after(day + days, settings.lead_days + waits))
            for days in np.unique(join_days[travels]).tolist()
        }
        until = np.zeros(state.pools.site.size)
        until[q] = [ends[days] for days in join_days[travels].tolist()]
        s_of = np.isin(state.supplies.pool[o.s], q)
        o_site = risk.outlook(state, cal, o.s[s_of], t)
        horizon = until[state.supplies.pool[o_site.s]]
        jobs_site = risk.announced(state, o_site.s, t, horizon)
        tails = risk.pool_tails(state, o_site, window(cal, o_site, horizon), jobs_site, q)
        later[travels] = risk.short(state, q, tails, n[travels])
        enough = (tails > settings.raise_risk).sum(axis=1)
        raised = np.maximum(quantity[travels], enough - n[travels].astype(np.int64))
        along = ~due[travels] & (later[travels] > alpha[travels])
        up_to = smallest(state, q, tails, n[travels], lambda units: wait.accepted(settings, units)[travels])
        quantity[travels] = np.where(due[travels], raised, np.where(along, up_to, 0))
        joined[travels] = along
        need[travels] = n[travels] + quantity[travels]
    quantity = np.minimum(quantity, MOST_UNITS)
    return Decisions(p, quantity, p_short, n, due, joined, need, arrival, later, alpha, join_days)


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


def ask_counts(state: State, decisions: Decisions, t: float, may: Bools | None = None) -> Ints:
    """Pools to ask for a count: unsure, and P is near the risk in force (`WORTH_A_COUNT`) and below 0.3, once
    in 30 days (section 4); `may` bars pools.
    """
    pools, p = state.pools, decisions.p
    s, owner = state.by_pool.take(p)
    dark = np.bincount(owner, use.blind(state, s, np.full(s.size, t)), minlength=p.size) > 0
    worth = decisions.risk > decisions.alpha * np.where(dark, UNSEEN_WORTH_A_COUNT, WORTH_A_COUNT)
    between = worth & (decisions.risk < 0.3) & (decisions.quantity == 0)
    unsure = (pools.right[p] < 0.9) | (dark & (pools.used[p] > 0.5))
    rested = ~(t - pools.asked[p] < ASK_AGAIN)
    allowed = np.ones(p.size, dtype=np.bool_) if may is None else may
    ask: Ints = p[between & unsure & rested & allowed & (state.by_pool.count(p) > 0)]
    pools.asked[ask] = t
    return ask
