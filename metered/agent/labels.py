"""What else makers write into a supply's description: its reorder number and the cartridge's serial."""

import re

from metered.agent.kinds import part_of
from metered.agent.vendors import Vendor

# "Black Toner, PN 006R01509;SN48178080E0000481", "Toner P/N: 593-BBLN", "Cartridge HP CF217A"
_NUMBERED = re.compile(r"\b(?:P/N|PN|Part No\.?|Part Number)[\s:.#]*([0-9A-Za-z][0-9A-Za-z./-]{2,24})")
_HP = re.compile(r"\bHP ([A-Z]{1,2}[0-9]{3,4}[A-Z]{1,2}|[A-Z][0-9][A-Z][0-9]{2}[A-Z]{1,2})\b")
_SERIAL = re.compile(r"(?:^|[;,\s])(?:S/N|SN)[\s:]*([0-9A-Za-z][0-9A-Za-z-]{3,39})(?![0-9A-Za-z])")
_UNKNOWN = frozenset({"unknown", "none", "n/a", "not"})


def reorder_number(description: str, vendor: Vendor) -> str | None:
    """As written; None where there is none or where several are given, of which one is in ("T9441/T9451")."""
    for pattern in (_NUMBERED, _HP):
        found = pattern.search(description)
        if found:
            number = found[1].rstrip("./-")
            return None if _is_nothing(number) else number
    alone = part_of(description, vendor)
    return description if alone and " " not in description and "/" not in description else None


def cartridge_serial(description: str) -> str | None:
    found = _SERIAL.search(description)
    return None if found is None or _is_nothing(found[1]) else found[1]


def _is_nothing(number: str) -> bool:
    return number.lower() in _UNKNOWN or not any(character.isdigit() for character in number)
