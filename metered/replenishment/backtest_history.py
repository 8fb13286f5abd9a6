"""A backtest over the history of some addresses: the state made anew evening by evening, and each evening
decided again under every setting. Nothing is written.

What people did stays as it was: cartridges changed, shelves counted, orders placed by hand. Automatic and
urgent orders of the period are each trial's own. What may be sent, and which devices stand there, is as of
today; what the fleet taught and heavy jobs announced are known from the beginning.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields

import numpy as np

from metered.fleet.models import Device
from metered.reads import queries as reads
from metered.replenishment import by_hand, deciding, known, policy, store
from metered.replenishment.arrays import Floats
from metered.replenishment.backtest import Played, Tally, Trial
from metered.replenishment.calendars import day_number, engine_time
from metered.replenishment.folding import Fold
from metered.replenishment.rebuilding import Rebuild
from metered.replenishment.state import Pools, State
from metered.replenishment.workdays import Workdays
from metered.stock.models import Entry
from metered.stock.queries import Moved

_OURS = (Entry.Origin.AUTOMATIC, Entry.Origin.EMERGENCY)


@dataclass(frozen=True, slots=True)
class _Order:
    """Units that were really ordered: evening of the order and day of the delivery as day numbers, `came`
    None when they never did. `ours`: ordered by the system, or urgently, within the period.
    """

    pool: int
    units: int
    day: int
    came: int | None
    ours: bool


def play(
    address_ids: Sequence[int],
    first: dt.date,
    last: dt.date,
    settings: Mapping[str, policy.Settings],
    announced: dt.timedelta,
    now: dt.datetime,
) -> list[Played]:
    """What would have come at each of the addresses from `first` to `last` (UTC days), by key of `settings`.

    Addresses without a pool have no row.
    """
    standing = Device.objects.filter(address_id__in=list(address_ids), removed_at=None)
    ids = sorted(standing.values_list("pk", flat=True))
    if not ids:
        return []
    loaded = store.load(ids, now, fresh=True)
    if not (loaded.pools > 0).any():
        return []
    columns = reads.observations_since_for_system(loaded.devices, loaded.folded_us)
    fold = Fold(loaded, columns, reads.layouts_for_system(ids))
    history = Rebuild(loaded, fold, by_hand.all_reads(ids))
    return _Play(loaded, history, day_number(first), day_number(last), settings, announced, now).run()


class _Play:
    """All addresses of one part, which share nothing but the time that it takes."""

    def __init__(
        self, loaded: store.Loaded, history: Rebuild, first: int, last: int,
        settings: Mapping[str, policy.Settings], announced: dt.timedelta, now: dt.datetime,
    ) -> None:  # fmt: skip
        self.loaded, self.history, self.settings = loaded, history, settings
        self.first, self.last = first, last
        self.announced = announced / dt.timedelta(days=1)
        self.known = known.facts(loaded, now)
        state = loaded.state
        size = loaded.pools.size
        self.real = np.flatnonzero(loaded.pools > 0).astype(np.int64)
        self.row_of = {int(loaded.pools[row]): int(row) for row in self.real}
        address = np.zeros(size, dtype=np.int64)
        address[state.supplies.pool] = loaded.addresses[state.supplies.device]
        self.addresses, self.site = np.unique(address, return_inverse=True)
        self.site = self.site.astype(np.int64)
        self.place = np.zeros(size, dtype=np.int64)
        self.place[state.supplies.pool] = state.devices.sector[state.supplies.device]
        self.barred = np.array([self._barred(int(pool)) for pool in loaded.pools])
        self.events = self._events()
        self.orders = self._orders()
        self.own: dict[int, list[_Order]] = defaultdict(list)
        for order in self.orders.values():
            if order.ours:
                self.own[order.pool].append(order)
        self.leads = self._leads()
        self.ledger = self._shelf_at_first()
        self.trials = {key: Trial(self.ledger, self.site, state.pools.site) for key in settings}
        self._kept_transit = self._in_flight()

    def _barred(self, pool: int) -> bool:
        fact = self.known.pools.get(pool)
        return fact is None or bool(fact.barred)

    def _events(self) -> dict[int, list[Moved]]:
        """The ledger's entries of the period by day, in the order of time."""
        found: dict[int, list[Moved]] = defaultdict(list)
        for entry in self.history.entries:
            found[int(engine_time(entry.at))].append(entry)
        return found

    def _orders(self) -> dict[str, _Order]:
        """What was ordered, by the line that both its entries name last."""
        came: dict[str, int] = {}
        gone: set[str] = set()
        for entry in self.history.entries:
            if entry.kind == Entry.Kind.RECEIVE:
                came[_line(entry)] = int(engine_time(entry.at))
            elif entry.kind == Entry.Kind.CANCEL:
                gone.add(_line(entry))
        return {
            _line(entry): _Order(
                self.row_of[entry.pool_id], entry.quantity, _evening(engine_time(entry.at)),
                came.get(_line(entry)),
                entry.origin in _OURS and engine_time(entry.at) >= self.first,
            )
            for entry in self.history.entries
            if entry.kind == Entry.Kind.EXPECT and (_line(entry) in came or _line(entry) not in gone)
        }  # fmt: skip

    def _leads(self) -> dict[int, int]:
        """Site → working days that automatic deliveries really took there, the middle one."""
        automatic = {
            _line(entry)
            for entry in self.history.entries
            if entry.kind == Entry.Kind.EXPECT and entry.origin == Entry.Origin.AUTOMATIC
        }
        taken: dict[int, list[int]] = defaultdict(list)
        for line, order in self.orders.items():
            if order.came is not None and line in automatic:
                days = self._calendar(order.pool).working_between(order.day, order.came)
                taken[int(self.site[order.pool])].append(max(days, 1))
        return {site: sorted(days)[len(days) // 2] for site, days in taken.items()}

    def _calendar(self, pool: int) -> Workdays:
        return self.loaded.calendars[int(self.place[pool])]

    def _shelf_at_first(self) -> Floats:
        shelf = np.zeros(self.loaded.pools.size)
        for entry in self.history.entries:
            shelf[self.row_of[entry.pool_id]] = entry.on_shelf
        for entry in self.history.entries:
            if engine_time(entry.at) >= self.first:
                shelf[self.row_of[entry.pool_id]] -= entry.shelf_change
        return np.maximum(shelf, 0.0)

    def _in_flight(self) -> Floats:
        """(days, pools) units of orders that are not the trials' own, on the way in each evening."""
        days = np.zeros((self.last - self.first + 1, self.loaded.pools.size))
        for order in self.orders.values():
            if not order.ours:
                begin = max(order.day - self.first, 0)
                end = len(days) if order.came is None else max(order.came - self.first, 0)
                days[begin:end, order.pool] += order.units
        return days

    def run(self) -> list[Played]:
        spare = np.zeros(self.loaded.pools.size)
        for day in range(self.first, self.last + 1):
            for trial in self.trials.values():
                trial.begin(day)
            for entry in self.events.get(day, ()):
                self._happens(entry, day)
            self.history.until(float(day + 1))
            self._evening(day)
            spare += self.ledger
            for trial in self.trials.values():
                trial.end(day)
        tallies = {key: trial.tallies(self.last + 1) for key, trial in self.trials.items()}
        with_pools = set(self.site[self.real].tolist())
        return [
            Played(
                int(address), {key: found[site] for key, found in tallies.items()}, self._really(site, spare)
            )
            for site, address in enumerate(self.addresses.tolist())
            if site in with_pools
        ]

    def _happens(self, entry: Moved, day: int) -> None:
        pool, change = self.row_of[entry.pool_id], entry.shelf_change
        self.ledger[pool] += change
        order = self.orders.get(_line(entry))
        if entry.kind == Entry.Kind.RECEIVE and order is not None and order.ours:
            return
        for trial in self.trials.values():
            if entry.kind == Entry.Kind.INSTALL:
                # What the ledger did not know of was there under other settings, too.
                trial.take(pool, -change, day)
            elif entry.kind == Entry.Kind.RECEIVE:
                trial.receive(pool, change, day)
            elif change:
                trial.correct(pool, change)

    def _evening(self, day: int) -> None:
        state, t = self.loaded.state, float(day + 1)
        seen, _rated = deciding.known_slots(self.loaded)
        device = state.supplies.device
        state.supplies.live = seen & self.loaded.on[device] & self.loaded.sent
        live = np.bincount(state.supplies.pool, state.supplies.live, minlength=self.loaded.pools.size) > 0
        may = live & ~self.barred
        if not may.any():
            return
        # By how much more, or less, than the ledger we believed to be there.
        doubt = state.pools.shelf - self.ledger
        for which, cal in enumerate(self.loaded.calendars):
            p = self.real[self.place[self.real] == which]
            if not (p.size and may[p].any()):
                continue
            waits = policy.announcement_waits(cal, t, self.announced)
            leaves = cal.working_after(int(t + self.announced) - 1, 1)
            for key, dials in self.settings.items():
                trial = self.trials[key]
                believed = _with_shelves(
                    state, np.maximum(trial.shelf + doubt, 0.0),
                    trial.transit + self._kept_transit[day - self.first],
                )  # fmt: skip
                decided = policy.decide(believed, cal, p, t, dials, (may & ~trial.waits(day))[p], waits)
                for i in np.flatnonzero(decided.quantity > 0).tolist():
                    pool = int(p[i])
                    lead = self.leads.get(int(self.site[pool]))
                    usual = self.settings_in_force.lead_days + waits if lead is None else lead
                    arrives = self._really_came(pool, day) or cal.working_after(day, usual)
                    trial.order(pool, int(decided.quantity[i]), day, leaves, arrives)

    @property
    def settings_in_force(self) -> policy.Settings:
        """The lane is as slow as it is, whatever a trial reckons with."""
        return next(iter(self.settings.values()))

    def _really_came(self, pool: int, day: int) -> int | None:
        """When the system's own order of the same evening arrived; a night's run is of the evening before."""
        return next((order.came for order in self.own.get(pool, ()) if order.day in (day, day + 1)), None)

    def _really(self, site: int, spare: Floats) -> Tally:
        days = self.last - self.first + 1
        mine = self.site == site
        orders, parcels, urgent, units = set(), set(), set(), 0
        for entry in self.history.entries:
            pool = self.row_of[entry.pool_id]
            if self.site[pool] != site or not self.first <= engine_time(entry.at) < self.last + 1:
                continue
            if entry.kind == Entry.Kind.EXPECT and entry.origin == Entry.Origin.AUTOMATIC:
                orders.add((int(self.loaded.state.pools.site[pool]), entry.at))
                units += entry.quantity
            elif entry.kind == Entry.Kind.EXPECT and entry.origin == Entry.Origin.EMERGENCY:
                urgent.add((int(self.loaded.state.pools.site[pool]), entry.at))
            elif entry.kind == Entry.Kind.RECEIVE and entry.origin == Entry.Origin.AUTOMATIC:
                parcels.add(entry.cause.rpartition(":")[0])
        return Tally(
            len(orders), len(parcels), units, round(float(spare[mine].sum()) / days, 4), len(urgent), 0
        )


def _with_shelves(state: State, shelf: Floats, transit: Floats) -> State:
    """The same evening with other shelves."""
    found = copy(state)
    found.pools = Pools(**{f.name: getattr(state.pools, f.name) for f in fields(Pools)})
    found.pools.shelf, found.pools.transit = shelf, transit
    return found


def _line(entry: Moved) -> str:
    """order:LINE, delivery:PARCEL:LINE, cancel:LINE, missing:PARCEL:LINE."""
    return entry.cause.rpartition(":")[2]


def _evening(t: float) -> int:
    """The day in whose evening the moment t is, as policy.decide counts."""
    return int(np.ceil(t)) - 1
