"""Walks for the tests: files made for this project, and rows written in a test; where the recordings lie."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from metered.agent import report, walk
from metered.agent.report import Report
from metered.agent.supplies import Supply

HERE = Path(__file__).parent / "walks"
ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT.parent / "shared" / "printers"

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the real recordings (../shared/printers) are not on this machine"
)


def made(name: str) -> walk.Walk:
    """The walk of tests/agent/walks/NAME.snmprec."""
    return walk.parse((HERE / f"{name}.snmprec").read_bytes())


def rows(*lines: str) -> walk.Walk:
    """A walk of `OID|TYPE|VALUE` lines; "43." in front stands for Printer-MIB, "4.1." for enterprises."""
    return walk.parse("\n".join(map(_full, lines)).encode())


def _full(line: str) -> str:
    if line.startswith("43."):
        return f"1.3.6.1.2.1.{line}"
    return f"1.3.6.1.{line}" if line.startswith("4.1.") else line


def rows_of(given: walk.Walk) -> dict[walk.Oid, walk.Value]:
    """All rows of a walk by their OIDs."""
    return {(1, *row): value for row, value in given.under("1")}


def supply_rows(index: int, *, name: str, level: int = 50, capacity: int = 100, **columns: int) -> list[str]:
    """Rows of one supply; `columns` by name: colorant, class_, type_, unit."""
    numbers = {"colorant": 3, "class_": 4, "type_": 5, "unit": 7}
    own = [f"43.11.1.1.{numbers[column]}.1.{index}|2|{value}" for column, value in columns.items()]
    return [
        *own,
        f"43.11.1.1.6.1.{index}|4x|{name.encode().hex()}",
        f"43.11.1.1.8.1.{index}|2|{capacity}",
        f"43.11.1.1.9.1.{index}|2|{level}",
    ]


def read(given: walk.Walk | str, serial: str | None = None) -> Report:
    return report.read(made(given) if isinstance(given, str) else given, observed_at=NOON, serial=serial)


def by_slot(given: Report) -> dict[str, Supply]:
    return {supply.slot: supply for supply in given.supplies}


def counts(given: Report) -> dict[str, int]:
    return {meter.meter: meter.count for meter in given.meters}
