from __future__ import annotations

import csv

import pytest

from metered.agent import identity, walk
from metered.agent.identity import Identity, as_said, serial_in
from tests.agent.devices import RECORDINGS, made, needs_recordings, rows

# every row of identify.tsv, by hand: does it print, whose is it, which model
IDENTIFY = {
    "3com": (False, None, None),
    "canonprinter_d1180": (True, "Canon", "D1180/MF6680"),
    "canonprinter_mf": (True, "Canon", "MF"),
    "dell-laser_color": (True, "Dell", "Color Laser"),
    "developprinter": (True, "Develop", "ineo 280"),
    "epson-scanner_ds-860": (False, "Epson", None),
    "jetdirect_1": (True, "Kyocera", None),
    "jetdirect_supplies_context": (True, "HP", "Color LaserJet Test"),
    "lanier": (True, "Lanier", "MP C3501/LD635C"),
    "linux": (False, None, None),
    "okilan": (True, "OKI", "MC342"),
    "procurve": (False, "HP", None),
    "ricoh_aficio": (True, "Ricoh", "Aficio MP 201"),
    "samsungprinter_clx": (True, "Samsung", "CLX-3170"),
    "samsungprinter_s": (True, "Samsung", "S"),
    "savin_c4503": (True, "Savin", "MP C4503"),
    "sharp_mx3140n": (True, "Sharp", "MX-3140N"),
    "toshiba-tec_estudio2505": (True, "Toshiba", "e-STUDIO2505AC"),
    "toshiba-tec_ev4": (True, "Toshiba", "B-EV4"),
    "toshiba-tec_sx5t": (True, "Toshiba", "B-SX5T"),
    "xerox_docuprint": (True, "Fuji Xerox", "DocuPrint CM305 df"),
    "xerox_workcentre": (True, "Xerox", "WorkCentre 6605DN"),
}


@needs_recordings
def test_every_device_of_the_list_is_known_for_what_it_is() -> None:
    with (RECORDINGS / "identify.tsv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    found = {}
    for row in listed:
        device = _named(row["sysDescr"], row["sysObjectID"])
        who = identity.read(device)
        prints = identity.is_printer(device)
        found[row["recording"]] = (prints, who.vendor, who.model if prints else None)
    assert found == IDENTIFY


def _named(descr: str, object_id: str = "") -> walk.Walk:
    return rows(f"1.3.6.1.2.1.1.1.0|4|{descr}", *([f"1.3.6.1.2.1.1.2.0|6|{object_id}"] if object_id else []))


@pytest.mark.parametrize(
    "descr", ["EPSON Projector", "HP ProCurve Switch 2824", "Dell Networking N1524", "Windows", "APC UPS", ""]
)
def test_names_that_are_no_printers(descr: str) -> None:
    assert not identity.prints(None, descr)


def test_printer_rows_make_a_printer_of_any_maker() -> None:
    assert identity.is_printer(rows("1.3.6.1.2.1.1.1.0|4|Linux box 4.9", "43.10.2.1.4.1.1|65|12"))
    assert identity.is_printer(rows("1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5"))
    assert not identity.is_printer(rows("1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.4"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Brother MFC-L2710DW series", "MFC-L2710DW"),
        ("KONICA MINOLTA bizhub C250i", "bizhub C250i"),
        ("HP LaserJet MFP M130nw", "LaserJet MFP M130nw"),
        ("Hewlett-Packard Color LaserJet M452nw", "Color LaserJet M452nw"),
        ("EPSON SC-T3405 Series", "SC-T3405"),
        ("Xerox VersaLink C7130 Color MFP", "VersaLink C7130"),
        ("Xerox Phaser 6510 Printer", "Phaser 6510"),
        ("FUJI XEROX DocuPrint CM305 df", "DocuPrint CM305 df"),
        ("SHARP MX-3570N", "MX-3570N"),
        ("SharpEdge 9", "SharpEdge 9"),
        ("CS 4053ci", "CS 4053ci"),
        ("Xerox", "Xerox"),
    ],
)
def test_models_as_people_say_them(name: str, said: str) -> None:
    assert as_said(name) == said


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("RH28Y00024", "RH28Y00024"),
        ("  CNB1234567  ", "CNB1234567"),
        ("VXB0412345----", "VXB0412345"),
        ("ÿÿ3TX481207ÿÿ", "3TX481207"),
        ("000A5J431816", "000A5J431816"),
        ("AB 12-34/5", "AB 12-34/5"),
        ("0004417000", "0004417000"),  # zeros that belong
        ("E78096J9N0000", "E78096J9N0000"),
        ("JPBVN0K0DX", "JPBVN0K0DX"),
        ("TEST000000", None),
        ("AAAAAAA000AAAA000", None),
        ("AAA0A00000", None),
        ("0000000000", None),
        ("XXXXXXXXXX", None),
        ("1111111111", None),
        ("unknown", None),
        ("N/A", None),
        ("12", None),
        ("A1" * 40, None),
        ("Größe 1234", None),
        ("", None),
        (None, None),
    ],
)
def test_serials_and_what_only_looks_like_one(text: str | None, serial: str | None) -> None:
    assert serial_in(text) == serial


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("xerox_versalink", ("Xerox", "VersaLink C7130", "3TX481207", "57.40.31")),
        ("lexmark_cx725", ("Lexmark", "CX725", "752873022K4H3", "CXTAT.081.229")),
        ("unrestricted", ("OKI", "B6500", "AK5B007123A0", None)),
        ("two_markers", ("Ricoh", "Pro C9210", "C948R300017", None)),
        ("two_blacks", ("Xerox", "D110", "BG5712345", "55.50.71")),
        ("part_numbers", ("Kyocera", "ECOSYS P6235cdn", "VXB0412345", None)),
        ("names", ("HP", "Color LaserJet MFP M480f", "CNB1234567", None)),
        ("no_supplies", ("Samsung", "SL-M4070FR", "ZDFABJKF500012X", "3.00.01.24")),
        ("brother_packed", ("Brother", "HL-L3270CDW", "E78096J9N123456", "1.52")),
        ("canon_counters", ("Canon", "iR-ADV C5535", "WXE01234", None)),
        ("ricoh_labelled", ("Ricoh", "IM C3000", "3109RC10234", None)),
    ],
)
def test_who_the_made_devices_are(name: str, expected: tuple[str | None, ...]) -> None:
    who: Identity = identity.read(made(name))
    assert (who.vendor, who.model, who.serial, who.software) == expected


def test_a_name_that_a_person_gave_is_the_model_only_where_nothing_else_tells() -> None:
    given = "43.5.1.1.16.1|4|Personnel, third floor"
    xerox = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.253.8.62.1.43"
    for tells in (
        "1.3.6.1.2.1.25.3.2.1.3.1|4|Xerox VersaLink C7130",
        "1.3.6.1.2.1.1.1.0|4|Xerox VersaLink C7130; System 57.40.31",
        "4.1.253.8.51.1.2.1.20.1|4|MFG:Xerox;MDL:VersaLink C7130;",
    ):
        assert identity.read(rows(xerox, given, tells)).model == "VersaLink C7130"
    assert identity.read(rows(xerox, "43.5.1.1.16.1|4|VersaLink C7130")).model == "VersaLink C7130"


def test_the_printer_mibs_serial_goes_before_the_makers() -> None:
    who = identity.read(
        rows(
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41",
            "43.5.1.1.17.1|4|VXB0412345",
            "4.1.1347.43.5.1.1.28.1|4|OTHER12345",
        )
    )
    assert who.serial == "VXB0412345"


@pytest.mark.parametrize(
    ("makers", "serial"),
    [
        (["752873022K4H3"], "752873022K4H3"),
        (["752873022K4H3", "73022K4H3"], "752873022K4H3"),  # without the machine type in front
        (["752873022K4H3", "  752873022k4h3"], "752873022K4H3"),
        (["752873022K4H3", "99999ZZZ"], None),  # whose is it?
        (["0000", "99999ZZZ"], "99999ZZZ"),
    ],
)
def test_makers_rows_that_disagree_are_no_serial(makers: list[str], serial: str | None) -> None:
    places = ("4.1.641.6.2.3.1.5.1", "4.1.641.2.1.2.1.6.1")
    told = [f"{place}|4|{text}" for place, text in zip(places, makers, strict=False)]
    assert identity.read(rows("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.641.2", *told)).serial == serial


def test_a_serial_in_hps_own_form() -> None:
    told = "4.1.11.2.3.9.4.2.1.1.3.3.0|4x|0115564E4352433438313938"
    assert identity.read(rows("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1", told)).serial == "VNCRC48198"


@pytest.mark.parametrize(
    "padded",
    [
        b"0004417000",
        b"  0004417000   ",
        b"0004417000" + b"\x00" * 20,
        b"\x00\x000004417000  \x00",
        b"\x01\x150004417000\x00",
        b"\xfd\xe80004417000",
        b"0004417000\r\n",
        b"\xff\xff0004417000\xff\xff\xff",
        b"0004417000\x00left over from a longer one",
        b"--0004417000--",
    ],
)
def test_a_padded_serial_is_the_serial(padded: bytes) -> None:
    told = f"43.5.1.1.17.1|4x|{padded.hex()}"
    assert identity.read(rows("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.297.1", told)).serial == "0004417000"


@pytest.mark.parametrize(
    ("device_id", "vendor", "model"),
    [
        ("MFG:Xerox; CMD:PCL; MDL:AltaLink C8045; CLS:Printer;", "Xerox", "AltaLink C8045"),
        ("MANUFACTURER:Hewlett-Packard;MODEL:HP LaserJet 4250;", "HP", "LaserJet 4250"),
        ("MDL:Printer;DES:EPSON WF-C5790;", "Epson", "WF-C5790"),
        ("nonsense", None, None),
    ],
)
def test_the_device_id(device_id: str, vendor: str | None, model: str | None) -> None:
    who = identity.read(rows(f"4.1.2699.1.2.1.2.1.1.3.1|4|{device_id}"))
    assert (who.vendor, who.model) == (vendor, model)


@pytest.mark.parametrize(
    "descr",
    [
        "EPSON Built-in 11b/g/n & 10/100/1000 Print Server",
        "Brother NC-8900h, Firmware Ver.1.09",
        "KYOCERA Document Solutions Printing System",
        "TA_UTAX Printing System",
        "HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD149",
    ],
)
def test_a_network_card_is_no_model(descr: str) -> None:
    assert identity.read(_named(descr)).model is None
