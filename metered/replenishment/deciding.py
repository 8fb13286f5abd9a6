"""One look at some addresses: what to send from which pools, and the reason of every decision, also of
"nothing now" (domain rule 25). Arrays and plain rows in, decisions out; the database is read by `facts`."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from metered.fleet.models import Slot
from metered.fleet.policy import Use, may_be_sent
from metered.lib.said import as_kept
from metered.reads.levels import LevelState, decode
from metered.reads.models import DeviceState
from metered.replenishment import policy, risk, use
from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.calendars import date_of, engine_time, moment_of
from metered.replenishment.explain import supply_name
from metered.replenishment.models import Proposal
from metered.replenishment.store import Loaded
from metered.replenishment.workdays import Workdays
from metered.stock.models import Pool

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


@dataclass(slots=True)
class Outcome:
    """What one look decided: per pool (id → reason), proposals to make, run-outs per slot row, next looks."""

    reasons: dict[int, dict[str, Any]] = field(default_factory=dict)
    proposals: list[Proposal] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    """Pools whose shelf somebody should count."""
    next_look: dict[int, float] = field(default_factory=dict)
    days: Floats = field(default_factory=lambda: np.zeros((3, 0)))
    known: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))


def facts(loaded: Loaded, now: dt.datetime) -> Facts:
    """Read what decisions need of contracts, addresses, supplies, and proposals that are still open."""
    ids = loaded.pools[loaded.pools > 0].tolist()
    busy = set(
        Proposal.objects.filter(
            pool_id__in=ids, status__in=[Proposal.Status.OPEN, Proposal.Status.TAKEN]
        ).values_list("pool_id", flat=True)
    )
    held = {
        row.pool_id: row
        for row in Proposal.objects.filter(pool_id__in=ids, held_until__gt=now).order_by("held_until", "pk")
    }
    uses = _uses(loaded)
    pools = {
        pool.pk: PoolFacts(
            pool_id=pool.pk,
            account_id=pool.account_id,
            contract_id=pool.contract_id,
            address_id=pool.address_id,
            shelf=pool.shelf,
            on_the_way=pool.on_the_way,
            counted_on=pool.counted_at.date() if pool.counted_at else None,
            supply={
                "kind": pool.supply.kind,
                "colorant": pool.supply.colorant,
                "name": pool.supply.name,
                "reorder_number": pool.supply.reorder_number,
            },
            barred=may_be_sent(pool.contract, pool.address, pool.supply, uses[pool.pk], now.date()),
            open=pool.pk in busy,
            held=held.get(pool.pk),
        )
        for pool in Pool.objects.filter(pk__in=ids).select_related("contract", "address", "supply")
    }
    slots = {
        pk: SlotFacts(public_id, f"{name} · {model}" if name else model)
        for pk, public_id, name, model in Slot.objects.filter(pk__in=loaded.slots.tolist()).values_list(
            "pk", "device__public_id", "device__name", "device__model__name"
        )
    }
    return Facts(pools, slots, _levels(loaded))


def _levels(loaded: Loaded) -> dict[int, LevelState]:
    rows = DeviceState.objects.filter(device_id__in=loaded.devices.tolist()).values_list(
        "device_id", "levels"
    )
    found = {}
    for device_id, codes in rows:
        for place, code in enumerate(codes[: loaded.slot_at.shape[1]]):
            row = int(loaded.slot_at[loaded.row_of_device[device_id], place])
            if row >= 0 and code is not None:
                found[int(loaded.slots[row])] = decode(code)
    return found


def _uses(loaded: Loaded) -> dict[int, list[Use]]:
    """Pool → its slots: what is loaded is in the pool of its device's address and contract and its supply."""
    sup, dev = loaded.state.supplies, loaded.state.devices
    found: dict[int, list[Use]] = defaultdict(list)
    for row, pool in enumerate(loaded.pools[sup.pool].tolist()):
        device = sup.device[row]
        on = bool(loaded.on[device] & loaded.sent[row])
        found[pool].append(Use(here=True, on=on, removed=not dev.alive[device]))
    return found


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
            asked = policy.ask_counts(state, decided, t, settings, may_ask[p])
            outcome.asked += loaded.pools[asked].tolist()
            _Writer(loaded, known, settings, now, announced, outcome, o, cal).write(decided, live)
    return outcome


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
        self.blind = use.blind(loaded.state, o.s, np.full(o.s.size, self.t))

    def write(self, decided: policy.Decisions, live: Bools) -> None:
        # An order is of one address and one contract: only what is in it travels together.
        together: dict[tuple[int, int], list[str]] = defaultdict(list)
        rows: list[tuple[PoolFacts, int, dict[str, Any], Ints]] = []
        next_look: dict[int, float] = {}
        for i, p in enumerate(decided.p.tolist()):
            fact = self.known.pools.get(int(self.loaded.pools[p]))
            if fact is None:
                continue
            s, _ = self.loaded.state.by_pool.take(np.array([p]))
            counted = s[self.loaded.state.supplies.live[s]]
            s = counted if counted.size else s
            s = s[np.argsort(self.o.f[s] - self.o.u[s] * self.o.g[s], kind="stable")]
            reason = self._reason(decided, i, fact, s, bool(live[p]))
            wait = self._wait(reason, s)
            if fact.held and fact.held.held_until:
                wait = min(wait, engine_time(fact.held.held_until))
            next_look[fact.address_id] = min(next_look.get(fact.address_id, np.inf), wait)
            if reason["quantity"]:
                together[fact.address_id, fact.contract_id].append(supply_name(fact.supply))
            rows.append((fact, p, reason, s))
        for fact, _p, reason, s in rows:
            again = next_look[fact.address_id]
            reason["look_again_at"] = moment_of(again).isoformat(timespec="minutes")
            if reason["quantity"]:
                others = list(together[fact.address_id, fact.contract_id])
                others.remove(supply_name(fact.supply))
                reason["with"] = others
                self._propose(fact, reason, s)
            self.outcome.reasons[fact.pool_id] = reason
        for address, again in next_look.items():
            self.outcome.next_look[address] = min(self.outcome.next_look.get(address, np.inf), again)

    def _reason(self, d: policy.Decisions, i: int, fact: PoolFacts, s: Ints, live: bool) -> dict[str, Any]:
        rule, barred = self._rule(d, i, fact, live)
        until = fact.held.held_until if fact.held else None
        return {
            "rule": rule,
            "barred": barred,
            "held_until": until.isoformat(timespec="minutes") if until else None,
            "held_because": as_kept(fact.held.closed_reason) if fact.held else "",
            "supply": fact.supply,
            "quantity": int(d.quantity[i]) if rule in ("ship", "along") else 0,
            "shelf": fact.shelf,
            "believed_shelf": float(self.loaded.state.pools.shelf[d.p[i]]),
            "on_the_way": fact.on_the_way,
            "counted_on": fact.counted_on.isoformat() if fact.counted_on else None,
            "alpha": self.settings.alpha,
            "risk": round(float(d.risk[i]), 6),
            "lead_days": self.settings.lead_days,
            "ships_on": date_of(self.ships_on).isoformat(),
            "arrives_by": date_of(d.arrival).isoformat(),
            "join_days": self.settings.join_days,
            "later_risk": round(float(d.later_risk[i]), 6),
            "slots": [self._slot(row) for row in s[:MOST_SLOTS].tolist()],
            "decided_at": self.now.isoformat(timespec="seconds"),
        }

    def _rule(self, d: policy.Decisions, i: int, fact: PoolFacts, live: bool) -> tuple[str, str]:
        if fact.barred:
            return "barred", fact.barred
        if not live:
            return "unknown", ""
        if fact.open:
            return "open", ""
        if fact.held:
            return "held", ""
        if d.quantity[i] == 0:
            return "enough", ""
        return ("along" if d.joined[i] else "ship"), ""

    def _slot(self, row: int) -> dict[str, Any]:
        known = bool(self.outcome.known[row])
        slot = int(self.loaded.slots[row])
        fact = self.known.slots[slot]
        state, percent = self._level(row)
        runs_out = [
            date_of(self.t + float(days)).isoformat() for days in self.outcome.days[:, row]
        ] if known else None  # fmt: skip
        spread = risk.use_spread(self.o, np.full(self.o.s.size, 10.0))[row] if known else None
        return {
            "slot": slot,
            "device": fact.device,
            "label": fact.label,
            "state": state,
            "percent": percent,
            "use": round(100 * float(self.o.u[row]), 3) if known else None,
            "use_sd": round(float(spread) ** 0.5, 3) if spread is not None else None,
            "runs_out": runs_out,
        }

    def _level(self, row: int) -> tuple[str, float | None]:
        said = self.known.levels.get(int(self.loaded.slots[row]))
        if said is not None and not self.blind[row]:
            return said.state, said.percent
        if not self.outcome.known[row]:
            return "unknown", None
        left = float(self.o.f[row] - self.o.u[row] * self.o.g[row])
        return "estimate", round(100 * min(max(left, 0.0), 1.0), 1)

    def _wait(self, reason: Mapping[str, Any], s: Ints) -> float:
        """When the pool needs another look without anything new: daily near an order, weekly far from it."""
        if reason["risk"] > self.settings.alpha / 20:
            return float(self.next_day)
        soonest = float(self.outcome.days[0, s].min(initial=np.inf)) if s.size else np.inf
        wait = min(max(soonest - 2 * self.settings.lead_days, 1.0), LONGEST_WAIT)
        return self.t + wait

    def _propose(self, fact: PoolFacts, reason: dict[str, Any], s: Ints) -> None:
        self.outcome.proposals.append(
            Proposal(
                account_id=fact.account_id,
                contract_id=fact.contract_id,
                address_id=fact.address_id,
                pool_id=fact.pool_id,
                quantity=reason["quantity"],
                slot_ids=self.loaded.slots[s[: max(reason["quantity"], 1)]].tolist(),
                reason=reason,
                decided_at=self.now,
            )
        )
