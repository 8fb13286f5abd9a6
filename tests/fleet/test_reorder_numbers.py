"""Reorder numbers as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metered.fleet.reorder_numbers import found, reorder_key

NUMBERS = {
    1: "006R00244",
    2: "006R01819",
    3: "W2120A",
    4: "TN-3480",
    5: "T04A100",
    6: "106R01819",
    7: "8R7982",
}


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("006R00244", [1]),
        ("6R244", [1]),
        ("6r 244", [1]),
        ("006R-00244", [1]),
        (" 0006r000244 ", [1]),
        ("P/N: 6R244", [1]),
        ("xerographic 006R00244", [1]),
        ("R244", [1]),
        ("tn3480", [4]),
        ("TN 3480", [4]),
        ("3480", [4]),
        ("w2120", [3]),
        ("R1819", [2, 6]),
        ("008R07982", [7]),
        ("6R245", []),
        ("", []),
        ("--", []),
        ("R", []),
        ("24", []),
    ],
)
def test_what_a_typed_number_names(typed: str, ids: list[int]) -> None:
    assert sorted(found(typed, NUMBERS)) == ids


@given(st.text(max_size=40))
def test_nothing_that_is_typed_breaks_it(typed: str) -> None:
    assert set(found(typed, NUMBERS)) <= set(NUMBERS)
    assert reorder_key(reorder_key(typed)) == reorder_key(typed)


@given(st.sampled_from(sorted(NUMBERS)), st.data())
def test_spaces_case_and_leading_zeros_never_matter(pk: int, data: st.DataObject) -> None:
    number = NUMBERS[pk]
    at = data.draw(st.integers(0, len(number)))
    typed = f"{number[:at]}{data.draw(st.sampled_from(['', ' ', '-', '.']))}{number[at:]}"
    typed = typed.lower() if data.draw(st.booleans()) else typed
    assert found(typed, NUMBERS) == [pk]
