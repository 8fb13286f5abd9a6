"""Meters and moments as people write them. Pure; the language's separators are passed in."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from zoneinfo import ZoneInfo

LONGEST = 40
_GROUPED = re.compile(r"\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*")
_ZEROS = re.compile(r"(.*\d)([.,])0{1,9}")
_EXCEL_ZERO = dt.datetime(1899, 12, 30)  # noqa: DTZ001 (a spreadsheet's days know no zone)
YEARS = range(2000, 2100)


def count_of(cell: object, *, decimal: str = ".") -> int | None:
    """A meter from a cell or a field: 18421, "18,421", "18.421" where the comma is the decimal sign, 18421.0.

    None for what is no whole number of 0 or more. Groups are of three digits behind one and the same sign;
    one single group behind the language's own decimal sign is a fraction, and so no whole number.
    """
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int):
        return cell if cell >= 0 else None
    if isinstance(cell, float):
        return int(cell) if cell >= 0 and cell.is_integer() and cell < 10**15 else None
    if not isinstance(cell, str) or len(cell) > LONGEST:
        return None
    # Every script's digits count; a superscript is none.
    digits = (str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in cell)
    text = "".join(digits).strip().lstrip("'")
    text = re.sub(r"[\s’]", lambda sign: "'" if sign[0] == "’" else " ", text)
    zeros = _ZEROS.fullmatch(text)
    # 12.000 is twelve thousand, 12.0 and 12.00 are twelve.
    if zeros and (len(text) - len(zeros[1]) - 1) != 3:
        text = zeros[1]
    if text.isdecimal():
        return int(text)
    grouped = _GROUPED.fullmatch(text)
    if grouped is None:
        return None
    if grouped[1] == decimal and text.count(decimal) == 1:
        return None
    return int(re.sub(r"\D", "", text))


def moment_of(
    cell: object, *, zone: ZoneInfo | dt.tzinfo, now: dt.datetime, formats: Sequence[str] = ()
) -> dt.datetime | None:
    """A moment from a cell: a spreadsheet's date, an ISO date or one in the language's `formats`.

    A day without a time is that day at noon, today is now. None for what is no date of this century.
    """
    found: dt.datetime | dt.date | None = None
    if isinstance(cell, dt.datetime | dt.date):
        found = cell
    elif isinstance(cell, int | float) and not isinstance(cell, bool) and 36_526 <= cell < 73_000:
        found = _EXCEL_ZERO + dt.timedelta(days=float(cell))
        found = found.date() if float(cell).is_integer() else found
    elif isinstance(cell, str) and 0 < len(cell) <= LONGEST:
        found = _read(cell.strip(), formats)
    if found is None or found.year not in YEARS:
        return None
    if not isinstance(found, dt.datetime):
        if found == now.astimezone(zone).date():
            return now
        return dt.datetime.combine(found, dt.time(12), zone).astimezone(dt.UTC)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    return found.astimezone(dt.UTC)


def _read(text: str, formats: Sequence[str]) -> dt.datetime | dt.date | None:
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text):
        try:
            return dt.date(*(int(part) for part in text.split("-")))
        except ValueError:
            return None
    try:
        return dt.datetime.fromisoformat(text) if re.match(r"\d{4}-", text) else _by_format(text, formats)
    except ValueError:
        return _by_format(text, formats)


def _by_format(text: str, formats: Sequence[str]) -> dt.datetime | dt.date | None:
    for pattern in formats:
        try:
            found = dt.datetime.strptime(text, pattern)  # noqa: DTZ007 (the zone is the viewer's)
        except ValueError:
            continue
        return found if "%H" in pattern or "%I" in pattern else found.date()
    return None
