"""A model is found however people type it, and nothing is made up."""

from __future__ import annotations

import pytest

from metered.fleet.naming import Name, find

NAMES = [
    Name(1, "Xerox", "VersaLink C505"), Name(2, "Xerox", "VersaLink C7130"),
    Name(3, "HP", "Color LaserJet M480f"),
    Name(4, "Xerox", "VersaLink C50"), Name(5, "Ricoh", "IM C4500"),
]  # fmt: skip


@pytest.mark.parametrize(
    "typed",
    [
        "VersaLink C505",
        "xerox versalink c505",
        "Versa-Link C 505",
        "C505",
        "c-505 xerox",
        " VERSALINK  C505 ",
    ],
)
def test_one_model_many_ways(typed: str) -> None:
    found = find(typed, NAMES)
    assert found.exact is not None and found.exact.key == 1


def test_a_name_within_another_is_still_that_name() -> None:
    found = find("versalink c50", NAMES)
    assert found.exact is not None and found.exact.key == 4
    assert [name.key for name in found.fits] == [4, 1]


def test_several_are_offered_and_none_is_chosen() -> None:
    found = find("versalink", NAMES)
    assert found.exact is None and {name.key for name in found.fits} == {1, 2, 4}


def test_a_slip_is_offered_what_is_near() -> None:
    found = find("Versalnik C505", NAMES)
    assert found.exact is None and found.fits == () and found.near[0].key == 1


@pytest.mark.parametrize("typed", ["", "  ", "---", "zzzz", "x" * 500, "日本語"])
def test_nonsense_finds_nothing(typed: str) -> None:
    found = find(typed, NAMES)
    assert (found.exact, found.fits, found.near) == (None, (), ())
