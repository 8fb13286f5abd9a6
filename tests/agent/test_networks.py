"""Which addresses are looked at."""

from __future__ import annotations

import pytest

from metered.agent.networks import NetworksError, addresses


@pytest.mark.parametrize(
    ("networks", "exclude", "expected"),
    [
        (["10.1.4.0/30"], [], ["10.1.4.1", "10.1.4.2"]),
        (["10.1.4.0/31"], [], ["10.1.4.0", "10.1.4.1"]),
        (["10.1.4.7/32"], [], ["10.1.4.7"]),
        (["10.1.4.22"], [], ["10.1.4.22"]),
        (["10.1.4.254-10.1.5.1"], [], ["10.1.4.254", "10.1.4.255", "10.1.5.0", "10.1.5.1"]),
        (["10.1.4.8-10"], [], ["10.1.4.8", "10.1.4.9", "10.1.4.10"]),
        (["10.1.4.8 - 10.1.4.9"], [], ["10.1.4.8", "10.1.4.9"]),
        (["printer-3.example", "10.1.4.1"], [], ["10.1.4.1", "printer-3.example"]),
        (["Printer_3", "printer-3.example."], ["printer_3"], ["printer-3.example."]),
        (["10.1.4.8-10", "10.1.4.9-12", "10.1.4.9"], [], [f"10.1.4.{n}" for n in range(8, 13)]),
        (["10.1.4.0/29"], ["10.1.4.2-4", "10.1.4.6"], ["10.1.4.1", "10.1.4.5"]),
        (["10.1.4.0/29"], ["10.1.4.0/30"], ["10.1.4.4", "10.1.4.5", "10.1.4.6"]),
        (["2001:db8::/126"], [], ["2001:db8::1", "2001:db8::2", "2001:db8::3"]),
        (["2001:db8::a-2001:db8::b", "10.0.0.1"], ["2001:db8::b"], ["10.0.0.1", "2001:db8::a"]),
    ],
)
def test_networks_ranges_addresses_and_names_less_what_is_excluded(
    networks: list[str], exclude: list[str], expected: list[str]
) -> None:
    found = addresses(networks, exclude)
    assert list(found) == expected
    assert len(found) == len(expected)
    assert list(found) == expected, "they can be gone through again"


def test_more_than_65536_are_refused_unless_allowed_on_purpose() -> None:
    assert len(addresses(["10.0.0.0-10.0.255.255"])) == 65_536
    with pytest.raises(NetworksError, match=r"65,537 addresses, more than 65,536"):
        addresses(["10.0.0.0-10.1.0.0"])
    with pytest.raises(NetworksError, match="65,536"):
        addresses(["10.0.0.0-10.0.255.255", "printer.example"])
    assert len(addresses(["10.0.0.0-10.1.0.0"], at_most=70_000)) == 65_537
    assert len(addresses(["10.0.0.0/8"], ["10.0.0.0/9", "10.128.0.0/10", "10.192.0.0-10.255.254.255"])) == 255


def test_whole_internets_are_counted_without_being_made() -> None:
    with pytest.raises(NetworksError, match=r"18,446,744,073,709,551,615 addresses"):
        addresses(["2001:db8::/64"])
    with pytest.raises(NetworksError, match="more than"):
        addresses(["::/0", "0.0.0.0/0"])


@pytest.mark.parametrize(
    ("networks", "exclude", "words"),
    [
        (["10.1.4.300"], [], "'10.1.4.300' is no network"),
        (["10.1.4.0/33"], [], "is no network"),
        (["10.1.4.22/24"], [], r"the network is 10\.1\.4\.0/24"),
        (["10.1.4.20-10"], [], "one before its start"),
        (["10.1.4.20-2001:db8::1"], [], "is no range"),
        (["10.1.4.20-"], [], "is no range"),
        (["10.1.4.0/24"], ["10.1.4.0/24"], "nothing to look at"),
        (["10.1.4.0/24"], ["here and there"], "'here and there' is no network"),
        ([""], [], "is no network"),
        (["http://printer"], [], "is no network"),
        (["-printer"], [], "is no network"),
        ([], [], "no network, address or name is given"),
    ],
)
def test_what_is_wrong_is_said(networks: list[str], exclude: list[str], words: str) -> None:
    with pytest.raises(NetworksError, match=words):
        addresses(networks, exclude)
