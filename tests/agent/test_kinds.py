from __future__ import annotations

import pytest

from metered.agent.kinds import kind_of, process_of
from metered.agent.vendors import UNKNOWN, by_enterprise

KYOCERA, BROTHER, CANON, SAMSUNG = (by_enterprise(number) for number in (1347, 2435, 1602, 236))


@pytest.mark.parametrize(
    ("supply_type", "kind"),
    [
        (3, "toner"),
        (21, "toner"),
        (4, "waste"),
        (5, "ink"),
        (6, "ink"),
        (8, "waste"),
        (9, "drum"),
        (10, "other"),
        (15, "fuser"),
        (20, "other"),
        (32, "staples"),
    ],
)
def test_the_mibs_type(supply_type: int, kind: str) -> None:
    assert (
        kind_of(supply_class=3, supply_type=supply_type, description="", vendor=UNKNOWN, process=None) == kind
    )


@pytest.mark.parametrize("supply_type", [None, 1, 3, 9, 4711])
def test_a_receptacle_is_waste_whatever_its_type_says(supply_type: int | None) -> None:
    kind = kind_of(supply_class=4, supply_type=supply_type, description="Box", vendor=UNKNOWN, process=None)
    assert kind == "waste"


def test_a_waste_box_that_is_numbered_as_toner_is_waste() -> None:
    kind = kind_of(
        supply_class=None, supply_type=3, description="Waste Toner Box", vendor=UNKNOWN, process=None
    )
    assert kind == "waste"


@pytest.mark.parametrize("supply_type", [None, 1, 2])
@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("Black Toner, PN 006R01509", "toner"),
        ("Waste Toner Container, PN 008R13061", "waste"),
        ("Maintenance Box", "waste"),
        ("Resttonerbehälter", "waste"),
        ("Bac de récupération de toner", "waste"),
        ("Depósito de toner residual", "waste"),
        ("Tonerafvalbak", "waste"),
        ("Recipiente de resíduos de toner", "waste"),
        ("Drum Cartridge (R1)", "drum"),
        ("Imaging Unit", "drum"),
        ("Bildtrommel Schwarz", "drum"),
        ("Tambour noir", "drum"),
        ("Tambor", "drum"),
        ("Toner Collection Unit HP B5L37A", "waste"),
        ("Toner Filter", "other"),
        ("Fusing Unit", "fuser"),
        ("Fixiereinheit", "fuser"),
        ("Unité de fusion", "fuser"),
        ("Unidad de fusión", "fuser"),
        ("Fixeereenheid", "fuser"),
        ("Unidade de fusão", "fuser"),
        ("Cyan Developer", "other"),
        ("Transfer Belt Cleaner", "other"),
        ("Second Bias Transfer Roll", "other"),
        ("Maintenance Kit", "other"),
        ("Cyan Ink Supply Unit T9442/T9452", "ink"),
        ("Tintenpatrone Cyan", "ink"),
        ("Cartouche d'encre jaune", "ink"),
        ("Cartucho de tinta magenta", "ink"),
        ("Staple Cartridge", "staples"),
        ("Heftklammern", "staples"),
        ("Pink thing", "other"),
        ("", "other"),
    ],
)
def test_words_where_no_type_tells(supply_type: int | None, description: str, kind: str) -> None:
    told = kind_of(
        supply_class=None, supply_type=supply_type, description=description, vendor=UNKNOWN, process=None
    )
    assert told == kind


@pytest.mark.parametrize(("process", "kind"), [("toner", "toner"), ("ink", "ink"), (None, "other")])
def test_just_a_cartridge_is_what_the_machine_prints_with(process: str | None, kind: str) -> None:
    told = kind_of(
        supply_class=None, supply_type=None, description="Black Cartridge", vendor=UNKNOWN, process=process
    )
    assert told == kind


@pytest.mark.parametrize(
    ("technologies", "model", "process"),
    [
        ([4], None, "toner"),
        ([12], "LaserJet", "ink"),
        ([2], "Color LaserJet M452nw", "toner"),
        ([], "LBP6670", "toner"),
        ([], "HL-L3270CDW", "toner"),
        ([], "HL-J6000DW", "ink"),
        ([], "CX725", "toner"),
        ([], "OfficeJet Pro 8710", "ink"),
        ([], "WF-C5790BA", "ink"),
        ([], "MX-3570N", None),
        ([], None, None),
    ],
)
def test_the_process(technologies: list[int], model: str | None, process: str | None) -> None:
    assert process_of(technologies, model) == process


@pytest.mark.parametrize(
    ("vendor", "description", "kind"),
    [
        (KYOCERA, "TK-8527K", "toner"),
        (KYOCERA, "TK-3160", "toner"),
        (KYOCERA, "PK-3010S", "toner"),
        (KYOCERA, "CK-8513C", "toner"),
        (KYOCERA, "WT-8500", "waste"),
        (KYOCERA, "DK-8550", "drum"),
        (BROTHER, "TN-2420", "toner"),
        (BROTHER, "DR-2400", "drum"),
        (BROTHER, "LC-3219XLBK", "ink"),
        (CANON, "Canon Cartridge 719/719H", "toner"),
        (CANON, "Cartridge 046 H", "toner"),
        (SAMSUNG, "CLT-K404S", "toner"),
        (SAMSUNG, "MLT-R116", "drum"),
        (SAMSUNG, "TK-8527K", "other"),
    ],
)
def test_makers_part_numbers(vendor: object, description: str, kind: str) -> None:
    assert vendor is not UNKNOWN
    told = kind_of(
        supply_class=None,
        supply_type=None,
        description=description,
        vendor=vendor,  # type: ignore[arg-type]
        process=None,
    )
    assert told == kind
