"""The counters of a walk: the Printer-MIB's life count and the makers' own.

The Printer-MIB's count comes first where both give a meter in impressions. A row that did not answer gives
no meter, never a zero.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metered.agent import oids, packed, rules
from metered.agent.rules import Count, Labelled, Packed, Row, Split, Tallied, Typed
from metered.agent.vendors import Vendor
from metered.agent.walk import Oid, Walk, dotted, oid

ORDER = ("total", "mono", "colour", "large_mono", "large_colour")
UNITS = {7: "impressions", 8: "sheets"}  # PrtMarkerCounterUnitTC; lengths and hours are `other`

MOST = 10**15  # no printer has printed more; such a number is a fault of the device's

# Pages of the machine's own (reports, calibration) are in the whole and in no part
PROVED_FROM = 0.99


@dataclass(frozen=True, slots=True)
class Meter:
    """One element of `meters`. `source` is the row's OID, or the OID that the summed rows have in common."""

    meter: str
    count: int
    unit: str
    source: str


def read(walk: Walk, vendor: Vendor) -> list[Meter]:
    """Each meter once, in the order of telemetry.md."""
    found: dict[str, Meter] = {}
    for meter in _life_counts(walk, vendor):
        found[meter.meter] = meter
    for rule in vendor.meters:
        for meter in _by_rule(walk, rule, {name: meter.count for name, meter in found.items()}):
            if meter.meter not in found or _is_better(meter, found[meter.meter]):
                found[meter.meter] = meter
    rank = {name: at for at, name in enumerate(ORDER)}
    return sorted(found.values(), key=lambda meter: (rank.get(meter.meter, len(ORDER)), meter.meter))


def _is_better(own: Meter, standard: Meter) -> bool:
    """Whether the maker's count stands for the Printer-MIB's.

    A total of zero beside one that is none was not counted; and what is billed is impressions.
    """
    if standard.count == 0 and own.count > 0:
        return True
    return own.unit == "impressions" and standard.unit != "impressions" and own.count > 0


def _life_counts(walk: Walk, vendor: Vendor) -> Iterable[Meter]:
    """The default marker's count is the `total`; further markers count for themselves, never added to it."""
    units = walk.integers(oids.prtMarkerCounterUnit)
    default = next(iter(walk.integers(oids.prtMarkerDefaultIndex).values()), None)
    counts = walk.integers(oids.prtMarkerLifeCount)
    counted = [row for row, count in counts.items() if len(row) == 2 and 0 <= count <= MOST]
    rows = sorted(counted, key=lambda row: (row[1] != default, row))
    for at, row in enumerate(rows):
        same_device = row[0] == rows[0][0]
        yield Meter(
            meter="total" if at == 0 else f"marker_{dotted(row[1:] if same_device else row)}",
            count=counts[row],
            unit=UNITS.get(units[row], "other") if row in units else vendor.life_count_unit,
            source=f"{oids.prtMarkerLifeCount}.{dotted(row)}",
        )


def _by_rule(walk: Walk, rule: rules.Meters, known: Mapping[str, int]) -> Iterable[Meter]:
    match rule:
        case Count():
            count = _count(walk, rule.row)
            return [] if count is None else [Meter(rule.meter, count, "impressions", rule.row.oid)]
        case Split():
            parts = {
                meter: {oid(row.oid): count for row in rows if (count := _count(walk, row)) is not None}
                for meter, rows in rule.parts.items()
            }
            return _sums(walk, parts, [_count(walk, whole) for whole in rule.wholes], known)
        case Labelled():
            return _labelled(walk, rule, known)
        case Typed():
            return _typed(walk, rule)
        case Tallied():
            return _tallied(walk, rule, known)
        case Packed():
            return _packed(walk, rule, known)


def _count(walk: Walk, row: Row) -> int | None:
    count = walk.integer(row.oid)
    return count if count is not None and 0 <= count <= MOST else None


def _counts(walk: Walk, column: Row) -> dict[Oid, int]:
    return {row: count for row, count in walk.integers(column.oid).items() if 0 <= count <= MOST}


def _labelled(walk: Walk, rule: Labelled, known: Mapping[str, int]) -> Iterable[Meter]:
    names, counts, values = walk.texts(rule.names.oid), _counts(walk, rule.values), oid(rule.values.oid)

    def named(pattern: str) -> dict[Oid, int]:
        """The counts whose names fit, by their OIDs."""
        return {
            values + row: counts[row]
            for row, name in names.items()
            if row in counts and re.fullmatch(pattern, name)
        }

    wholes = named(rule.whole).values() if rule.whole else []
    sums = _sums(walk, {meter: named(pattern) for meter, pattern in rule.parts.items()}, wholes, known)
    single = {meter: named(pattern) for meter, pattern in rule.also.items()} if sums else {}
    return sums + [
        Meter(meter, count, "impressions", dotted(row))
        for meter, rows in single.items()
        if len(rows) == 1
        for row, count in rows.items()
    ]


def _typed(walk: Walk, rule: Typed) -> Iterable[Meter]:
    units, values = walk.integers(rule.units.oid), _counts(walk, rule.values)
    for row, code in walk.integers(rule.types.oid).items():
        if code in rule.meters and row in values:
            unit = rule.unit_names.get(units.get(row, 0), "other")
            yield Meter(rule.meters[code], values[row], unit, f"{rule.values.oid}.{dotted(row)}")


def _tallied(walk: Walk, rule: Tallied, known: Mapping[str, int]) -> Iterable[Meter]:
    jobs, units, colours = (walk.integers(column.oid) for column in (rule.jobs, rule.units, rule.colours))
    values = oid(rule.values.oid)
    printed = {
        row: count
        for row, count in _counts(walk, rule.values).items()
        if jobs.get(row) in rule.printing and units.get(row) == rule.impressions
    }
    parts = {
        meter: {values + row: count for row, count in printed.items() if colours.get(row) in codes}
        for meter, codes in rule.parts.items()
    }
    return _sums(walk, parts, [], known)


def _packed(walk: Walk, rule: Packed, known: Mapping[str, int]) -> Iterable[Meter]:
    raw = walk.get(rule.row.oid)
    counts = packed.numbers(raw) if isinstance(raw, bytes) else {}
    row = oid(rule.row.oid)
    total = counts.get(rule.total)
    whole = [Meter("total", total, "impressions", rule.row.oid)] if total and total <= MOST else []
    parts = {meter: {row: counts[code]} for meter, code in rule.parts.items() if code in counts}
    return whole + _sums(walk, parts, [total], known)


def _sums(
    walk: Walk,
    parts: Mapping[str, Mapping[Oid, int]],
    wholes: Iterable[int | None],
    known: Mapping[str, int],
) -> list[Meter]:
    """Sums per meter of the rows that answered; nothing when together, with what is known, they make up
    none of the `wholes` nor the total that is known. Where rows of the walk are missing, they must do so to
    the page: the missing one may be a small part.
    """
    meters = [
        Meter(meter, sum(rows.values()), "impressions", dotted(_common(list(rows))))
        for meter, rows in parts.items()
        if rows
    ]
    summed = {meter.meter: meter.count for meter in meters}
    together = sum(known.get(meter, summed.get(meter, 0)) for meter in parts)
    least = 1 if walk.unreadable else PROVED_FROM
    proved = any(
        whole and whole <= MOST and whole * least <= together <= whole
        for whole in (*wholes, known.get("total"))
    )
    return meters if proved else []


def _common(rows: list[Oid]) -> Oid:
    first, last = min(rows), max(rows)
    same = next(
        (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:same]
