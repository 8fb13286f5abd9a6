"""Rows as CSV that a spreadsheet opens without doing anything else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for a formula or a command at the beginning of a cell."""

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes the file for an old code page."""


def safe(cell: object) -> str:
    """The cell as text; what a spreadsheet would run gets an apostrophe in front. Numbers stay numbers."""
    text = "" if cell is None else str(cell)
    if isinstance(cell, int | float):
        return text
    return f"'{text}" if text.lstrip(" ").startswith(BEGINS_FORMULA) or text[:1] in BEGINS_FORMULA else text


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A whole file, with commas, quotes where they are needed and CRLF (RFC 4180)."""
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out)
    writer.writerow([safe(cell) for cell in head])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()
