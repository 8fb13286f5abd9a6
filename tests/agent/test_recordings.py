"""The real recordings, each checked by hand: what is written here was read from the rows by a person.

They lie beside the repository, for their licences keep them out of it.
"""

from __future__ import annotations

import pytest

from metered.agent.files import recordings
from metered.agent.report import Report
from tests.agent.devices import RECORDINGS, needs_recordings
from tests.agent.telemetry import check

pytestmark = needs_recordings

SOME, UNKNOWN = "some_remaining", "unknown"

# name: vendor, model, serial, software, complete, alerts, meters
DEVICES = {
    "brother_mixed": ("Brother", "MFC-L2710DW", None, "Q", False, (), {}),
    "canon_lbp6670": ("Canon", "LBP6670", "MKRA012345", "R7.21", False, (), {}),
    "epson_sc-t3405": ("Epson", "SC-T3405", "X8G9000415", "16.52.EQ22M3.FY19", True, (), {"total": 145}),
    "epson_wf-c5790": ("Epson", "WF-C5790BA", "X3B8022793", None, False, (), {}),
    "fujifilm_c810": ("Fujifilm", "ApeosPro C810", "TC101630131338", None, False, (), {}),
    "hp_m130nw": (
        "HP",
        "LaserJet MFP M130nw",
        "VNCRC48198",
        "20201023",
        True,
        (),
        {"total": 15232, "mono": 15232},
    ),
    "hp_m452nw": ("HP", "Color LaserJet M452nw", None, None, False, (), {}),
    "hp_v3context": ("HP", "Color LaserJet Test", None, None, False, (), {}),
    "konica_c250i": (
        "Konica Minolta",
        "bizhub C250i",
        "AA2M021115700",
        "1.102",
        True,
        ("service_requested",),
        {"total": 33810, "mono": 26548, "colour": 7255},
    ),
    "kyocera_cs4053ci": (
        "Kyocera",
        "CS 4053ci",
        "RH28Y00024",
        "2V8_S000.002.801",
        True,
        (),
        {"total": 76498, "mono": 36347, "colour": 39717},
    ),
    "ricoh_mpc3002": ("Ricoh", "Aficio MP C3002", "W492KB03439", "2.20", True, (), {"total": 271871}),
    "sharp_mx3570n": (
        "Sharp",
        "MX-3570N",
        "6509415X00",
        "1.04",
        True,
        ("toner_low",),
        {"total": 121104, "mono": 91164, "colour": 29940},
    ),
    "utax_p4532dn": ("UTAX", "P-4532DN", "R9L0309954", "2TP_S000.003.402", True, (), {"total": 427}),
    "xerox_c8045": ("Xerox", "AltaLink C8045", None, "100.002.057.09608", False, (), {}),
}

# name: slot, kind, colorant, percent or state, reorder number
SUPPLIES = {
    "brother_mixed": [("1.1", "toner", "black", SOME, None), ("1.2", "drum", None, 95.8, None)],
    "canon_lbp6670": [("1.1", "toner", None, 70.0, None)],
    "epson_sc-t3405": [
        ("1.1", "ink", "yellow", 83.0, None),
        ("1.2", "ink", "magenta", 84.0, None),
        ("1.3", "ink", "cyan", 84.0, None),
        ("1.4", "ink", "black", 82.0, None),
        ("1.5", "waste", None, 67.0, None),
    ],
    "epson_wf-c5790": [
        ("1.1", "ink", "black", 1.0, None),
        ("1.2", "ink", "cyan", 1.0, None),
        ("1.3", "ink", "magenta", 1.0, None),
        ("1.4", "ink", "yellow", 1.0, None),
    ],
    "fujifilm_c810": [
        ("1.2", "toner", "yellow", 100.0, None),
        ("1.3", "toner", "magenta", 100.0, None),
        ("1.4", "toner", "cyan", 100.0, None),
        ("1.5", "waste", None, SOME, None),
        ("1.6", "drum", "black", 99.0, None),
        ("1.7", "drum", "yellow", 99.0, None),
        ("1.8", "drum", "magenta", 99.0, None),
        ("1.9", "drum", "cyan", 99.0, None),
        ("1.30", "toner", "black", 100.0, None),
        ("1.31", "toner", "black", 90.0, None),
    ],
    "hp_m130nw": [("1.1", "toner", "black", 28.0, "CF217A"), ("1.5", "drum", None, 71.0, "CF219A")],
    "hp_m452nw": [
        ("1.1", "toner", "black", 54.0, "CF410A"),
        ("1.2", "toner", "cyan", 44.0, "CF411A"),
        ("1.3", "toner", "magenta", 76.0, "CF413A"),
        ("1.4", "toner", "yellow", 71.0, "CF412A"),
    ],
    "hp_v3context": [
        ("1.1", "toner", "black", 61.0, None),
        ("1.2", "toner", "cyan", 47.0, None),
        ("1.3", "toner", "magenta", 72.0, None),
        ("1.4", "toner", "yellow", 55.0, None),
    ],
    "konica_c250i": [
        ("1.1", "toner", "cyan", 76.0, None),
        ("1.2", "toner", "magenta", 78.0, None),
        ("1.3", "toner", "yellow", 77.0, None),
        ("1.4", "toner", "black", 86.0, None),
        ("1.13", "waste", None, SOME, None),
    ],
    "kyocera_cs4053ci": [
        ("1.1", "toner", "cyan", 50.0, "TK-8527C"),
        ("1.2", "toner", "magenta", 32.0, "TK-8527M"),
        ("1.3", "toner", "yellow", 55.0, "TK-8527Y"),
        ("1.4", "toner", "black", 72.0, "TK-8527K"),
        ("1.5", "waste", None, SOME, None),
    ],
    "ricoh_mpc3002": [
        ("1.1", "toner", "black", 40.0, None),
        ("1.2", "waste", None, 100.0, None),
        ("1.3", "toner", "cyan", 20.0, None),
        ("1.4", "toner", "magenta", 50.0, None),
        ("1.5", "toner", "yellow", 50.0, None),
    ],
    "sharp_mx3570n": [
        ("1.1", "toner", "cyan", 55.0, None),
        ("1.2", "toner", "magenta", 19.0, None),
        ("1.3", "toner", "yellow", 40.0, None),
        ("1.4", "toner", "black", 34.0, None),
        ("1.5", "waste", None, UNKNOWN, None),
        ("1.6", "drum", "cyan", 81.0, None),
        ("1.7", "drum", "magenta", 81.0, None),
        ("1.8", "drum", "yellow", 81.0, None),
        ("1.9", "drum", "black", 95.0, None),
        ("1.10", "other", "cyan", 91.0, None),
        ("1.11", "other", "magenta", 91.0, None),
        ("1.12", "other", "yellow", 91.0, None),
        ("1.13", "other", "black", 74.0, None),
        ("1.14", "fuser", None, UNKNOWN, None),
    ],
    "utax_p4532dn": [("1.1", "toner", "black", 89.0, "PK-3010S"), ("1.2", "waste", None, SOME, None)],
    "xerox_c8045": [
        ("1.1", "toner", "black", 20.0, "006R01509"),
        ("1.2", "toner", "cyan", 66.0, "006R01512"),
        ("1.3", "toner", "magenta", 72.0, "006R01511"),
        ("1.4", "toner", "yellow", 60.0, "006R01510"),
        ("1.5", "drum", None, 50.0, "013R00662"),
        ("1.6", "drum", None, 92.0, "013R00662"),
        ("1.7", "drum", None, 93.0, "013R00662"),
        ("1.8", "drum", None, 93.0, "013R00662"),
        ("1.9", "fuser", None, 90.0, None),
        ("1.10", "waste", None, 5.0, "008R13061"),
        ("1.11", "other", None, 65.0, "001R00613"),
        ("1.12", "other", None, 86.0, "008R13064"),
    ],
}

# have it in the Printer-MIB
WITH_SERIAL = {
    "kyocera_cs4053ci",
    "ricoh_mpc3002",
    "sharp_mx3570n",
    "konica_c250i",
    "epson_sc-t3405",
    "epson_wf-c5790",
    "canon_lbp6670",
    "fujifilm_c810",
    "hp_m130nw",
}


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    files = sorted(map(str, RECORDINGS.glob("*.snmprec")))
    return {recording.name: recording.report() for recording in recordings(files, {})}


def test_every_recording_is_read(reports: dict[str, Report]) -> None:
    assert set(reports) == set(DEVICES) == set(SUPPLIES)
    for report in reports.values():
        check(report.as_json())


@pytest.mark.parametrize("name", DEVICES)
def test_identity_and_meters(reports: dict[str, Report], name: str) -> None:
    read = reports[name]
    found = (read.vendor, read.model, read.serial, read.software, read.complete, read.alerts)
    assert (*found, {meter.meter: meter.count for meter in read.meters}) == DEVICES[name]


@pytest.mark.parametrize("name", SUPPLIES)
def test_supplies(reports: dict[str, Report], name: str) -> None:
    found = [
        (s.slot, s.kind, s.colorant, s.state if s.percent is None else s.percent, s.reorder_number)
        for s in reports[name].supplies
    ]
    assert found == SUPPLIES[name]


def test_nine_serials_from_the_printer_mib_and_one_from_the_maker(reports: dict[str, Report]) -> None:
    assert {name for name, read in reports.items() if read.serial} == WITH_SERIAL | {"utax_p4532dn"}


def test_units_are_the_printers_own(reports: dict[str, Report]) -> None:
    units = {name: read.meters[0].unit for name, read in reports.items() if read.meters}
    assert units == {
        "epson_sc-t3405": "sheets",
        "hp_m130nw": "impressions",
        "konica_c250i": "impressions",
        "kyocera_cs4053ci": "impressions",
        "ricoh_mpc3002": "sheets",
        "sharp_mx3570n": "impressions",
        "utax_p4532dn": "impressions",
    }
    assert {s.unit for s in reports["kyocera_cs4053ci"].supplies} == {"impressions"}
    assert {s.unit for s in reports["xerox_c8045"].supplies} == {"other"}


def test_cartridge_serials_where_the_name_has_one(reports: dict[str, Report]) -> None:
    serials = [s.cartridge_serial for s in reports["xerox_c8045"].supplies]
    assert serials == [
        "48178080E0000481",
        "461E7A80E0000489",
        "45304780E0000489",
        "4E0B8980E000048A",
        "5238EF80E000048E",
        "52100780E000048E",
        "52374F80E000048E",
        "5234E480E000048E",
        None,
        None,
        None,
        None,
    ]
    others = [s for name, read in reports.items() if name != "xerox_c8045" for s in read.supplies]
    assert all(s.cartridge_serial is None for s in others)


def test_raw_levels_stand_beside_the_percent(reports: dict[str, Report]) -> None:
    drum = reports["brother_mixed"].supplies[1]
    assert (drum.level, drum.capacity, drum.percent) == (11501, 12000, 95.8)
    waste = reports["sharp_mx3570n"].supplies[4]
    assert (waste.level, waste.capacity, waste.state) == (100, None, UNKNOWN)
