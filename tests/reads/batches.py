"""Telemetry bodies for tests."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

SLOTS = (
    ("toner", "black"), ("toner", "cyan"), ("toner", "magenta"), ("toner", "yellow"),
    ("drum", "black"), ("waste", None),
)  # fmt: skip

METERS = {"total": 100_000, "mono": 60_000, "colour": 40_000}


def level(place: int, percent: float | None = 50.0, state: str = "percent", **more: Any) -> dict[str, Any]:
    """One supply as a printer reports it: place 0 is the black toner, 5 the waste container."""
    kind, colorant = SLOTS[place]
    return {
        "slot": f"1.{place + 1}",
        "kind": kind,
        "colorant": colorant,
        "description": f"{colorant or ''} {kind} cartridge".strip(),
        "state": state,
        "percent": percent,
        **more,
    }


def report(
    serial: str | None,
    at: dt.datetime,
    *,
    meters: dict[str, int] | None = None,
    supplies: Sequence[dict[str, Any]] | None = None,
    **more: Any,
) -> dict[str, Any]:
    counts = {"total": 1000} if meters is None else meters
    return {
        "serial": serial,
        "observed_at": at.isoformat(),
        "path": "agent",
        "software": "57.40.31",
        "host": "10.1.4.22",
        "complete": True,
        "meters": [{"meter": name, "count": count, "unit": "impressions"} for name, count in counts.items()],
        "supplies": [level(0)] if supplies is None else list(supplies),
        "alerts": [],
        **more,
    }


def batch(*reports: dict[str, Any], sequence: int = 1, instance: str = "test") -> dict[str, Any]:
    return {
        "schema": 1,
        "agent": {
            "instance": instance,
            "version": "1.0.0",
            "sequence": sequence,
            "sent_at": "2026-11-20T06:02:11Z",
        },
        "reports": list(reports),
    }


def many(serials: Sequence[str], at: dt.datetime, *, sequence: int = 1, offset: int = 0) -> dict[str, Any]:
    """A report of six supplies and three meters for each serial."""
    return batch(
        *(
            report(
                serial,
                at,
                meters={name: start + n + offset for name, start in METERS.items()},
                supplies=[
                    level(place, float((n * 7 + place * 13 + offset) % 101), reorder_number=None, level=1320,
                          capacity=12000, unit="impressions")
                    for place in range(6)
                ],
                model="VersaLink C7130",
                vendor="Xerox",
            )
            for n, serial in enumerate(serials)
        ),
        sequence=sequence,
    )  # fmt: skip


def encode(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
