"""Rows as CSV, one at a time, for answers of any length. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet program takes for a formula, whoever typed it."""


def neutral(value: object) -> str:
    """The value as text that a spreadsheet shows and never runs: a formula's sign gets a quote before it."""
    text = "" if value is None else str(value)
    # Blanks before the sign don't stop every program from running it.
    if isinstance(value, str) and text.lstrip(" ").startswith(BEGINS_A_FORMULA):
        return "'" + text
    return text


def lines(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The rows as UTF-8 lines, with the mark by which spreadsheets know the encoding in front."""
    out = io.StringIO()
    writer = csv.writer(out)
    yield "\ufeff".encode()
    for row in rows:
        writer.writerow([neutral(value) for value in row])
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
