"""Rows from a spreadsheet as typed reads: which column is what, which device is meant, what can't be read."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from metered.fleet.models import Device
from metered.fleet.serials import serial_key
from metered.lib.tables import Cell, Rows
from metered.reads.counts import count_of, moment_of
from metered.reads.keeping import Typed

SERIAL, NAME, PLACE, MOMENT, SKIP = "serial", "name", "place", "moment", "skip"
_HEADS = {
    SERIAL: (gettext_noop("Serial number"), gettext_noop("Serial")),
    NAME: (gettext_noop("Device"), gettext_noop("Name")),
    PLACE: (gettext_noop("Address"), gettext_noop("Where")),
    MOMENT: (gettext_noop("Read on"), gettext_noop("Date")),
    SKIP: (gettext_noop("Last read"), gettext_noop("Due by")),
}


@dataclass(frozen=True)
class Line:
    """One row: `number` as in the file, its cells, and what it says. `problem`: why it can't be a read."""

    number: int
    cells: tuple[str, ...]
    device: Device | None = None
    typed: Typed | None = None
    problem: str = ""


@dataclass
class Sheet:
    """`head`: the names of the columns, as they are understood; `lines`: the rows that say anything."""

    head: list[str]
    lines: list[Line] = field(default_factory=list)


def storable(rows: Rows) -> list[list[str | int]]:
    """Cells as JSON can hold them."""
    return [[_plain(cell) for cell in row] for row in rows]


def _plain(cell: Cell) -> str | int:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int):
        return cell if abs(cell) < 10**15 else str(cell)[:40]
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 10**15 else str(cell)
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def head_names() -> dict[str, str]:
    """The template's names of its columns, in the viewer's language."""
    return {kind: _(names[0]) for kind, names in _HEADS.items()}


def _recognised(cell: object, meters: Mapping[str, str]) -> str:
    """What a cell of the first line names: a kind of column, `meter:<word>`, or nothing."""
    text = str(cell).strip().casefold() if isinstance(cell, str) else ""
    if not text:
        return ""
    for kind, names in _HEADS.items():
        if text in {name.casefold() for name in names} | {_(name).casefold() for name in names}:
            return kind
    for code, name in meters.items():
        if text in (code.casefold(), name.casefold(), code.replace("_", " ").casefold()):
            return f"meter:{code}"
    return ""


class Reader:
    """Reads lines for the devices that the viewer may see. `meters`: every meter's name by its word."""

    def __init__(
        self,
        devices: Sequence[Device],
        meters_of: Mapping[int, Sequence[str]],
        meters: Mapping[str, str],
        *,
        zone: ZoneInfo | dt.tzinfo,
        now: dt.datetime,
        once: uuid.UUID,
    ) -> None:
        self._meters_of, self._meters, self._zone, self._now, self._once = meters_of, meters, zone, now, once
        self._decimal = str(get_format("DECIMAL_SEPARATOR"))
        self._formats = [
            str(item) for item in (*get_format("DATETIME_INPUT_FORMATS"), *get_format("DATE_INPUT_FORMATS"))
        ]
        self._by_serial = {device.serial_key: device for device in devices}
        self._by_name: dict[str, Device | None] = {}
        for device in devices:
            if device.name:
                key = device.name.casefold()
                # Two of one name: neither is meant.
                self._by_name[key] = None if key in self._by_name else device

    def read(self, rows: Sequence[Sequence[str | int]]) -> Sheet:
        start = next((place for place, row in enumerate(rows) if any(cell != "" for cell in row)), len(rows))
        columns = [_recognised(cell, self._meters) for cell in rows[start]] if start < len(rows) else []
        headed = any(columns)
        if not headed:
            columns = []
        width = max((len(row) for row in rows), default=0)
        head = [str(cell) for cell in rows[start]] if headed else [""] * width
        sheet = Sheet(head)
        seen: dict[tuple[int, dt.datetime], int] = {}
        for place in range(start + headed, len(rows)):
            row = rows[place]
            if not any(str(cell).strip() for cell in row):
                continue
            line = self._line(place + 1, row, columns)
            if line.typed is not None:
                key = (line.typed.device_id, line.typed.taken_at)
                if key in seen:
                    problem = _("This device stands in line %(line)s already.") % {"line": seen[key]}
                    line = Line(line.number, line.cells, line.device, None, problem)
                else:
                    seen[key] = place + 1
            sheet.lines.append(line)
        return sheet

    def _line(self, number: int, row: Sequence[str | int], columns: Sequence[str]) -> Line:
        cells = tuple(str(cell) for cell in row)
        if not columns:
            return self._bare(number, row, cells)
        named = {
            kind: row[place]
            for place, kind in enumerate(columns)
            if kind in (SERIAL, NAME, MOMENT) and place < len(row)
        }
        device = self._device(str(named.get(SERIAL, "")), str(named.get(NAME, "")))
        if isinstance(device, str):
            return Line(number, cells, problem=device)
        if len(row) > len(columns) and any(str(cell) for cell in row[len(columns) :]):
            return Line(number, cells, device, problem=_("It has more cells than the first line."))
        told = {
            kind.removeprefix("meter:"): row[place]
            for place, kind in enumerate(columns)
            if kind.startswith("meter:") and place < len(row) and str(row[place]).strip()
        }
        return self._typed(number, cells, device, told, named.get(MOMENT, ""))

    def _bare(self, number: int, row: Sequence[str | int], cells: tuple[str, ...]) -> Line:
        """Without a first line of names: serial or name, the meters in their order, perhaps a date."""
        device = self._device(cells[0], cells[0])
        if isinstance(device, str):
            return Line(number, cells, problem=device)
        rest = list(row[1:])
        while rest and str(rest[-1]).strip() == "":
            rest.pop()
        moment: str | int = ""
        meters = self._meters_of.get(device.model_id, ())
        if len(rest) > 1 and isinstance(rest[-1], str) and self._moment(rest[-1]) is not None:
            moment = rest.pop()
        if len(rest) > len(meters):
            problem = _("It has more numbers than this device has meters: %(meters)s.") % {
                "meters": ", ".join(self._meters.get(meter, meter) for meter in meters)
            }
            return Line(number, cells, device, problem=problem)
        told = {meter: cell for meter, cell in zip(meters, rest, strict=False) if str(cell).strip()}
        return self._typed(number, cells, device, told, moment)

    def _moment(self, cell: str | int) -> dt.datetime | None:
        return moment_of(cell, zone=self._zone, now=self._now, formats=self._formats)

    def _device(self, serial: str, name: str) -> Device | str:
        """The device that is meant, or why it can't be told."""
        found = self._by_serial.get(serial_key(serial)) if serial.strip() else None
        if found is not None:
            return found
        if serial.strip() and name.strip() and serial != name:
            return _("No device of yours has the serial number %(serial)s.") % {"serial": serial[:40]}
        word = name.strip() or serial.strip()
        if not word:
            return _("It names no device.")
        key = word.casefold()
        if key in self._by_name:
            return self._by_name[key] or _("Several devices are called %(name)s: give the serial number.") % {
                "name": word[:40]
            }
        return _("No device of yours is called %(name)s or has that serial number.") % {"name": word[:40]}

    def _typed(
        self,
        number: int,
        cells: tuple[str, ...],
        device: Device,
        told: Mapping[str, str | int],
        moment: str | int,
    ) -> Line:
        if not told:
            return Line(number, cells, device, problem=_("It has no meter."))
        values: dict[str, int] = {}
        for meter, cell in told.items():
            value = count_of(cell, decimal=self._decimal)
            if value is None:
                name = self._meters.get(meter, meter)
                problem = _("%(meter)s: “%(text)s” is no whole number.") % {
                    "meter": name[:1].upper() + name[1:],
                    "text": str(cell)[:30],
                }
                return Line(number, cells, device, problem=problem)
            values[meter] = value
        taken_at = self._now
        if str(moment).strip():
            found = self._moment(moment)
            if found is None:
                problem = _("“%(text)s” is no date. Write it like %(example)s.") % {
                    "text": str(moment)[:30],
                    "example": self._now.astimezone(self._zone).date().isoformat(),
                }
                return Line(number, cells, device, problem=problem)
            taken_at = found
        once = uuid.uuid5(self._once, str(number))
        return Line(number, cells, device, Typed(device.pk, values, taken_at, once=once))
