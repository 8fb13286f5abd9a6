"""Takes a telemetry batch in: everything or nothing, answered only after the commit.

The way of one batch: lock its sender, load its devices in one query, judge every report (judge.py),
COPY what is kept while judging it, and let one statement update the latest states.
The token's row is locked first and then the account, so batches of one account never deadlock.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from msgspec import Struct

from metered.fleet.serials import serial_key
from metered.lib.wake import wake
from metered.reads import checks, growth, judge, store, wire
from metered.reads.agents import note_contact
from metered.reads.partitions import ensure_partitions
from metered.reads.proof import Proof
from metered.reads.sender import Sender
from metered.reads.wire import Malformed, Report
from metered.reads.words import Note

_ACCOUNT_LOCK = 0x72656164  # "read"
_WORD = 64
_CLOCK = int(Note.CLOCK)


class TokenRevoked(Exception):
    """The token was revoked between the request's arrival and its turn."""


class Answer(Struct):
    """What telemetry.md promises; turned into JSON as it stands."""

    received: int
    accepted: int
    duplicates: int
    refused: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    server_time: dt.datetime
    minimum_agent_version: str


class _Tally(Struct):
    """What has become of the reports so far."""

    refused: dict[int, dict[str, Any]]
    warnings: list[dict[str, Any]]
    duplicates: int = 0
    accepted: int = 0


def take_batch(
    *, sender: Sender, body: bytes, tls_below_minimum: bool = False, received_at: dt.datetime | None = None
) -> Answer:
    """Keeps the batch in `body` (unpacked JSON) and says what became of each report.

    Raises wire.Unreadable when it is no batch and TokenRevoked; then nothing is kept. The same batch
    again keeps nothing and is answered from the first answer's record, refused reports being judged anew.
    """
    batch = wire.read(body)
    received_at = received_at or timezone.now()
    _ensure_months(batch.reports, received_at)
    proof = Proof(body, batch)
    try:
        return _take(sender, batch, proof, received_at, tls_below_minimum, careful=False)
    except psycopg.IntegrityError:
        # The quick way took for granted what holds nearly always (store.write). What it read may be gone.
        batch = wire.read(body)
        return _take(sender, batch, Proof(body, batch), received_at, tls_below_minimum, careful=True)


@transaction.atomic
def _take(
    sender: Sender,
    batch: wire.Batch,
    proof: Proof,
    received_at: dt.datetime,
    tls_below_minimum: bool,
    *,
    careful: bool,
) -> Answer:
    _lock(sender)
    earlier = _earlier_answer(sender, batch.sender, proof)
    tally = _Tally(refused={}, warnings=[])
    received = len(batch.reports)
    chosen = list(range(received))
    if earlier is not None:
        tally.warnings = earlier["warnings"]
        chosen = sorted(item["index"] for item in earlier["refused"])
        tally.duplicates = received - len(chosen)
    run = _Run(sender, batch, received_at, tls_below_minimum, tally, proof, careful)
    run.take(chosen)
    answer = Answer(
        received=received,
        accepted=tally.accepted,
        duplicates=tally.duplicates,
        refused=[tally.refused[index] for index in sorted(tally.refused)],
        warnings=sorted(tally.warnings, key=_index_of),
        server_time=received_at,
        minimum_agent_version=settings.MINIMUM_AGENT_VERSION,
    )
    if sender.agent_id is not None:
        note_contact(sender, batch.sender, received_at)
    # Raises Unreadable, and so rolls back what was written meanwhile.
    digest = proof.digest()
    if earlier is None or tally.accepted:
        _record(sender, batch.sender, digest, answer, run)
    return answer


def _earlier_answer(sender: Sender, agent: wire.Sender, proof: Proof) -> dict[str, Any] | None:
    """What the very same batch was answered before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, answer::text FROM reads_batch"
            " WHERE token_id = %s AND instance = %s AND sequence = %s ORDER BY id DESC",
            [sender.token_id, agent.instance, agent.sequence],
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    digest = proof.digest()
    return next((json.loads(answer) for known, answer in rows if bytes(known) == digest), None)


def _index_of(item: Mapping[str, Any]) -> int:
    index: int = item["index"]
    return index


def _lock(sender: Sender) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s) FROM"
            " (SELECT 1 FROM fleet_token WHERE id = %s AND revoked_at IS NULL FOR NO KEY UPDATE) AS token",
            [_ACCOUNT_LOCK, sender.account_id % 2**31, sender.token_id],
        )
        if cursor.fetchone() is None:
            raise TokenRevoked


def _ensure_months(reports: list[Report | Malformed], received_at: dt.datetime) -> None:
    """The usual partitions, before the transaction begins: a wrong clock's own month is never needed."""
    earliest, latest = received_at - judge.CLOCK_BEHIND, received_at + judge.CLOCK_AHEAD
    moments = [report.observed_at for report in reports if isinstance(report, Report)]
    first, last = min(moments, default=received_at), max(moments, default=received_at)
    if first < earliest or last > latest:
        usual = [moment for moment in moments if earliest <= moment <= latest]
        first, last = min(usual, default=received_at), max(usual, default=received_at)
    ensure_partitions(first, max(last, received_at))


def _record(sender: Sender, agent: wire.Sender, digest: bytes, answer: Answer, run: _Run) -> None:
    moments = run.moments
    devices = sorted(set(run.devices)) if answer.accepted else []
    store.record(
        sender=sender,
        agent=agent,
        digest=digest,
        answer={
            "received": answer.received,
            "accepted": answer.accepted,
            "duplicates": answer.duplicates,
            "refused": answer.refused,
            "warnings": answer.warnings,
        },
        received_at=answer.server_time,
        devices=devices,
        observed=(min(moments, default=None), max(moments, default=None)),
        taken=not answer.accepted,
    )
    if answer.accepted:
        wake("reads.batch")


class _Run:
    """One batch on its way; holds what several steps share."""

    def __init__(
        self,
        sender: Sender,
        batch: wire.Batch,
        received_at: dt.datetime,
        tls_below_minimum: bool,
        tally: _Tally,
        proof: Proof,
        careful: bool,
    ) -> None:
        self.sender = sender
        self.reports = batch.reports
        self.supplies = batch.supplies
        self.received_at = received_at
        self.tls_below_minimum = tls_below_minimum
        self.tally = tally
        self.proof = proof
        self.careful = careful
        # Of what is kept: the devices, and under which moment each report is.
        self.devices: list[int] = []
        self.moments: list[dt.datetime] = []
        self.turned_away: dict[int, str] = {}
        self.corrections: list[tuple[int, dt.datetime, dt.datetime]] = []

    def take(self, chosen: list[int]) -> None:
        known = self._find(chosen)
        admitted = self._admit(known)
        readable = self._read(admitted)
        if self.turned_away:
            store.note_refusals(self.turned_away, self.sender.account_id, self.received_at)
        if readable:
            rows = self._judge(readable)
            new = store.write(
                rows,
                self.sender,
                self.received_at,
                careful=self.careful,
                # Nobody asks for the reports any more.
                meanwhile=lambda: self.proof.then_empty(
                    readable, admitted, known, self.reports, self.supplies
                ),
            )
            self.tally.accepted = new
            self.tally.duplicates += len(self.devices) - new
            store.note_corrections(self.corrections)
        checks.answer(self.sender.account_id, set(self.devices), self.turned_away, self.received_at)

    def _refuse(self, index: int, serial: str | None, refusal: judge.Refusal) -> None:
        self.tally.refused[index] = {
            "index": index,
            "serial": serial,
            "reason": refusal.reason,
            "detail": refusal.detail,
        }

    def _find(self, chosen: list[int]) -> list[tuple[int, Report, store.Known]]:
        """The reports whose device is known here."""
        reports = self.reports
        keys: list[tuple[int, Report, str]] = []
        for index in chosen:
            report = reports[index]
            if isinstance(report, Malformed):
                self._refuse(index, report.serial, judge.Refusal("malformed_report", report.detail))
            elif not report.serial or not (key := serial_key(report.serial)):
                self._refuse(
                    index, None, judge.Refusal("missing_serial", "the report names no serial number")
                )
            else:
                keys.append((index, report, key))
        self.proof.begin()
        by_key = store.load(self.sender.account_id, self.sender.device_id, {key for _, _, key in keys})
        own = "agent" if self.sender.device_id is None else "direct"
        found: list[tuple[int, Report, store.Known]] = []
        for index, report, key in keys:
            known = by_key.get(key)
            if known is not None and not known.removed and report.path == own:
                found.append((index, report, known))
            else:
                self._refuse(index, str(report.serial)[:_WORD], _why_not(known, own))
        return found

    def _admit(self, found: list[tuple[int, Report, store.Known]]) -> list[tuple[int, Report, store.Known]]:
        """Those that the bulletins let report (domain rule 9)."""
        if self.sender.device_id is None:
            return found
        today = self.received_at.astimezone(dt.UTC).date()
        admitted = []
        for item in found:
            index, report, known = item
            refusal = judge.admit(report, known.facts, today=today, tls_below_minimum=self.tls_below_minimum)
            if refusal is not None:
                self.turned_away[known.facts.device_id] = refusal.reason
                self._refuse(index, report.serial or None, refusal)
                continue
            admitted.append(item)
        return admitted

    def _read(
        self, admitted: list[tuple[int, Report, store.Known]]
    ) -> list[tuple[int, Report, store.Known, judge.Values]]:
        """Their numbers by their devices' layouts, which grow first where a report names something new."""
        readable: list[tuple[int, Report, store.Known, judge.Values]] = []
        lacking: dict[int, tuple[Report, store.Known, judge.Unknown]] = {}
        for index, report, known in admitted:
            values = judge.read_values(report, self.supplies[index], known.facts, known.layout)
            if type(values) is judge.Values:
                if known.has_state:
                    readable.append((index, report, known, values))
                else:
                    lacking[index] = (report, known, judge.Unknown([], []))
            elif isinstance(values, judge.Unknown):
                lacking[index] = (report, known, values)
            elif isinstance(values, judge.Refusal):
                self._refuse(index, str(report.serial), values)
        if not lacking:
            return readable
        grown = growth.grow(
            [(known.facts, unknown) for _, known, unknown in lacking.values()], self.sender.account_id
        )
        # Every report of a device that grew is read again, so that all its rows have the new length.
        again = [(index, report, known) for index, (report, known, _) in lacking.items()]
        again += [(i, report, known) for i, report, known, _ in readable if known.facts.device_id in grown]
        readable = [item for item in readable if item[2].facts.device_id not in grown]
        for index, report, known in again:
            wider = known.with_layout(*grown[known.facts.device_id])
            values = judge.read_values(report, self.supplies[index], wider.facts, wider.layout)
            if isinstance(values, judge.Values):
                readable.append((index, report, wider, values))
            else:
                detail = "no printer has so many meters or supplies"
                self._refuse(index, str(report.serial), judge.Refusal("malformed_report", detail))
        return readable

    def _judge(self, readable: list[tuple[int, Report, store.Known, judge.Values]]) -> Iterable[store.Row]:
        """In the order of time, so that a spool of one device's reports builds upon itself.

        All SQL is done before the first row: the rows are made while they are copied.
        """
        readable.sort(key=lambda item: item[1].observed_at)
        low, high = judge.sure_clock(self.received_at)
        claims: list[tuple[int, dt.datetime]] = []
        doubtful: list[tuple[int, dt.datetime]] = []
        incomplete: set[int] = set()
        youngest: dict[int, int] = {}
        for index, report, known, _ in readable:
            device_id, observed_at = known.facts.device_id, report.observed_at
            claims.append((device_id, observed_at))
            if not low <= observed_at <= high or known.last.late_since is not None:
                doubtful.append((device_id, observed_at))
            if report.complete is False:
                incomplete.add(device_id)
            youngest[device_id] = index
        # What was in its place when it came may look too old for its device now.
        corrected = store.known_corrections(claims) | store.known_moments(doubtful)
        rows = self._rows(readable, corrected, store.latest_levels(incomplete), youngest)
        # Whether a row is its device's youngest shows only at the end when a device occurs twice.
        return rows if len(youngest) == len(readable) else list(rows)

    def _rows(
        self,
        readable: list[tuple[int, Report, store.Known, judge.Values]],
        corrected: set[tuple[int, dt.datetime]],
        levels: dict[int, list[int | None]],
        youngest: dict[int, int],
    ) -> Iterator[store.Row]:
        received_at = self.received_at
        low, high = judge.sure_clock(received_at)
        once = len(youngest) == len(readable)
        before: dict[int, store.Row] = {}
        seen: set[tuple[int, dt.datetime]] = set()
        for index, report, known, values in readable:
            device_id, observed_at = known.facts.device_id, report.observed_at
            if corrected or not once:
                claimed = (device_id, observed_at)
                if claimed in seen or claimed in corrected:
                    self.tally.duplicates += 1
                    continue
                seen.add(claimed)
            earlier = before.get(device_id)
            verdict = judge.judge(
                report,
                values,
                known.facts,
                known.last if earlier is None else earlier.verdict.last,
                received_at=received_at,
                place_at=(
                    None if low <= observed_at <= high and known.last.late_since is None else self._place()
                ),
                youngest=youngest[device_id] == index,
            )
            row = store.Row(device_id, report, verdict, verdict.newest, verdict.levels)
            if verdict.notes & _CLOCK:
                self.corrections.append((device_id, observed_at, verdict.observed_at))
            if verdict.newest:
                if report.complete is False:
                    standing = earlier.levels if earlier else levels.get(device_id, [])
                    row.levels = judge.merged(verdict.levels, standing)
                if earlier is not None:
                    earlier.newest = False
                if not once:
                    before[device_id] = row
            self.devices.append(device_id)
            self.moments.append(verdict.observed_at)
            if verdict.warnings:
                self._warn(index, report, verdict.warnings)
            yield row

    def _place(self) -> dt.datetime:
        """The time of receipt, a microsecond later for each report that is kept under it."""
        return self.received_at + dt.timedelta(microseconds=len(self.corrections))

    def _warn(self, index: int, report: Report, warnings: list[judge.Refusal]) -> None:
        self.tally.warnings += [
            {"index": index, "serial": report.serial, "reason": warning.reason, "detail": warning.detail}
            for warning in warnings
        ]


def _why_not(known: store.Known | None, own: str) -> judge.Refusal:
    """Why a report that names a serial is not taken. `own`: the path that the sender's token allows."""
    if known is None:
        return judge.Refusal("unknown_serial", "no device of this account has this serial")
    if known.removed:
        return judge.Refusal("device_removed", "this device was taken out of use")
    # Otherwise a device could pass its bulletin by calling itself an agent.
    who = "an agent's" if own == "agent" else "a device's own"
    return judge.Refusal("malformed_report", f"{who} token reports with the path {own}")
