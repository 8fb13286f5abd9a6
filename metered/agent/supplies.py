"""The supplies of a walk, with states that are the printer's own.

RFC 3805: a level is what is left of a supply that is consumed, and the *remaining space* of a receptacle.
Level -1 is "no restriction", -2 unknown, -3 some remaining; a capacity of -1 or -2 is none. A percent exists
only where a level stands in a capacity, or where the maker's own table gives it; none is clamped or guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from metered.agent import alerts, colours, hints, labels, oids
from metered.agent.kinds import RECEPTACLE, is_told, kind_of, part_of, process_of
from metered.agent.vendors import Vendor
from metered.agent.walk import Oid, Walk, dotted

State = Literal["percent", "low", "empty", "some_remaining", "unknown", "unrestricted"]

# PrtMarkerSuppliesSupplyUnitTC
UNITS = {7: "impressions", 8: "sheets", 11: "hours", 13: "tenths_of_grams", 18: "items", 19: "percent"}

COLUMNS = range(3, 10)


@dataclass(frozen=True, slots=True)
class Supply:
    """One element of `supplies`; levels and capacities that are no quantity (-1, -2, -3) are None."""

    slot: str
    kind: str
    colorant: str | None
    description: str
    reorder_number: str | None
    cartridge_serial: str | None
    state: State
    percent: float | None
    level: int | None
    capacity: int | None
    unit: str


def read(walk: Walk, vendor: Vendor, model: str | None) -> tuple[list[Supply], bool]:
    """The supplies by index, and whether each was answered in full (name or type, colorant, capacity, level).

    A printer without a table of supplies has answered all that it has. A row whose kind or colorant did not
    answer, so that it would be another place than it is, is left out: what is missing is absent.
    """
    columns = {number: walk.integers(f"{oids.prtMarkerSuppliesEntry}.{number}") for number in COLUMNS}
    descriptions = walk.texts(oids.prtMarkerSuppliesDescription)
    colorants = walk.texts(oids.prtMarkerColorantValue)
    process = process_of(list(walk.integers(oids.prtMarkerMarkTech).values()), model)
    said = alerts.supply_alerts(walk)
    rows = set(descriptions).union(*columns.values())
    slots = sorted(row for row in rows if len(row) == 2)

    supplies, complete = [], True
    for row in slots:
        raw_level, raw_capacity = columns[9].get(row), columns[8].get(row)
        named = row in descriptions or row in columns[5]
        complete = complete and named and raw_level is not None and raw_capacity is not None
        description = descriptions.get(row, "")
        colorant = _colorant(row, columns[3].get(row), colorants, description, vendor)
        told = row in columns[5] or columns[4].get(row) == RECEPTACLE
        kind_is_lost = not told and not is_told(description, vendor, process)
        points_at_nothing = _points_at_nothing(row, columns[3].get(row), colorants)
        complete = complete and not points_at_nothing
        # Where the table of colorants answered in part, its word for this one may be another than the name's.
        if kind_is_lost or (points_at_nothing and (colorants or colorant is None)):
            complete = False
            continue
        kind = kind_of(
            supply_class=columns[4].get(row),
            supply_type=columns[5].get(row),
            description=description,
            vendor=vendor,
            process=process,
        )
        state, percent = state_of(raw_level, raw_capacity)
        supply = Supply(
            slot=dotted(row),
            kind=kind,
            colorant=colorant,
            description=description,
            reorder_number=labels.reorder_number(description, vendor),
            cartridge_serial=labels.cartridge_serial(description),
            state=state,
            percent=percent,
            level=raw_level if raw_level is not None and raw_level >= 0 else None,
            capacity=raw_capacity if raw_capacity is not None and raw_capacity > 0 else None,
            unit=UNITS.get(columns[7].get(row, 0), "other"),
        )
        supplies.append(_alerted(supply, said.get(row)))
    return _monochrome(_hinted(supplies, hints.read(walk, vendor)), walk), complete


def _points_at_nothing(row: Oid, index: int | None, colorants: Mapping[Oid, str]) -> bool:
    """Whether the supply points at a colorant whose value did not answer."""
    return index is not None and index > 0 and (*row[:1], index) not in colorants


def state_of(level: int | None, capacity: int | None) -> tuple[State, float | None]:
    """The state that a pair of Printer-MIB numbers says, and its percent (one decimal) for `percent`.

    A level above its capacity contradicts itself and is unknown.
    """
    if level == -1:
        return "unrestricted", None
    if level == -3:
        return "some_remaining", None
    if level is None or capacity is None or level < 0 or capacity <= 0 or level > capacity:
        return "unknown", None
    return "percent", round(100 * level / capacity, 1)


def _open(supply: Supply) -> bool:
    return supply.state in ("unknown", "some_remaining")


def _alerted(supply: Supply, said: Literal["low", "empty"] | None) -> Supply:
    """An alert for this very supply answers what its level leaves open; it never overrules a number."""
    return replace(supply, state=said) if said and _open(supply) else supply


def _colorant(
    row: Oid, index: int | None, colorants: dict[Oid, str], description: str, vendor: Vendor
) -> str | None:
    if index is not None and index > 0:
        listed = colours.of_colorant(colorants.get((*row[:1], index)))
        if listed:
            return listed
    worded = colours.in_words(description)
    if worded:
        return worded
    part = part_of(description, vendor)
    letter = part[1].groupdict().get("colour") if part else None
    return colours.LETTERS[letter] if letter else None


def _hinted(supplies: list[Supply], known: list[hints.Hint]) -> list[Supply]:
    for hint in known:
        meant = [
            at
            for at, supply in enumerate(supplies)
            if hint.means(kind=supply.kind, colorant=supply.colorant, description=supply.description)
        ]
        if len(meant) != 1:
            continue
        supply = supplies[meant[0]]
        supply = replace(
            supply,
            reorder_number=supply.reorder_number or hint.reorder_number,
            cartridge_serial=supply.cartridge_serial or hint.cartridge_serial,
        )
        if hint.percent is not None and supply.state in ("unknown", "some_remaining", "low"):
            supply = replace(
                supply, state="percent", percent=hint.percent, level=None, capacity=None, unit="percent"
            )
        elif hint.state and _open(supply):
            supply = replace(supply, state=hint.state)
        supplies[meant[0]] = supply
    return supplies


def _monochrome(supplies: list[Supply], walk: Walk) -> list[Supply]:
    """RFC 3805: one process colorant implies monochrome; then the only toner or ink is the black one."""
    process = set(walk.integers(oids.prtMarkerProcessColorants).values())
    spot = set(walk.integers(oids.prtMarkerSpotColorants).values())
    colouring = [at for at, supply in enumerate(supplies) if supply.kind in ("toner", "ink")]
    if process == {1} and spot <= {0} and len(colouring) == 1 and supplies[colouring[0]].colorant is None:
        supplies[colouring[0]] = replace(supplies[colouring[0]], colorant="black")
    return supplies
