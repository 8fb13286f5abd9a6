"""The SQL of a telemetry batch: devices in by one query, observations and states out by one statement."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from django.db import connection
from msgspec import Struct

from metered.reads import copying, packing, wire
from metered.reads.judge import Facts, Kept, Last, Layout
from metered.reads.models import ClockCorrection, DeviceState, Observation
from metered.reads.packing import pack_levels, pack_meters
from metered.reads.partitions import ensure_partitions_for
from metered.reads.sender import Sender
from metered.reads.supplies import position
from metered.reads.wire import Report
from metered.reads.words import Note, Path

_UNIT = "\x1f"


class Known(Struct, frozen=True, gc=False):
    """A device that a report names: its facts, where its numbers stand, and what it last said."""

    facts: Facts
    layout: Layout
    last: Last
    removed: bool
    has_state: bool

    def with_layout(self, facts: Facts, layout: Layout) -> Known:
        """The same device after its layout grew; it has a state row now."""
        return Known(facts, layout, self.last, self.removed, True)


class Row(Struct, gc=False):
    """An observation about to be written. `levels`: the device's latest levels with it, if `newest`."""

    device_id: int
    report: Report
    verdict: Kept
    newest: bool
    levels: list[int | None]


# One row, each column of all devices as one string: rows would cost Python more than the query costs
# PostgreSQL. A layout stands only where it is another than the device's before (those of one model share
# theirs), and so does what hardly any device has.
_LOAD = """
SELECT string_agg(serial_key, E'\\x1f'), string_agg(int8send(id), ''), string_agg(int2send(said), ''),
    string_agg(timestamptz_send(coalesce(observed_at, '-infinity')), ''),
    string_agg(int4send(length(meters)), ''), string_agg(meters, ''),
    json_agg(json_build_array(meter_keys, slot_keys)) FILTER (WHERE said & {layout} <> 0)::text,
    json_agg(json_build_array(id, held_meters, cartridges, late_since, agent_at, minimum_software, from_date))
        FILTER (WHERE rare)::text
FROM (
    SELECT d.id, d.serial_key, s.observed_at, array_send(coalesce(s.meters, '{{}}')) AS meters,
        (m.meter_digits | CASE WHEN d.removed_at IS NULL THEN 0 ELSE {removed} END
            | CASE WHEN m.waste_reports_fullness THEN {fullness} ELSE 0 END
            | CASE WHEN s.device_id IS NULL THEN 0 WHEN s.meter_keys = lag(s.meter_keys) OVER models
                AND s.slot_keys = lag(s.slot_keys) OVER models THEN {state} ELSE {state} | {layout} END
        )::smallint AS said,
        s.meter_keys, s.slot_keys, s.held_meters, s.cartridges, s.late_since, {agent_at} AS agent_at,
        b.minimum_software, b.from_date,
        (s.held_meters, s.cartridges, s.late_since, {agent_at}, b.from_date) IS DISTINCT FROM
            (NULL::bigint[], NULL::text[], NULL::timestamptz, NULL::timestamptz, NULL::date) AS rare
    FROM fleet_device d
    JOIN fleet_printermodel m ON m.id = d.model_id
    LEFT JOIN fleet_bulletin b ON b.model_id = m.id AND b.published_at <= clock_timestamp()
    LEFT JOIN reads_devicestate s ON s.device_id = d.id
    WHERE d.account_id = %(account)s AND d.serial_key = ANY(string_to_array(%(serials)s, E'\\x1f')){only}
    WINDOW models AS (ORDER BY d.model_id)
) AS known
"""
_DIGITS, _REMOVED, _FULLNESS, _STATE, _LAYOUT = 63, 64, 128, 256, 512
_BITS = {"removed": _REMOVED, "fullness": _FULLNESS, "state": _STATE, "layout": _LAYOUT}
_OF_AN_AGENT = _LOAD.format(agent_at="NULL::timestamptz", only="", **_BITS)
# Only a device asks whether an agent leads: the last word was an agent's, and it told a level.
_OF_A_DEVICE = _LOAD.format(
    agent_at="""CASE WHEN s.path = 0 AND EXISTS (
        SELECT 1 FROM unnest(s.levels) AS level WHERE level >= 0 OR level IN (-3, -4, -5)
    ) THEN s.agent_at END""",
    only=" AND d.id = %(device)s",
    **_BITS,
)


class _Rare(Struct, array_like=True, gc=False):
    device_id: int
    held: list[int | None] | None = None
    cartridges: list[str | None] | None = None
    late_since: dt.datetime | None = None
    agent_at: dt.datetime | None = None
    minimum_software: str | None = None
    refused_from: dt.date | None = None


_rare = msgspec.json.Decoder(list[_Rare])
_layouts = msgspec.json.Decoder(list[tuple[list[str], list[str]]])
_USUAL = _Rare(0)


def layout_of(meter_keys: list[str], slot_keys: list[str]) -> Layout:
    """Where each meter and slot stands. In kind/colorant/code only the colorant may hold a slash.

    A key of another shape names a place that no report can mean.
    """
    slots = []
    for key in slot_keys:
        kind, _, rest = key.partition("/")
        colorant, _, code = rest.rpartition("/")
        slots.append(position(kind, colorant, code))
    return Layout(
        {key: place for place, key in enumerate(meter_keys)},
        {slot: place for place, slot in enumerate(slots)},
        slots,
    )


def load(account_id: int, device_id: int | None, serial_keys: Iterable[str]) -> dict[str, Known]:
    """The account's devices with these serials (`device_id`: only this one). In use goes before removed."""
    sql = _OF_AN_AGENT if device_id is None else _OF_A_DEVICE
    with connection.cursor() as cursor:
        cursor.execute(sql, {"account": account_id, "serials": _UNIT.join(serial_keys), "device": device_id})
        serials, ids, said, observed, lengths, meters, layouts, rare = cursor.fetchone()
    if serials is None:
        return {}
    kept = packing.unpack_arrays(bytes(meters), np.frombuffer(lengths, ">i4"))
    moments = packing.unpack_moments(observed)
    odd = {row.device_id: row for row in _rare.decode(rare)} if rare else {}
    told = iter([(*keys, layout_of(*keys)) for keys in _layouts.decode(layouts)] if layouts else [])
    nothing: tuple[list[str], list[str], Layout] = [], [], Layout({}, {}, [])
    shared = nothing
    found: dict[str, Known] = {}
    columns = zip(
        serials.split(_UNIT),
        np.frombuffer(ids, ">i8").tolist(),
        np.frombuffer(said, ">i2").tolist(),
        moments,
        kept,
        strict=True,
    )
    for serial, pk, bits, observed_at, counts in columns:
        if bits & _LAYOUT:
            shared = next(told)
        removed = bits & _REMOVED != 0
        if removed and serial in found:
            continue
        meter_keys, slot_keys, layout = shared if bits & _STATE else nothing
        more = odd.get(pk, _USUAL)
        found[serial] = Known(
            Facts(
                pk,
                meter_keys,
                slot_keys,
                bits & _DIGITS,
                bits & _FULLNESS != 0,
                more.minimum_software,
                more.refused_from,
            ),
            layout,
            Last(observed_at, counts, more.held, more.cartridges, more.late_since, more.agent_at),
            removed,
            bits & _STATE != 0,
        )
    return found


def latest_levels(device_ids: Iterable[int]) -> dict[int, list[int | None]]:
    """What incomplete reports leave standing."""
    ids = list(device_ids)
    if not ids:
        return {}
    return dict(DeviceState.objects.filter(device_id__in=ids).values_list("device_id", "levels"))


# One look for the whole batch: hardly any device has a wrong clock.
_ANY_CORRECTED = """
SELECT EXISTS (SELECT FROM reads_clockcorrection WHERE claimed_at BETWEEN %s AND %s)
"""
_CORRECTED = """
SELECT device_id, claimed_at FROM reads_clockcorrection
WHERE device_id = ANY(%s::bigint[]) AND claimed_at BETWEEN %s AND %s
"""


def known_corrections(claims: list[tuple[int, dt.datetime]]) -> set[tuple[int, dt.datetime]]:
    """Those claims of (device, moment) that were kept under another moment before.

    What was ahead then may be past by now, so that no claim's own moment tells whether to look it up.
    """
    if not claims:
        return set()
    moments = [moment for _, moment in claims]
    first, last = min(moments), max(moments)
    with connection.cursor() as cursor:
        cursor.execute(_ANY_CORRECTED, [first, last])
        if not cursor.fetchone()[0]:
            return set()
        devices = copying.numbers(sorted({device for device, _ in claims}))
        cursor.execute(_CORRECTED, [devices, first, last])
        return set(cursor.fetchall())


def known_moments(claims: list[tuple[int, dt.datetime]]) -> set[tuple[int, dt.datetime]]:
    """Those claims of (device, moment) that were kept as they are before."""
    if not claims:
        return set()
    wanted = set(claims)
    rows = Observation.objects.filter(
        device_id__in={device for device, _ in wanted}, observed_at__in={moment for _, moment in wanted}
    )
    return wanted & set(rows.values_list("device_id", "observed_at"))


def note_corrections(corrections: list[tuple[int, dt.datetime, dt.datetime]]) -> None:
    """Remembers (device, claimed, kept under)."""
    if corrections:
        ClockCorrection.objects.bulk_create(
            ClockCorrection(device_id=device, claimed_at=claimed, observed_at=kept)
            for device, claimed, kept in corrections
        )


def note_refusals(refused: Mapping[int, str], account_id: int, at: dt.datetime) -> None:
    """What the device's page shows as "last attempt refused"."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO reads_devicestate (device_id, account_id, meter_keys, slot_keys, meters, levels,
                software, host, alerts, complete, refused_at, refused_reason, refused_count)
            SELECT device_id, %(account)s, '{}', '{}', '{}', '{}', '', '', '{}', true, %(at)s, reason, 1
            FROM unnest(%(devices)s::bigint[], %(reasons)s::text[]) AS refused (device_id, reason)
            ON CONFLICT (device_id) DO UPDATE SET refused_at = excluded.refused_at,
                refused_reason = excluded.refused_reason, refused_count = reads_devicestate.refused_count + 1
            """,
            {"account": account_id, "at": at, "devices": list(refused), "reasons": list(refused.values())},
        )


# They outlive the transaction, emptied: making them anew for every batch would swell the catalogue.
_PREPARE_STATES = """
CREATE TEMPORARY TABLE IF NOT EXISTS reads_said (
    device_id bigint, observed_at timestamptz, path smallint, meters bigint[], levels smallint[],
    cartridges text[], held_meters bigint[], software text, host text, alerts text[], complete boolean,
    late_since timestamptz
) ON COMMIT DELETE ROWS;
DELETE FROM reads_said;
"""
_PREPARE_LATE = """
CREATE TEMPORARY TABLE IF NOT EXISTS reads_late (LIKE reads_observation) ON COMMIT DELETE ROWS;
DELETE FROM reads_late;
"""

# The devices are named once more because the planner knows nothing of a temporary table: without them it may
# read all states of the portal beside it.
_STATES = """
UPDATE reads_devicestate AS state SET
    meters = said.meters, levels = said.levels, cartridges = said.cartridges, held_meters = said.held_meters,
    observed_at = said.observed_at, received_at = %(at)s, path = said.path, {heard},
    software = coalesce(said.software, state.software), host = coalesce(said.host, state.host),
    alerts = said.alerts, complete = said.complete, late_since = said.late_since
FROM reads_said AS said
WHERE state.device_id = said.device_id AND state.device_id = ANY(%(devices)s::bigint[])
"""
# A device of which nothing but late or second reports came was heard of all the same.
_LATE = """
WITH new AS (
    INSERT INTO reads_observation SELECT * FROM reads_late ON CONFLICT DO NOTHING RETURNING device_id, notes
), heard AS (
    UPDATE reads_devicestate AS state SET received_at = %(at)s, {heard},
        late_since = CASE WHEN told.second THEN state.late_since ELSE coalesce(state.late_since, %(at)s) END
    FROM (
        SELECT device_id, bool_and(notes & %(second)s <> 0) AS second FROM new GROUP BY device_id
    ) AS told
    WHERE state.device_id = told.device_id AND state.device_id = ANY(%(late)s::bigint[])
        AND state.device_id NOT IN (SELECT device_id FROM reads_said)
)
SELECT count(*) FROM new
"""
# All reports of a batch came by its token's path.
_BY_AGENT, _BY_ITSELF = "agent_id = %(agent)s, agent_at = %(at)s", "direct_at = %(at)s"
_STATES_BY = {heard: _STATES.format(heard=heard) for heard in (_BY_AGENT, _BY_ITSELF)}
_LATE_BY = {heard: _LATE.format(heard=heard) for heard in (_BY_AGENT, _BY_ITSELF)}


def write(
    rows: Iterable[Row],
    sender: Sender,
    received_at: dt.datetime,
    *,
    careful: bool,
    meanwhile: Callable[[], None],
) -> int:
    """Writes observations and latest states; returns how many observations were new.

    `rows` may judge as it is read, without any SQL: PostgreSQL takes in one part while the next is made.
    A device's youngest report can't be known yet, so it is copied straight into the history; the others go
    by a temporary table. Raises psycopg's IntegrityError when a youngest report is known all the same, or
    falls into a month without a partition: then everything must be done again, `careful`. `meanwhile` begins
    what may be done while PostgreSQL works alone; all rows are read by then.
    """
    # All reports of a batch came by its token's path.
    path = int(Path.AGENT if sender.device_id is None else Path.DIRECT)
    stem = f"\t{sender.account_id}\t{received_at.isoformat()}\t{path}\t"
    heard = _BY_AGENT if sender.device_id is None else _BY_ITSELF
    values = {"at": received_at, "agent": sender.agent_id, "second": int(Note.SECOND)}
    newest = 0
    late: list[str] = []
    late_devices: list[int] = []
    states: list[str] = []
    devices: list[int] = []
    moments: list[dt.datetime] = []
    with connection.cursor() as cursor:
        cursor.execute(_PREPARE_STATES)
        with cursor.copy("COPY reads_observation FROM STDIN") as copy:
            lines: list[str] = []
            last, moment = None, ""
            for row in rows:
                verdict = row.verdict
                # They come in the order of time, and many devices are read in one second.
                if verdict.observed_at != last:
                    last = verdict.observed_at
                    moment = last.isoformat()
                line = _observation(row, moment, stem)
                if row.newest:
                    states.append(_state(row, moment, path))
                    devices.append(row.device_id)
                if careful or not verdict.newest:
                    late.append(line)
                    late_devices.append(row.device_id)
                    moments.append(verdict.observed_at)
                    continue
                newest += 1
                lines.append(line)
                if len(lines) == _PART:
                    copy.write("".join(lines))
                    lines.clear()
            copy.write("".join(lines))
        with cursor.copy("COPY reads_said FROM STDIN") as copy:
            copy.write("".join(states))
        named = copying.numbers(devices)
        meanwhile()
        cursor.execute(_STATES_BY[heard], values | {"devices": named})
        if not late:
            return newest
        ensure_partitions_for(moments)
        cursor.execute(_PREPARE_LATE)
        with cursor.copy("COPY reads_late FROM STDIN") as copy:
            copy.write("".join(late))
        cursor.execute(_LATE_BY[heard], values | {"late": copying.numbers(late_devices)})
        return newest + int(cursor.fetchone()[0])


def _observation(row: Row, moment: str, stem: str) -> str:
    """A line of the history. `stem`: what all lines of the batch share."""
    verdict = row.verdict
    cartridges = verdict.cartridges
    return (
        f"{moment}\t{row.device_id}{stem}{verdict.notes:d}\t"
        f"\\\\x{pack_meters(verdict.meters).hex()}\t\\\\x{pack_levels(verdict.levels).hex()}\t"
        f"{copying.NULL if cartridges is None else copying.words(cartridges)}\n"
    )


def _state(row: Row, moment: str, path: int) -> str:
    """A line of the latest states."""
    report, last = row.report, row.verdict.last
    cartridges, held, host, late_since = last.cartridges, last.held, report.host, last.late_since
    return (
        f"{row.device_id}\t{moment}\t{path}\t{copying.numbers(last.meters)}\t{copying.numbers(row.levels)}\t"
        f"{copying.NULL if cartridges is None else copying.words(cartridges)}\t"
        f"{copying.NULL if held is None else copying.numbers(held)}\t{_software(report.software)}\t"
        f"{copying.text(host) if type(host) is str else copying.NULL}\t"
        f"{copying.words(report.alerts) if report.alerts else '{}'}\t"
        f"{'f' if report.complete is False else 't'}\t"
        f"{copying.NULL if late_since is None else late_since.isoformat()}\n"
    )


_PART = 200


def record(
    *,
    sender: Sender,
    agent: wire.Sender,
    digest: bytes,
    answer: dict[str, Any],
    received_at: dt.datetime,
    devices: list[int],
    observed: tuple[dt.datetime | None, dt.datetime | None],
    taken: bool,
) -> None:
    """The batch's row: its answer's record and the hand-over (`taken`: there is nothing to fold)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO reads_batch (account_id, token_id, instance, sequence, digest, answer, received_at,
                device_ids, observed_from, observed_to, folded_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s::bigint[], %s, %s, %s)
            """,
            [
                sender.account_id,
                sender.token_id,
                agent.instance,
                agent.sequence,
                digest,
                json.dumps(answer),
                received_at,
                # Two thousand numbers as one text are quicker than as a list.
                copying.numbers(devices),
                *observed,
                received_at if taken else None,
            ],
        )


@lru_cache(maxsize=256)
def _software(value: str | msgspec.UnsetType | None) -> str:
    return copying.text(value) if isinstance(value, str) else copying.NULL
