"""What waits for delivery, and what is known of the printers: one SQLite file.

WAL and synchronous=FULL (sqlite.org/wal.html): what `add` returned from is on the disk, whatever ends the
process. A reading leaves in one way only: the portal answered the batch that held it. Batches are formed
here, so that one that is sent again after a crash is the same bytes under the same sequence.

A printer says nearly the same every hour, so each reading is compressed against an earlier one of its printer
(its base: a preset dictionary, RFC 1950 section 2.2), which leaves little more than what changed.
"""

import contextlib
import datetime as dt
import json
import sqlite3
import threading
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from metered.agent import VERSION, batch
from metered.agent import spool_printers as printers
from metered.agent.report import utc
from metered.agent.spool_rows import (
    Aside,
    Attempt,
    Batch,
    Limits,
    Printer,
    Reading,
    Settled,
    State,
    Warned,
    maybe,
    moment,
    seconds,
)
from metered.agent.spool_schema import prepare

NAME = "spool.sqlite3"
MOST_TOLD = 100
"""Refused items that a batch tells the portal."""

WARNINGS_KEPT = dt.timedelta(days=7)

PASSING = ("unknown_serial", "device_removed", "software_below_minimum", "tls_below_minimum")
"""Reasons that lie in what the portal knows: once it accepts the printer, these are sent again."""

_BASES_IN_MEMORY = 4_096
_WORTH_A_NEW_BASE = 0.25  # of the plain size; what comes hourly is usually below 0.1
_DROPPED_AT_ONCE = 500
_FREE_PAGES_KEPT = 250


class SpoolError(Exception):
    """The spool cannot be used; one line for a person."""


class Spool:
    """One file, for one process that writes and any that look. Its methods may be called from any thread."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        """Raises SpoolError: the folder cannot be written, the file is damaged or of a newer version."""
        self.file = folder / NAME
        self.limits = limits or Limits()
        self._lock = threading.RLock()
        self._bases: dict[str, tuple[int, bytes]] = {}
        self._bodies: dict[int, bytes] = {}
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.file, timeout=30, isolation_level=None, check_same_thread=False)
            prepare(self._db)
            self.instance = self._fact_or_new("instance", str(uuid.uuid4()))
        except OSError as error:
            raise SpoolError(f"{error.filename or folder}: {error.strerror or error}") from None
        except (sqlite3.Error, ValueError) as error:
            raise SpoolError(f"{self.file}: {error}") from None

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Raises SpoolError when the disk does not take it; then nothing of it is kept."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                    self._db.execute("COMMIT")
                except BaseException:
                    # what is remembered of a transaction that is undone would point to nothing
                    self._bases.clear()
                    self._bodies.clear()
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise SpoolError(f"{self.file}: {error}") from None

    # What was read

    def add(
        self, readings: Iterable[Reading], attempts: Iterable[Attempt] = (), memory: str | None = None
    ) -> None:
        """A round: readings, what is known of the printers now, and the collector's memory, all or
        nothing."""
        with self._transaction() as db:
            for reading in readings:
                base, packed = self._packed(db, reading.serial or reading.host, reading.body)
                db.execute(
                    "INSERT INTO reading (serial, host, observed_at, meters, levels, size, base, body)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (reading.serial, reading.host, seconds(reading.observed_at), reading.meters,
                    reading.levels,
                     len(reading.body), base, packed),
                )  # fmt: skip
            for attempt in attempts:
                printers.note(db, attempt)
            if memory is not None:
                _set(db, "memory", memory)

    def _packed(self, db: sqlite3.Connection, device: str, body: bytes) -> tuple[int, bytes]:
        """The id of the base, and the body compressed against it; a body too unlike its base becomes one."""
        known = self._bases.get(device) or self._last_base(db, device)
        if known is not None:
            packed = _compress(body, known[1])
            if len(packed) <= _WORTH_A_NEW_BASE * len(body):
                self._bases[device] = known
                return known[0], packed
        row = db.execute("INSERT INTO base (device, body) VALUES (?, ?)", (device, zlib.compress(body, 9)))
        assert row.lastrowid is not None
        if len(self._bases) >= _BASES_IN_MEMORY:
            self._bases.clear()
        self._bases[device] = (row.lastrowid, body)
        return row.lastrowid, _compress(body, body)

    def _last_base(self, db: sqlite3.Connection, device: str) -> tuple[int, bytes] | None:
        row = db.execute(
            "SELECT id, body FROM base WHERE device = ? ORDER BY id DESC LIMIT 1", (device,)
        ).fetchone()
        return (row[0], zlib.decompress(row[1])) if row else None

    def _body(self, base: int, packed: bytes) -> bytes:
        plain = self._bodies.get(base)
        if plain is None:
            row = self._db.execute("SELECT body FROM base WHERE id = ?", (base,)).fetchone()
            plain = zlib.decompress(row[0])
            if len(self._bodies) >= _BASES_IN_MEMORY:
                self._bodies.clear()
            self._bodies[base] = plain
        return zlib.decompressobj(zdict=plain).decompress(packed)

    # Delivery

    def form(self, now: dt.datetime, most: int, *, even_empty: bool = False) -> Batch | None:
        """The batch that was formed and not answered yet, else a new one of the oldest readings.

        None when nothing waits; with `even_empty` a batch of no report then, which tells how the agent is.
        """
        with self._transaction() as db:
            formed = db.execute("SELECT sequence, agent FROM batch ORDER BY sequence LIMIT 1").fetchone()
            if formed is None:
                ids = _oldest(db, most)
                if not ids and not even_empty:
                    return None
                formed = self._new_batch(db, ids, now)
            sequence, agent = formed
            rows = db.execute(
                "SELECT id, base, body FROM reading WHERE batch = ? ORDER BY id", (sequence,)
            ).fetchall()
            reports = [self._body(base, packed) for _, base, packed in rows]
            return Batch(sequence, tuple(row[0] for row in rows), batch.body(agent, reports))

    def _new_batch(self, db: sqlite3.Connection, ids: Sequence[int], now: dt.datetime) -> tuple[int, bytes]:
        sequence = db.execute("INSERT INTO batch (agent) VALUES (x'')").lastrowid
        assert sequence is not None
        agent = batch.encoded(
            {
                "instance": self.instance,
                "version": VERSION,
                "sequence": sequence,
                "sent_at": utc(now),
                "status": self._told(db),
            }
        )
        db.execute("UPDATE batch SET agent = ? WHERE sequence = ?", (agent, sequence))
        db.executemany("UPDATE reading SET batch = ? WHERE id = ?", [(sequence, id_) for id_ in ids])
        return sequence, agent

    def _told(self, db: sqlite3.Connection) -> dict[str, Any]:
        """`agent.status` of telemetry.md."""
        state = self._state(db)
        refused = db.execute(
            "SELECT serial, reason FROM refused"
            " GROUP BY serial, reason ORDER BY max(refused_at) DESC, serial LIMIT ?",
            (MOST_TOLD,),
        )
        return {
            "devices": state.printers,
            "silent": state.silent,
            "spooled": state.waiting,
            "spool_oldest": utc(state.oldest) if state.oldest else None,
            "dropped": state.dropped_levels + state.dropped_meters,
            "refused": [{"serial": serial, "reason": reason} for serial, reason in refused],
        }

    def settle(self, sent: Batch, answer: Mapping[str, Any], now: dt.datetime) -> Settled:
        """The portal answered: what it took leaves, what it refused is set aside with the reason."""
        refused = {entry["index"]: entry for entry in answer["refused"] if 0 <= entry["index"] < len(sent)}
        with self._transaction() as db:
            told = []
            for index, entry in refused.items():
                reason = str(entry["reason"])
                _set_aside(db, sent.ids[index], reason, str(entry.get("detail") or ""), now)
                told.append((entry.get("serial"), reason))
            taken = [id_ for index, id_ in enumerate(sent.ids) if index not in refused]
            again = _bring_back(db, taken)
            _forget(db, sent)
            for entry in answer["warnings"]:
                if isinstance(entry.get("serial"), str):
                    db.execute(
                        "INSERT OR REPLACE INTO warning VALUES (?, ?, ?, ?)",
                        (
                            entry["serial"],
                            str(entry["reason"]),
                            str(entry.get("detail") or ""),
                            seconds(now),
                        ),
                    )
            _set(db, "delivered_at", utc(now))
            _set(db, "problem", "")
            if isinstance(answer.get("minimum_agent_version"), str):
                _set(db, "minimum_agent_version", answer["minimum_agent_version"])
            return Settled(len(taken), tuple(told), again)

    def release(self, sent: Batch) -> None:
        """Nothing of it was kept by the portal, and it is not to be sent like this again: form it anew."""
        with self._transaction() as db:
            db.execute("UPDATE reading SET batch = NULL WHERE batch = ?", (sent.sequence,))
            db.execute("DELETE FROM batch WHERE sequence = ?", (sent.sequence,))

    def set_aside(self, sent: Batch, reason: str, detail: str, now: dt.datetime) -> None:
        """A batch that the portal can never take."""
        with self._transaction() as db:
            for id_ in sent.ids:
                _set_aside(db, id_, reason, detail, now)
            _forget(db, sent)

    # Room

    def make_room(self, now: dt.datetime) -> int:
        """Drops what is too old and, above the limit of size, the oldest: levels first, meters last.

        Returns how many readings lost something. What is being sent stays, and so does what is known of
        printers.
        """
        lost = self._drop_old(now)
        while self.size() > self.limits.most_bytes:
            dropped = self._drop_oldest(now)
            if not dropped:
                break
            lost += dropped
        return lost

    def _drop_old(self, now: dt.datetime) -> int:
        with self._transaction() as db:
            lost = 0
            for table, free in (("refused", "1"), ("reading", "batch IS NULL")):
                old = f"{free} AND observed_at < ?"
                meters = db.execute(
                    f"DELETE FROM {table} WHERE {old} AND meters",  # noqa: S608 -- our own words
                    (seconds(now - self.limits.meters_for),),
                ).rowcount
                before = (seconds(now - self.limits.levels_for),)
                levels = db.execute(
                    f"DELETE FROM {table} WHERE {old} AND NOT meters",  # noqa: S608
                    before,
                ).rowcount
                levels += self._strip(db, table, f"{old} AND meters AND levels", before)
                lost += _count_dropped(db, levels=levels, meters=meters, now=now)
            return lost

    def _drop_oldest(self, now: dt.datetime) -> int:
        with self._transaction() as db:
            oldest = f"ORDER BY id LIMIT {_DROPPED_AT_ONCE}"
            for table, free in (("refused", "1"), ("reading", "batch IS NULL")):
                which = f"SELECT id FROM {table} WHERE {free} AND NOT meters {oldest}"  # noqa: S608
                levels = db.execute(f"DELETE FROM {table} WHERE id IN ({which})").rowcount  # noqa: S608
                levels += 0 if levels else self._strip(db, table, f"{free} AND meters AND levels {oldest}")
                if levels:
                    self._drop_bases(db, newest_too=True)
                    return _count_dropped(db, levels=levels, meters=0, now=now)
            for table, free in (("refused", "1"), ("reading", "batch IS NULL")):
                which = f"SELECT id FROM {table} WHERE {free} {oldest}"  # noqa: S608
                meters = db.execute(f"DELETE FROM {table} WHERE id IN ({which})").rowcount  # noqa: S608
                if meters:
                    self._drop_bases(db, newest_too=True)
                    return _count_dropped(db, levels=0, meters=meters, now=now)
            return 0

    def _strip(self, db: sqlite3.Connection, table: str, which: str, values: tuple[int, ...] = ()) -> int:
        """Takes the levels out of readings and leaves their meters."""
        found = db.execute(
            f"SELECT id, coalesce(serial, host), base, body FROM {table} WHERE {which}",  # noqa: S608
            values,
        ).fetchall()
        for id_, device, base, packed in found:
            report = json.loads(self._body(base, packed))
            # not complete: what is missing is absent, never empty
            plain = batch.encoded({**report, "complete": False, "supplies": []})
            base, packed = self._packed(db, device, plain)
            db.execute(
                f"UPDATE {table} SET levels = 0, size = ?, base = ?, body = ? WHERE id = ?",  # noqa: S608
                (len(plain), base, packed, id_),
            )
        return len(found)

    def _drop_bases(self, db: sqlite3.Connection, *, newest_too: bool = False) -> None:
        """Bases that no reading needs; each printer's newest stays for its next one, while there is room."""
        db.execute(
            "DELETE FROM base WHERE NOT EXISTS (SELECT 1 FROM reading WHERE reading.base = base.id)"
            " AND NOT EXISTS (SELECT 1 FROM refused WHERE refused.base = base.id)"
            " AND (? OR id NOT IN (SELECT max(id) FROM base GROUP BY device))",
            (newest_too,),
        )
        self._bases.clear()
        self._bodies.clear()

    def tidy(self, now: dt.datetime) -> None:
        """Once an hour or so: what is no longer needed, and free pages back to the disk."""
        with self._transaction() as db:
            self._drop_bases(db)
            db.execute("DELETE FROM warning WHERE at < ?", (seconds(now - WARNINGS_KEPT),))
        with self._lock:
            if self._pragma("freelist_count") > _FREE_PAGES_KEPT:
                # a script, since execute() would stop after the first page
                self._db.executescript("PRAGMA incremental_vacuum;")

    def size(self) -> int:
        """Bytes in use, without pages that are free again."""
        with self._lock:
            used = self._pragma("page_count") - self._pragma("freelist_count")
            return used * self._pragma("page_size")

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    # Printers

    def printers(self) -> list[Printer]:
        with self._lock:
            return printers.known(self._db)

    def forget(self, unwanted: Iterable[Printer]) -> None:
        """They are not asked any more; what was read of them is delivered."""
        with self._transaction() as db:
            db.executemany(
                "DELETE FROM printer WHERE host = ? AND port = ?",
                [(each.host, each.port) for each in unwanted],
            )

    def found(self, attempts: Iterable[Attempt]) -> int:
        """Printers that a search found; returns how many are new. One that moved keeps its past."""
        with self._transaction() as db:
            return sum(printers.take_in(db, attempt) for attempt in attempts)

    # What else is known

    def state(self) -> State:
        with self._lock:
            return self._state(self._db)

    def _state(self, db: sqlite3.Connection) -> State:
        waiting, oldest = db.execute("SELECT count(*), min(observed_at) FROM reading").fetchone()
        printers, silent = db.execute(
            "SELECT count(*), count(*) FILTER (WHERE failures) FROM printer"
        ).fetchone()
        at = _get(db, "dropped_at")
        return State(
            printers,
            silent,
            waiting,
            maybe(oldest),
            self.size(),
            int(_get(db, "dropped_levels") or 0),
            int(_get(db, "dropped_meters") or 0),
            dt.datetime.fromisoformat(at) if at else None,
        )

    def aside(self) -> list[Aside]:
        """What was refused, the newest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT serial, max(host), reason, max(detail), count(*), max(refused_at) FROM refused"
                " GROUP BY coalesce(serial, host), reason ORDER BY 6 DESC, 1"
            ).fetchall()
        return [
            Aside(serial, host, reason, detail, count, moment(last))
            for serial, host, reason, detail, count, last in rows
        ]

    def warnings(self) -> list[Warned]:
        """The newest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT serial, reason, detail, at FROM warning ORDER BY at DESC, serial"
            ).fetchall()
        return [Warned(serial, reason, detail, moment(at)) for serial, reason, detail, at in rows]

    def fact(self, name: str) -> str | None:
        """`delivered_at`, `problem`, `minimum_agent_version`, `memory`, `searched_at`; None or "" when
        unknown."""
        with self._lock:
            return _get(self._db, name)

    def keep_fact(self, name: str, value: str) -> None:
        with self._transaction() as db:
            _set(db, name, value)

    def _fact_or_new(self, name: str, value: str) -> str:
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO fact VALUES (?, ?)", (name, value))
            return _get(db, name) or value


def _oldest(db: sqlite3.Connection, most: int) -> list[int]:
    """As many of the oldest readings as fit into one batch, in count and in bytes."""
    ids: list[int] = []
    size = 0
    for id_, bytes_ in db.execute(
        "SELECT id, size FROM reading WHERE batch IS NULL ORDER BY id LIMIT ?", (most,)
    ):
        size += bytes_ + 1
        if ids and size > batch.MOST_BYTES:
            break
        ids.append(id_)
    return ids


_COLUMNS = "serial, host, observed_at, meters, levels, size, base, body"


def _set_aside(db: sqlite3.Connection, id_: int, reason: str, detail: str, now: dt.datetime) -> None:
    db.execute(
        f"INSERT INTO refused ({_COLUMNS}, reason, detail, refused_at)"  # noqa: S608 -- our own words
        f" SELECT {_COLUMNS}, ?, ?, ? FROM reading WHERE id = ?",
        (reason, detail, seconds(now), id_),
    )


def _bring_back(db: sqlite3.Connection, taken: Sequence[int]) -> int:
    """The portal knows these printers now: what it refused of them before is sent again."""
    if db.execute("SELECT 1 FROM refused LIMIT 1").fetchone() is None:
        return 0
    again = 0
    for id_ in taken:
        (serial,) = db.execute("SELECT serial FROM reading WHERE id = ?", (id_,)).fetchone()
        for reason in PASSING:
            again += db.execute(
                f"INSERT INTO reading ({_COLUMNS}) SELECT {_COLUMNS} FROM refused"  # noqa: S608 -- our own words
                " WHERE serial = ? AND reason = ? ORDER BY id",
                (serial, reason),
            ).rowcount
            db.execute("DELETE FROM refused WHERE serial = ? AND reason = ?", (serial, reason))
    return again


def _forget(db: sqlite3.Connection, sent: Batch) -> None:
    db.execute("DELETE FROM reading WHERE batch = ?", (sent.sequence,))
    db.execute("DELETE FROM batch WHERE sequence = ?", (sent.sequence,))


def _count_dropped(db: sqlite3.Connection, *, levels: int, meters: int, now: dt.datetime) -> int:
    for name, count in (("dropped_levels", levels), ("dropped_meters", meters)):
        if count:
            _set(db, name, str(int(_get(db, name) or 0) + count))
            _set(db, "dropped_at", utc(now))
    return levels + meters


def _get(db: sqlite3.Connection, name: str) -> str | None:
    row = db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def _set(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))


def _compress(body: bytes, base: bytes) -> bytes:
    packer = zlib.compressobj(9, zdict=base)
    return packer.compress(body) + packer.flush()
