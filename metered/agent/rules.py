"""The forms in which makers give numbers: vendors.py fills them in, meters.py and hints.py read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Known = Literal["document", "recording", "report"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row or a column of a maker's, by the name that its MIB or the device itself gives it.

    `known`, how its meaning is: from the maker's MIB or specification (`document`), from a real device's walk
    whose other rows agree (`recording`), or from people who compared it with the device's own counter page
    (`report`). What is known by report alone becomes a meter only where a sum proves it.
    """

    oid: str
    name: str
    known: Known


def document(oid: str, name: str) -> Row:
    return Row(oid, name, "document")


def recording(oid: str, name: str) -> Row:
    return Row(oid, name, "recording")


def report(oid: str, name: str) -> Row:
    return Row(oid, name, "report")


Named = Iterator[tuple[Row, str]]  # rows, each with what it becomes


@dataclass(frozen=True, slots=True)
class Count:
    """One row that is the meter."""

    meter: str
    row: Row

    def scalars(self) -> Named:
        yield self.row, self.meter

    def columns(self) -> Named:
        yield from ()


@dataclass(frozen=True, slots=True)
class Split:
    """Rows that are summed per meter. Believed only while all together make up one of the `wholes` or the
    Printer-MIB's total: a part that did not answer must not become a low meter."""

    parts: Mapping[str, tuple[Row, ...]]
    wholes: tuple[Row, ...] = ()

    def scalars(self) -> Named:
        for meter, rows in self.parts.items():
            for row in rows:
                yield row, f"part of {meter}"
        for row in self.wholes:
            yield row, "proves the parts"

    def columns(self) -> Named:
        yield from ()


@dataclass(frozen=True, slots=True)
class Labelled:
    """A table that names its counters in one column and counts in another; summed and proved as in Split."""

    names: Row
    values: Row
    parts: Mapping[str, str]  # meter → pattern of the names
    whole: str | None = None  # pattern; None: the Printer-MIB's total
    also: Mapping[str, str] = field(default_factory=dict)  # single rows, believed when the sums are

    def scalars(self) -> Named:
        yield from ()

    def columns(self) -> Named:
        yield self.names, "which counter it is"
        yield self.values, ", ".join((*self.parts, *self.also))


@dataclass(frozen=True, slots=True)
class Typed:
    """A table with a column of type codes; each row is a meter of its own."""

    types: Row
    units: Row
    values: Row
    meters: Mapping[int, str]
    unit_names: Mapping[int, str]

    def scalars(self) -> Named:
        yield from ()

    def columns(self) -> Named:
        yield self.types, "which counter it is"
        yield self.units, "unit of the count"
        yield self.values, ", ".join(self.meters.values())


@dataclass(frozen=True, slots=True)
class Tallied:
    """A table of counts by job, unit and colour, summed per colour over the jobs that print; proved as in
    Split."""

    jobs: Row
    units: Row
    colours: Row
    values: Row
    printing: frozenset[int]
    impressions: int
    parts: Mapping[str, frozenset[int]]  # meter → codes of its colours

    def scalars(self) -> Named:
        yield from ()

    def columns(self) -> Named:
        yield self.jobs, "whether the job prints"
        yield self.units, "unit of the count"
        yield self.colours, "which meter it is part of"
        yield self.values, ", ".join(self.parts)


@dataclass(frozen=True, slots=True)
class Packed:
    """Counters in one octet string, see packed.py; parts are proved by the total as in Split."""

    row: Row
    total: int
    parts: Mapping[str, int]  # meter → code

    def scalars(self) -> Named:
        yield self.row, ", ".join(("total", *self.parts))

    def columns(self) -> Named:
        yield from ()


Meters = Count | Split | Labelled | Typed | Tallied | Packed


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of supplies, in one octet string (packed.py): hundredths of a percent."""

    row: Row
    codes: Mapping[int, tuple[tuple[str, ...], str | None]]  # code → kinds, colorant

    def scalars(self) -> Named:
        yield self.row, "what is left of a supply"

    def columns(self) -> Named:
        yield from ()


@dataclass(frozen=True, slots=True)
class TonerLevels:
    """A table of toners: percent, or a number for nearly empty; 0 is empty, other numbers say nothing."""

    names: Row
    levels: Row
    near_empty: int

    def scalars(self) -> Named:
        yield from ()

    def columns(self) -> Named:
        yield self.names, "which toner it is"
        yield self.levels, "what is left of a toner"


@dataclass(frozen=True, slots=True)
class PartNumbers:
    """A table that repeats the supplies' descriptions and adds their serial and reorder numbers."""

    descriptions: Row
    serials: Row
    numbers: Row

    def scalars(self) -> Named:
        yield from ()

    def columns(self) -> Named:
        yield self.descriptions, "which supply it is"
        yield self.serials, "the cartridge's serial number"
        yield self.numbers, "reorder number"


Supplies = Remaining | TonerLevels | PartNumbers
