"""What must hold of every report, written from the walk's rows and not with the code that reads them.

- A meter's count is the number in the row that `source` names; or it stands in that row's packed string;
  or it is the exact sum of rows below it that the maker's table adds up. Parts, summed or packed, are
  together 99 to 100 percent of a number that stands in the walk.
- A supply's level and capacity are the numbers in its own two rows. Its percent follows from them, or
  stands in a maker's row while its own rows leave it open. Every other state is its level row's, or that
  of an alert for this very supply, or of a maker's row.
- Serial, software, reorder numbers and cartridge serials are texts of the walk; an alert is a bit of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from metered.agent import oids
from metered.agent.rules import Count, Labelled, Packed, Remaining, Split, Tallied, TonerLevels
from metered.agent.text import clean
from metered.agent.vendors import VENDORS
from metered.agent.walk import Oid, Value, oid

MOST = 10**15  # counts
Rule = TypeVar("Rule")
_RULES = [rule for vendor in VENDORS for rule in (*vendor.meters, *vendor.supplies)]


def faults(rows: Mapping[Oid, Value], element: Mapping[str, Any]) -> list[str]:
    """What a report says and its walk does not; [] when all of it stands there."""
    found = [
        f"{key} {element[key]!r} does not stand in the walk"
        for key in ("serial", "software")
        if element[key] is not None and not _stands(rows, element[key])
    ]
    bits = [
        value for row, value in _below(rows, oids.hrPrinterDetectedErrorState) if isinstance(value, bytes)
    ]
    found += [f"alert {alert} has no bit" for alert in element["alerts"] if not _raised(bits, alert)]
    found += _meter_faults(rows, element["meters"])
    for supply in element["supplies"]:
        found += [f"supply {supply['slot']}: {fault}" for fault in _supply_faults(rows, supply)]
    return found


def _meter_faults(rows: Mapping[Oid, Value], meters: Sequence[Mapping[str, Any]]) -> list[str]:
    found, parts = [], []
    for meter in meters:
        source, count = oid(meter["source"]), meter["count"]
        raw = rows.get(source)
        packed = isinstance(raw, bytes) and any(
            count.to_bytes(size, "big") in raw for size in range(1, 9) if count < 256**size
        )
        if _int(raw) == count and not _adds_up(source):
            continue
        if _int(raw) == count or (packed and source in {oid(rule.row.oid) for rule in rules_of(Packed)}):
            if meter["meter"] != "total":
                parts.append(count)
        elif count in _sums(rows, meter["meter"]) and any(row[: len(source)] == source for row in rows):
            parts.append(count)
        else:
            found.append(f"{meter['meter']} is {count}, which is not what stands at {meter['source']}")
    single = [meter["count"] for meter in meters if meter["meter"] in ("mono", "colour")]
    if parts and not _is_a_whole(rows, sum(single)):
        found.append(f"the parts {single} are the whole of nothing")
    return found


def _is_a_whole(rows: Mapping[Oid, Value], together: int) -> bool:
    numbers = (number for value in rows.values() for number in _numbers(value))
    return any(0.99 * whole <= together <= whole for whole in numbers if 0 < whole <= MOST)


@cache
def _adds_up(source: Oid) -> bool:
    """Whether the row is one that a maker's table takes as a part only."""
    columns = [rule.values.oid for rule in rules_of(Labelled)] + [
        rule.values.oid for rule in rules_of(Tallied)
    ]
    parts = {oid(row.oid) for rule in rules_of(Split) for rows in rule.parts.values() for row in rows}
    single = {oid(rule.row.oid) for rule in rules_of(Count)}
    return (source in parts - single) or any(source[: len(oid(start))] == oid(start) for start in columns)


def _sums(rows: Mapping[Oid, Value], meter: str) -> set[int]:
    """The exact sums that the makers' tables may make of these rows for this meter."""
    sums = set()
    for split in rules_of(Split):
        numbers = [_int(rows.get(oid(row.oid))) for row in split.parts.get(meter, ())]
        sums.add(sum(number for number in numbers if number is not None and 0 <= number <= MOST))
    for labelled in rules_of(Labelled):
        pattern = labelled.parts.get(meter) or labelled.also.get(meter)
        if pattern:
            fit = [row for row, name in _texts(rows, labelled.names.oid) if re.fullmatch(pattern, name)]
            sums.add(_sum(rows, labelled.values.oid, fit))
    for tallied in rules_of(Tallied):
        if meter in tallied.parts:
            columns = (tallied.jobs, tallied.units, tallied.colours)
            jobs, units, colours = (
                {row: _int(value) for row, value in _below(rows, column.oid)} for column in columns
            )
            fit = [
                row
                for row in jobs
                if jobs[row] in tallied.printing
                and units.get(row) == tallied.impressions
                and colours.get(row) in tallied.parts[meter]
            ]
            sums.add(_sum(rows, tallied.values.oid, fit))
    return sums


def _sum(rows: Mapping[Oid, Value], column: str, indexes: Sequence[Oid]) -> int:
    numbers = [_int(rows.get((*oid(column), *row))) for row in indexes]
    return sum(number for number in numbers if number is not None and 0 <= number <= MOST)


def _supply_faults(rows: Mapping[Oid, Value], supply: Mapping[str, Any]) -> list[str]:
    index = oid(supply["slot"])
    level = _int(rows.get((*oid(oids.prtMarkerSuppliesLevel), *index)))
    capacity = _int(rows.get((*oid(oids.prtMarkerSuppliesMaxCapacity), *index)))
    said = level is not None and capacity is not None and 0 <= level <= capacity and capacity > 0
    found = [
        f"{key} {supply[key]!r} does not stand in the walk"
        for key in ("reorder_number", "cartridge_serial")
        if supply[key] is not None and not _stands(rows, supply[key])
    ]
    if not any(
        row[: len(oid(oids.prtMarkerSuppliesEntry))] == oid(oids.prtMarkerSuppliesEntry) for row in rows
    ):
        found.append("the walk has no table of supplies")
    if supply["level"] is not None and supply["level"] != level:
        found.append(f"level {supply['level']} is not its row's {level}")
    if supply["capacity"] is not None and supply["capacity"] != capacity:
        found.append(f"capacity {supply['capacity']} is not its row's {capacity}")
    holds: dict[str, Callable[[], bool]] = {
        "percent": lambda: (
            said and supply["percent"] == round(100 * (level or 0) / (capacity or 1), 1)
            if supply["level"] is not None
            else not said and level != -1 and supply["percent"] in _makers_percents(rows)
        ),
        "unrestricted": lambda: level == -1,
        "some_remaining": lambda: level == -3,
        "unknown": lambda: not said and level not in (-1, -3),
        "low": lambda: not said and level != -1 and _flagged(rows, index, LOW, "low"),
        "empty": lambda: not said and level != -1 and _flagged(rows, index, EMPTY, "empty"),
    }
    if not holds[supply["state"]]():
        found.append(
            f"{supply['state']} {supply['percent']} does not follow from level {level} of {capacity}"
        )
    return found


# RFC 3805, PrtAlertCodeTC: almost used up, and used up or full
LOW = {10, 12, 14, 16, 1104, 1105, 1106, 1107, 1108, 1111, 1113}
EMPTY = {11, 13, 15, 17, 1101, 1102, 1103, 1109, 1110, 1112, 1114}
# RFC 2790, hrPrinterDetectedErrorState
BITS = "paper_low paper_empty toner_low toner_empty door_open jammed offline service_requested "
BITS += "input_tray_missing output_tray_missing supply_missing output_near_full output_full "
BITS += "input_tray_empty maintenance_overdue"


def _flagged(rows: Mapping[Oid, Value], index: Oid, codes: set[int], state: str) -> bool:
    """Whether an alert for this supply has one of the codes, or some maker's row flags a toner so."""
    for row, code in _below(rows, oids.prtAlertCode):
        group = _int(rows.get((*oid(oids.prtAlertGroup), *row)))
        of = _int(rows.get((*oid(oids.prtAlertGroupIndex), *row)))
        if _int(code) in codes and group == 11 and index == (*row[:1], of):
            return True
    flags = {number for rule in rules_of(TonerLevels) for number in _column(rows, rule.levels.oid)}
    wanted = {rule.near_empty for rule in rules_of(TonerLevels)} if state == "low" else {0}
    return bool(flags & wanted)


def _makers_percents(rows: Mapping[Oid, Value]) -> set[float]:
    percents = {
        float(n) for rule in rules_of(TonerLevels) for n in _column(rows, rule.levels.oid) if 0 < n <= 100
    }
    for rule in rules_of(Remaining):
        raw = rows.get(oid(rule.row.oid))
        if isinstance(raw, bytes):
            percents |= {round(n / 100, 1) for n in _numbers(raw) if 0 <= n <= 10_000}
    return percents


def _raised(bits: Sequence[bytes], alert: str) -> bool:
    at = BITS.split().index(alert)
    return any(len(raw) > at // 8 and raw[at // 8] >> (7 - at % 8) & 1 for raw in bits)


def _stands(rows: Mapping[Oid, Value], text: str) -> bool:
    """Whether a text is one of the walk's, padding and line breaks aside."""
    written = text.encode()
    if any(isinstance(value, bytes) and written in value for value in rows.values()):
        return True
    bare = "".join(text.split())
    return any(bare in spelled for value in rows.values() for spelled in _spellings(value))


def _spellings(value: Value) -> Iterator[str]:
    if isinstance(value, bytes):
        for encoding in ("utf-8", "latin-1", "cp1252", "shift_jis", "hp-roman8"):
            decoded = unicodedata.normalize("NFC", value.decode(encoding, "replace"))
            kept = (" " if unicodedata.category(c) == "Cc" else c for c in decoded)
            yield "".join("".join(kept).split())


def _texts(rows: Mapping[Oid, Value], column: str) -> Iterator[tuple[Oid, str]]:
    for row, value in _below(rows, column):
        if isinstance(value, bytes):
            yield row, clean(value)


def _below(rows: Mapping[Oid, Value], column: str) -> Iterator[tuple[Oid, Value]]:
    start = oid(column)
    for row, value in rows.items():
        if row[: len(start)] == start and len(row) > len(start):
            yield row[len(start) :], value


def _column(rows: Mapping[Oid, Value], column: str) -> set[int]:
    numbers = (_int(value) for _, value in _below(rows, column))
    return {number for number in numbers if number is not None}


def _int(value: Value | None) -> int | None:
    """A number of the walk: some printers send theirs as digits."""
    if isinstance(value, bytes):
        digits = value.strip(b" \x00")
        value = int(digits) if re.fullmatch(rb"-?[0-9]{1,18}", digits) else None
    return value if isinstance(value, int) and abs(value) < 2**63 else None


def _numbers(value: Value) -> Iterator[int]:
    """Every number that a value holds: itself, or any whole one in its octets (a packed string's)."""
    single = _int(value)
    if single is not None:
        yield single
    if isinstance(value, bytes) and len(value) < 10_000:
        for at in range(len(value)):
            for size in (1, 2, 3, 4, 5, 6, 7, 8):
                if at + size <= len(value):
                    yield int.from_bytes(value[at : at + size], "big")


def rules_of(kind: type[Rule]) -> list[Rule]:
    return [rule for rule in _RULES if isinstance(rule, kind)]
