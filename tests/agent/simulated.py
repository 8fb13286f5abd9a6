"""Made-up printers with the whole tables that real ones have, so that a walk passes what nobody asked for."""

from __future__ import annotations

from tests.agent import reference as ber
from tests.agent.reference import Oid

INTEGER, OCTETS, OBJECT, COUNTER32, TICKS = 0x02, 0x04, 0x06, 0x41, 0x43

Rows = dict[Oid, tuple[int, bytes]]

SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
DEVICE: Oid = (1, 3, 6, 1, 2, 1, 25, 3)
PRINTER: Oid = (1, 3, 6, 1, 2, 1, 43)
ENTERPRISES: Oid = (1, 3, 6, 1, 4, 1)
COLOURS = ("black", "cyan", "magenta", "yellow")
ASKED_VALUES = 60
"""How many of an `office` printer's rows an agent wants."""


def number(value: int, tag: int = INTEGER) -> tuple[int, bytes]:
    return tag, ber.first(ber.integer(value)).content


def text(value: str) -> tuple[int, bytes]:
    return OCTETS, value.encode()


def object_id(*value: int) -> tuple[int, bytes]:
    return OBJECT, ber.first(ber.oid(value)).content


def office(which: int) -> Rows:
    """A colour printer with four toners and a waste box: about 250 rows, of which 60 are asked for."""
    serial = f"3TX{which:06d}"
    rows: Rows = {
        (*SYSTEM, 1, 0): text("Xerox VersaLink C7130 Color MFP; System 57.40.31, Controller 1.40.31"),
        (*SYSTEM, 2, 0): object_id(*ENTERPRISES, 253, 8, 62, 1, 39, 4, 2, 1, 1),
        (*SYSTEM, 3, 0): number(8_000_000 + which, TICKS),
        (*SYSTEM, 4, 0): text("somebody@example.org"),
        (*SYSTEM, 5, 0): text(f"printer-{which}"),
        (*SYSTEM, 6, 0): text("second floor"),
    }
    for index, (kind, name) in enumerate(((5, "Xerox VersaLink C7130 Color MFP"), (4, "Ethernet")), 1):
        rows |= {
            (*DEVICE, 2, 1, 1, index): number(index),
            (*DEVICE, 2, 1, 2, index): object_id(*DEVICE, 1, kind),
            (*DEVICE, 2, 1, 3, index): text(name),
            (*DEVICE, 2, 1, 4, index): object_id(0, 0),
            (*DEVICE, 2, 1, 5, index): number(2),
            (*DEVICE, 2, 1, 6, index): number(0, COUNTER32),
        }
    rows |= {(*DEVICE, 5, 1, 1, 1): number(3), (*DEVICE, 5, 1, 2, 1): (OCTETS, b"\x20\x00")}
    rows |= _general(which, serial)
    rows |= _input(which)
    rows |= _marker(which)
    rows |= _supplies(which)
    rows |= _alerts()
    own = (*ENTERPRISES, 253, 8, 53)
    rows |= {
        (*own, 3, 2, 1, 3, 1): text(serial),
        (*own, 13, 2, 1, 6, 1, 20, 1): number(100_000 + which * 37),
        (*own, 13, 2, 1, 6, 1, 20, 33): number(40_000 + which * 13),
        (*own, 13, 2, 1, 6, 1, 20, 34): number(60_000 + which * 24),
        (*own, 13, 2, 1, 6, 1, 20, 43): number(1_000 + which),
        (*own, 13, 2, 1, 6, 1, 20, 44): number(2_000 + which),
    }
    return rows


def _general(which: int, serial: str) -> Rows:
    numbers = (1, 2, 3, *range(6, 16), 18, 19)
    rows: Rows = {(*PRINTER, 5, 1, 1, column, 1): number(column) for column in numbers}
    rows |= {
        (*PRINTER, 5, 1, 1, 4, 1): text("the operator"),
        (*PRINTER, 5, 1, 1, 5, 1): text("the service person"),
        (*PRINTER, 5, 1, 1, 8, 1): number(1),
        (*PRINTER, 5, 1, 1, 16, 1): text("Xerox VersaLink C7130"),
        (*PRINTER, 5, 1, 1, 17, 1): text(serial),
    }
    for cover in (1, 2, 3):
        rows[(*PRINTER, 6, 1, 1, 2, 1, cover)] = text(f"Cover {cover}")
        rows[(*PRINTER, 6, 1, 1, 3, 1, cover)] = number(4)
    for language in (1, 2, 3):
        rows[(*PRINTER, 7, 1, 1, 2, 1, language)] = text("en")
        rows[(*PRINTER, 7, 1, 1, 4, 1, language)] = number(106)
    return rows


def _input(which: int) -> Rows:
    rows: Rows = {}
    for tray in (1, 2, 3, 4):
        for column in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11):
            rows[(*PRINTER, 8, 2, 1, column, 1, tray)] = number(which % 500 + column)
        rows[(*PRINTER, 8, 2, 1, 13, 1, tray)] = text(f"Tray {tray}")
    return rows


def _marker(which: int) -> Rows:
    numbers = {2: 4, 3: 7, 4: 100_000 + which * 37, 5: which, 6: 4, 7: 0, 8: -2, 9: 600, 10: 600, 15: 0}
    tags = {4: COUNTER32, 5: COUNTER32}
    return {
        (*PRINTER, 10, 2, 1, column, 1, 1): number(value, tags.get(column, INTEGER))
        for column, value in numbers.items()
    }


def _supplies(which: int) -> Rows:
    rows: Rows = {}
    supplies = [
        (3, 21, f"{colour.title()} Toner Cartridge;SN{which:08d}{place}", place)
        for place, colour in enumerate(COLOURS, 1)
    ]
    supplies.append((4, 4, "Waste Toner Container;SNunknown", 0))
    for slot, (kind, what, name, colorant) in enumerate(supplies, 1):
        numbers = {2: 1, 3: colorant, 4: kind, 5: what, 7: 7, 8: 12_000, 9: (which * 7 + slot * 131) % 12_001}
        for column, value in numbers.items():
            rows[(*PRINTER, 11, 1, 1, column, 1, slot)] = number(value)
        rows[(*PRINTER, 11, 1, 1, 6, 1, slot)] = text(name)
    for index, colour in enumerate(COLOURS, 1):
        rows |= {
            (*PRINTER, 12, 1, 1, 2, 1, index): number(1),
            (*PRINTER, 12, 1, 1, 3, 1, index): number(3),
            (*PRINTER, 12, 1, 1, 4, 1, index): text(colour),
            (*PRINTER, 12, 1, 1, 5, 1, index): number(-1),
        }
    return rows


def _alerts() -> Rows:
    rows: Rows = {(*PRINTER, 16, 5, 1, 2, 1, line): text("Ready") for line in (1, 2, 3)}
    for column, value in {2: 3, 3: 1, 4: 11, 5: 2, 6: 1, 7: 1104, 9: 100}.items():
        rows[(*PRINTER, 18, 1, 1, column, 1, 1)] = number(value)
    rows[(*PRINTER, 18, 1, 1, 8, 1, 1)] = text("cyan toner is low")
    return rows
