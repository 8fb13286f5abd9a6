"""Arrays in, rows out: the running state of some devices, by binary COPY."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from django.db import connection

from metered.replenishment import levels
from metered.replenishment import state as st
from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.packed import stage, upsert
from metered.replenishment.store import POOL, POSITION, POSITION_INTS, RATE, Loaded


def save(loaded: Loaded, rows: Ints) -> None:
    """Write back the devices `rows` that were folded, with their slots and pools."""
    s, _ = loaded.state.by_device.take(rows)
    with connection.cursor() as cursor:
        save_devices(cursor, loaded, rows)
        save_positions(cursor, loaded, s)
        save_pools(cursor, loaded, np.unique(loaded.state.supplies.pool[s]))


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


class Lessons:
    """By how much a fold moved the low marks of SKUs. Their rows are everybody's: what others taught
    meanwhile stays, and what this fold taught comes on top."""

    def __init__(self) -> None:
        self._by: dict[int, tuple[float, float]] = {}

    def add(self, loaded: Loaded) -> None:
        mean, weight = loaded.state.low_mean - loaded.marks[0], loaded.state.low_weight - loaded.marks[1]
        for i in np.flatnonzero((loaded.supplies > 0) & ((mean != 0) | (weight != 0))).tolist():
            before = self._by.get(int(loaded.supplies[i]), (0.0, 0.0))
            self._by[int(loaded.supplies[i])] = before[0] + float(mean[i]), before[1] + float(weight[i])

    def save(self) -> None:
        """At the end of a fold, once and in key order: two of them can't wait for each other in a ring."""
        if not self._by:
            return
        keys = sorted(self._by)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO replenishment_supplystats AS s (supply_id, low_mean, low_weight)"
                " SELECT supply_id, %(mean)s + mean, %(weight)s + weight"
                " FROM unnest(%(ids)s::bigint[], %(means)s::float8[], %(weights)s::float8[])"
                " AS taught (supply_id, mean, weight) ORDER BY supply_id"
                " ON CONFLICT (supply_id) DO UPDATE SET"
                " low_mean = greatest(%(least)s, least(%(most)s, s.low_mean + EXCLUDED.low_mean - %(mean)s)),"
                " low_weight = least(%(heaviest)s, s.low_weight + EXCLUDED.low_weight - %(weight)s)",
                {
                    "ids": keys,
                    "means": [self._by[key][0] for key in keys],
                    "weights": [self._by[key][1] for key in keys],
                    "mean": st.LOW_MARK,
                    "weight": st.LOW_MARK_WEIGHT,
                    "least": levels.MARK_LEAST,
                    "most": levels.MARK_MOST,
                    "heaviest": levels.MARK_HEAVIEST,
                },
            )
