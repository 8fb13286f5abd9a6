"""Arrays in, rows out: the running state of some devices, by binary COPY."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from django.db import connection

from metered.replenishment import state as st
from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.packed import stage, upsert
from metered.replenishment.store import POOL, POSITION, POSITION_INTS, RATE, Loaded


def save(loaded: Loaded, rows: Ints) -> None:
    """Write back the devices `rows` that were folded, with their slots, pools and SKUs."""
    s, _ = loaded.state.by_device.take(rows)
    with connection.cursor() as cursor:
        save_devices(cursor, loaded, rows)
        save_positions(cursor, loaded, s)
        save_pools(cursor, loaded, np.unique(loaded.state.supplies.pool[s]))
        save_marks(cursor, loaded)


def save_devices(cursor: Any, loaded: Loaded, rows: Ints) -> None:
    dev = loaded.state.devices
    columns = {"device_id": ">i8", "account_id": ">i8", "folded_at": ">i8", **dict.fromkeys(RATE, ">f8")}
    upsert(
        cursor, "replenishment_devicerate", columns,
        {
            "device_id": loaded.devices[rows], "account_id": loaded.device_accounts[rows],
            "folded_at": loaded.folded_us[rows], **{name: getattr(dev, name)[rows] for name in RATE},
        },
        key="device_id",
        expressions={"folded_at": "timestamptz 'epoch' + folded_at * interval '1 microsecond'"},
    )  # fmt: skip


def save_positions(cursor: Any, loaded: Loaded, s: Ints) -> None:
    sup = loaded.state.supplies
    pool = loaded.pools[sup.pool[s]]
    columns = {
        "slot_id": ">i8", "account_id": ">i8", "device_id": ">i8", "pool_id": ">i8", "step": ">i2",
        **dict.fromkeys(POSITION_INTS, ">i2"), **dict.fromkeys(POSITION, ">f8"),
    }  # fmt: skip
    values: dict[str, Any] = {
        "slot_id": loaded.slots[s], "account_id": loaded.slot_accounts[s],
        "device_id": loaded.devices[sup.device[s]], "pool_id": pool, "step": loaded.steps[s],
        **{name: getattr(sup, name)[s] for name in (*POSITION, *POSITION_INTS)},
    }  # fmt: skip
    upsert(
        cursor, "replenishment_position", columns, values, key="slot_id",
        expressions={"pool_id": "CASE WHEN pool_id > 0 THEN pool_id END"}, defaults={"cartridge": "''"},
    )  # fmt: skip


def save_pools(cursor: Any, loaded: Loaded, p: Ints) -> None:
    p = p[loaded.pools[p] > 0]
    columns = {"pool_id": ">i8", "account_id": ">i8", "entry_id": ">i8", **dict.fromkeys(POOL, ">f8")}
    values: dict[str, Any] = {
        "pool_id": loaded.pools[p], "account_id": loaded.pool_accounts[p], "entry_id": loaded.entries[p],
        **{name: getattr(loaded.state.pools, name)[p] for name in POOL},
    }  # fmt: skip
    upsert(cursor, "replenishment_poolforecast", columns, values, key="pool_id")


def save_positions_and_pools(loaded: Loaded) -> None:
    """Write back everything but the devices: counts and orders teach slots and pools."""
    with connection.cursor() as cursor:
        save_positions(cursor, loaded, np.arange(loaded.slots.size))
        save_pools(cursor, loaded, np.arange(loaded.pools.size))


def save_look(loaded: Loaded, days: Floats, known: Bools, now: dt.datetime) -> None:
    """Write the run-outs of all slots, as days from `now` and as moments; NULL where use is not known."""
    columns = {"slot_id": ">i8", "q10": ">f8", "q50": ">f8", "q90": ">f8", "known": ">i2"}
    values: dict[str, Any] = {
        "slot_id": loaded.slots, "q10": days[0], "q50": days[1], "q90": days[2], "known": known,
    }  # fmt: skip
    with connection.cursor() as cursor:
        stage(cursor, "stage_run_outs", columns, values)
        cursor.execute(
            "UPDATE replenishment_position o SET looked_at = %(now)s,"
            " days_q10 = CASE WHEN known = 1 THEN q10 END, days_q50 = CASE WHEN known = 1 THEN q50 END,"
            " days_q90 = CASE WHEN known = 1 THEN q90 END,"
            " runs_out_from = CASE WHEN known = 1 THEN %(now)s + q10 * interval '1 day' END,"
            " runs_out_at = CASE WHEN known = 1 THEN %(now)s + q50 * interval '1 day' END,"
            " runs_out_until = CASE WHEN known = 1 THEN %(now)s + q90 * interval '1 day' END"
            " FROM stage_run_outs s WHERE s.slot_id = o.slot_id",
            {"now": now},
        )


def save_marks(cursor: Any, loaded: Loaded) -> None:
    """Low marks of the SKUs that learnt something, in order: two workers can't wait for each other."""
    state = loaded.state
    learnt = np.flatnonzero((loaded.supplies > 0) & (state.low_weight > st.LOW_MARK_WEIGHT))
    if learnt.size:
        columns = {"supply_id": ">i8", "low_mean": ">f8", "low_weight": ">f8"}
        values: dict[str, Any] = {
            "supply_id": loaded.supplies[learnt], "low_mean": state.low_mean[learnt],
            "low_weight": state.low_weight[learnt],
        }  # fmt: skip
        upsert(cursor, "replenishment_supplystats", columns, values, key="supply_id")
