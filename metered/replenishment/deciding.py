"""One look at some addresses: what to send from which pools, and the reason of every decision, also of
"nothing now" (domain rule 25). Arrays and plain values in, decisions out; the database is read by known.py.

Thousands of pools are weighed at once: what can be said of all of them is worked out in arrays, and each
reason is only put together from it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from metered.lib.said import as_kept
from metered.reads.levels import decode
from metered.replenishment import policy, risk, use
from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.calendars import date_of, engine_time, moment_of
from metered.replenishment.known import NEVER, Facts, PoolFacts
from metered.replenishment.reasons import Reason, SlotSaid, plain
from metered.replenishment.store import Loaded
from metered.replenishment.workdays import Workdays

KNOWN_AFTER = 0.5
"""Activity days between meters before a device's rate is its own."""
MOST_SLOTS = 12
LONGEST_WAIT = 7.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A proposal to be made: what Proposal keeps, but for the pool's reason."""

    account_id: int
    contract_id: int
    address_id: int
    pool_id: int
    quantity: int
    slot_ids: list[int]


@dataclass(slots=True)
class Outcome:
    """What one look decided: per pool (id → reason), proposals to make, run-outs per slot row, next looks."""

    reasons: dict[int, Reason] = field(default_factory=dict)
    proposals: list[Wanted] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    """Pools whose shelf somebody should count."""
    early: list[int] = field(default_factory=list)
    """Pools with a slot that is likely empty before an order of now arrives."""
    next_look: dict[int, float] = field(default_factory=dict)
    days: Floats = field(default_factory=lambda: np.zeros((3, 0)))
    known: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def plain(self) -> dict[int, dict[str, Any]]:
        """Pool → its reason as explain.py reads it."""
        return {pool: plain(reason) for pool, reason in self.reasons.items()}


def known_slots(loaded: Loaded) -> tuple[Bools, Bools]:
    """(a level or two meters were seen, the rate is the device's own), per slot row (domain rule 7)."""
    sup, dev = loaded.state.supplies, loaded.state.devices
    rated = dev.d_slow[sup.device] >= KNOWN_AFTER
    return ~np.isnan(sup.seen) | rated, rated


def look(
    loaded: Loaded, known: Facts, settings: policy.Settings, now: dt.datetime, announced: dt.timedelta,
    *, later: int = 0,
) -> Outcome:  # fmt: skip
    """Weigh every pool of the loaded devices, which must be all in use at their addresses.

    Parcels take what the lanes of `known` say (not `settings.lead_days`), and `later` working days more.
    """
    state, t = loaded.state, engine_time(now)
    seen, rated = known_slots(loaded)
    device = state.supplies.device
    state.supplies.live = seen & loaded.on[device] & loaded.sent
    every = np.arange(loaded.slots.size)
    o = risk.outlook(state, loaded.calendar, every, t)
    # Without a supply its yield is a guess: then only levels can say how fast it goes.
    blind = use.blind(state, every, np.full(every.size, t))
    guessed = (loaded.pools[state.supplies.pool] < 0) & blind
    outcome = Outcome(days=risk.run_out(state, loaded.calendar, o, t), known=seen & rated & ~guessed)

    live = np.bincount(state.supplies.pool, state.supplies.live, minlength=loaded.pools.size) > 0
    facts = [known.pools.get(pool) for pool in loaded.pools.tolist()]
    # Nobody counts for what is not sent, and a slot without a supply has no shelf.
    may_ask = live & [fact is not None and not fact.barred for fact in facts]
    may = may_ask & [fact is not None and not fact.open and fact.held is None for fact in facts]
    place, lead = np.zeros(loaded.pools.size, dtype=np.int64), np.zeros(loaded.pools.size, dtype=np.int64)
    place[state.supplies.pool] = state.devices.sector[device]
    lead[state.supplies.pool] = known.leads[device] + later
    slots = _Slots(loaded, known, outcome, o, blind, t)
    for which, days in np.unique(np.stack([place, lead], axis=1), axis=0).tolist():
        p = np.flatnonzero((place == which) & (lead == days)).astype(np.int64)
        cal, lane = loaded.calendars[which], replace(settings, lead_days=days)
        waits = policy.announcement_waits(cal, t, announced / dt.timedelta(days=1))
        decided = policy.decide(state, cal, p, t, lane, may[p], waits)
        outcome.asked += loaded.pools[policy.ask_counts(state, decided, t, may_ask[p])].tolist()
        _Writer(loaded, facts, lane, now, announced, cal).write(outcome, decided, slots, live)
    return outcome


class _Slots:
    """What is said of every loaded slot, by row."""

    def __init__(
        self, loaded: Loaded, known: Facts, outcome: Outcome, o: risk.Outlook, blind: Bools, t: float
    ) -> None:
        self.left = o.f - o.u * o.g
        self.days = np.floor(t + outcome.days).astype(np.int64)
        is_known = outcome.known.tolist()
        day = {number: date_of(number).isoformat() for number in np.unique(self.days).tolist()}
        levels = _levels(known.levels, blind, outcome.known, self.left)
        device = [known.devices[row] for row in loaded.state.supplies.device.tolist()]
        rows = zip(
            loaded.slots.tolist(), device, levels, is_known, (100 * o.u).round(3).tolist(),
            risk.use_spread(o, np.full(o.s.size, 10.0)).round(3).tolist(), *self.days.tolist(),
            strict=True,
        )  # fmt: skip
        self.said = [
            SlotSaid(slot, who.public_id, who.label, level[0], level[1], use, sd, (day[a], day[b], day[c]))
            if known_use
            else SlotSaid(slot, who.public_id, who.label, level[0], level[1], None, None, None)
            for slot, who, level, known_use, use, sd, a, b, c in rows
        ]


def _levels(codes: Ints, blind: Bools, known: Bools, left: Floats) -> Iterator[tuple[str, float | None]]:
    """(state, percent) of each slot: as last reported; where nobody sees it, what is left by its pages."""
    estimate = (100 * np.clip(left, 0.0, 1.0)).round(1).tolist()
    seen = (codes != NEVER) & ~blind
    for code, is_seen, is_known, percent in zip(
        codes.tolist(), seen.tolist(), known.tolist(), estimate, strict=True
    ):
        if is_seen:
            said = decode(code)
            yield said.state, said.percent
        else:
            yield ("estimate", percent) if is_known else ("unknown", None)


class _Writer:
    """Turns the decisions of one calendar and lane into reasons, proposals and next looks."""

    def __init__(
        self, loaded: Loaded, facts: list[PoolFacts | None], lane: policy.Settings, now: dt.datetime,
        announced: dt.timedelta, cal: Workdays,
    ) -> None:  # fmt: skip
        self.loaded, self.facts, self.lane = loaded, facts, lane
        self.t = engine_time(now)
        self.next_day = cal.working_after(int(self.t), 1)
        ships_on = cal.working_after(int(engine_time(now + announced)) - 1, 1)
        self.ships_on = date_of(ships_on).isoformat()
        self.now_said = now.isoformat(timespec="seconds")

    def write(self, outcome: Outcome, d: policy.Decisions, slots: _Slots, live: Bools) -> None:
        meant, counts, soonest, early = self._rows(outcome, d, slots)
        # Daily near an order, weekly far from it, when nothing new comes.
        wait = self.t + np.clip(soonest - 2 * self.lane.lead_days, 1.0, LONGEST_WAIT)
        wait[d.risk > d.alpha / 20] = self.next_day
        arrives_by = date_of(d.arrival).isoformat()
        lead_days, shelf = self.lane.lead_days, self.loaded.state.pools.shelf[d.p]
        # An order is of one address and one contract: only what is in it travels together.
        together: dict[tuple[int, int], list[str]] = defaultdict(list)
        next_look: dict[int, float] = {}
        made: list[tuple[PoolFacts, Reason, list[int]]] = []
        columns = zip(
            d.p.tolist(), d.quantity.tolist(), d.alpha.round(6).tolist(), d.risk.round(6).tolist(),
            d.later_risk.round(6).tolist(), d.joined.tolist(), shelf.tolist(), live[d.p].tolist(),
            wait.tolist(), _parts(meant.tolist(), counts.tolist()), early.tolist(), d.join_days.tolist(),
            strict=True,
        )  # fmt: skip
        for (
            row, quantity, alpha, chance, later, joined, believed, alive, again, rows, soon, join_days,
        ) in columns:  # fmt: skip
            fact = self.facts[row]
            if fact is None:
                continue
            rule = _rule(fact, alive, quantity, joined)
            until, because = "", ""
            if fact.held is not None and fact.held.held_until is not None:
                until = fact.held.held_until.isoformat(timespec="minutes")
                because = as_kept(fact.held.closed_reason)
                again = min(again, engine_time(fact.held.held_until))
            address = fact.address_id
            if again < next_look.get(address, np.inf):
                next_look[address] = again
            ordered = quantity if rule in ("ship", "along") else 0
            if ordered:
                together[address, fact.contract_id].append(fact.supply.name)
            if soon:
                outcome.early.append(fact.pool_id)
            reason = Reason(
                rule, fact.barred, until or None, because, fact.supply.data, ordered, fact.shelf, believed,
                fact.on_the_way, fact.counted_on.isoformat() if fact.counted_on else None, alpha, chance,
                lead_days, self.ships_on, arrives_by, join_days, later,
                [slots.said[slot] for slot in rows[:MOST_SLOTS]], self.now_said, "",
            )  # fmt: skip
            made.append((fact, reason, rows))
        again_said = {address: moment_of(t).isoformat(timespec="minutes") for address, t in next_look.items()}
        for fact, reason, rows in made:
            reason.look_again_at = again_said[fact.address_id]
            if reason.quantity:
                reason.also = list(together[fact.address_id, fact.contract_id])
                reason.also.remove(fact.supply.name)
                outcome.proposals.append(self._wanted(fact, reason.quantity, rows))
            outcome.reasons[fact.pool_id] = reason
        for address, t in next_look.items():
            outcome.next_look[address] = min(outcome.next_look.get(address, np.inf), t)

    def _wanted(self, fact: PoolFacts, quantity: int, rows: list[int]) -> Wanted:
        return Wanted(
            account_id=fact.account_id,
            contract_id=fact.contract_id,
            address_id=fact.address_id,
            pool_id=fact.pool_id,
            quantity=quantity,
            slot_ids=self.loaded.slots[rows[:quantity]].tolist(),
        )

    def _rows(self, outcome: Outcome, d: policy.Decisions, slots: _Slots) -> tuple[Ints, Ints, Floats, Bools]:
        """Of the pools decided about: the slot rows that they are for, the emptiest first within a pool, how
        many each has, when the first of them is empty (days from now, early), and whether that is likely
        before an order of now arrives.

        Slots whose need counts; all of them where none does.
        """
        rows, owner = self.loaded.state.by_pool.take(d.p)
        counted = self.loaded.state.supplies.live[rows]
        meant = counted | (np.bincount(owner, counted, minlength=d.p.size) == 0)[owner]
        rows, owner = rows[meant], owner[meant]
        order = np.lexsort((slots.left[rows], owner))
        rows, owner = rows[order], owner[order]
        soonest = np.full(d.p.size, np.inf)
        np.minimum.at(soonest, owner, outcome.days[0, rows])
        early = outcome.known[rows] & (slots.days[1, rows] < d.arrival)
        return (
            rows,
            np.bincount(owner, minlength=d.p.size).astype(np.int64),
            soonest,
            np.bincount(owner, early, minlength=d.p.size) > 0,
        )


def _parts(values: list[int], counts: Iterable[int]) -> Iterator[list[int]]:
    start = 0
    for count in counts:
        yield values[start : start + count]
        start += count


def _rule(fact: PoolFacts, live: bool, quantity: int, joined: bool) -> str:
    if fact.barred:
        return "barred"
    if not live:
        return "unknown"
    if fact.open:
        return "open"
    if fact.held is not None:
        return "held"
    if quantity == 0:
        return "enough"
    return "along" if joined else "ship"
