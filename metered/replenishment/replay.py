"""The engine behind the protocol: one fleet in memory, one evening after the other (method part 3)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from metered.replenishment import forecast, policy, protocol, shelf, state, use
from metered.replenishment.arrays import Floats, Ints
from metered.replenishment.lanes import Lane
from metered.replenishment.levels import start_marks
from metered.replenishment.rates import prior_rate
from metered.replenishment.workdays import SECTORS, Workdays

_REPORTS = {"pct1": state.PCT1, "pct10": state.PCT10, "flag": state.FLAG, "none": state.NONE}
_HORIZON = 900
UNTIMED = -1


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _floats(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)


def _prior(rows: Ints, yields: Floats, devices: int, otherwise: Floats) -> Floats:
    """Mean prior rate of each device over the given supplies; `otherwise` where it has none."""
    n = np.bincount(rows, minlength=devices)
    total = np.bincount(rows, prior_rate(yields), minlength=devices)
    return np.where(n > 0, total / np.maximum(n, 1), otherwise)


def build_state(hello: protocol.Hello) -> state.State:
    """The state of day 0 from the hello message (section 2, "State")."""
    n = len(hello.devices.site)
    site = _ints(hello.devices.site)
    sectors = _ints([SECTORS.index(s) if s in SECTORS else 0 for s in hello.sites.sector])
    device, yields = _ints(hello.supplies.device), _floats(hello.supplies.yields)
    kind = _ints([state.KINDS.index(k) for k in hello.supplies.kind])
    mono, tinted = kind == 0, (kind >= 1) & (kind < state.TONERS)
    prior = _prior(device[mono], yields[mono], n, np.full(n, 60.0))
    prior_colour = _prior(device[tinted], yields[tinted], n, 0.4 * prior)
    c_fleet = state.expected_fleet_use()
    _, sku = np.unique(_ints(hello.pools.sku), return_inverse=True)
    low_mean, low_weight = start_marks(int(sku.max(initial=-1)) + 1)
    return state.State(
        devices=state.Devices.fresh(
            site, sectors[site] if n else site, _ints(hello.devices.connected).astype(np.bool_),
            _floats([m or 0.0 for m in hello.devices.meter_modulus]), prior, prior_colour,
        ),
        supplies=state.Supplies.fresh(
            device, _ints(hello.supplies.pool), kind, yields,
            _ints([_REPORTS.get(r, state.NONE) for r in hello.supplies.reports]), c_fleet,
        ),
        pools=state.Pools.fresh(
            _ints(hello.pools.site), sku.astype(np.int64), _floats(hello.pools.declared_stock), 0.0
        ),
        c_fleet=c_fleet, low_mean=low_mean, low_weight=low_weight, jobs=state.Jobs(), since=0.0,
    )  # fmt: skip


class Replay:
    """Days must come in order from 0; every id is checked before it is used."""

    def __init__(self, hello: protocol.Hello, settings: policy.Settings | None = None) -> None:
        self.settings = settings or policy.Settings()
        self.state = build_state(hello)
        shelf.declared(self.state.pools)
        start = dt.date.fromisoformat(hello.start_date)
        self.cal = Workdays.build(start, 0, hello.days + _HORIZON, hello.holidays)
        self.forecast_days = frozenset(hello.forecast_days)
        self.days = hello.days
        self.day = -1
        self.lane = Lane(hello.lead_business_days_promise) if settings is None else None
        self.swaps = state.Swaps.none()
        """Seen today."""
        self.waiting: dict[int, list[int]] = {}
        """Pool → the days of the orders that are on their way; -1 makes their order unknown."""

    def evening(self, msg: protocol.Day) -> protocol.Orders:
        """Fold the day's message, then answer with tonight's orders (part 3.2)."""
        if msg.day != self.day + 1 or msg.day >= self.days:
            raise ValueError(f"day {msg.day} after day {self.day}")
        self.day = msg.day
        self._fold(msg, float(msg.day + 1))
        answer = protocol.Orders(day=msg.day, p=[], n=[])
        if self.cal.is_working(msg.day + 1):
            self._order(answer)
        if msg.day in self.forecast_days:
            answer.forecast = self._forecast()
        return answer

    def _ids(self, name: str, values: list[int], end: int) -> Ints:
        ids = _ints(values)
        if ids.size and (ids.min() < 0 or ids.max() >= end):
            raise ValueError(f"{name}: an id outside 0..{end - 1}")
        return ids

    def _fold(self, msg: protocol.Day, t: float) -> None:
        st, cal = self.state, self.cal
        n_d, n_s, n_p = st.devices.site.size, st.supplies.device.size, st.pools.site.size
        removed = self._ids("removed", msg.removed, n_d)
        forecast.remove_devices(st, removed)
        arrived = self._ids("delivered.p", msg.delivered.p, n_p)
        shelf.deliver(st.pools, arrived, _floats(msg.delivered.n))
        self._time(arrived)
        d = self._ids("reports.d", msg.reports.d, n_d)
        s = self._ids("levels.s", msg.levels.s, n_s)
        self.swaps = forecast.fold_reports(
            st, cal, d, np.full(d.size, t), _floats(msg.reports.total), _floats(msg.reports.color),
            s, np.full(s.size, t), _floats(msg.levels.v),
        )  # fmt: skip
        d = self._ids("reads.d", msg.reads.d, n_d)
        for row in range(int(d.size and np.bincount(d).max())):
            once = _nth(d, row)
            forecast.fold_reads(
                st, cal, d[once], np.full(once.size, t),
                _floats(msg.reads.total)[once], _floats(msg.reads.color)[once],
            )  # fmt: skip
        for units, fold in (
            (msg.customer_orders, forecast.fold_hand_orders),
            (msg.emergency_orders, forecast.fold_emergencies),
        ):
            p = self._ids("orders.p", units.p, n_p)
            if p.size:
                fold(st, cal, np.unique(p), t)
                np.add.at(st.pools.transit, p, _floats(units.n))
                urgent = units is msg.emergency_orders
                for pool in np.unique(p).tolist():
                    self.waiting.setdefault(pool, []).append(UNTIMED if urgent else msg.day)
        p = self._ids("stock_counts.p", msg.stock_counts.p, n_p)
        for row in range(int(p.size and np.bincount(p).max())):
            once = _nth(p, row)
            forecast.fold_counts(st, cal, p[once], _floats(msg.stock_counts.n)[once], t)
        if msg.heavy_jobs:
            self._announce(msg.heavy_jobs, n_d)
        if st.jobs.device.size:
            st.jobs.keep(st.jobs.end + 1 >= t - 40)
        if msg.day % 7 == 6:
            use.learn_fleet(st)

    def _time(self, arrived: Ints) -> None:
        """Learn the lane from parcels that can be no other than the one order on its way to their pool."""
        for pool in np.unique(arrived).tolist():
            waiting = self.waiting.get(pool, [])
            if len(waiting) == 1 and waiting[0] != UNTIMED and self.lane is not None:
                self.lane.learn(self.cal.working_between(waiting[0], self.day))
            if len(waiting) > 1:
                # Which of them came? Until all are there, nothing is learnt.
                self.waiting[pool] = [UNTIMED] * (len(waiting) - 1)
            else:
                self.waiting.pop(pool, None)

    def _announce(self, jobs: list[protocol.HeavyJob], devices: int) -> None:
        old = self.state.jobs
        self.state.jobs = state.Jobs(
            device=np.concatenate([old.device, self._ids("heavy_jobs.d", [j.d for j in jobs], devices)]),
            start=np.concatenate([old.start, _floats([j.start for j in jobs])]),
            end=np.concatenate([old.end, _floats([max(j.end, j.start) for j in jobs])]),
            pages=np.concatenate([old.pages, _floats([j.pages for j in jobs])]),
            colour=np.concatenate([old.colour, np.array([bool(j.color) for j in jobs], dtype=np.bool_)]),
        )

    def _order(self, answer: protocol.Orders) -> None:
        st, t = self.state, float(self.day + 1)
        if self.lane is not None:
            self.settings = replace(self.settings, lead_days=self.lane.days())
        decisions = policy.decide(st, self.cal, np.arange(st.pools.site.size), t, self.settings)
        m = decisions.quantity > 0
        for pool in decisions.p[m].tolist():
            self.waiting.setdefault(pool, []).append(self.day)
        np.add.at(st.pools.transit, decisions.p[m], decisions.quantity[m].astype(np.float64))
        answer.p = decisions.p[m].tolist()
        answer.n = decisions.quantity[m].tolist()
        answer.ask_count = policy.ask_counts(st, decisions, t).tolist()

    def _forecast(self) -> protocol.Forecast:
        st = self.state
        s = np.flatnonzero(st.devices.alive[st.supplies.device]).astype(np.int64)
        # What is printed in a day is gone at its end: empty within tomorrow is empty in one day.
        q = np.floor(forecast.days_left(st, self.cal, s, float(self.day + 1))) + 1.0
        return protocol.Forecast(s=s.tolist(), q10=q[0].tolist(), q50=q[1].tolist(), q90=q[2].tolist())


def _nth(keys: Ints, n: int) -> Ints:
    """Positions of the n-th occurrence of each key, so that a fold sees every key once."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.searchsorted(ordered, ordered, side="left")
    return np.sort(order[np.arange(keys.size) - first == n])
