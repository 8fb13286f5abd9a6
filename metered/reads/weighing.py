"""What is known of devices when somebody types their reads, and what that says of them. Reads only."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import connection

from metered.fleet.models import Device, MeterType
from metered.reads.models import Activity, DeviceState
from metered.reads.neighbours import nearest
from metered.reads.plausible import Known, Point, Verdict, weigh

FUTURE = dt.timedelta(minutes=10)
HISTORY = 24
"""Reads looked back at: two years of months."""
HUNTED = 200
"""So many doubtful rows of one request get their likely slip looked for."""
FRESH = dt.timedelta(days=10)

# Estimates are no statement; what waits for staff is nobody's history yet. The last row the machine told.
_HISTORY = """
SELECT wanted.place, found.taken_at, found.told
FROM unnest(%(places)s::int[], %(devices)s::bigint[], %(moments)s::timestamptz[])
    AS wanted (place, device_id, taken_at)
CROSS JOIN LATERAL (
    SELECT r.taken_at, (
        SELECT json_object_agg(kind.code, v.value)::text
        FROM reads_readvalue v JOIN fleet_metertype kind ON kind.id = v.meter_type_id WHERE v.read_id = r.id
    ) AS told
    FROM reads_read r
    WHERE r.device_id = wanted.device_id AND r.taken_at < wanted.taken_at
        AND r.status = 'accepted' AND r.source <> 'estimate'
    ORDER BY r.taken_at DESC LIMIT %(most)s
) AS found
ORDER BY wanted.place, found.taken_at
"""


def known_of(wanted: Sequence[tuple[Device, dt.datetime]], now: dt.datetime) -> list[Known]:
    """What is known of each device (with its model) at each moment. Four queries, however many."""
    if not wanted:
        return []
    ids = [device.pk for device, _ in wanted]
    moments = [at for _, at in wanted]
    near = nearest(list(zip(ids, moments, strict=True)))
    points: list[list[Point]] = [[] for _ in wanted]
    with connection.cursor() as cursor:
        cursor.execute(
            _HISTORY,
            {"places": list(range(len(ids))), "devices": ids, "moments": moments, "most": HISTORY},
        )
        for place, taken_at, told in cursor.fetchall():
            if told:
                points[place].append(Point(taken_at, json.loads(told)))
    states = {row.device_id: row for row in DeviceState.objects.filter(device_id__in=ids)}
    index = dict(
        Activity.objects.filter(account_id__in={device.account_id for device, _ in wanted}).values_list(
            "account_id", "index"
        )
    )
    found = []
    for place, (device, at) in enumerate(wanted):
        around, told_by = near[place], points[place]
        last, since = dict(around.floor), around.since
        state = states.get(device.pk)
        if state is not None and state.observed_at is not None and state.observed_at <= at:
            said = {
                key: value
                for key, value in zip(state.meter_keys, state.meters, strict=False)
                if value is not None
            }
            if said and (since is None or state.observed_at > since):
                last |= said
                since = state.observed_at
                told_by.append(Point(state.observed_at, said))
        found.append(
            Known(
                digits=device.model.meter_digits,
                points=told_by,
                last=last,
                since=since,
                following=around.ceiling,
                # It tells of these days; of a read of last month it says nothing.
                index=index.get(device.account_id, 1.0) if at > now - FRESH else 1.0,
            )
        )
    return found


@dataclass(frozen=True)
class Entry:
    """One read as somebody typed it: whole numbers by the meter's word."""

    device: Device
    values: Mapping[str, int]
    taken_at: dt.datetime


def verdicts(
    entries: Sequence[Entry], now: dt.datetime, *, neighbours: Mapping[int, Known] | None = None
) -> list[Verdict]:
    """What each entry is worth beside its device's history. Its values can be shown by the counters.

    A read may be another device's of the same address and model: those among the entries, and `neighbours`
    (by device id) are looked at.
    """
    known = known_of([(entry.device, entry.taken_at) for entry in entries], now)
    groups: dict[tuple[int, int], dict[int, Known]] = {}
    for entry, facts in zip(entries, known, strict=True):
        group = groups.setdefault((entry.device.address_id, entry.device.model_id), {})
        if len(group) < 20:
            group[entry.device.pk] = facts
    found: dict[int, Verdict] = {}
    doubted = 0
    before: dict[int, Entry] = {}
    for place in sorted(range(len(entries)), key=lambda place: entries[place].taken_at):
        entry, facts = entries[place], _after(known[place], before.get(entries[place].device.pk))
        others = {**(neighbours or {}), **groups[entry.device.address_id, entry.device.model_id]}
        others.pop(entry.device.pk, None)
        found[place] = weigh(entry.values, entry.taken_at, facts, others, hunt=doubted < HUNTED)
        doubted += found[place].doubt is not None
        if found[place].doubt is None:
            before[entry.device.pk] = entry
    return [found[place] for place in range(len(entries))]


def _after(known: Known, earlier: Entry | None) -> Known:
    """What is known of a device after an earlier entry of the same rows."""
    if earlier is None or (known.since is not None and earlier.taken_at < known.since):
        return known
    return replace(
        known,
        points=[*known.points, Point(earlier.taken_at, earlier.values)],
        last={**known.last, **earlier.values},
        since=earlier.taken_at,
    )


def siblings(device: Device, now: dt.datetime) -> dict[int, Known]:
    """The devices of the same model at the same address, for “this is another device's read”."""
    rows = (
        Device.objects.filter(
            account_id=device.account_id,
            address_id=device.address_id,
            model_id=device.model_id,
            removed_at=None,
        )
        .exclude(pk=device.pk)
        .select_related("model")
        .order_by("pk")[:20]
    )
    devices = list(rows)
    known = known_of([(other, now) for other in devices], now)
    return {other.pk: facts for other, facts in zip(devices, known, strict=True)}


def meter_names() -> dict[str, str]:
    """Every meter's name by its word, in the operator's order."""
    return dict(MeterType.objects.order_by("order", "code").values_list("code", "name"))
