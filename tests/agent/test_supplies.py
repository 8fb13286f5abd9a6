from __future__ import annotations

import pytest

from metered.agent.supplies import state_of
from tests.agent.devices import by_slot, read, rows, supply_rows

DEVICE = ("43.5.1.1.17.1|4|X8G9000415", "43.10.2.1.4.1.1|65|1000")


@pytest.mark.parametrize(
    ("level", "capacity", "state", "percent"),
    [
        (0, 100, "percent", 0.0),
        (1, 3, "percent", 33.3),
        (100, 100, "percent", 100.0),
        (1320, 12000, "percent", 11.0),
        (-1, 100, "unrestricted", None),
        (-1, -1, "unrestricted", None),
        (-2, 100, "unknown", None),
        (-3, 100, "some_remaining", None),
        (-3, -2, "some_remaining", None),
        (-4, 100, "unknown", None),
        (-100, 100, "unknown", None),
        (70, -2, "unknown", None),
        (70, -1, "unknown", None),
        (70, 0, "unknown", None),
        (70, None, "unknown", None),
        (0, 0, "unknown", None),
        (101, 100, "unknown", None),
        (None, 100, "unknown", None),
        (None, None, "unknown", None),
    ],
)
def test_states_are_the_printers_own(
    level: int | None, capacity: int | None, state: str, percent: float | None
) -> None:
    assert state_of(level, capacity) == (state, percent)


def test_unrestricted_stays_unrestricted() -> None:
    supplies = by_slot(read("unrestricted"))
    assert [(s.kind, s.state, s.percent) for s in supplies.values()] == [
        ("toner", "unrestricted", None),
        ("staples", "unrestricted", None),
    ]
    assert (supplies["1.1"].unit, supplies["1.2"].unit) == ("tenths_of_grams", "items")
    assert (supplies["1.2"].level, supplies["1.2"].capacity) == (None, 5000)


def test_levels_that_contradict_their_capacity_are_unknown_and_still_shown() -> None:
    supplies = by_slot(read("over_capacity"))
    assert [s.state for s in supplies.values()] == ["unknown", "unknown", "unknown", "percent", "unknown"]
    assert (supplies["1.1"].level, supplies["1.1"].capacity) == (10400, 10000)
    assert (supplies["1.2"].level, supplies["1.2"].capacity) == (70, None)
    assert supplies["1.4"].percent == 0.0


def test_two_black_toners_stay_two() -> None:
    supplies = by_slot(read("two_blacks"))
    assert [(s.kind, s.colorant) for s in supplies.values()][:2] == [("toner", "black")] * 2


def test_an_alert_is_for_its_own_supply_and_the_worst_counts() -> None:
    report = read("two_blacks")
    supplies = by_slot(report)
    assert supplies["1.1"].state == "some_remaining"
    assert supplies["1.2"].state == "empty"
    assert (supplies["1.3"].state, supplies["1.3"].percent) == ("percent", 50.0)
    assert report.alerts == ("toner_empty",)


@pytest.mark.parametrize(
    ("group", "index", "code", "state"),
    [
        (11, 1, 1104, "low"),
        (11, 1, 1101, "empty"),
        (11, 1, 12, "low"),
        (11, 1, 13, "empty"),
        (11, 1, 1115, "some_remaining"),  # cartridge missing
        (11, 2, 1101, "some_remaining"),
        (11, -1, 1101, "some_remaining"),
        (11, 0, 1101, "some_remaining"),
        (10, 1, 1101, "some_remaining"),
        (5, 1, 13, "some_remaining"),
    ],
)
def test_which_alerts_say_something_of_a_supply(group: int, index: int, code: int, state: str) -> None:
    alert = (f"43.18.1.1.4.1.9|2|{group}", f"43.18.1.1.5.1.9|2|{index}", f"43.18.1.1.7.1.9|2|{code}")
    walk = rows(*DEVICE, *supply_rows(1, name="Black Toner", level=-3, capacity=-2), *alert)
    assert by_slot(read(walk))["1.1"].state == state


def test_the_device_wide_condition_makes_no_supply_low() -> None:
    walk = rows(
        *DEVICE, "1.3.6.1.2.1.25.3.5.1.2.1|4x|30", *supply_rows(1, name="Black Toner", level=-3, capacity=-2)
    )
    report = read(walk)
    assert report.alerts == ("toner_low", "toner_empty")
    assert by_slot(report)["1.1"].state == "some_remaining"


def test_an_alert_does_not_overrule_a_number() -> None:
    alert = ("43.18.1.1.4.1.9|2|11", "43.18.1.1.5.1.9|2|1", "43.18.1.1.7.1.9|2|1101")
    walk = rows(*DEVICE, *supply_rows(1, name="Black Toner", level=40), *alert)
    assert by_slot(read(walk))["1.1"].percent == 40.0


def test_waste_is_the_space_left() -> None:
    waste = by_slot(read("xerox_versalink"))["1.6"]
    assert (waste.kind, waste.percent, waste.level, waste.capacity) == ("waste", 34.0, 10200, 30000)
    assert by_slot(read("lexmark_cx725"))["1.3"].state == "low"  # "almost full"


def test_part_numbers_alone_say_kind_colour_and_number_where_the_maker_has_a_rule() -> None:
    supplies = by_slot(read("part_numbers"))
    assert [(s.kind, s.colorant, s.reorder_number) for s in supplies.values()] == [
        ("toner", "cyan", "TK-5280C"),
        ("toner", "magenta", "TK-5280M"),
        ("toner", "yellow", "TK-5280Y"),
        ("toner", "black", "TK-5280K"),
        ("toner", None, "TK-3160"),
        ("toner", None, "PK-3010S"),
        ("waste", None, "WT-5190"),
        ("drum", None, "DK-5140"),
    ]  # 1.9 did not answer what it is


def test_the_colorant_table_speaks_before_the_name() -> None:
    walk = rows(
        *DEVICE,
        "43.12.1.1.4.1.1|4|photo black",
        "43.12.1.1.4.1.2|4|other",
        *supply_rows(1, name="Ink 70", type_=5, colorant=1),
        *supply_rows(2, name="Cyan Ink", type_=5, colorant=2),
        *supply_rows(3, name="Yellow Ink", type_=5, colorant=0),
        *supply_rows(4, name="Ink", type_=5, colorant=9),
    )
    report = read(walk)
    assert [s.colorant for s in report.supplies] == ["photo black", "cyan", "yellow"]
    assert not report.complete  # the fourth one's colorant did not answer


def test_a_supply_that_would_be_another_place_is_left_out() -> None:
    colours = ("43.12.1.1.4.1.1|4|photo black", "43.12.1.1.4.1.2|4|cyan")
    toners = [
        *supply_rows(1, name="Black Ink", type_=5, colorant=1),
        *supply_rows(2, name="Ink 2", type_=5, colorant=2),
    ]
    whole = read(rows(*DEVICE, *colours, *toners))
    assert whole.complete and [s.colorant for s in whole.supplies] == ["photo black", "cyan"]
    # Its colorant, its type, all colorants that did not answer.
    part = read(rows(*DEVICE, *colours[1:], *toners))
    assert (part.complete, [s.slot for s in part.supplies]) == (False, ["1.2"])
    untyped = read(rows(*DEVICE, *colours, *supply_rows(1, name="Part 70", colorant=1), *toners[7:]))
    assert not untyped.complete and "1.1" not in by_slot(untyped)
    # A printer may have no table of colorants: what its names tell is kept.
    none = read(rows(*DEVICE, *toners))
    assert (none.complete, [s.colorant for s in none.supplies]) == (False, ["black"])


def test_a_kind_that_only_words_tell_is_told() -> None:
    report = read(rows(*DEVICE, *supply_rows(1, name="Toner K"), *supply_rows(2, name="Part 70")))
    assert [s.kind for s in report.supplies] == ["toner"] and not report.complete


@pytest.mark.parametrize(
    ("process", "spot", "names", "colorants"),
    [
        (1, 0, ["PK-3010S"], ["black"]),
        (1, 1, ["PK-3010S"], [None]),
        (4, 0, ["PK-3010S"], [None]),
        (1, 0, ["Toner A", "Toner B"], [None, None]),
        (1, 0, ["Red Toner"], ["red"]),
    ],
)
def test_a_monochrome_markers_only_toner_is_black(
    process: int, spot: int, names: list[str], colorants: list[str | None]
) -> None:
    marker = (f"43.10.2.1.6.1.1|2|{process}", f"43.10.2.1.7.1.1|2|{spot}")
    supplies = [row for at, name in enumerate(names, 1) for row in supply_rows(at, name=name, type_=3)]
    drum = supply_rows(9, name="Drum Unit", type_=9)
    read_back = read(rows(*DEVICE, *marker, *supplies, *drum)).supplies
    assert [s.colorant for s in read_back] == [*colorants, None]


def test_brothers_packed_remainders_fill_what_the_mib_leaves_open() -> None:
    supplies = by_slot(read("brother_packed"))
    assert [(s.colorant, s.state, s.percent, s.unit) for s in supplies.values()] == [
        ("black", "percent", 96.0, "percent"),
        ("cyan", "percent", 91.0, "percent"),
        ("magenta", "percent", 60.0, "percent"),
        ("yellow", "unknown", None, "other"),
        (None, "percent", 73.1, "percent"),
    ]


@pytest.mark.parametrize(
    "packed", ["6F010400002580", "6F01040000258001FF", "FF", "", "6F020400002580FF", "6F01040000FFFFFF"]
)
def test_a_damaged_packed_string_says_nothing(packed: str) -> None:
    walk = rows(
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2435.2.3.9.1",
        *DEVICE,
        *supply_rows(1, name="Black Toner", level=-3, capacity=-2, type_=3),
        f"4.1.2435.2.3.9.4.2.1.5.5.8.0|4x|{packed}",
    )
    assert by_slot(read(walk))["1.1"].state == "some_remaining"


def test_ricohs_own_flags_for_the_very_toner() -> None:
    supplies = by_slot(read("ricoh_labelled"))
    assert [(s.colorant, s.state, s.percent) for s in supplies.values()] == [
        ("black", "percent", 60.0),
        ("cyan", "low", None),
        ("magenta", "empty", None),
        ("yellow", "some_remaining", None),
    ]


def test_a_hint_that_fits_two_supplies_is_for_neither() -> None:
    walk = rows(
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2435.2.3.9.1",
        *DEVICE,
        *supply_rows(1, name="Black Toner 1", level=-3, capacity=-2, type_=3),
        *supply_rows(2, name="Black Toner 2", level=-3, capacity=-2, type_=3),
        "4.1.2435.2.3.9.4.2.1.5.5.8.0|4x|6F010400002580FF",
    )
    assert [s.state for s in read(walk).supplies] == ["some_remaining"] * 2


def test_lexmarks_table_adds_part_and_serial_number() -> None:
    supplies = by_slot(read("lexmark_cx725"))
    assert (supplies["1.1"].reorder_number, supplies["1.1"].cartridge_serial) == ("84C2HK0", "CAT161230A1B2")
    assert (supplies["1.2"].reorder_number, supplies["1.2"].colorant) == (None, "black")
    assert [(s.kind, s.state) for s in supplies.values()] == [
        ("toner", "percent"),
        ("drum", "percent"),
        ("waste", "low"),
        ("other", "unknown"),
    ]


def test_names_as_printers_send_them() -> None:
    supplies = by_slot(read("names"))
    assert [(s.description, s.colorant, s.kind) for s in supplies.values()] == [
        ("Cartouche noire HP W2410A", "black", "toner"),
        ("Toner cyan, qualité supérieure", "cyan", "toner"),
        ("Tóner magenta", "magenta", "toner"),
        ("Toner jaune, très press", "yellow", "toner"),
        ("Fuser Kit", None, "fuser"),
    ]
    assert supplies["1.1"].reorder_number == "W2410A"


def test_supplies_of_a_second_device_keep_their_own_index() -> None:
    second = [row.replace(".1.1|", ".2.1|") for row in supply_rows(1, name="Cyan Toner", type_=3)]
    report = read(rows(*DEVICE, *supply_rows(1, name="Black Toner", type_=3), *second))
    assert [(s.slot, s.colorant) for s in report.supplies] == [("1.1", "black"), ("2.1", "cyan")]
