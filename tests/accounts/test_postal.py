"""An address is asked for, checked and written as its country does it."""

from __future__ import annotations

import pytest

from metered.accounts.phones import phone_or_none
from metered.accounts.place_zones import suggested, zones_of
from metered.accounts.postal import codes, countries, postal, written
from metered.lib.zones import time_zone_or_none

RIGHT = {
    "US": {"city": "Rochester", "region": "NY", "postal_code": "14604"},
    "CA": {"city": "Toronto", "region": "ON", "postal_code": "M5V 2T6"},
    "DE": {"postal_code": "10115", "city": "Berlin"},
    "GB": {"city": "York", "postal_code": "YO1 7HH"},
    "HK": {"city": "Central", "region": "Hong Kong Island"},
    "IE": {"city": "Cork", "region": "Co. Cork", "postal_code": ""},
}


def typed(country: str, **more: str) -> dict[str, str]:
    return {"recipient": "Northwind", "lines": "1 Main St"} | RIGHT[country] | more


@pytest.mark.parametrize(
    ("country", "fields"),
    [
        ("US", "recipient* lines* city* region* postal_code*"),
        ("CA", "recipient* lines* city* region* postal_code*"),
        ("DE", "recipient* lines* postal_code* city*"),
        ("GB", "recipient* lines* city* postal_code*"),
        ("HK", "recipient* lines* city region*"),
        ("IE", "recipient* lines* city* region postal_code"),
        ("SG", "recipient* lines* postal_code*"),
    ],
)
def test_fields_and_their_order(country: str, fields: str) -> None:
    parts = postal(country).parts
    assert " ".join(part.name + ("*" if part.required else "") for part in parts) == fields


@pytest.mark.parametrize(
    ("country", "name", "label"),
    [
        ("US", "region", "State"),
        ("US", "postal_code", "ZIP code"),
        ("CA", "region", "Province"),
        ("CA", "postal_code", "Postal code"),
        ("GB", "city", "Post town"),
        ("HK", "city", "District"),
        ("HK", "region", "Area"),
        ("IE", "postal_code", "Eircode"),
        ("JP", "region", "Prefecture"),
    ],
)
def test_labels(country: str, name: str, label: str) -> None:
    assert {part.name: part.label for part in postal(country).parts}[name] == label


@pytest.mark.parametrize("country", RIGHT)
def test_what_is_right_has_no_problems(country: str) -> None:
    found = postal(country, typed(country))
    assert found.problems == {}
    assert {name: found.wording[name] for name in RIGHT[country]} == RIGHT[country]


@pytest.mark.parametrize(
    ("country", "wrong", "says"),
    [
        ("US", {"postal_code": "1460"}, "does not look right for United States"),
        ("US", {"postal_code": "90210"}, "does not lie in New York"),
        ("US", {"region": "Bavaria", "postal_code": "14604"}, "Choose one of the list"),
        ("US", {"postal_code": ""}, "Enter the ZIP code"),
        ("CA", {"postal_code": "14604"}, "written like"),
        ("DE", {"postal_code": "1011"}, "written like"),
        ("GB", {"postal_code": "14604"}, "written like"),
        ("HK", {"region": ""}, "Enter the area"),
        ("DE", {"lines": ""}, "Enter the street"),
        ("DE", {"lines": "\n".join("abcdef")}, "room for 5 lines"),
        ("DE", {"city": "x" * 81}, "too long"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(country: str, wrong: dict[str, str], says: str) -> None:
    problems = postal(country, typed(country, **wrong)).problems
    assert len(problems) == 1 and says in problems[next(iter(wrong)) if "region" in wrong else [*wrong][-1]]


def test_what_was_typed_is_tidied() -> None:
    found = postal(
        "CA",
        {
            "recipient": "  North   wind ",
            "lines": "1 Main St \r\n\r\n Suite\t2\x00",
            "city": "Québec\u200b",
            "region": "québec",
            "postal_code": "g1r 4p5",
        },
    )
    assert found.problems == {}
    assert found.wording["recipient"] == "North wind" and found.wording["lines"] == "1 Main St\nSuite2"
    assert found.wording["postal_code"] == "G1R 4P5" and found.wording["region"] == found.subdivision == "QC"


@pytest.mark.parametrize(
    ("country", "region", "subdivision"),
    [("US", "New York", "NY"), ("IE", "Co. Dublin", "D"), ("HK", "九龍", ""), ("DE", "", "")],
)
def test_the_subdivision_is_iso(country: str, region: str, subdivision: str) -> None:
    assert postal(country, {"region": region}).subdivision == subdivision


@pytest.mark.parametrize(
    ("country", "lines"),
    [
        ("US", ["Northwind", "1 Main St", "Rochester, NY 14604"]),
        ("DE", ["Northwind", "1 Main St", "10115 Berlin"]),
        ("GB", ["Northwind", "1 Main St", "York", "YO1 7HH"]),
        ("HK", ["Northwind", "1 Main St", "Central", "Hong Kong Island"]),
        ("IE", ["Northwind", "1 Main St", "Cork", "Co. Cork"]),
    ],
)
def test_it_is_written_as_on_a_label(country: str, lines: list[str]) -> None:
    assert written(country, typed(country)) == lines


def test_every_country_has_a_form_that_its_own_example_passes() -> None:
    assert len(codes()) > 200 and ("DE", "Germany") in countries()
    for code in codes():
        for part in postal(code).parts:
            if part.example and part.name == "postal_code":
                assert "postal_code" not in postal(code, {"postal_code": part.example}).problems, code


def test_a_country_without_rules_is_no_country() -> None:
    for code in ("ZZ", "", "XX", "../us"):
        with pytest.raises(ValueError, match="no rules"):
            postal(code)


@pytest.mark.parametrize(
    ("country", "region", "zone"),
    [
        ("US", "NY", "America/New_York"),
        ("US", "CA", "America/Los_Angeles"),
        ("US", "HI", "Pacific/Honolulu"),
        ("US", "", "America/New_York"),
        ("CA", "BC", "America/Vancouver"),
        ("AU", "WA", "Australia/Perth"),
        ("DE", "", "Europe/Berlin"),
        ("HK", "", "Asia/Hong_Kong"),
    ],
)
def test_the_time_zone_is_suggested(country: str, region: str, zone: str) -> None:
    assert suggested(country, region) == zone and zone in zones_of(country)


def test_every_zone_that_is_offered_exists() -> None:
    for code in codes():
        for zone in zones_of(code):
            assert time_zone_or_none(zone) is not None, zone


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("(585) 555-0100", "US", "+1 585-555-0100"),
        ("030 1234567", "DE", "+49 30 1234567"),
        ("+44 20 7946 0000", "US", "+44 20 7946 0000"),
        ("  ", "US", ""),
        ("12", "US", None),
        ("ask for Ana", "US", None),
    ],
)
def test_phone_numbers_are_read_as_their_country_writes_them(
    text: str, country: str, number: str | None
) -> None:
    assert phone_or_none(text, country) == number
