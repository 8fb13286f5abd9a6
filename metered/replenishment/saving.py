"""Arrays in, rows out: the running state of some devices, by binary COPY."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection

from metered.reads.copying import numbers
from metered.replenishment import levels, records
from metered.replenishment import state as st
from metered.replenishment.arrays import Bools, Floats, Ints
from metered.replenishment.calendars import engine_time
from metered.replenishment.packed import COPY_HEADER, COPY_TRAILER, make_stage, stage, upsert
from metered.replenishment.reasons import Reason, as_json
from metered.replenishment.sources import sources
from metered.replenishment.store import POOL, RATE, Loaded


def save(loaded: Loaded, rows: Ints) -> None:
    """Write back the devices `rows` that were folded, with their slots and pools.

    Raises IntegrityError where a use is not above zero, as PostgreSQL checks it.
    """
    s, _ = loaded.state.by_device.take(rows)
    with connection.cursor() as cursor:
        save_devices(cursor, loaded, rows)
        note_positions(cursor, loaded, s)
        save_pools(cursor, loaded, np.unique(loaded.state.supplies.pool[s]))


def save_pools_of(loaded: Loaded, pool_ids: Sequence[int]) -> None:
    """Write back the state of these pools, and of the devices that draw from them."""
    sup = loaded.state.supplies
    rows = np.unique(sup.device[np.isin(loaded.pools[sup.pool], np.array(pool_ids, dtype=np.int64))])
    if rows.size:
        save(loaded, rows)


_DEVICE = {
    "device_id": ">i8", "account_id": ">i8", "folded_at": ">i8", "slots": "bytea", "uses": "float8[]",
    **dict.fromkeys(RATE, ">f8"),
}  # fmt: skip
_WHEN = """CASE WHEN staged.folded_at <> 0 THEN
    timestamptz 'epoch' + staged.folded_at * interval '1 microsecond' END"""


def save_devices(cursor: Any, loaded: Loaded, rows: Ints) -> None:
    """The rates of the devices `rows` and the state of their slots."""
    for known in (True, False):
        some = rows[loaded.known[rows] == known]
        if some.size:
            counts = loaded.state.by_device.count(some)
            groups = [_device_rows(loaded, some[at], n) for n, at in records.same_length(counts)]
            upsert(
                cursor, "replenishment_devicerate", _DEVICE, *groups,
                key="device_id", expressions={"folded_at": _WHEN}, all_known=known,
            )  # fmt: skip


def _device_rows(loaded: Loaded, rows: Ints, slots: int) -> dict[str, Any]:
    """Devices that have `slots` slots each."""
    dev, sup = loaded.state.devices, loaded.state.supplies
    s, _ = loaded.state.by_device.take(rows)
    pool = np.maximum(loaded.pools[sup.pool[s]], 0)
    kept = {name: getattr(sup, name)[s] for name in (*records.POSITION, *records.POSITION_INTS)}
    a, b = sup.a[s], sup.b[s]
    a = np.where(b == st.UNTAUGHT, a / loaded.state.c_fleet[sup.kind[s]], a)
    record = records.pack(loaded.slots[s], pool, {"step": loaded.steps[s], **kept})
    return {
        "device_id": loaded.devices[rows], "account_id": loaded.device_accounts[rows],
        "folded_at": loaded.folded_us[rows],
        "slots": np.frombuffer(record.tobytes(), np.uint8).reshape(rows.size, slots * record.itemsize),
        "uses": records.arrays(np.stack([a, b], axis=1).reshape(rows.size, 2 * slots)),
        **{name: getattr(dev, name)[rows] for name in RATE},
    }  # fmt: skip


_POSITION = {"slot_id": ">i8", "account_id": ">i8", "device_id": ">i8", "pool_id": ">i8"}


def note_positions(cursor: Any, loaded: Loaded, s: Ints) -> None:
    """A Position for each slot that has none yet, and the pool where it is another than before."""
    pool = np.maximum(loaded.pools[loaded.state.supplies.pool[s]], 0)
    new = loaded.noted_pools[s] != pool
    if not new.any():
        return
    s, pool = s[new], pool[new]
    device = loaded.state.supplies.device[s]
    values = {
        "slot_id": loaded.slots[s], "account_id": loaded.device_accounts[device],
        "device_id": loaded.devices[device], "pool_id": pool,
    }  # fmt: skip
    upsert(
        cursor, "replenishment_position", _POSITION, values, key="slot_id",
        expressions={"pool_id": "nullif(staged.pool_id, 0)"}, defaults={"cartridge": "''"},
    )  # fmt: skip


def save_pools(cursor: Any, loaded: Loaded, p: Ints) -> None:
    p = p[loaded.pools[p] > 0]
    columns = {"pool_id": ">i8", "account_id": ">i8", "entry_id": ">i8", **dict.fromkeys(POOL, ">f8")}
    values: dict[str, Any] = {
        "pool_id": loaded.pools[p], "account_id": loaded.pool_accounts[p], "entry_id": loaded.entries[p],
        **{name: getattr(loaded.state.pools, name)[p] for name in POOL},
    }  # fmt: skip
    upsert(cursor, "replenishment_poolforecast", columns, values, key="pool_id")


_ENDS = ("runs_out_from", "runs_out_at", "runs_out_until")
_RUN_OUTS = {
    "slot_id": ">i8", "q10": ">f8", "q50": ">f8", "q90": ">f8", "source": ">i2",
    **dict.fromkeys(_ENDS, ">i8"),
}  # fmt: skip
_MOMENTS = ", ".join(
    f"CASE WHEN {name} > 0 THEN timestamptz 'epoch' + {name} * interval '1 hour' END AS {name}"
    for name in _ENDS
)
_NOTHING = -1
# A night later most run-outs are still on their days: then nothing is written, and where the likely day alone
# stays, no index changes. The keys are named once more: the planner knows nothing of a staged table, and
# would read every position of the fleet beside it.
_CHANGE_RUN_OUTS = f"""
UPDATE replenishment_position o SET looked_at = %(now)s,
    days_q10 = nullif(s.q10, 'nan'), days_q50 = nullif(s.q50, 'nan'), days_q90 = nullif(s.q90, 'nan'),
    runs_out_from = s.runs_out_from, runs_out_at = s.runs_out_at, runs_out_until = s.runs_out_until,
    source = nullif(s.source, {_NOTHING})
FROM (
    SELECT slot_id, q10, q50, q90, source, {_MOMENTS} FROM stage_run_outs
) AS s
WHERE s.slot_id = o.slot_id AND o.slot_id = ANY(%(slots)s::bigint[]) AND (o.looked_at IS NULL
    OR (o.runs_out_from, o.runs_out_at, o.runs_out_until, o.source)
        IS DISTINCT FROM (s.runs_out_from, s.runs_out_at, s.runs_out_until, nullif(s.source, {_NOTHING})))
"""  # noqa: S608


def save_look(loaded: Loaded, days: Floats, known: Bools, now: dt.datetime) -> None:
    """Write the run-outs of slots where they changed, as days from `now` and as moments, and what they stand
    on; NULL where use is not known.

    A run-out is a day (UTC, as in reasons), kept as its noon: nobody knows the hour.
    """
    stands_on = sources(loaded.state, np.arange(loaded.slots.size), engine_time(now))
    noon = 24 * np.floor(engine_time(now) + days).astype(np.int64) + 12
    values: dict[str, Any] = {
        "slot_id": loaded.slots,
        **dict(zip(("q10", "q50", "q90"), np.where(known, days, np.nan), strict=True)),
        **dict(zip(_ENDS, np.where(known, noon, 0), strict=True)),
        "source": np.where(known, stands_on, _NOTHING),
    }
    with connection.cursor() as cursor:
        stage(cursor, "stage_run_outs", _RUN_OUTS, values)
        slots = numbers(loaded.slots.tolist())
        cursor.execute(_CHANGE_RUN_OUTS, {"now": now, "slots": slots})


_REASONS = {"pool_id": ">i8", "reason": "text"}


def keep_reasons(reasons: Mapping[int, Reason], now: dt.datetime) -> None:
    """Each pool's reason. They stay staged until the transaction ends, for the proposals among them."""
    pack, parts = _BIGINT_AND_TEXT.pack, [COPY_HEADER]
    for pool, reason in sorted(reasons.items()):
        text = as_json(reason)
        parts += (pack(2, 8, pool, len(text)), text)
    with connection.cursor() as cursor:
        make_stage(cursor, "stage_reasons", _REASONS)
        with cursor.copy("COPY stage_reasons FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"".join([*parts, COPY_TRAILER]))
        cursor.execute(
            "UPDATE replenishment_poolforecast f SET decision = r.reason, decided_at = %s"
            " FROM stage_reasons r WHERE f.pool_id = r.pool_id AND f.pool_id = ANY(%s::bigint[])",
            [now, numbers(sorted(reasons))],
        )


_BIGINT_AND_TEXT = struct.Struct("!hiqi")


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
