"""Every maker's own rows, on a made walk each: what is read, from where, and what each proof lets through."""

from __future__ import annotations

import re

import pytest

from metered.agent import asked, rules, vendors
from metered.agent.rules import Count, Packed, Row
from metered.agent.vendors import VENDORS
from tests.agent.devices import HERE, ROOT, by_slot, counts, read, rows, supply_rows

TONER = supply_rows(1, name="Black Toner", type_=3)
E = vendors.E
LIFE = "1.3.6.1.2.1.43.10.2.1.4.1.1"

# the walk: the maker; its serial; meters with their counts and the ends of their sources
READ = {
    "xerox_versalink": (
        "Xerox",
        "3TX481207",
        {
            "total": (280587, "43.10.2.1.4.1.1"),
            "mono": (184210, "253.8.53.13.2.1.6.1.20.34"),
            "colour": (96377, "253.8.53.13.2.1.6.1.20.33"),
            "large_mono": (3305, "253.8.53.13.2.1.6.1.20.44"),
            "large_colour": (1204, "253.8.53.13.2.1.6.1.20.43"),
        },
    ),
    "fujifilm_usage": (
        "Fujifilm",
        "500211",
        {
            "total": (204400, "253.8.53.13.2.1.6.1.20.1"),  # its life count has no unit
            "mono": (104200, "253.8.53.13.2.1.6.1.20.34"),
            "colour": (100200, "253.8.53.13.2.1.6.1.20.33"),
            "large_mono": (2200, "253.8.53.13.2.1.6.1.20.44"),
            "large_colour": (1900, "253.8.53.13.2.1.6.1.20.43"),
        },
    ),
    "hp_jetdirect": (
        "HP",
        "JPBVN1K0DX",
        {
            "total": (20877, "43.10.2.1.4.1.1"),
            "mono": (8112, "11.2.3.9.4.2.1.4.1.2.6.0"),
            "colour": (12765, "11.2.3.9.4.2.1.4.1.2.7.0"),
        },
    ),
    "lexmark_cx725": (
        "Lexmark",
        "752873022K4H3",
        {
            "total": (88123, "43.10.2.1.4.1.1"),
            "mono": (50111, "641.6.4.2.1.1.4.1.3"),
            "colour": (38009, "641.6.4.2.1.1.4.1.4"),
        },
    ),
    "canon_codes": (
        "Canon",
        "2ZP02215",
        {
            "total": (512904, "43.10.2.1.4.1.1"),
            "mono": (203881, "1602.1.11.1.4.1.4.108"),
            "colour": (44095 + 264928, "1602.1.11.1.4.1.4"),
            "large_mono": (4101, "1602.1.11.1.4.1.4.112"),
            "large_colour": (44095, "1602.1.11.1.4.1.4.122"),
        },
    ),
    "canon_named": (
        "Canon",
        "2TP09413",
        {
            "total": (41877, "1602.1.11.2.1.1.3.1"),
            "mono": (30411, "1602.1.11.2.1.1.3.5"),
            "colour": (11466, "1602.1.11.2.1.1.3.6"),
        },
    ),
    "ricoh_short_names": (
        "Ricoh",
        "5392X100217",
        {
            "total": (90210, "367.3.2.1.2.19.1.0"),  # its life count is sheets
            "mono": (60000, "367.3.2.1.2.19.5.1.9.2"),
            "colour": (200 + 30010, "367.3.2.1.2.19.5.1.9"),
        },
    ),
    "konica_colours": (
        "Konica Minolta",
        "A7PU021004411",
        {
            "total": (150233, "43.10.2.1.4.1.1"),
            "mono": (20110 + 70120, "18334.1.1.1.5.7.2.2.1.5.1"),
            "colour": (10003 + 48000 + 900 + 1100, "18334.1.1.1.5.7.2.2.1.5"),
        },
    ),
    "kyocera_modes": (
        "Kyocera",
        "VDD0X01842",
        {
            "total": (61420, "43.10.2.1.4.1.1"),
            "mono": (40110, "1347.42.2.2.1.1.3.1.1"),
            "colour": (12 + 21005, "1347.42.2.2.1.1.3.1"),
        },
    ),
    "kyocera_functions": (  # behind HP's print server card
        "Kyocera",
        "RW70Z04417",
        {
            "total": (120110, "43.10.2.1.4.1.1"),
            "mono": (41000 + 20000 + 880, "1347.42.3.1.2.1.1"),
            "colour": (120 + 52000 + 6000, "1347.42.3.1.2.1.1"),
        },
    ),
    "brother_drums": (
        "Brother",
        "E75283G0N118740",
        {
            "total": (8698, "43.10.2.1.4.1.1"),
            "mono": (3626, "2435.2.3.9.4.2.1.5.5.10.0"),
            "colour": (5072, "2435.2.3.9.4.2.1.5.5.10.0"),
        },
    ),
    "epson_inks": (
        "Epson",
        "X5AB004417",
        {
            "total": (83110, "43.10.2.1.4.1.1"),
            "mono": (31800, "1248.1.2.2.27.1.1.3.1.1"),
            "colour": (51310, "1248.1.2.2.27.1.1.4.1.1"),
        },
    ),
    "sharp_totals": (
        "Sharp",
        "3502041600",
        {
            "total": (54310, "43.10.2.1.4.1.1"),
            "mono": (30010, "2385.1.1.19.2.1.3.5.4.61"),
            "colour": (24100 + 100 + 100, "2385.1.1.19.2.1.3.5.4"),
        },
    ),
    "oki_colour": (
        "OKI",
        "AK0B001274",
        {
            "total": (18400, "43.10.2.1.4.1.1"),
            "mono": (10460, "2001.1.1.1.1.11.1.10.170.1.7.1"),
            "colour": (7900, "2001.1.1.1.1.11.1.10.170.1.6.1"),
        },
    ),
    "samsung_jobs": (
        "Samsung",
        "08HRB8GJ3F00TZV",
        {
            "total": (24310, "43.10.2.1.4.1.1"),
            # prints, copies and reports; not scans, faxes sent, or the count in sheets
            "mono": (12040 + 15 + 3000 + 1500 + 200, "236.11.5.11.53.11.2.1.7.1"),
            "colour": (6200 + 1310, "236.11.5.11.53.11.2.1.7.1"),
        },
    ),
}


@pytest.mark.parametrize("name", READ)
def test_a_makers_counters(name: str) -> None:
    report = read(name)
    maker, serial, meters = READ[name]
    assert (report.vendor, report.serial) == (maker, serial)
    assert {meter.meter: meter.count for meter in report.meters} == {
        meter: count for meter, (count, _) in meters.items()
    }
    for meter in report.meters:
        assert meter.source.endswith(f".{meters[meter.meter][1]}"), meter
        assert meter.unit == "impressions"


MAKERS = [
    "Xerox",
    "HP",
    "Lexmark",
    "Canon",
    "Ricoh",
    "Konica Minolta",
    "Kyocera",
    "Brother",
    "Epson",
    "Sharp",
    "OKI",
    "Samsung",
]


@pytest.mark.parametrize("maker", MAKERS)
def test_every_maker_has_counters_in_the_table_and_a_walk_that_shows_them(maker: str) -> None:
    vendor = next(vendor for vendor in VENDORS if vendor.name == maker)
    assert vendor.meters
    shown = [meters for name, _, meters in READ.values() if name == maker]
    assert all({"total", "mono", "colour"} <= set(meters) for meters in shown) and shown


def test_what_is_known_by_report_alone_is_never_taken_unproved() -> None:
    for vendor in VENDORS:
        for rule in vendor.meters:
            if isinstance(rule, Count):
                assert rule.row.known != "report", f"{vendor.name}: {rule.row.name}"


def test_every_row_says_what_it_is_and_how_that_is_known() -> None:
    table: list[Row] = []
    for vendor in VENDORS:
        table += [*vendor.device_id, *vendor.model, *vendor.serial, *vendor.software]
        for rule in (*vendor.meters, *vendor.supplies):
            table += [row for row, _ in (*rule.scalars(), *rule.columns())]
    assert len({row.oid for row in table}) > 100
    names: dict[str, set[str]] = {}
    for row in table:
        assert re.fullmatch(r"1\.3\.6\.1\.4\.1(?:\.[0-9]+){5,}", row.oid), row
        assert row.name and row.known in ("document", "recording", "report")
        names.setdefault(row.oid, set()).add(row.name)
    assert all(len(given) == 1 for given in names.values()), "one row, one name"


def _meters_of(vendor: vendors.Vendor) -> set[str]:
    meters: set[str] = set()
    for rule in vendor.meters:
        match rule:
            case Count():
                meters.add(rule.meter)
            case rules.Typed():
                meters |= set(rule.meters.values())
            case rules.Labelled():
                meters |= set(rule.parts) | set(rule.also)
            case Packed():
                meters |= {"total", *rule.parts}
            case rules.Split() | rules.Tallied():
                meters |= set(rule.parts)
    return meters


def test_every_meter_of_the_table_is_one_of_the_portals() -> None:
    meters = set().union(*map(_meters_of, VENDORS))
    assert meters == {"total", "mono", "colour", "large_mono", "large_colour"}


def test_a_makers_own_rows_lie_in_its_own_branch() -> None:
    """Fujifilm answers Xerox's rows and Brother one of HP's; nobody else answers anybody else's."""
    others = {"Fujifilm": {"253"}, "Brother": {"11"}}
    for vendor in VENDORS:
        for row in (*asked.SCALARS, *asked.COLUMNS):
            if row.vendor == vendor.name:
                branch = row.oid.removeprefix(E).split(".")[0]
                assert branch in {str(vendor.enterprise), *others.get(vendor.name, set())}


@pytest.mark.parametrize(
    ("name", "changed", "left"),
    [
        # one part lost, or a sum that is not the total: the parts are nothing, the total stays
        ("samsung_jobs", {"236.11.5.11.53.11.2.1.7.1.1": None}, {"total"}),
        ("samsung_jobs", {"236.11.5.11.53.11.2.1.2.1.1": None}, {"total"}),
        ("samsung_jobs", {"236.11.5.11.53.11.2.1.6.1.5": "|2|9"}, {"total"}),
        ("samsung_jobs", {"236.11.5.11.53.11.2.1.4.1.1": "|2|8"}, {"total"}),
        ("canon_named", {"1602.1.11.2.1.1.3.6": None}, {"total"}),
        ("canon_named", {"1602.1.11.2.1.1.2.5": "|4|Total (Black/Middle)"}, {"total"}),
        ("ricoh_short_names", {"367.3.2.1.2.19.5.1.9.4": None}, {"total"}),
        ("konica_colours", {"18334.1.1.1.5.7.2.2.1.5.2.2": None}, {"total"}),
        ("kyocera_functions", {"1347.42.3.1.2.1.1.2.3": None}, {"total"}),
        ("kyocera_modes", {"1347.42.2.2.1.1.3.1.3": "|2|3"}, {"total"}),
        (
            "brother_drums",
            {"2435.2.3.9.4.2.1.5.5.10.0": "|4x|000104000021FA010104000005DC02010400000002FF"},
            {"total"},
        ),
        ("brother_drums", {"2435.2.3.9.4.2.1.5.5.10.0": "|4x|000104000021FA02010400"}, {"total"}),
        ("epson_inks", {"1248.1.2.2.27.1.1.3.1.1": "|2|41000"}, {"total"}),
        ("oki_colour", {"2001.1.1.1.1.11.1.10.170.1.6.1": None}, {"total"}),
        ("sharp_totals", {"2385.1.1.19.2.1.3.5.4.63": None}, {"total"}),
        # without the whole nothing is proved
        ("epson_inks", {"L": None}, set()),
        ("samsung_jobs", {"L": None}, set()),
        # a code or a panel that has less: what is there stands for itself
        ("canon_codes", {"1602.1.11.1.4.1.4.122": None}, {"total", "mono", "large_mono"}),
        ("hp_jetdirect", {"11.2.3.9.4.2.1.4.1.2.7.0": None}, {"total", "mono"}),
    ],
)
def test_what_a_lost_or_doubtful_row_leaves(
    name: str, changed: dict[str, str | None], left: set[str]
) -> None:
    swapped = {LIFE if end == "L" else E + end: value for end, value in changed.items()}
    lines = []
    for line in (HERE / f"{name}.snmprec").read_text(encoding="utf-8").splitlines():
        row = line.split("|", 1)[0]
        value = swapped.pop(row, line[len(row) :])
        lines += [] if value is None else [row + value]
    assert not swapped, "the walk has no such row"
    assert set(counts(read(rows(*lines)))) == left


def test_a_brother_without_the_printer_mibs_count_has_its_own_total() -> None:
    device = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2435.2.3.9.1"
    packed = f"{E}2435.2.3.9.4.2.1.5.5.10.0|4x|000104000021FA010104000021FAFF"
    assert counts(read(rows(device, packed, *TONER))) == {"total": 8698, "mono": 8698}


def test_shorter_and_longer_numbers_of_brothers_strings() -> None:
    device = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2435.2.3.9.1"
    packed = f"{E}2435.2.3.9.4.2.1.5.5.10.0|4x|000102FB2B0101080000000000000010FF"
    assert counts(read(rows(device, packed, *TONER))) == {"total": 64299}


def test_brothers_own_remainders_go_to_the_very_drum() -> None:
    supplies = by_slot(read("brother_drums"))
    assert {slot: supply.percent for slot, supply in supplies.items()} == {
        "1.1": 62.0,
        "1.2": 31.0,
        "1.3": 0.0,
        "1.4": 88.0,
        "1.5": None,
        "1.6": 94.0,
        "1.7": 93.0,
        "1.8": 92.0,
        "1.9": None,  # 200 % is none
        "1.10": 82.6,
        "1.11": 77.0,
    }


def test_waste_is_space_left_by_level_by_state_and_two_boxes_stay_two() -> None:
    supplies = by_slot(read("full_waste"))
    assert [(s.kind, s.state, s.percent) for s in supplies.values()][2:] == [
        ("waste", "percent", 0.0),
        ("waste", "empty", None),  # "full": no space left
    ]
    assert read("full_waste").serial == "3DS612041"


def test_half_an_answer_is_half_a_report() -> None:
    report = read("partial_answer")
    assert (report.serial, report.complete) == ("701829812ZL6", False)
    assert counts(report) == {"mono": 4410}
    assert [(s.slot, s.state, s.percent, s.level, s.capacity) for s in report.supplies] == [
        ("1.1", "percent", 35.0, 7000, 20000),
        ("1.2", "unknown", None, None, 60000),
        ("1.4", "unknown", None, 150000, None),
    ]  # 1.3 did not answer what it is


def test_an_alert_for_the_waste_container_is_not_the_toners() -> None:
    states = {slot: supply.state for slot, supply in by_slot(read("fujifilm_usage")).items()}
    assert states == {
        "1.1": "some_remaining",
        "1.2": "low",
        "1.3": "unknown",
        "1.4": "some_remaining",
        "1.5": "low",
        "1.6": "percent",
    }


def test_the_page_about_printers_says_what_the_table_says() -> None:
    page = (ROOT / "docs" / "printers.md").read_text(encoding="utf-8")
    told = {
        cells[0]: (set(cells[1].split(", ")), set(cells[3].split(", ")))
        for line in page.splitlines()
        if line.startswith("| ") and len(cells := line.strip("| ").split(" | ")) == 4
    }
    told.pop("maker")
    held = {}
    for vendor in VENDORS:
        known = {row.known for rule in vendor.meters for row, _ in (*rule.scalars(), *rule.columns())}
        if vendor.meters:
            held[vendor.name] = (_meters_of(vendor), known)
        else:
            assert vendor.name in page
    assert told == held
