"""Reading observations, levels and reads."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from metered.accounts.access import Viewer
from metered.fleet.actions import token_digest
from metered.fleet.models import Device, Token
from metered.reads import copying
from metered.reads.columns import Columns, Ints, Layout, starts
from metered.reads.levels import LevelState, decode
from metered.reads.models import Batch, ConnectionCheck, DeviceState, Note, Read
from metered.reads.packing import NO_LEVEL, NO_METER
from metered.reads.sender import Sender

_ZERO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
BEGINNING = dt.datetime(1, 1, 2, tzinfo=dt.UTC)


# --- for pages -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LatestLevels:
    """What one device last said. `levels` by slot key, `meters` by meter word."""

    device_id: int
    levels: dict[str, LevelState]
    meters: dict[str, int]
    cartridges: dict[str, str]
    alerts: tuple[str, ...]
    observed_at: dt.datetime | None
    received_at: dt.datetime | None
    software: str
    host: str
    complete: bool
    meters_held: bool
    refused_at: dt.datetime | None
    refused_reason: str
    refused_count: int
    agent_id: int | None = None
    """The agent that reported it last."""
    agent_at: dt.datetime | None = None
    """When an agent last reported it."""
    direct_at: dt.datetime | None = None
    """When it last reported by itself."""


def latest_levels(viewer: Viewer, device_ids: Iterable[int]) -> dict[int, LatestLevels]:
    """The latest state of those of the devices that the viewer may see and that ever reported."""
    rows = DeviceState.objects.visible_to(viewer).filter(device_id__in=list(device_ids))
    return {row.device_id: latest_of(row) for row in rows}


def latest_of(row: DeviceState) -> LatestLevels:
    """The typed reading of a state row."""
    return LatestLevels(
        device_id=row.device_id,
        levels={key: decode(code) for key, code in zip(row.slot_keys, row.levels, strict=False)},
        meters={
            key: value for key, value in zip(row.meter_keys, row.meters, strict=False) if value is not None
        },
        cartridges={
            key: value for key, value in zip(row.slot_keys, row.cartridges or [], strict=False) if value
        },
        alerts=tuple(row.alerts),
        observed_at=row.observed_at,
        received_at=row.received_at,
        software=row.software,
        host=row.host,
        complete=row.complete,
        meters_held=row.held_meters is not None,
        refused_at=row.refused_at,
        refused_reason=row.refused_reason,
        refused_count=row.refused_count,
        agent_id=row.agent_id,
        agent_at=row.agent_at,
        direct_at=row.direct_at,
    )


@dataclass(frozen=True)
class History:
    """A device's last days, a value per UTC day (the day's last). Levels in tenths of a percent, by slot key;
    states without a percent are left out. Meters by word."""

    levels: dict[str, list[tuple[dt.date, int]]]
    meters: dict[str, list[tuple[dt.date, int]]]


def level_history(viewer: Viewer, device: Device, *, days: int, now: dt.datetime) -> History:
    """The daily levels and meters of one device for charts. Empty for a device the viewer may not see."""
    state = DeviceState.objects.visible_to(viewer).filter(device_id=device.pk).first()
    history = History(levels={}, meters={})
    if state is None:
        return history
    found = observations_after_for_system([device.pk], [now - dt.timedelta(days=days)])
    by_day = {int(us // 86_400_000_000): i for i, us in enumerate(found.observed_us)}
    levels, meters = found.level_table(), found.meter_table()
    for number, row in by_day.items():
        day = _ZERO.date() + dt.timedelta(days=number)
        for key, code in zip(state.slot_keys, levels[row], strict=False):
            if code >= 0:
                history.levels.setdefault(key, []).append((day, int(code)))
        for key, value in zip(state.meter_keys, meters[row], strict=False):
            if value != NO_METER:
                history.meters.setdefault(key, []).append((day, int(value)))
    return history


def reads(viewer: Viewer, *, device: Device | None = None) -> QuerySet[Read]:
    """Reads the viewer may see, newest first, with device, values and who entered them."""
    rows: QuerySet[Read] = Read.objects.visible_to(viewer)
    if device is not None:
        rows = rows.filter(device=device)
    return (
        rows.select_related("device", "device__model", "entered_by")
        .prefetch_related("values__meter_type")
        .order_by("-taken_at", "-id")
    )


def latest_check(viewer: Viewer, device: Device) -> ConnectionCheck | None:
    """The last time that somebody asked to be told of the device's next contact, with who asked."""
    rows = ConnectionCheck.objects.visible_to(viewer).filter(device=device).select_related("asked_by")
    found: ConnectionCheck | None = rows.order_by("-asked_at", "-id").first()
    return found


# --- for the telemetry API --------------------------------------------------------------------------


def sender_for_system(token: str) -> Sender | None:
    """Whose token this is; None for an unknown or revoked one."""
    row = (
        Token.objects.filter(digest=token_digest(token), revoked_at=None)
        .values_list("pk", "account_id", "device_id", "agent_id")
        .first()
    )
    return Sender(*row) if row else None


def silent(at_least: dt.timedelta, *, now: dt.datetime) -> Q:
    """The condition on Device: in use, should report, and was not heard of for so long (domain rule 8).

    A device that was never heard counts from the day it was installed; one read by hand is never silent.
    """
    before = now - at_least
    never = Q(state__received_at=None, installed_on__lte=before.date())
    heard = Q(state__received_at__lte=before)
    return Q(removed_at=None) & ~Q(path=Device.Path.MANUAL) & (heard | never)


def silent_for_system(
    at_least: dt.timedelta, *, now: dt.datetime | None = None, less_than: dt.timedelta | None = None
) -> QuerySet[Device]:
    """The silent devices, with their latest state where there is one; `less_than`: not yet for so long."""
    now = now or timezone.now()
    rows: QuerySet[Device] = Device.objects.filter(silent(at_least, now=now)).select_related("state")
    return rows if less_than is None else rows.exclude(silent(less_than, now=now))


# --- for the stages after this one -----------------------------------------------------------------


@dataclass(frozen=True)
class UntakenBatch:
    """A batch whose observations replenishment has not folded yet."""

    id: int
    account_id: int
    received_at: dt.datetime
    device_ids: tuple[int, ...]


def claim_batches_for_system(limit: int, *, only: int | None = None) -> list[UntakenBatch]:
    """The oldest batches that nobody has taken, locked until the caller's transaction ends (SKIP LOCKED).

    Those that failed wait for their next attempt, parked ones for staff. `only`: that batch, if it is free.

    Mark them with `actions.mark_folded` in the same transaction; outside one it raises
    TransactionManagementError.
    """
    rows = (
        _due_batches()
        .filter(**({} if only is None else {"pk": only}))
        .select_for_update(skip_locked=True)
        .order_by("id")
        .values_list("id", "account_id", "received_at", "device_ids")[:limit]
    )
    return [UntakenBatch(pk, account, at, tuple(devices)) for pk, account, at, devices in rows]


def due_batch_ids_for_system(limit: int) -> list[int]:
    """The ids of the oldest batches that could be taken now."""
    return list(_due_batches().order_by("id").values_list("id", flat=True)[:limit])


def _due_batches() -> QuerySet[Batch]:
    rows: QuerySet[Batch] = Batch.objects.filter(folded_at=None, parked_at=None)
    return rows.filter(Q(retry_at=None) | Q(retry_at__lte=timezone.now()))


def untaken_batches_for_system() -> int:
    """How many batches wait for replenishment."""
    return Batch.objects.filter(folded_at=None).count()


# Devices of a model share their layout: it travels once.
_LAYOUTS = """
SELECT array_agg(device_id)::text, array_to_json(meter_keys)::text, array_to_json(slot_keys)::text
FROM reads_devicestate WHERE device_id = ANY(%s::bigint[]) GROUP BY meter_keys, slot_keys
"""


def layouts_for_system(device_ids: Iterable[int]) -> dict[int, Layout]:
    """What the numbers of these devices mean; devices that never reported are missing.

    Devices with the same layout share one object.
    """
    found: dict[int, Layout] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LAYOUTS, [copying.numbers(list(device_ids))])
        for devices, meters, slots in cursor.fetchall():
            layout = Layout(tuple(json.loads(meters)), tuple(json.loads(slots)))
            found |= dict.fromkeys(map(int, devices[1:-1].split(",")), layout)
    return found


# The server puts each column into one byte string in network order; nothing is done per row in Python.
# An aggregate reads a sorted subquery in its order. Moments travel as PostgreSQL keeps them.
_COLUMNS = """
SELECT string_agg(int8send(device_id), ''),
       string_agg(timestamptz_send(observed_at), ''),
       string_agg(timestamptz_send(received_at), ''),
       string_agg(int2send(path), ''),
       string_agg(int2send(notes), ''),
       string_agg(int4send(length(meters)), ''),
       string_agg(meters, ''),
       string_agg(int4send(length(levels)), ''),
       string_agg(levels, ''),
       json_agg(cartridges) FILTER (WHERE cartridges IS NOT NULL)::text,
       string_agg(CASE WHEN cartridges IS NULL THEN '\\x00'::bytea ELSE '\\x01'::bytea END, '')
FROM (
    SELECT o.device_id, o.observed_at, o.received_at, o.path, o.notes,
           CASE WHEN o.notes & %(held)s <> 0 THEN ''::bytea ELSE o.meters END AS meters,
           o.levels, o.cartridges
    FROM (
        SELECT device_id, timestamptz 'epoch' + us * interval '1 microsecond' AS after
        FROM unnest(%(devices)s::bigint[], %(after)s::bigint[]) AS told (device_id, us)
    ) AS wanted
    JOIN reads_observation o ON o.device_id = wanted.device_id AND o.observed_at > wanted.after
    WHERE o.observed_at > %(earliest)s AND o.observed_at <= %(until)s AND o.notes & %(second)s = 0
    ORDER BY o.device_id, o.observed_at
) AS sorted
"""
_US = dt.timedelta(microseconds=1)
_BEGINNING_US = (BEGINNING - _ZERO) // _US
_POSTGRES_ZERO_US = (dt.datetime(2000, 1, 1, tzinfo=dt.UTC) - _ZERO) // _US


def observations_after_for_system(
    device_ids: Sequence[int], after: Sequence[dt.datetime | None], *, until: dt.datetime | None = None
) -> Columns:
    """The observations of each device after its own moment (None: from the beginning), as columns, without
    its own reports beside an agent's (Note.SECOND).

    In the order (device, time). `device_ids` without repetition. A million rows take about 100 MB: for a
    rebuild ask for some hundred devices at a time.
    """
    moments = [_BEGINNING_US if moment is None else (moment - _ZERO) // _US for moment in after]
    return observations_since_for_system(
        np.array(device_ids, dtype=np.int64), np.array(moments, dtype=np.int64), until=until
    )


def observations_since_for_system(
    devices: Ints, after_us: Ints, *, until: dt.datetime | None = None
) -> Columns:
    """The same, with each device's moment in microseconds since 1970 UTC; 0: from the beginning."""
    after = np.where(after_us == 0, _BEGINNING_US, after_us)
    with connection.cursor() as cursor:
        cursor.execute(
            _COLUMNS,
            {
                "devices": copying.numbers(devices.tolist()),
                "after": copying.numbers(after.tolist()),
                "earliest": _ZERO + int(after.min(initial=2**55)) * _US,
                "until": until or dt.datetime(9999, 1, 1, tzinfo=dt.UTC),
                "held": int(Note.METER_HELD),
                "second": int(Note.SECOND),
            },
        )
        row: tuple[Any, ...] = cursor.fetchone()
    parts = [bytes(part) if part is not None else b"" for part in (*row[:9], row[10])]
    meter_bytes = np.frombuffer(parts[5], ">i4").astype(np.int64)
    level_bytes = np.frombuffer(parts[7], ">i4").astype(np.int64)
    changed = np.flatnonzero(np.frombuffer(parts[9], np.uint8)).tolist()
    return Columns(
        device=np.frombuffer(parts[0], ">i8").astype(np.int64),
        observed_us=np.frombuffer(parts[1], ">i8").astype(np.int64) + _POSTGRES_ZERO_US,
        received_us=np.frombuffer(parts[2], ">i8").astype(np.int64) + _POSTGRES_ZERO_US,
        path=np.frombuffer(parts[3], ">i2").astype(np.int16),
        notes=np.frombuffer(parts[4], ">i2").astype(np.int16),
        meter_start=starts(meter_bytes // 8),
        meters=np.frombuffer(parts[6], "<i8").astype(np.int64),
        level_start=starts(level_bytes // 2),
        levels=np.frombuffer(parts[8], "<i2").astype(np.int16),
        cartridges=dict(zip(changed, json.loads(row[9]) if row[9] else (), strict=True)),
    )


__all__ = [
    "NO_LEVEL",
    "NO_METER",
    "History",
    "LatestLevels",
    "UntakenBatch",
    "claim_batches_for_system",
    "latest_check",
    "latest_levels",
    "latest_of",
    "layouts_for_system",
    "level_history",
    "observations_after_for_system",
    "observations_since_for_system",
    "reads",
    "sender_for_system",
    "silent",
    "silent_for_system",
    "untaken_batches_for_system",
]
