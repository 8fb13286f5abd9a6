"""A fleet living day by day under one policy: stock, swaps, outages, and what of it is told (parts 3.2 and
3.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.simulation.demand import Demand
from metered.replenishment.simulation.family import FLAG, PCT10, Fleet, Rng
from metered.replenishment.simulation.policies import Message
from metered.replenishment.state import COLOUR_KINDS, IDLE_KINDS, KINDS

LEAD_LEAST = 2
AUTOMATIC, CUSTOMER, EMERGENCY = 0, 1, 2
# Kinds of luck.
EXPRESS, ANSWERS, BY_HAND, WHIM, CALLS, READ, DELAY, SLIP, COUNT, COUNT_HOW = range(20, 30)
POISSON_2 = np.cumsum([0.1353, 0.2707, 0.2707, 0.1804, 0.0902, 0.0361, 0.0120, 0.0034, 0.0012])
MISCOUNTS, MISCOUNT_ODDS = (-2, -1, 1, 2), (0.10, 0.43, 0.93, 1.0)


SOURCES = ("levels 1 %", "levels 10 %", "flags", "pages only", "no level")
"""What is told of a supply: by hand only pages, and of some connected ones no level."""
WITHOUT_LEVEL = 4


@dataclass(slots=True)
class Parcel:
    arrives: int
    pool: int
    units: int
    origin: int
    ordered: int


class World:
    """`step(t)` lives day t and returns what is told of it; `ship` takes orders of that evening."""

    def __init__(self, fleet: Fleet, demand: Demand, seed: int) -> None:
        rng = np.random.default_rng([seed, 77])
        n, d, traits = fleet.s_device.size, fleet.d_site.size, fleet.traits
        self.fleet, self.demand, self.seed = fleet, demand, seed
        self.nth = np.zeros(n, dtype=np.int64)
        self.left = rng.uniform(0.05, 1.0, n)
        self.capacity, self.gauge, self.fails, self.mute = (np.zeros(n) for _ in range(4))
        self._fresh(np.arange(n), rng)
        self.fails[self.fails > self.left] = 0
        self.shelf = fleet.p_start.copy()
        self.parcels: list[Parcel] = []
        self.coming = np.zeros(fleet.p_site.size, dtype=np.int64)
        self.alive = np.ones(d, dtype=np.bool_)
        self.meter = rng.integers(0, 200_000, d).astype(np.int64)
        self.meter_colour = (self.meter * np.where(fleet.d_colour, 0.4, 0)).astype(np.int64)
        near = rng.random(d) < 0.2
        wraps = (fleet.d_modulus == 1e6) & near
        self.meter[wraps] = rng.integers(900_000, 999_000, int(wraps.sum()))
        self.early_at = np.where(rng.random(d) < traits.early, rng.uniform(0.05, 0.15, d), 0.0)
        self.weekend_off = rng.random(d) < traits.weekend_off
        self.off_line, self.unknown = self._spells(rng, d)
        self.stale_until = np.full(n, -1)
        self.stale_v = np.zeros(n)
        sites = fleet.sector.size
        manual = np.zeros(sites, dtype=np.bool_)
        manual[fleet.d_site[~fleet.d_connected]] = True
        self.by_hand = rng.random(sites) < np.where(manual, traits.by_hand[1], traits.by_hand[0])
        self.panel = rng.uniform(0.08, 0.16, n)
        self.hoards = rng.random(sites) < traits.hoards
        self.count_every = np.where(rng.random(sites) < traits.quarterly, 91, 730)
        self.count_phase = rng.integers(0, 730, sites)
        self.read_day = rng.integers(0, 30, d)
        self.reads_due: dict[int, list[int]] = {}
        self.asked: dict[int, list[int]] = {}
        self.last_read: dict[int, tuple[int, int]] = {}
        self.units_for: list[list[int]] = [[] for _ in range(fleet.p_site.size)]
        size = np.bincount(fleet.s_device, minlength=d)
        self.mine = np.split(np.argsort(fleet.s_device, kind="stable"), np.cumsum(size)[:-1])
        self.score: dict[str, float] = dict.fromkeys(
            ("out", "out_manual", "emergency", "emergency_parcels", "units", "waste", "used", "stranded",
             "parcels", "asked", "dy", "dy_manual", "spare", "days"), 0.0,
        )  # fmt: skip
        self.outages: dict[str, dict[str, int]] = {name: {} for name in SOURCES}
        self.sent: set[tuple[int, int]] = set()
        self._leads: dict[tuple[int, int], int] = {}
        self.warnings: list[int] = []
        self.emptied: list[tuple[int, int, int]] = []  # day, supply, 1 = ran dry, 0 = swapped before

    def _luck(self, what: int, t: int, n: int) -> Floats:
        """Uniform numbers for all of one kind on day t: whatever a policy does, the others' luck stays."""
        return np.random.default_rng([self.seed, what, t]).random(n)

    def _fresh(self, s: Ints, rng: Rng) -> None:
        """Put new cartridges into the slots `s`."""
        self.capacity[s], self.gauge[s], self.fails[s], self.mute[s] = self._drawn(s, rng)

    def _drawn(self, s: Ints, rng: Rng) -> tuple[Floats, Floats, Floats, Bools]:
        waste, traits = self.fleet.s_kind[s] == KINDS.index("waste"), self.fleet.traits
        capacity = self.fleet.s_bias[s] * np.exp(rng.normal(0, 1, s.size) * np.where(waste, 0.10, 0.06))
        gauge = self.fleet.s_gauge[s] * np.exp(rng.normal(0, 0.05, s.size))
        broken = rng.random(s.size) < traits.defective
        fails = np.where(broken, 1 - rng.uniform(0.02, 0.5, s.size), 0.0)
        return capacity, gauge, fails, rng.random(s.size) < traits.mute

    def _cartridge(self, s: int, ahead: int = 1) -> Rng:
        """The luck of a slot's next cartridges: the n-th is the same one whoever sends it."""
        return np.random.default_rng([self.seed, 9, s, int(self.nth[s]) + ahead])

    def cartridge(self, s: int, ahead: int) -> tuple[float, float]:
        """Capacity, and the fraction left at which it fails (0: never), of the `ahead`-th from now on."""
        capacity, _, fails, _ = self._drawn(np.array([s]), self._cartridge(s, ahead))
        return float(capacity[0]), float(fails[0])

    def _replace(self, t: int, s: int) -> None:
        rng = self._cartridge(s)
        self.nth[s] += 1
        row = np.array([s])
        stale = self._shown(row)[0]
        self._fresh(row, rng)
        self.left[s] = 1.0
        if rng.random() < 0.03:
            self.stale_until[s], self.stale_v[s] = t + int(rng.integers(1, 10)), stale

    def _spells(self, rng: Rng, d: int) -> tuple[Bools, Bools]:
        days, traits = self.demand.pages.shape[0], self.fleet.traits
        gaps, unknown = np.zeros((days, d), dtype=np.bool_), np.zeros((days, d), dtype=np.bool_)
        unknown[:, rng.random(d) < traits.unknown] = True
        for i in range(d):
            for _ in range(rng.poisson(traits.gaps * days / 365)):
                length = int(rng.integers(30, 121)) if rng.random() < 0.1 else int(rng.exponential(8)) + 1
                at = int(rng.integers(days))
                gaps[at : at + length, i] = True
            for _ in range(rng.poisson(0.08 * days / 365)):
                at = int(rng.integers(days))
                unknown[at : at + int(rng.exponential(60)) + 1, i] = True
        return gaps, unknown

    # -- the day ---------------------------------------------------------------------------------------------

    def step(self, t: int) -> Message:
        """Deliveries, printing, swaps and outages of day t, then what is told that evening."""
        rng = np.random.default_rng([self.seed, 1000 + t])
        message: Message = {"type": "day", "day": t}
        removed = np.flatnonzero((self.demand.removed_on == t) & self.alive)
        message["delivered"] = self._deliver(t)
        self.alive[removed] = False
        self._strand(removed)
        self._print(t)
        message["customer_orders"] = self._customers(t)
        message["emergency_orders"] = self._emergencies(t)
        message["reports"], message["levels"] = self._reports(t, rng)
        message["reads"] = self._reads(t)
        message["stock_counts"] = self._counts(t)
        message["heavy_jobs"] = [
            {"d": d, "start": a, "end": b, "pages": pages, "color": colour}
            for on, d, a, b, pages, colour in self.demand.jobs
            if on == t and self.alive[d]
        ]
        message["removed"] = removed.tolist()
        if t >= 90:
            self.score["spare"] += float(self.shelf.sum())
            self.score["days"] += 1
            self.score["dy"] += float(self.alive.sum()) / 365
            self.score["dy_manual"] += float((self.alive & ~self.fleet.d_connected).sum()) / 365
        return message

    def _deliver(self, t: int) -> Message:
        now = [x for x in self.parcels if x.arrives <= t]
        self.parcels = [x for x in self.parcels if x.arrives > t]
        for x in now:
            self.shelf[x.pool] += x.units
            self.coming[x.pool] -= x.units
            self.units_for[x.pool] += [x.ordered] * x.units
        return {"p": [x.pool for x in now], "n": [x.units for x in now]}

    def _strand(self, removed: Ints) -> None:
        for d in removed.tolist():
            for s in self.mine[d].tolist():
                pool = self.fleet.s_pool[s]
                others = self.fleet.s_device[self.fleet.s_pool == pool]
                if not self.alive[others].any():
                    self.score["stranded"] += float(self.shelf[pool])
                    self.shelf[pool] = 0

    def _take(self, t: int, s: int, early: bool) -> None:
        """Put a unit of the pool into the machine."""
        pool = self.fleet.s_pool[s]
        self.shelf[pool] -= 1
        if t >= 90:
            self.score["used"] += 1
            self.score["waste"] += max(float(self.left[s]), 0.0) if early else 0.0
            if self.units_for[pool]:
                self.warnings.append(t - self.units_for[pool].pop(0))
        if early:
            self.emptied.append((t, s, 0))
        self._replace(t, s)

    def _print(self, t: int) -> None:
        fleet, want, tint = self.fleet, self.demand.pages[t] * self.alive, self.demand.colour[t] * self.alive
        s_dev, kind = fleet.s_device, fleet.s_kind
        tinted = COLOUR_KINDS[kind]
        dead = (self.left <= self.fails) & self.alive[s_dev]
        for s in np.flatnonzero(dead).tolist():
            if self.shelf[fleet.s_pool[s]] > 0:
                self._take(t, s, early=False)
        if self.demand.working[t]:
            early = self.early_at[s_dev]
            for s in np.flatnonzero((self.left < early) & (self.left > 0) & self.alive[s_dev]).tolist():
                if self.shelf[fleet.s_pool[s]] > 0:
                    self._take(t, s, early=True)
        missing = self.left <= self.fails
        blocked = np.bincount(s_dev, missing & ~tinted, minlength=want.size) > 0
        grey = np.bincount(s_dev, missing & tinted, minlength=want.size) > 0
        out = (blocked & (want > 0)) | (grey & (tint > 0))
        pages = np.where(blocked, 0, np.where(grey, want - tint, want))
        colour = np.where(blocked | grey, 0, tint)
        use = np.where(tinted, colour[s_dev], pages[s_dev]) * self.demand.per_page[t] / self.capacity
        use += np.where(IDLE_KINDS[kind] & self.demand.working[t], 0.00025, 0.0) * self.alive[s_dev]
        self.left -= use
        ran_dry = (self.left <= self.fails) & (self.left + use > self.fails) & self.alive[s_dev]
        for s in np.flatnonzero(ran_dry).tolist():
            self.emptied.append((t, s, 1))
            if self.shelf[fleet.s_pool[s]] > 0:
                self._take(t, s, early=False)
            else:
                self.left[s] = min(self.left[s], 0.0)
                out[s_dev[s]] = True
        np.maximum(self.left, 0.0, out=self.left)
        self.meter += pages
        self.meter_colour += colour
        if t >= 90:
            self.score["out"] += float((out & self.alive).sum())
            self.score["out_manual"] += float((out & self.alive & ~fleet.d_connected).sum())
            self._blame(t, out & self.alive)

    def sources(self, t: int) -> Ints:
        """Row of SOURCES for each supply on day t."""
        fleet = self.fleet
        dumb = fleet.d_connected[fleet.s_device] & ((self.mute > 0) | self.unknown[t, fleet.s_device])
        return np.where(dumb, WITHOUT_LEVEL, fleet.s_reports)

    def _blame(self, t: int, out: Bools) -> None:
        """Each device out goes to one supply that lacks: by how it reports and why nothing is there."""
        fleet = self.fleet
        lacking = np.flatnonzero((self.left <= self.fails) & out[fleet.s_device])
        first = lacking[np.unique(fleet.s_device[lacking], return_index=True)[1]]
        for s, source in zip(first.tolist(), self.sources(t)[first].tolist(), strict=True):
            if self.fails[s] > 0:
                what = "defective"
            else:
                what = "on its way" if self.coming[fleet.s_pool[s]] > 0 else "not sent"
            row = self.outages[SOURCES[source]]
            row[what] = row.get(what, 0) + 1

    # -- orders ----------------------------------------------------------------------------------------------

    def working_after(self, t: int, n: int) -> int:
        """The n-th working day after t."""
        working = self.demand.working
        while n > 0:
            t += 1
            n -= 1 if t >= working.size or working[t] else 0
        return t

    def lead(self, site: int, leaves: int) -> int:
        """Working days that a parcel of this site and shipping day takes: one draw for each."""
        if (site, leaves) not in self._leads:
            odds = np.array(self.fleet.traits.lead)
            rng = np.random.default_rng([self.seed, 5, site, leaves])
            self._leads[site, leaves] = int(rng.choice(odds.size, p=odds / odds.sum())) + LEAD_LEAST
        return self._leads[site, leaves]

    def ship(self, t: int, pools: list[int], units: list[int], origin: int) -> None:
        """Send units tonight; one draw of the lead time per site and shipping day."""
        luck = self._luck(EXPRESS, t, self.fleet.p_site.size) if pools and origin == EMERGENCY else None
        for pool, n in zip(pools, units, strict=True):
            site = int(self.fleet.p_site[pool])
            if luck is not None:
                arrives = self.working_after(t, 1 + int(luck[pool] < 0.5))
            else:
                leaves = self.working_after(t, 1)
                arrives = self.working_after(t, self.lead(site, leaves))
            self.parcels.append(Parcel(arrives, pool, n, origin, t))
            self.coming[pool] += n
            if t >= 90:
                self.score["units"] += n

    def take_orders(self, t: int, answer: Message, hand: Message) -> None:
        """The policy's answer of the evening, and the parcels that it and the customers' own orders make."""
        pools, units = answer["p"], answer["n"]
        if answer.get("type") != "orders" or answer.get("day") != t or len(pools) != len(units):
            raise RuntimeError(f"a wrong answer on day {t}")
        if any(not isinstance(n, int) or not 1 <= n <= 30 for n in units):
            raise RuntimeError(f"a wrong quantity on day {t}")
        if any(not isinstance(p, int) or not 0 <= p < self.fleet.p_site.size for p in pools):
            raise RuntimeError(f"a wrong pool on day {t}")
        self.ship(t, pools, units, AUTOMATIC)
        if t >= 90:
            shipped = {(int(self.fleet.p_site[p]), self.working_after(t, 1)) for p in pools + hand["p"]}
            self.sent |= shipped
            self.score["parcels"] = len(self.sent)
        luck = self._luck(ANSWERS, t, self.fleet.p_site.size)
        for p in answer.get("ask_count", []):
            self.score["asked"] += t >= 90
            if luck[p] < 0.5:
                self.asked.setdefault(t + 1 + int(luck[p] * 8), []).append(p)

    def _customers(self, t: int) -> Message:
        fleet = self.fleet
        pools: dict[int, int] = {}
        luck = self._luck(BY_HAND, t, fleet.s_device.size)
        low = (self.left < self.panel) & self.alive[fleet.s_device] & self.by_hand[fleet.p_site[fleet.s_pool]]
        for s in np.flatnonzero(low).tolist():
            p = int(fleet.s_pool[s])
            if self.shelf[p] == 0 and self.coming[p] == 0 and p not in pools and luck[s] < 0.12:
                pools[p] = 1
        luck = self._luck(WHIM, t, fleet.p_site.size)
        for p in np.flatnonzero(self.hoards[fleet.p_site] & (luck < 2 / 365)).tolist():
            pools[p] = pools.get(p, 0) + 1 + int(luck[p] < 1 / 365)
        self.ship(t, list(pools), list(pools.values()), CUSTOMER)
        return {"p": list(pools), "n": list(pools.values())}

    def _emergencies(self, t: int) -> Message:
        pools: dict[int, int] = {}
        if self.demand.working[t]:
            dead = (self.left <= self.fails) & self.alive[self.fleet.s_device]
            luck = self._luck(CALLS, t, self.fleet.p_site.size)
            for s in np.flatnonzero(dead).tolist():
                p = int(self.fleet.s_pool[s])
                chance = 0.2 if self.coming[p] > 0 else 0.6
                if self.shelf[p] == 0 and p not in pools and luck[p] < chance:
                    pools[p] = 1
        self.ship(t, list(pools), list(pools.values()), EMERGENCY)
        if t >= 90:
            self.score["emergency"] += len(pools)
            self.score["emergency_parcels"] += len({int(self.fleet.p_site[p]) for p in pools})
        return {"p": list(pools), "n": list(pools.values())}

    # -- what is told ----------------------------------------------------------------------------------------

    def _shown(self, s: Ints) -> Floats:
        fleet = self.fleet
        share = np.clip(1 - (1 - self.left[s]) * self.gauge[s], 0, 1) * 100
        out = np.where(fleet.s_reports[s] == PCT10, np.ceil(share / 10) * 10, np.ceil(share))
        flag = np.where(share <= 0, -5.0, np.where(share / 100 < fleet.s_low[s], -4.0, -3.0))
        out = np.where(fleet.s_reports[s] == FLAG, flag, out)
        dead = self.left[s] <= self.fails[s]
        out = np.where(dead, np.where(fleet.s_reports[s] == FLAG, -5.0, 0.0), out)
        return np.where(self.mute[s] > 0, -2.0, out)

    def _reports(self, t: int, rng: Rng) -> tuple[Message, Message]:
        fleet = self.fleet
        weekend = (self.demand.start.weekday() + t) % 7 >= 5
        on = self.alive & fleet.d_connected & (rng.random(self.alive.size) >= 0.03) & ~self.off_line[t]
        if weekend:
            on &= ~self.weekend_off
        d = np.flatnonzero(on)
        s = np.flatnonzero(on[fleet.s_device] & (fleet.s_reports != 3))
        v = self._shown(s)
        v = np.where(self.stale_until[s] > t, self.stale_v[s], v)
        v = np.where(self.unknown[t, fleet.s_device[s]], -2, v)
        blip = rng.random(s.size) < 0.0004
        pick = rng.integers(0, 3, s.size)
        flag = fleet.s_reports[s] == FLAG
        noise = np.choose(pick, [np.where(flag, -5, 0), np.where(flag, -3, 100), np.full(s.size, -2)])
        v = np.where(blip, noise, v).astype(np.int64)
        return self._meters(d), {"s": s.tolist(), "v": v.tolist()}

    def _meters(self, d: Ints) -> Message:
        modulus = self.fleet.d_modulus[d].astype(np.int64)
        return {
            "d": d.tolist(),
            "total": (self.meter[d] % modulus).tolist(),
            "color": (self.meter_colour[d] % modulus).tolist(),
        }

    def _reads(self, t: int) -> Message:
        n = self.alive.size
        sent, late = self._luck(READ, t, n) >= 0.12, self._luck(DELAY, t, n)
        for device in np.flatnonzero((self.read_day == t % 30) & self.alive & ~self.fleet.d_connected & sent):
            delay = int(np.searchsorted(POISSON_2, late[device]))
            self.reads_due.setdefault(t + delay, []).append(int(device))
        rows = [d for d in dict.fromkeys(self.reads_due.pop(t, [])) if self.alive[d]]
        out = self._meters(np.array(rows, dtype=np.int64))
        slips = self._luck(SLIP, t, n)
        for i, d in enumerate(rows):
            true = (out["total"][i], out["color"][i])
            if slips[d] < 0.025:
                out["total"][i], out["color"][i] = self._slip(t, d, true)
            self.last_read[d] = true
        return out

    def _slip(self, t: int, d: int, true: tuple[int, int]) -> tuple[int, int]:
        """A typing error: transposed, wrong, missing or doubled digit, meters swapped, the last again."""
        rng, digits = np.random.default_rng([self.seed, SLIP, t, d]), list(str(true[0]))
        kind, i = int(rng.integers(6)), int(rng.integers(max(len(digits) - 1, 1)))
        if kind == 0 and len(digits) > 1:
            digits[i], digits[i + 1] = digits[i + 1], digits[i]
        elif kind == 1:
            digits[i] = str(int(rng.integers(10)))
        elif kind == 2 and len(digits) > 1:
            del digits[i]
        elif kind == 3:
            digits.insert(i, digits[i])
        elif kind == 4:
            return true[1], true[0]
        else:
            return self.last_read.get(d, true)
        return int("".join(digits)), true[1]

    def _counts(self, t: int) -> Message:
        fleet = self.fleet
        due = (t + self.count_phase) % self.count_every == 0
        p = sorted(set(np.flatnonzero(due[fleet.p_site]).tolist()) | set(self.asked.pop(t, [])))
        luck, how = self._luck(COUNT, t, fleet.p_site.size), self._luck(COUNT_HOW, t, fleet.p_site.size)
        n = []
        for pool in p:
            wrong = luck[pool] < fleet.traits.count_wrong
            error = MISCOUNTS[int(np.searchsorted(MISCOUNT_ODDS, how[pool]))] if wrong else 0
            n.append(max(int(self.shelf[pool]) + error, 0))
        return {"p": p, "n": n}
