"""One look at some addresses: what to send from which pools, and the reason of every decision, also of
"nothing now" (domain rule 25). Arrays and plain rows in, decisions out; the database is read by `facts`."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from django.db import connection

from metered.fleet.models import Supply
from metered.fleet.policy import Use, may_be_sent
from metered.lib.said import as_kept
from metered.reads.copying import numbers
from metered.reads.levels import LevelState, decode
from metered.replenishment import policy, risk, use
from metered.replenishment.arrays import Bools, Floats
from metered.replenishment.calendars import date_of, engine_time, moment_of
from metered.replenishment.explain import supply_name
from metered.replenishment.models import Proposal
from metered.replenishment.store import Loaded
from metered.replenishment.workdays import Workdays

KNOWN_AFTER = 0.5
"""Activity days between meters before a device's rate is its own."""
MOST_SLOTS = 12
LONGEST_WAIT = 7.0


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """What a pool's decision stands on beside the state."""

    pool_id: int
    account_id: int
    contract_id: int
    address_id: int
    shelf: int
    on_the_way: int
    counted_on: dt.date | None
    supply: dict[str, Any]
    barred: str
    open: bool
    held: Proposal | None
    """Somebody cancelled it: nothing is proposed until its `held_until`."""


@dataclass(frozen=True, slots=True)
class SlotFacts:
    device: str
    label: str


@dataclass(frozen=True, slots=True)
class Facts:
    pools: dict[int, PoolFacts]
    slots: dict[int, SlotFacts]
    levels: dict[int, LevelState]
    """What each slot last reported; slots that never did are missing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A proposal to be made: what Proposal keeps."""

    account_id: int
    contract_id: int
    address_id: int
    pool_id: int
    quantity: int
    slot_ids: list[int]
    reason: dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """What one look decided: per pool (id → reason), proposals to make, run-outs per slot row, next looks."""

    reasons: dict[int, dict[str, Any]] = field(default_factory=dict)
    proposals: list[Wanted] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    """Pools whose shelf somebody should count."""
    next_look: dict[int, float] = field(default_factory=dict)
    days: Floats = field(default_factory=lambda: np.zeros((3, 0)))
    known: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))


_POOLS = """
SELECT p.id, p.account_id, p.contract_id, p.address_id, p.supply_id, p.shelf, p.on_the_way, p.counted_at,
    EXISTS (SELECT FROM replenishment_proposal r WHERE r.pool_id = p.id AND r.status IN ('open', 'taken'))
FROM stock_pool p WHERE p.id = ANY(%s::bigint[])
"""
_DEVICES = """
SELECT d.id, d.public_id, d.name, m.name, array_to_json(s.levels)::text
FROM fleet_device d JOIN fleet_printermodel m ON m.id = d.model_id
LEFT JOIN reads_devicestate s ON s.device_id = d.id WHERE d.id = ANY(%s::bigint[])
"""


_TERMS = """
SELECT id, status, starts_on, ends_on, included_kinds FROM fleet_contract WHERE id = ANY(%s::bigint[])
"""
_PLACES = """
SELECT id, retired_at, refused_reason FROM accounts_address WHERE id = ANY(%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class _Terms:
    status: str
    starts_on: dt.date
    ends_on: dt.date | None
    included_kinds: list[str]


@dataclass(frozen=True, slots=True)
class _Place:
    retired_at: dt.datetime | None
    refused_reason: str


def facts(loaded: Loaded, now: dt.datetime) -> Facts:
    """Read what decisions need of contracts, addresses, supplies, and proposals that are still open."""
    ids = loaded.pools[loaded.pools > 0].tolist()
    with connection.cursor() as cursor:
        cursor.execute(_POOLS, [numbers(ids)])
        rows = cursor.fetchall()
        cursor.execute(_DEVICES, [numbers(loaded.devices.tolist())])
        said = cursor.fetchall()
        cursor.execute(_TERMS, [numbers(list({row[2] for row in rows}))])
        contracts = {pk: _Terms(*more) for pk, *more in cursor.fetchall()}
        cursor.execute(_PLACES, [numbers(list({row[3] for row in rows}))])
        addresses = {pk: _Place(*more) for pk, *more in cursor.fetchall()}
    supplies = Supply.objects.in_bulk({row[4] for row in rows})
    described = {
        pk: {
            "kind": supply.kind,
            "colorant": supply.colorant,
            "name": supply.name,
            "reorder_number": supply.reorder_number,
        }
        for pk, supply in supplies.items()
    }
    held = {
        row.pool_id: row
        for row in Proposal.objects.filter(held_until__gt=now)
        .extra(where=["pool_id = ANY(%s::bigint[])"], params=[numbers(ids)])
        .order_by("held_until", "pk")
    }
    uses = _uses(loaded)
    pools = {
        pk: PoolFacts(
            pool_id=pk,
            account_id=account_id,
            contract_id=contract_id,
            address_id=address_id,
            shelf=shelf,
            on_the_way=on_the_way,
            counted_on=counted_at.date() if counted_at else None,
            supply=described[supply_id],
            barred=may_be_sent(
                contracts[contract_id], addresses[address_id], supplies[supply_id], uses[pk], now.date()
            ),
            open=busy,
            held=held.get(pk),
        )
        for pk, account_id, contract_id, address_id, supply_id, shelf, on_the_way, counted_at, busy in rows
    }
    slots: dict[int, SlotFacts] = {}
    levels: dict[int, LevelState] = {}
    at = loaded.slot_at.tolist()
    slot_ids = loaded.slots.tolist()
    for device_id, public_id, name, model, codes in said:
        fact = SlotFacts(public_id, f"{name} · {model}" if name else model)
        told = json.loads(codes) if codes else ()
        for place, row in enumerate(at[loaded.row_of_device[device_id]]):
            if row >= 0:
                slots[slot_ids[row]] = fact
                if place < len(told) and told[place] is not None:
                    levels[slot_ids[row]] = decode(told[place])
    return Facts(pools, slots, levels)


def _uses(loaded: Loaded) -> dict[int, list[Use]]:
    """Pool → its slots: what is loaded is in the pool of its device's address and contract and its supply."""
    sup, dev = loaded.state.supplies, loaded.state.devices
    on = (loaded.on[sup.device] & loaded.sent).tolist()
    alive = dev.alive[sup.device].tolist()
    found: dict[int, list[Use]] = defaultdict(list)
    for row, pool in enumerate(loaded.pools[sup.pool].tolist()):
        found[pool].append(_USES[on[row], alive[row]])
    return found


_USES = {
    (on, alive): Use(here=True, on=on, removed=not alive) for on in (True, False) for alive in (True, False)
}


def known_slots(loaded: Loaded) -> tuple[Bools, Bools]:
    """(a level or two meters were seen, the rate is the device's own), per slot row (domain rule 7)."""
    sup, dev = loaded.state.supplies, loaded.state.devices
    rated = dev.d_slow[sup.device] >= KNOWN_AFTER
    return ~np.isnan(sup.seen) | rated, rated


def look(
    loaded: Loaded, known: Facts, settings: policy.Settings, now: dt.datetime, announced: dt.timedelta
) -> Outcome:
    """Weigh every pool of the loaded devices, which must be all in use at their addresses."""
    state, t = loaded.state, engine_time(now)
    seen, rated = known_slots(loaded)
    device = state.supplies.device
    state.supplies.live = seen & loaded.on[device] & loaded.sent
    every = np.arange(loaded.slots.size)
    o = risk.outlook(state, loaded.calendar, every, t)
    # Without a supply its yield is a guess: then only levels can say how fast it goes.
    guessed = (loaded.pools[state.supplies.pool] < 0) & use.blind(state, every, np.full(every.size, t))
    outcome = Outcome(days=risk.run_out(state, loaded.calendar, o, t), known=seen & rated & ~guessed)

    live = np.bincount(state.supplies.pool, state.supplies.live, minlength=loaded.pools.size) > 0
    may, may_ask = live.copy(), live.copy()
    for row, pool_id in enumerate(loaded.pools.tolist()):
        fact = known.pools.get(pool_id)
        # Nobody counts for what is not sent, and a slot without a supply has no shelf.
        may_ask[row] &= fact is not None and not fact.barred
        may[row] &= may_ask[row] and fact is not None and not (fact.open or fact.held)
    place = np.zeros(loaded.pools.size, dtype=np.int64)
    place[state.supplies.pool] = state.devices.sector[device]
    for which, cal in enumerate(loaded.calendars):
        p = np.flatnonzero(place == which).astype(np.int64)
        if p.size:
            waits = policy.announcement_waits(cal, t, announced / dt.timedelta(days=1))
            decided = policy.decide(state, cal, p, t, settings, may[p], waits)
            asked = policy.ask_counts(state, decided, t, may_ask[p])
            outcome.asked += loaded.pools[asked].tolist()
            _Writer(loaded, known, settings, now, announced, outcome, o, cal).write(decided, live)
    return outcome


@dataclass(frozen=True, slots=True)
class _Columns:
    """Decisions as plain values, and what was believed of each pool's shelf."""

    quantity: list[int]
    alpha: list[float]
    risk: list[float]
    later_risk: list[float]
    joined: list[bool]
    shelf: list[float]
    live: list[bool]
    arrival: int

    @classmethod
    def of(cls, d: policy.Decisions, shelf: Floats, live: Bools) -> _Columns:
        return cls(
            d.quantity.tolist(), d.alpha.round(6).tolist(), d.risk.round(6).tolist(),
            d.later_risk.round(6).tolist(),
            d.joined.tolist(), shelf.tolist(), live.tolist(), d.arrival,
        )  # fmt: skip


class _Writer:
    """Turns decisions into reasons, proposals and next looks."""

    def __init__(
        self, loaded: Loaded, known: Facts, settings: policy.Settings, now: dt.datetime,
        announced: dt.timedelta, outcome: Outcome, o: risk.Outlook, cal: Workdays,
    ) -> None:  # fmt: skip
        self.loaded, self.known, self.settings, self.outcome = loaded, known, settings, outcome
        self.now, self.o, self.cal = now, o, cal
        self.t = engine_time(now)
        today = int(self.t)
        self.next_day = cal.working_after(today, 1)
        self.ships_on = cal.working_after(int(engine_time(now + announced)) - 1, 1)
        self.blind = use.blind(loaded.state, o.s, np.full(o.s.size, self.t)).tolist()
        # As plain values: reasons are made one by one.
        self.left = (o.f - o.u * o.g).tolist()
        self.use = (100 * o.u).round(3).tolist()
        self.spread = np.sqrt(risk.use_spread(o, np.full(o.s.size, 10.0))).round(3).tolist()
        self.runs_out = (self.t + outcome.days).T.astype(np.int64).tolist()
        self.is_known = outcome.known.tolist()
        self.soonest = outcome.days[0].tolist()
        self.slots = loaded.slots.tolist()
        self.now_said = now.isoformat(timespec="seconds")
        self.day = lru_cache(maxsize=None)(lambda number: date_of(number).isoformat())
        self.named: dict[int, str] = {}

    def write(self, decided: policy.Decisions, live: Bools) -> None:
        # An order is of one address and one contract: only what is in it travels together.
        together: dict[tuple[int, int], list[str]] = defaultdict(list)
        rows: list[tuple[PoolFacts, dict[str, Any], list[int]]] = []
        next_look: dict[int, float] = {}
        sup = self.loaded.state.supplies
        rows_of, owner = self.loaded.state.by_pool.take(decided.p)
        # Within a pool the emptiest first.
        order = np.lexsort(((self.o.f - self.o.u * self.o.g)[rows_of], owner))
        ends = np.cumsum(self.loaded.state.by_pool.count(decided.p)).tolist()
        sorted_rows, counts = rows_of[order].tolist(), sup.live[rows_of[order]].tolist()
        pool_ids = self.loaded.pools[decided.p].tolist()
        columns = _Columns.of(decided, self.loaded.state.pools.shelf[decided.p], live[decided.p])
        start = 0
        for i, (pool_id, end) in enumerate(zip(pool_ids, ends, strict=True)):
            mine, meant, start = sorted_rows[start:end], counts[start:end], end
            fact = self.known.pools.get(pool_id)
            if fact is None:
                continue
            s = [row for row, counted in zip(mine, meant, strict=True) if counted] or mine
            reason = self._reason(columns, i, fact, s)
            wait = self._wait(reason, s)
            if fact.held and fact.held.held_until:
                wait = min(wait, engine_time(fact.held.held_until))
            next_look[fact.address_id] = min(next_look.get(fact.address_id, np.inf), wait)
            if reason["quantity"]:
                together[fact.address_id, fact.contract_id].append(self._name(fact))
            rows.append((fact, reason, s))
        for fact, reason, s in rows:
            again = next_look[fact.address_id]
            reason["look_again_at"] = moment_of(again).isoformat(timespec="minutes")
            if reason["quantity"]:
                others = list(together[fact.address_id, fact.contract_id])
                others.remove(self._name(fact))
                reason["with"] = others
                self._propose(fact, reason, s)
            self.outcome.reasons[fact.pool_id] = reason
        for address, again in next_look.items():
            self.outcome.next_look[address] = min(self.outcome.next_look.get(address, np.inf), again)

    def _name(self, fact: PoolFacts) -> str:
        """supply_name, looked up once: thousands of pools hold the same few supplies."""
        key = id(fact.supply)
        if key not in self.named:
            self.named[key] = supply_name(fact.supply)
        return self.named[key]

    def _reason(self, d: _Columns, i: int, fact: PoolFacts, s: list[int]) -> dict[str, Any]:
        rule, barred = self._rule(d, i, fact)
        until = fact.held.held_until if fact.held else None
        return {
            "rule": rule,
            "barred": barred,
            "held_until": until.isoformat(timespec="minutes") if until else None,
            "held_because": as_kept(fact.held.closed_reason) if fact.held else "",
            "supply": fact.supply,
            "quantity": d.quantity[i] if rule in ("ship", "along") else 0,
            "shelf": fact.shelf,
            "believed_shelf": d.shelf[i],
            "on_the_way": fact.on_the_way,
            "counted_on": fact.counted_on.isoformat() if fact.counted_on else None,
            "alpha": d.alpha[i],
            "risk": d.risk[i],
            "lead_days": self.settings.lead_days,
            "ships_on": self.day(self.ships_on),
            "arrives_by": self.day(d.arrival),
            "join_days": self.settings.join_days,
            "later_risk": d.later_risk[i],
            "slots": [self._slot(row) for row in s[:MOST_SLOTS]],
            "decided_at": self.now_said,
        }

    def _rule(self, d: _Columns, i: int, fact: PoolFacts) -> tuple[str, str]:
        if fact.barred:
            return "barred", fact.barred
        if not d.live[i]:
            return "unknown", ""
        if fact.open:
            return "open", ""
        if fact.held:
            return "held", ""
        if d.quantity[i] == 0:
            return "enough", ""
        return ("along" if d.joined[i] else "ship"), ""

    def _slot(self, row: int) -> dict[str, Any]:
        known = self.is_known[row]
        slot = self.slots[row]
        fact = self.known.slots[slot]
        state, percent = self._level(row)
        return {
            "slot": slot,
            "device": fact.device,
            "label": fact.label,
            "state": state,
            "percent": percent,
            "use": self.use[row] if known else None,
            "use_sd": self.spread[row] if known else None,
            "runs_out": [self.day(day) for day in self.runs_out[row]] if known else None,
        }

    def _level(self, row: int) -> tuple[str, float | None]:
        said = self.known.levels.get(self.slots[row])
        if said is not None and not self.blind[row]:
            return said.state, said.percent
        if not self.is_known[row]:
            return "unknown", None
        return "estimate", round(100 * min(max(self.left[row], 0.0), 1.0), 1)

    def _wait(self, reason: Mapping[str, Any], s: list[int]) -> float:
        """When the pool needs another look without anything new: daily near an order, weekly far from it."""
        if reason["risk"] > reason["alpha"] / 20:
            return float(self.next_day)
        soonest = min((self.soonest[row] for row in s), default=float("inf"))
        wait = min(max(soonest - 2 * self.settings.lead_days, 1.0), LONGEST_WAIT)
        return self.t + wait

    def _propose(self, fact: PoolFacts, reason: dict[str, Any], s: list[int]) -> None:
        self.outcome.proposals.append(
            Wanted(
                account_id=fact.account_id,
                contract_id=fact.contract_id,
                address_id=fact.address_id,
                pool_id=fact.pool_id,
                quantity=reason["quantity"],
                slot_ids=[self.slots[row] for row in s[: max(reason["quantity"], 1)]],
                reason=reason,
            )
        )
