"""A file for a spreadsheet carries data and nothing that runs."""

from __future__ import annotations

import csv
import io

import pytest

from metered.lib.csv_text import csv_text, safe


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+49 30", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =cmd|' /C calc'!A0"],
)
def test_what_a_spreadsheet_would_run_is_text(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize(("cell", "text"), [("Desk", "Desk"), (-5, "-5"), (None, ""), ("a=b", "a=b")])
def test_everything_else_stays_as_it_is(cell: object, text: str) -> None:
    assert safe(cell) == text


def test_quotes_commas_and_lines_come_back() -> None:
    row = ['Desk "A"', "Hall, left", "one\ntwo", "Zoë"]
    text = csv_text(["a", "b", "c", "d"], [row])
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[1] == row
