"""Readings for the tests of spool and delivery, and what is in a spool."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from metered.agent.batch import encoded
from metered.agent.report import utc
from metered.agent.spool import Spool
from metered.agent.spool_rows import Reading
from tests.agent.devices import NOON, made, read

MODEL = read(made("xerox_versalink")).as_json()


def report(serial: str | None, at: dt.datetime, *, meters: bool = True, turn: int = 0) -> dict[str, Any]:
    """A real printer's report as it is after `turn` hours of printing."""
    counted = [{**meter, "count": meter["count"] + 7 * turn} for meter in MODEL["meters"]]
    supplies = [
        {**supply, "level": max(supply["level"] - 3 * turn, 1)} if (supply["level"] or 0) > 0 else supply
        for supply in MODEL["supplies"]
    ]
    return {
        **MODEL,
        "serial": serial,
        "observed_at": utc(at),
        "meters": counted if meters else [],
        "supplies": supplies,
        "host": "10.1.4.22",
    }


def reading(
    serial: str | None = "3TX481207", at: dt.datetime = NOON, *, meters: bool = True, turn: int = 0
) -> Reading:
    body = encoded(report(serial, at, meters=meters, turn=turn))
    return Reading(serial, "10.1.4.22", at, meters, True, body)


def readings(many: int, *, start: dt.datetime = NOON, meters: bool = True) -> list[Reading]:
    return [
        reading(f"SN{number:05}", start + dt.timedelta(seconds=number), meters=meters)
        for number in range(many)
    ]


def accepted(count: int, **more: Any) -> dict[str, Any]:
    """The portal's answer to so many reports, when it takes them all."""
    return {"received": count, "accepted": count, "duplicates": 0, "refused": [], "warnings": [], **more}


def refused(index: int, serial: str | None, reason: str) -> dict[str, Any]:
    return {"index": index, "serial": serial, "reason": reason, "detail": f"because of {reason}"}


def drained(spool: Spool, most: int = 500) -> Iterator[dict[str, Any]]:
    """Every report that waits, as the portal would get it; all of them are accepted."""
    while batch := spool.form(NOON, most):
        yield from json.loads(batch.body)["reports"]
        spool.settle(batch, accepted(len(batch)), NOON)
