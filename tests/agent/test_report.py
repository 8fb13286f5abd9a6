from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from metered.agent import report
from metered.agent.walk import WalkError
from tests.agent.devices import HERE, NOON, made, read, rows, supply_rows
from tests.agent.telemetry import check

MADE = sorted(path.stem for path in HERE.glob("*.snmprec") if path.stem != "all_zero")


@pytest.mark.parametrize("name", MADE)
def test_every_made_walk_gives_valid_telemetry(name: str) -> None:
    check(read(name).as_json())


@pytest.mark.parametrize("name", MADE)
def test_the_same_walk_is_the_same_report(name: str) -> None:
    first, second = (json.dumps(read(name).as_json()) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("name", "complete"),
    [
        ("xerox_versalink", True),
        ("two_blacks", True),
        ("no_supplies", True),
        ("no_capacities", False),
    ],
)
def test_what_did_not_answer_makes_it_incomplete(name: str, complete: bool) -> None:
    assert read(name).complete is complete


def test_what_did_not_answer_is_absent() -> None:
    assert read("no_supplies").supplies == ()
    only_supplies = read(rows(*supply_rows(1, name="Black Toner", type_=3)))
    assert (only_supplies.meters, only_supplies.complete) == ((), False)
    half = read(
        rows("43.10.2.1.4.1.1|65|1", *supply_rows(1, name="Black Toner")[:-1])
    )  # its level is missing
    assert (half.supplies[0].state, half.supplies[0].level, half.complete) == ("unknown", None, False)


def test_meters_that_were_not_asked_are_no_gap() -> None:
    walk = rows(*supply_rows(1, name="Black Toner", type_=3))
    assert not report.read(walk, observed_at=NOON).complete
    assert report.read(walk, observed_at=NOON, with_meters=False).complete
    half = rows(*supply_rows(1, name="Black Toner", type_=3)[:-1])
    assert not report.read(half, observed_at=NOON, with_meters=False).complete


def test_an_unreadable_row_makes_it_incomplete() -> None:
    lines = ["43.10.2.1.4.1.1|65|1", *supply_rows(1, name="Black Toner", type_=3)]
    assert read(rows(*lines)).complete
    assert not read(rows(*lines, "43.11.1.1.9.1.2|2|some")).complete


def test_an_answer_of_zeros_is_an_error() -> None:
    with pytest.raises(WalkError, match="every number that the device answered is 0"):
        read("all_zero")


@pytest.mark.parametrize(
    "lines",
    [
        ["43.10.2.1.4.1.1|65|0", *supply_rows(1, name="Black Toner", level=100)],  # a new machine
        ["43.10.2.1.4.1.1|65|900", *supply_rows(1, name="Black Toner", level=0)],  # an empty one
        ["43.10.2.1.4.1.1|65|0", *supply_rows(1, name="Black Toner", level=-3, capacity=-2)],
    ],
)
def test_a_zero_among_other_answers_is_one(lines: list[str]) -> None:
    assert read(rows(*lines)).meters[0].count in (0, 900)


def test_something_else_than_a_printer_is_an_error() -> None:
    with pytest.raises(WalkError, match="not a printer"):
        read(
            rows(
                "1.3.6.1.2.1.1.1.0|4|Linux some.host.name 4.9.0",
                "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10",
            )
        )


def test_a_given_serial_stands_in() -> None:
    assert read("over_capacity", serial="GIVEN1").serial == "GIVEN1"


def test_times_are_utc_with_a_z() -> None:
    east = datetime(2026, 11, 20, 14, 1, 40, tzinfo=timezone(timedelta(hours=2)))
    assert report.utc(east) == "2026-11-20T12:01:40Z"
    assert report.utc(datetime(2026, 11, 20, 12, 0, 0, 250, tzinfo=UTC)) == "2026-11-20T12:00:00.000250Z"


def test_all_device_wide_conditions_in_the_mibs_order() -> None:
    line = "1.3.6.1.2.1.25.3.5.1.2.1|4x|FFFE"
    alerts = report.read(rows(line, "43.10.2.1.4.1.1|65|1"), observed_at=datetime.now(UTC)).alerts
    assert len(alerts) == 15
    assert alerts[:8] == (
        "paper_low",
        "paper_empty",
        "toner_low",
        "toner_empty",
        "door_open",
        "jammed",
        "offline",
        "service_requested",
    )


def test_the_example_of_the_telemetry_format() -> None:
    element = read(made("xerox_versalink")).as_json()
    assert element["meters"][1] == {
        "meter": "mono",
        "count": 184210,
        "unit": "impressions",
        "source": "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.34",
    }
    assert element["supplies"][3] == {
        "slot": "1.4",
        "kind": "toner",
        "colorant": "yellow",
        "description": "Yellow Toner Cartridge;SN0A1B2C3D4E5F63",
        "reorder_number": None,
        "cartridge_serial": "0A1B2C3D4E5F63",
        "state": "percent",
        "percent": 11.0,
        "level": 1320,
        "capacity": 12000,
        "unit": "impressions",
    }
