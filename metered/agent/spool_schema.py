"""The spool's tables, and the way from each version of them to the next."""

import sqlite3
from collections.abc import Sequence

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    -- A reading that later ones of the same printer are compressed against.
    CREATE TABLE base (id INTEGER PRIMARY KEY, device TEXT NOT NULL, body BLOB NOT NULL);
    CREATE INDEX base_of_device ON base (device);
    -- Formed and not answered. agent: the envelope as it was first sent.
    CREATE TABLE batch (sequence INTEGER PRIMARY KEY AUTOINCREMENT, agent BLOB NOT NULL);
    -- What waits. Moments are seconds since 1970; size: of the JSON in bytes; meters, levels: whether it
    -- holds any.
    CREATE TABLE reading (
        id INTEGER PRIMARY KEY, serial TEXT, host TEXT NOT NULL, observed_at INTEGER NOT NULL,
        meters INTEGER NOT NULL, levels INTEGER NOT NULL, size INTEGER NOT NULL,
        base INTEGER NOT NULL, body BLOB NOT NULL, batch INTEGER
    );
    CREATE INDEX reading_by_age ON reading (observed_at);
    CREATE INDEX reading_by_base ON reading (base);
    CREATE INDEX reading_of_batch ON reading (batch) WHERE batch IS NOT NULL;
    -- Readings that the portal refused, with its reason.
    CREATE TABLE refused (
        id INTEGER PRIMARY KEY, serial TEXT, host TEXT NOT NULL, observed_at INTEGER NOT NULL,
        meters INTEGER NOT NULL, levels INTEGER NOT NULL, size INTEGER NOT NULL,
        base INTEGER NOT NULL, body BLOB NOT NULL,
        reason TEXT NOT NULL, detail TEXT NOT NULL, refused_at INTEGER NOT NULL
    );
    CREATE INDEX refused_by_base ON refused (base);
    CREATE INDEX refused_of_serial ON refused (serial);
    CREATE TABLE warning (
        serial TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (serial, reason)
    ) WITHOUT ROWID;
    CREATE TABLE printer (
        host TEXT NOT NULL, port INTEGER NOT NULL, serial TEXT, model TEXT, vendor TEXT,
        found_at INTEGER NOT NULL, supplies_at INTEGER, meters_at INTEGER, tried_at INTEGER,
        failures INTEGER NOT NULL DEFAULT 0, error TEXT, PRIMARY KEY (host, port)
    ) WITHOUT ROWID;
    CREATE INDEX printer_by_serial ON printer (serial);
    """,
)
"""Script n brings a file from version n to n + 1 (PRAGMA user_version). A release only ever adds one."""


def prepare(db: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Settings of the connection, and the newest tables. Raises ValueError for a file of a newer release."""
    if _version(db) == 0:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only before the first table
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA journal_size_limit = 16777216")
    for at in range(_version(db), len(migrations)):
        # A script and its number become true together: a process that ends in between did nothing.
        try:
            db.executescript(f"BEGIN IMMEDIATE;{migrations[at]};PRAGMA user_version = {at + 1};COMMIT;")
        except sqlite3.OperationalError:
            if db.in_transaction:
                db.execute("ROLLBACK")
            if _version(db) <= at:  # else another process did it at the same moment
                raise
    if _version(db) > len(migrations):
        raise ValueError("was written by a newer metered-agent; install that one again, or a newer one")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
