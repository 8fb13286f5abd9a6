from __future__ import annotations

import pytest

from metered.lib.csv_rows import lines, neutral


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "=cmd|' /C calc'!A0"])
def test_a_formula_is_shown_and_not_run(text: str) -> None:
    assert neutral(text) == "'" + text


def test_what_is_no_formula_stays() -> None:
    assert [neutral(value) for value in ("PO 7", -3, None, "a=b")] == ["PO 7", "-3", "", "a=b"]


def test_rows_are_quoted_lines() -> None:
    assert b"".join(lines([["a", 'b"c'], [1, "x,y"]])) == b'\xef\xbb\xbfa,"b""c"\r\n1,"x,y"\r\n'
