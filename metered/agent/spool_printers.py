"""The spool's table of printers: who is known where, and what happened with each."""

import sqlite3

from metered.agent.schedule import Past
from metered.agent.spool_rows import Attempt, Printer, maybe, moment, seconds


def known(db: sqlite3.Connection) -> list[Printer]:
    rows = db.execute(
        "SELECT host, port, serial, model, vendor, found_at, error, supplies_at, meters_at, tried_at,"
        " failures FROM printer ORDER BY host, port"
    )
    return [_printer(*row) for row in rows]


def _printer(
    host: str, port: int, serial: str, model: str, vendor: str, found: int, error: str, *past: int
) -> Printer:
    supplies_at, meters_at, tried_at, failures = past
    times = Past(maybe(supplies_at), maybe(meters_at), maybe(tried_at), failures)
    return Printer(host, port, serial, model, vendor, moment(found), times, error)


def note(db: sqlite3.Connection, attempt: Attempt) -> None:
    """One attempt's outcome at its printer's row."""
    at, place = seconds(attempt.at), (attempt.host, attempt.port)
    if attempt.error is not None:
        db.execute(
            "UPDATE printer SET tried_at = ?, failures = failures + 1, error = ? WHERE host = ? AND port = ?",
            (at, attempt.error, *place),
        )
        return
    take_in(db, attempt)
    db.execute(
        "UPDATE printer SET tried_at = ?, failures = 0, error = NULL, supplies_at = ?,"
        " meters_at = CASE WHEN ? THEN ? ELSE meters_at END WHERE host = ? AND port = ?",
        (at, at, attempt.meters, at, *place),
    )


def take_in(db: sqlite3.Connection, attempt: Attempt) -> bool:
    """A printer is known by its serial: at a new address it is the same one, another serial is another one.

    Returns whether it was not known.
    """
    place = (attempt.host, attempt.port)
    here = db.execute("SELECT serial FROM printer WHERE host = ? AND port = ?", place).fetchone()
    elsewhere = (
        db.execute(
            "SELECT host, port FROM printer WHERE serial = ? AND NOT (host = ? AND port = ?)",
            (attempt.serial, *place),
        ).fetchone()
        if attempt.serial
        else None
    )
    if elsewhere is not None or (
        here is not None and here[0] and attempt.serial and here[0] != attempt.serial
    ):
        db.execute("DELETE FROM printer WHERE host = ? AND port = ?", place)
    if elsewhere is not None:
        db.execute("UPDATE printer SET host = ?, port = ? WHERE host = ? AND port = ?", (*place, *elsewhere))
    before = db.execute("SELECT count(*) FROM printer").fetchone()[0]
    db.execute(
        "INSERT INTO printer (host, port, serial, model, vendor, found_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (host, port) DO UPDATE SET serial = coalesce(excluded.serial, serial),"
        " model = coalesce(excluded.model, model), vendor = coalesce(excluded.vendor, vendor)",
        (*place, attempt.serial, attempt.model, attempt.vendor, seconds(attempt.at)),
    )
    return bool(db.execute("SELECT count(*) FROM printer").fetchone()[0] > before)
