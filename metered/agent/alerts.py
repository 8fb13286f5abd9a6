"""Two things that printers call alerts, kept apart.

Device-wide conditions (hrPrinterDetectedErrorState) say "some toner is low" and go only into `alerts`.
The Printer-MIB's alert table may name the very supply; only then a supply is `low` or `empty`.
"""

from typing import Literal

from metered.agent import oids
from metered.agent.walk import Oid, Walk

# RFC 2790, bit 0 first (the most significant bit of the first octet)
CONDITIONS = (
    "paper_low",
    "paper_empty",
    "toner_low",
    "toner_empty",
    "door_open",
    "jammed",
    "offline",
    "service_requested",
    "input_tray_missing",
    "output_tray_missing",
    "supply_missing",
    "output_near_full",
    "output_full",
    "input_tray_empty",
    "maintenance_overdue",
)

MARKER_SUPPLIES = 11  # prtAlertGroup

# PrtAlertCodeTC: the almost-used-up and used-up of each thing; a full receptacle has no space left
LOW_CODES = frozenset({10, 12, 14, 16, 1104, 1105, 1106, 1107, 1108, 1111, 1113})
EMPTY_CODES = frozenset({11, 13, 15, 17, 1101, 1102, 1103, 1109, 1110, 1112, 1114})


def device_alerts(walk: Walk) -> list[str]:
    """The conditions of all printer devices behind the address, in the order of the MIB."""
    raised = set()
    for _, bits in walk.under(oids.hrPrinterDetectedErrorState):
        if isinstance(bits, bytes):
            for at, name in enumerate(CONDITIONS):
                if at // 8 < len(bits) and bits[at // 8] & (0x80 >> at % 8):
                    raised.add(name)
    return [name for name in CONDITIONS if name in raised]


def supply_alerts(walk: Walk) -> dict[Oid, Literal["low", "empty"]]:
    """(hrDeviceIndex, prtMarkerSuppliesIndex) → what the alert table says of it; empty outranks low."""
    groups = walk.integers(oids.prtAlertGroup)
    supplies = walk.integers(oids.prtAlertGroupIndex)
    said: dict[Oid, Literal["low", "empty"]] = {}
    for row, code in walk.integers(oids.prtAlertCode).items():
        supply = supplies.get(row, -1)
        if groups.get(row) != MARKER_SUPPLIES or supply < 1:
            continue
        slot = (*row[:1], supply)
        if code in EMPTY_CODES:
            said[slot] = "empty"
        elif code in LOW_CODES:
            said.setdefault(slot, "low")
    return said
