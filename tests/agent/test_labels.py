from __future__ import annotations

import pytest

from metered.agent.labels import cartridge_serial, reorder_number
from metered.agent.vendors import UNKNOWN, by_enterprise


@pytest.mark.parametrize(
    ("description", "number", "serial"),
    [
        ("Black Toner, PN 006R01509;SN48178080E0000481", "006R01509", "48178080E0000481"),
        ("Fuser, PN unknown;SNunknown", None, None),
        ("Waste Toner Container, PN 008R13061;SNunknown", "008R13061", None),
        ("Yellow Toner Cartridge;SN0A1B2C3D4E5F63", None, "0A1B2C3D4E5F63"),
        ("Black Cartridge HP CF217A", "CF217A", None),
        ("Magenta Cartridge HP CF413A This description is longer than 32", "CF413A", None),
        ("Black Cartridge HP W2020X", "W2020X", None),
        ("Toner Collection Unit HP B5L37A", "B5L37A", None),
        ("Maintenance Kit HP 110V-F2G76A, 220V-F2G77A", None, None),
        ("Cartridge HP 410A", None, None),
        ("Black Toner Cartridge, S/N:CRUM-15111234567", None, "CRUM-15111234567"),
        ("Toner P/N: 593-BBLN", "593-BBLN", None),
        ("Black Ink Supply Unit T9441/T9451/T9461", None, None),
        ("Canon Cartridge 719/719H", None, None),
        ("Drum Unit", None, None),
        ("SNAP-IN Toner", None, None),
        ("PN;SN", None, None),
        ("", None, None),
    ],
)
def test_numbers_in_descriptions(description: str, number: str | None, serial: str | None) -> None:
    assert reorder_number(description, by_enterprise(1602)) == number
    assert cartridge_serial(description) == serial


@pytest.mark.parametrize(
    ("enterprise", "description"),
    [(1347, "TK-8527K"), (1347, "PK-3010S"), (2435, "TN-247BK"), (236, "CLT-K404S"), (2385, "MX-61GTBA")],
)
def test_a_name_that_is_a_part_number_is_the_number(enterprise: int, description: str) -> None:
    assert reorder_number(description, by_enterprise(enterprise)) == description
    assert reorder_number(description, UNKNOWN) is None
