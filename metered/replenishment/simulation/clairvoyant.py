"""Knows the future: what it would cost if nothing had to be guessed (part 3.4's bound)."""

from __future__ import annotations

import itertools

import numpy as np

from metered.replenishment.arrays import Ints
from metered.replenishment.simulation.policies import Message
from metered.replenishment.simulation.world import LEAD_LEAST, World
from metered.replenishment.state import COLOUR_KINDS, IDLE_KINDS

LYING = 80 * 0.25 / 365
"""What a spare costs a day on the shelf."""
THROWN = 80.0
"""What a cartridge costs that is thrown away full."""
JOIN_DAYS = 60.0
NEVER = 1 << 30
AHEAD = 6
"""Needs of a slot that are looked at: its pool's stock never reaches further."""

Need = tuple[int, int, float]
"""The day on whose morning a slot needs a unit, the first day on which a spare tempts its user to swap early,
and how much would then be thrown away."""


class Clairvoyant:
    """Sends each unit on the last evening whose parcel still arrives in time (Seer).

    It sees what is left, the capacities and failures of all cartridges to come, demand, removals, shelves,
    whatever is on its way, and how long each parcel will take. What it does not use: what customers will
    order on a whim, and that a unit that lies tempts to an early swap, which it sees when it happened.

    A parcel takes along what the site needs later as long as a unit's lying, and what an early swap throws
    away, costs less than `join_days` of lying (`LYING` a day, against 10 for a parcel of its own).
    """

    def __init__(self, join_days: float = JOIN_DAYS) -> None:
        self.seconds = 0.0
        self._most = join_days * LYING

    def hello(self, message: Message) -> None:
        pass

    def sees(self, world: World) -> None:
        """The world that will be played, before its first day."""
        fleet, demand = world.fleet, world.demand
        self._world, self._days = world, demand.pages.shape[0]
        s = fleet.s_device
        tinted = COLOUR_KINDS[fleet.s_kind]
        pages = np.where(tinted[None, :], demand.colour[:, s], demand.pages[:, s])
        self._wear = np.cumsum(pages * demand.per_page, axis=0).T.copy()
        self._idle = 0.00025 * np.cumsum(demand.working)
        self._dries = IDLE_KINDS[fleet.s_kind]
        pools = fleet.p_site.size
        self._members = [np.flatnonzero(fleet.s_pool == p) for p in range(pools)]
        self._pools = [np.flatnonzero(fleet.p_site == site) for site in range(fleet.sector.size)]
        self._parcels: dict[int, tuple[Ints, Ints]] = {}
        self._needs: list[list[Need]] = [[] for _ in range(s.size)]
        self._nth, self._stock = np.full(s.size, -1), np.full(pools, -1)
        self._send = np.full(pools, NEVER)

    def day(self, message: Message) -> Message:
        world, t = self._world, int(message["day"])
        stock = world.shelf + world.coming
        slots = np.flatnonzero(world.nth != self._nth)
        for s in slots.tolist():
            self._needs[s] = self._run_dry(t, s)
        changed = np.unique(np.concatenate([np.flatnonzero(stock != self._stock), world.fleet.s_pool[slots]]))
        for p in changed.tolist():
            self._send[p] = self._evening(t, p, int(stock[p]))
        self._nth, self._stock = world.nth.copy(), stock
        units: dict[int, int] = {}
        for site in np.unique(world.fleet.p_site[self._send <= t]).tolist():
            self._site(t, site, stock, units)
        for p in units:
            # Counted anew tomorrow, when they are on their way.
            self._send[p] = NEVER
        return {"type": "orders", "day": t, "p": list(units), "n": list(units.values())}

    def end(self) -> None:
        pass

    # -- what will be needed ---------------------------------------------------------------------------------

    def _run_dry(self, t: int, s: int) -> list[Need]:
        """The next days on whose morning the slot needs a unit."""
        world, out = self._world, []
        d = int(world.fleet.s_device[s])
        end = min(int(world.demand.removed_on[d]), self._days)
        left, capacity, fails = float(world.left[s]), float(world.capacity[s]), float(world.fails[s])
        at = t
        if left <= fails:
            out.append((t, t, 0.0))
            left, (capacity, fails) = 1.0, world.cartridge(s, 1)
        while len(out) < AHEAD:
            used = self._wear[s] / capacity + (self._idle if self._dries[s] else 0.0)
            dry = int(np.searchsorted(used, used[at] + left - fails))
            if dry >= end:
                break
            early = float(world.early_at[d])
            tempts = int(np.searchsorted(used, used[at] + max(left - early, 0.0))) + 1
            out.append((dry, min(tempts, dry), early if early > fails else 0.0))
            at, left = dry, 1.0
            capacity, fails = world.cartridge(s, len(out))
        return out

    def _need(self, p: int, stock: int) -> list[Need]:
        """What the pool lacks beside its stock, the most urgent first: a stock goes to whom it tempts first,
        and who waits longer than he is tempted gets nothing of it.
        """
        needs = list(itertools.chain(*(self._needs[s] for s in self._members[p].tolist())))
        return sorted(sorted(needs, key=_tempts)[stock:])

    # -- what is sent ----------------------------------------------------------------------------------------

    def _table(self, site: int) -> tuple[Ints, Ints]:
        """Per shipping day its arrival, and per day the last shipping day whose parcel is there by then."""
        if site not in self._parcels:
            world = self._world
            arrives, last = np.full(self._days, NEVER), np.full(self._days, -1)
            for day in np.flatnonzero(world.demand.working).tolist():
                arrives[day] = world.working_after(day, world.lead(site, day))
                if arrives[day] < self._days:
                    last[arrives[day]] = max(last[arrives[day]], day)
            self._parcels[site] = arrives, np.maximum.accumulate(last)
        return self._parcels[site]

    def _evening(self, t: int, p: int, stock: int) -> int:
        """The evening on which the pool's next unit has to be ordered."""
        need = self._need(p, stock)
        if not need:
            return NEVER
        _, last = self._table(int(self._world.fleet.p_site[p]))
        return max(int(last[need[0][0]]) - 1, t)

    def _site(self, t: int, site: int, stock: Ints, units: dict[int, int]) -> None:
        """Tonight's parcel of a site: what must leave, and what is cheap to take along."""
        leaves = self._world.working_after(t, 1)
        if leaves + LEAD_LEAST >= self._days:
            return
        arrives = int(self._table(site)[0][leaves])
        for p in self._pools[site].tolist():
            due, n = self._send[p] <= t, 0
            until = -1
            for day, tempts, left in self._need(p, int(stock[p])):
                lies = max(day - arrives, 0)
                share = min(lies / max(day - tempts, 1), 1.0)
                first = due and n == 0
                if first or lies * LYING + THROWN * left * share <= self._most:
                    until = day
                elif tempts > until:
                    # Who isn't tempted leaves what was sent for others alone.
                    continue
                n += 1
            if n:
                units[p] = min(n, 30)


def _tempts(need: Need) -> int:
    return need[1]
