"""The counters of a walk: the Printer-MIB's life count and the makers' own.

The Printer-MIB's count comes first where both give a meter in impressions. A row that did not answer gives
no meter, never a zero.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metered.agent import oids, packed
from metered.agent.vendors import Count, Labelled, Packed, Split, Typed, Vendor
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


def _by_rule(
    walk: Walk, rule: Count | Split | Labelled | Typed | Packed, known: Mapping[str, int]
) -> Iterable[Meter]:
    match rule:
        case Count():
            count = walk.integer(rule.oid)
            return (
                []
                if count is None or not 0 <= count <= MOST
                else [Meter(rule.meter, count, "impressions", rule.oid)]
            )
        case Split():
            parts = {meter: [oid(row) for row in rows] for meter, rows in rule.parts.items()}
            whole = walk.integer(rule.whole) if rule.whole else None
            return _sums(walk, parts, whole or known.get("total"), known)
        case Labelled():
            return _labelled(walk, rule, known)
        case Typed():
            return _typed(walk, rule)
        case Packed():
            raw = walk.get(rule.oid)
            counts = packed.numbers(raw) if isinstance(raw, bytes) else {}
            return [
                Meter(meter, counts[code], "impressions", rule.oid)
                for code, meter in rule.meters.items()
                if code in counts
            ]


def _labelled(walk: Walk, rule: Labelled, known: Mapping[str, int]) -> Iterable[Meter]:
    names, counts = walk.texts(rule.names), walk.integers(rule.values)
    values = oid(rule.values)
    parts = {
        meter: [values + row for row, name in names.items() if re.fullmatch(pattern, name)]
        for meter, pattern in rule.parts.items()
    }
    wholes = [counts[row] for row, name in names.items() if row in counts and re.fullmatch(rule.whole, name)]
    return _sums(walk, parts, next((whole for whole in wholes if whole), known.get("total")), known)


def _typed(walk: Walk, rule: Typed) -> Iterable[Meter]:
    units, values = walk.integers(rule.units), walk.integers(rule.values)
    for row, code in walk.integers(rule.types).items():
        if code in rule.meters and 0 <= values.get(row, -1) <= MOST:
            unit = rule.unit_names.get(units.get(row, 0), "other")
            yield Meter(rule.meters[code], values[row], unit, f"{rule.values}.{dotted(row)}")


def _sums(
    walk: Walk, parts: dict[str, list[Oid]], whole: int | None, known: Mapping[str, int]
) -> list[Meter]:
    """Sums per meter, or nothing when together (with what is known already) they do not make up the whole."""
    meters = []
    for meter, rows in parts.items():
        counts = {
            row: count for row in rows if (count := walk.integer(dotted(row))) is not None and count >= 0
        }
        if counts:
            meters.append(Meter(meter, sum(counts.values()), "impressions", dotted(_common(list(counts)))))
    summed = {meter.meter: meter.count for meter in meters}
    together = sum(known.get(meter, summed.get(meter, 0)) for meter in parts)
    proved = whole is not None and whole <= MOST and whole * PROVED_FROM <= together <= whole
    return meters if proved else []


def _common(rows: list[Oid]) -> Oid:
    first, last = min(rows), max(rows)
    same = next(
        (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:same]
