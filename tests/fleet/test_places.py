"""Serial and postal code as people write them (domain rule 1)."""

from __future__ import annotations

import pytest

from metered.fleet.places import has_postal_codes, same_place, same_postal_code, typed_serial
from metered.fleet.serials import serial_key


@pytest.mark.parametrize(
    ("typed", "kept", "country"),
    [
        ("14604", "14604", "US"),
        ("14604-1234", "14604", "US"),
        ("14604", "14604-1234", "US"),
        ("14604 1234", "14604-9999", "US"),
        ("2210", "02210", "US"),
        ("02210", "2210", "US"),
        ("501", "00501", "US"),
        ("2210-1234", "02210", "US"),
        ("02210-1234", "2210", "US"),
        ("k1a 0b1", "K1A 0B1", "CA"),
        ("K1A–0B1", "K1A0B1", "CA"),
        ("sw1a1aa", "SW1A 1AA", "GB"),
        ("1067", "01067", "DE"),
        (" 01067 ", "01067", "DE"),
        ("１４６０４", "14604", "US"),
    ],
)
def test_the_same_postal_code(typed: str, kept: str, country: str) -> None:
    assert same_postal_code(typed, kept, country=country)


@pytest.mark.parametrize(
    ("typed", "kept", "country"),
    [
        ("14605", "14604", "US"),
        ("146", "14604", "US"),
        ("146041", "14604", "US"),
        ("1460412", "14604", "US"),
        ("", "", "US"),
        ("-", "14604", "US"),
        ("K1A OB1", "K1A 0B1", "CA"),
        ("KIA 0B1", "K1A 0B1", "CA"),
        ("O1067", "01067", "DE"),
        ("10670", "01067", "DE"),
        ("01067-1234", "01067", "DE"),
    ],
)
def test_another_postal_code(typed: str, kept: str, country: str) -> None:
    assert not same_postal_code(typed, kept, country=country)


def test_where_there_are_no_postal_codes_the_town_counts() -> None:
    assert not has_postal_codes("HK") and has_postal_codes("US") and has_postal_codes("XX")
    assert same_place("abu dhabi", country="AE", postal_code="", town="Abu  Dhabi")
    assert same_place("Abu-Dhabi", country="AE", postal_code="", town="Abu Dhabi")
    assert not same_place("Dubai", country="AE", postal_code="", town="Abu Dhabi")
    assert not same_place("", country="AE", postal_code="", town="")
    # In a country with postal codes the town is no secret worth anything.
    assert not same_place("Rochester", country="US", postal_code="14604", town="Rochester")
    assert not same_place("Rochester", country="US", postal_code="", town="Rochester")


def test_a_serial_is_compared_without_case_spaces_and_any_dash() -> None:
    assert serial_key(typed_serial(" a1b-2 c3\u20114\u20135 ")) == serial_key("A1B2C345")
    assert serial_key(typed_serial("AO1")) != serial_key("A01")
    assert serial_key(typed_serial("AI1")) != serial_key("A11")
