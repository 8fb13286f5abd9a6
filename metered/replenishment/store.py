"""Rows in, arrays out: the running state of some devices. saving.py is the way back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import connection

from metered.reads.copying import numbers
from metered.replenishment import records
from metered.replenishment import state as st
from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.calendars import DAY_ZERO, calendars, engine_time
from metered.replenishment.levels import start_marks
from metered.replenishment.models import FleetStats, SupplyStats
from metered.replenishment.packed import fetch
from metered.replenishment.rates import prior_rate
from metered.replenishment.workdays import Workdays
from metered.stock.actions import pool_for

RATE = (
    "t", "total", "colour", "n_fast", "n_slow", "nc_fast", "nc_slow", "d_fast", "d_slow", "err",
    "held_t", "held_total", "held_colour",
)  # fmt: skip
POOL = ("shelf", "below", "right", "above", "base", "arrived", "r_base", "used", "v", "v_t", "asked")

_DEVICES = {
    "device_id": ">i8", "account_id": ">i8", "address_id": ">i8", "contract_id": ">i8",
    "alive": ">i2", "connected": ">i2",
    "colour_model": ">i2", "on_": ">i2", "starting": ">i2", "kept": ">i2",
    "folded_at": "timestamptz", "slots": "bytea", "uses": "bytea",
    **dict.fromkeys(RATE, ">f8"),
}  # fmt: skip
_SLOTS = {
    "slot_id": ">i8", "device_id": ">i8", "pool_id": ">i8", "supply_id": ">i8",
    "place": ">i2", "kind": ">i2", "yields": ">f8", "sent": ">i2",
}  # fmt: skip
_POOLS = {
    "pool_id": ">i8", "account_id": ">i8", "entry_id": ">i8", "kept": ">i2", "transit": ">f8",
    **dict.fromkeys(POOL, ">f8"),
}  # fmt: skip
KIND_SQL = """(CASE WHEN s.kind IN ('toner', 'ink') THEN CASE s.colorant WHEN 'cyan' THEN 1 WHEN
'light_cyan' THEN 1
    WHEN 'magenta' THEN 2 WHEN 'light_magenta' THEN 2 WHEN 'yellow' THEN 3 ELSE 0 END
             WHEN s.kind = 'drum' THEN CASE s.colorant WHEN 'black' THEN 5 WHEN 'cyan' THEN 6
    WHEN 'magenta' THEN 7 WHEN 'yellow' THEN 8 ELSE 4 END
             WHEN s.kind = 'waste' THEN 9 ELSE 10 END)::smallint"""
"""The method's kind of slot `s`, as its position in state.KINDS."""
_PLACE_SQL = "concat_ws('-', a.country, nullif(a.subdivision, ''))"
"""calendars.place_of in SQL."""
_DEVICE_SQL = """
SELECT d.id, d.account_id, d.address_id, d.contract_id, (d.removed_at IS NULL)::int::smallint,
       (d.path <> 'manual')::int::smallint, m.colour::int::smallint,
       (d.replenishment <> 'off')::int::smallint, (d.replenishment = 'starting')::int::smallint,
       (r.device_id IS NOT NULL)::int::smallint,
       coalesce(r.folded_at, 'epoch'), coalesce(r.slots, ''),
       array_send(coalesce(r.uses, '{{}}')),
       {rates}
FROM fleet_device d JOIN fleet_printermodel m ON m.id = d.model_id
LEFT JOIN replenishment_devicerate r ON r.device_id = d.id AND r.device_id = ANY(%(devices)s::bigint[])
WHERE d.id = ANY(%(devices)s::bigint[]) ORDER BY d.id
"""
_SLOT_SQL = """
SELECT s.id, s.device_id, coalesce(p.id, 0), coalesce(s.supply_id, 0), s.position::smallint,
       {kind},
       coalesce(u.yield_pages, CASE WHEN s.kind IN ('toner', 'ink') THEN 6000 ELSE 40000 END)::float8,
       s.replenished::int::smallint
FROM fleet_slot s JOIN fleet_device d ON d.id = s.device_id LEFT JOIN fleet_supply u ON u.id = s.supply_id
LEFT JOIN stock_pool p ON p.contract_id = d.contract_id AND p.address_id = d.address_id
    AND p.supply_id = s.supply_id
WHERE s.device_id = ANY(%(devices)s::bigint[]) AND d.id = ANY(%(devices)s::bigint[]) ORDER BY s.id
"""
_POOL_SQL = """
SELECT p.id, p.account_id, coalesce(r.entry_id, 0), (r.pool_id IS NOT NULL)::int::smallint,
       p.on_the_way::float8, {pools}
FROM stock_pool p
LEFT JOIN replenishment_poolforecast r ON r.pool_id = p.id AND r.pool_id = ANY(%(pools)s::bigint[])
WHERE p.id = ANY(%(pools)s::bigint[]) ORDER BY p.id
"""
_MISSING_POOLS = """
SELECT DISTINCT d.account_id, d.contract_id, d.address_id, s.supply_id
FROM fleet_slot s JOIN fleet_device d ON d.id = s.device_id
WHERE s.device_id = ANY(%(devices)s::bigint[]) AND s.supply_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM stock_pool p
    WHERE p.contract_id = d.contract_id AND p.address_id = d.address_id AND p.supply_id = s.supply_id)
ORDER BY 1, 2, 3, 4
"""


def _or_zero(names: Sequence[str], alias: str) -> str:
    """Columns of a row that may not be there yet: zeros, which the loader does not look at."""
    return ", ".join(f'coalesce({alias}."{name}", 0)' for name in names)


_DEVICE_SQL = _DEVICE_SQL.format(rates=_or_zero(RATE, "r"))
_SLOT_SQL = _SLOT_SQL.format(kind=KIND_SQL)
_POOL_SQL = _POOL_SQL.format(pools=_or_zero(POOL, "r"))


@dataclass(slots=True)
class Loaded:
    """The state of some devices, and which rows its positions in the arrays are.

    A slot without a pool has one of its own here, with a negative number in `pools`.
    """

    state: st.State
    calendars: tuple[Workdays, ...]
    devices: Ints
    device_accounts: Ints
    addresses: Ints
    folded_us: Ints
    on: Bools
    starting: Bools
    colour_models: Bools
    known: Bools
    slots: Ints
    noted_pools: Ints
    """The pool that each slot's Position names (0: none); -1 where it has no Position yet."""
    slot_at: Ints
    sent: Bools
    steps: Ints
    pools: Ints
    pool_accounts: Ints
    new_pools: Ints
    """Ids of the pools of which nothing is kept yet."""
    entries: Ints
    supplies: Ints
    marks: tuple[Floats, Floats]
    """Mean and weight of every SKU's low mark as they were loaded."""
    transit: Floats
    row_of_device: dict[int, int] = field(default_factory=dict)
    cartridges: dict[int, str] = field(default_factory=dict)
    """Slot → the cartridge serial that was last reported."""

    @property
    def calendar(self) -> Workdays:
        """Any of the calendars: activity is the same table in all of them."""
        return self.calendars[0]


def ensure_pools(device_ids: Sequence[int]) -> None:
    """Make the pools that the devices' supplies belong to (stock is their only writer)."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSING_POOLS, {"devices": numbers(list(device_ids))})
        missing = cursor.fetchall()
    for account, contract, address, supply in missing:
        pool_for(account_id=account, contract_id=contract, address_id=address, supply_id=supply)


def load(device_ids: Sequence[int], now: dt.datetime, *, fresh: bool = False) -> Loaded:
    """The state of the devices with all their slots and pools. `fresh`: as if nothing was ever folded."""
    ids = numbers(sorted(set(device_ids)))
    with connection.cursor() as cursor:
        dev = fetch(cursor, _DEVICES, _DEVICE_SQL, {"devices": ids})
        slot = fetch(cursor, _SLOTS, _SLOT_SQL, {"devices": ids})
        if ((slot["pool_id"] == 0) & (slot["supply_id"] > 0)).any():
            ensure_pools(device_ids)
            slot = fetch(cursor, _SLOTS, _SLOT_SQL, {"devices": ids})
        key = np.where(slot["pool_id"] > 0, slot["pool_id"], -slot["slot_id"])
        pools, pool_row = np.unique(key, return_inverse=True)
        pool = fetch(cursor, _POOLS, _POOL_SQL, {"pools": numbers(pools[pools > 0].tolist())})
        places, sector = _places(cursor, dev["address_id"])
    cals = calendars(places, now.date())
    return _assemble(dev, slot, pool, pools, pool_row.astype(np.int64), cals, sector, engine_time(now), fresh)


def _places(cursor: Any, addresses: Ints) -> tuple[tuple[str, ...], Ints]:
    """Where the addresses keep their holidays, without repetition, and which of them each is."""
    some, which = np.unique(addresses, return_inverse=True)
    cursor.execute(
        f"SELECT a.id, {_PLACE_SQL} FROM accounts_address a WHERE a.id = ANY(%s::bigint[])",  # noqa: S608
        [numbers(some.tolist())],
    )
    place_of = dict(cursor.fetchall())
    places = tuple(sorted(set(place_of.values()))) or ("US",)
    number = np.array([places.index(place_of[address]) for address in some.tolist()], dtype=np.int64)
    return places, number[which]


def load_cartridges(loaded: Loaded) -> None:
    """The serials that were last reported: asked for only where a report names one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT slot_id, cartridge FROM replenishment_position"
            " WHERE device_id = ANY(%s::bigint[]) AND cartridge <> ''",
            [numbers(loaded.devices.tolist())],
        )
        loaded.cartridges = dict(cursor.fetchall())


def _assemble(
    dev: dict[str, Any], slot: dict[str, Any], pool: dict[str, Any], pools: Ints, pool_row: Ints,
    cals: tuple[Workdays, ...], sector: Ints, t: float, fresh: bool,
) -> Loaded:  # fmt: skip
    rows, per_slot = dev["device_id"].size, slot["slot_id"].size
    device_row = np.searchsorted(dev["device_id"], slot["device_id"])
    kind = slot["kind"].astype(np.int64)
    c_fleet = st.expected_fleet_use()
    for name, mean in FleetStats.objects.values_list("kind", "c_mean"):
        if name in st.KINDS:
            c_fleet[st.KINDS.index(name)] = mean
    prior = _prior(device_row, slot["yields"], kind == 0, rows, np.full(rows, 60.0))
    tinted = (kind >= 1) & (kind < st.TONERS)
    prior_colour = _prior(device_row, slot["yields"], tinted, rows, 0.4 * prior)

    # An order is of one address and one contract: what is of both travels together.
    parties = np.stack([dev["address_id"], dev["contract_id"]], axis=1)
    party = np.unique(parties, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    devices = st.Devices.fresh(
        party, sector, dev["connected"] > 0,
        np.zeros(rows), prior, prior_colour,
    )  # fmt: skip
    devices.alive = dev["alive"] > 0
    supplies = st.Supplies.fresh(
        device_row, pool_row, kind, slot["yields"], np.full(per_slot, st.PCT10), c_fleet
    )
    kept_records = records.unpack(
        dev["slots"], dev["length of slots"].astype(np.int64), dev["uses"],
        dev["length of uses"].astype(np.int64),
    )  # fmt: skip
    noted, steps = np.full(per_slot, -1, dtype=np.int64), np.zeros(per_slot, dtype=np.int64)
    found = _rows_of(kept_records.slot_id, slot["slot_id"])
    noted[found[1]] = kept_records.pool_id[found[0]]
    supplies.reports[found[1][kept_records.columns["step"][found[0]] == 1]] = st.PCT1
    first = np.unique(pool_row, return_index=True)[1]
    supply_of_pool = slot["supply_id"][first]
    supply_key = np.where(supply_of_pool > 0, supply_of_pool, -slot["slot_id"][first])
    supply_ids, sku = np.unique(supply_key, return_inverse=True)
    low_mean, low_weight = start_marks(supply_ids.size)
    marks = SupplyStats.objects.filter(pk__in=supply_ids[supply_ids > 0].tolist())
    for supply_id, mean, weight in marks.values_list("supply_id", "low_mean", "low_weight"):
        i = int(np.searchsorted(supply_ids, supply_id))
        low_mean[i], low_weight[i] = mean, weight
    site = np.zeros(pools.size, dtype=np.int64)
    site[pool_row] = party[device_row]
    ledger = st.Pools.fresh(site, sku.astype(np.int64), np.zeros(pools.size), t)
    ledger.base[:] = np.nan

    at = np.searchsorted(pools, pool["pool_id"])
    if not fresh:
        kept = dev["kept"] > 0
        for name in RATE:
            getattr(devices, name)[kept] = dev[name][kept]
        _restore(supplies, kept_records, *found, c_fleet)
        steps[found[1]] = kept_records.columns["step"][found[0]]
        kept = pool["kept"] > 0
        for name in POOL:
            getattr(ledger, name)[at[kept]] = pool[name][kept]
        ledger.v_t[np.isnan(ledger.v_t)] = t
    ledger.transit[at] = pool["transit"]
    accounts, entries = np.zeros(pools.size, dtype=np.int64), np.zeros(pools.size, dtype=np.int64)
    accounts[at] = pool["account_id"]
    entries[at] = 0 if fresh else pool["entry_id"]

    width = int(slot["place"].max(initial=-1)) + 1
    slot_at = np.full((rows, max(width, 1)), -1, dtype=np.int64)
    slot_at[device_row, slot["place"]] = np.arange(per_slot)
    state = st.State(devices, supplies, ledger, c_fleet, low_mean, low_weight, jobs_of(dev["device_id"]), t)
    return Loaded(
        state=state, calendars=cals, devices=dev["device_id"].astype(np.int64),
        device_accounts=dev["account_id"], addresses=dev["address_id"].astype(np.int64),
        folded_us=np.zeros(rows, dtype=np.int64) if fresh else dev["folded_at"],
        on=dev["on_"] > 0, starting=dev["starting"] > 0, colour_models=dev["colour_model"] > 0,
        known=dev["kept"] > 0,
        slots=slot["slot_id"].astype(np.int64), noted_pools=noted, slot_at=slot_at,
        sent=slot["sent"] > 0, steps=steps,
        pools=pools, pool_accounts=accounts,
        new_pools=pool["pool_id"][pool["kept"] == 0].astype(np.int64), entries=entries, supplies=supply_ids,
        marks=(low_mean.copy(), low_weight.copy()), transit=ledger.transit,
        row_of_device={int(d): i for i, d in enumerate(dev["device_id"])},
    )  # fmt: skip


def _rows_of(ids: Ints, among: Ints) -> tuple[Ints, Ints]:
    """(positions in `ids` that are `among`, where they stand there); `among` is sorted."""
    if not among.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    at = np.minimum(np.searchsorted(among, ids), among.size - 1)
    mine = np.flatnonzero(among[at] == ids)
    return mine, at[mine]


def _restore(supplies: st.Supplies, kept: records.Records, mine: Ints, at: Ints, c_fleet: Floats) -> None:
    """Slots with a record keep their state; a new slot starts at the fleet's mean use.

    What was never taught is kept relative to the fleet's mean, so that it follows the mean wherever it goes.
    """
    for name in (*records.POSITION_INTS, *records.POSITION):
        has = kept.has[name][mine]
        getattr(supplies, name)[at[has]] = kept.columns[name][mine[has]]
    supplies.a[at], supplies.b[at] = kept.uses[mine].T
    untaught = at[supplies.b[at] == st.UNTAUGHT]
    supplies.a[untaught] *= c_fleet[supplies.kind[untaught]]


def taught(weight: float) -> tuple[Ints, Floats, Floats]:
    """(kind, a, b) of all slots of the fleet with b above `weight`."""
    found: list[tuple[Ints, Floats, Floats]] = []
    last = 0
    with connection.cursor() as cursor:
        while True:
            dev = fetch(
                cursor, {"device_id": ">i8", "slots": "bytea", "uses": "bytea"},
                "SELECT device_id, slots, array_send(uses) FROM replenishment_devicerate"
                " WHERE device_id > %(last)s ORDER BY device_id LIMIT 10000",
                {"last": last},
            )  # fmt: skip
            if not dev["device_id"].size:
                break
            last = int(dev["device_id"][-1])
            kept = records.unpack(
                dev["slots"], dev["length of slots"].astype(np.int64), dev["uses"],
                dev["length of uses"].astype(np.int64),
            )  # fmt: skip
            some = np.flatnonzero(kept.uses[:, 1] > weight)
            kinds = fetch(
                cursor, {"slot_id": ">i8", "kind": ">i2"},
                f"SELECT s.id, {KIND_SQL} FROM fleet_slot s"  # noqa: S608
                " WHERE s.id = ANY(%(ids)s::bigint[]) ORDER BY s.id",
                {"ids": numbers(kept.slot_id[some].tolist())},
            )  # fmt: skip
            mine, at = _rows_of(kept.slot_id[some], kinds["slot_id"])
            a, b = kept.uses[some[mine]].T
            found.append((kinds["kind"][at].astype(np.int64), a, b))
    if not found:
        return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
    kind, a, b = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return kind, a, b


def _prior(rows: Ints, yields: Floats, mask: Bools, devices: int, otherwise: Floats) -> Floats:
    n = np.bincount(rows[mask], minlength=devices)
    total = np.bincount(rows[mask], prior_rate(yields[mask]), minlength=devices)
    return np.where(n > 0, total / np.maximum(n, 1), otherwise)


def jobs_of(device_ids: Ints, without: int | None = None) -> st.Jobs:
    """Announced jobs of the devices (sorted), colour pages and the others apart; not of the job `without`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT device_id, starts_on, ends_on, pages, colour_pages, coverage FROM replenishment_heavyjob"
            " WHERE device_id = ANY(%s::bigint[]) AND cancelled_at IS NULL AND job_id <> %s ORDER BY id",
            [numbers(device_ids.tolist()), without or 0],
        )
        found = cursor.fetchall()
    rows = []
    for device, start, end, pages, colour, coverage in found:
        for n, tinted in ((pages - colour, False), (colour, True)):
            if n:
                factor = coverage / st.USUAL_COVERAGE if coverage else 1.0
                rows.append((int(np.searchsorted(device_ids, device)), start, end, n, tinted, factor))
    jobs = st.Jobs()
    if rows:
        jobs.device = np.array([r[0] for r in rows], dtype=np.int64)
        jobs.start = np.array([(r[1] - DAY_ZERO).days for r in rows], dtype=np.float64)
        jobs.end = np.array([(r[2] - DAY_ZERO).days for r in rows], dtype=np.float64)
        jobs.pages = np.array([r[3] for r in rows], dtype=np.float64)
        jobs.colour = np.array([r[4] for r in rows], dtype=np.bool_)
        jobs.factor = np.array([r[5] for r in rows], dtype=np.float64)
    return jobs
