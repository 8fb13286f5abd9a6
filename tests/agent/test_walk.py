from __future__ import annotations

import pytest

from metered.agent import walk
from metered.agent.walk import WalkError


def test_every_type_is_read() -> None:
    read = walk.parse(
        b"1.3.6.1.1|2|-3\n.1.3.6.1.2|4|Black Toner\n1.3.6.1.3|4x|426C6B\n1.3.6.1.4|6|1.3.6.1\n"
        b"1.3.6.1.5|64|10.1.4.22\n1.3.6.1.6|65|4294967295\n1.3.6.1.7|66|7\n1.3.6.1.8|67|99\n1.3.6.1.9|70|5000000000\n"
    )
    assert [read.integer(f"1.3.6.1.{n}") for n in (1, 6, 7, 8, 9)] == [-3, 4294967295, 7, 99, 5000000000]
    assert read.text("1.3.6.1.2") == "Black Toner"
    assert read.text("1.3.6.1.3") == "Blk"
    assert read.get("1.3.6.1.4") == (1, 3, 6, 1)
    assert read.unreadable == 0


def test_values_may_hold_bars_and_blanks() -> None:
    assert walk.parse(b"1.3.6.1.1|4|a|b | c \n").text("1.3.6.1.1") == "a|b | c"


def test_windows_line_ends_comments_and_blank_lines_are_no_rows() -> None:
    read = walk.parse(b"# walked today\r\n\r\n1.3.6.1.1|2|5\r\n")
    assert (len(read), read.integer("1.3.6.1.1"), read.unreadable) == (1, 5, 0)


@pytest.mark.parametrize(
    "row",
    [
        b"no bars at all",
        b"1.3.6.1.2|2|",
        b"1.3.6.1.2|2|1_000",
        b"1.3.6.1.2|2|12e3",
        b"1.3.6.1.2|2|99999999999999999999",
        b"1.3.6.1.2|65|-1",
        b"1.3.6.1.2|4x|ABC",
        b"1.3.6.1.2|99|1",
        b"1.3.6..2|2|1",
        b"1.3.+6.2|2|1",
        b"\xff\xfe|2|1",
    ],
)
def test_a_row_that_cannot_be_read_counts_as_not_answered(row: bytes) -> None:
    read = walk.parse(b"1.3.6.1.1|2|5\n" + row)
    assert (len(read), read.unreadable) == (1, 1)


def test_rows_without_an_object_are_neither_values_nor_errors() -> None:
    read = walk.parse(b"1.3.6.1.1|2|5\n1.3.6.1.2|128|\n1.3.6.1.3|5|\n")
    assert (len(read), read.unreadable) == (1, 0)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"hello\n", b"\x00\xff" * 40])
def test_nothing_readable_is_an_error(content: bytes) -> None:
    with pytest.raises(WalkError, match=r"OID\|TYPE\|VALUE"):
        walk.parse(content)


def test_a_column_ends_where_the_next_begins() -> None:
    read = walk.parse(b"1.3.1.1|2|1\n1.3.1.2.1|2|2\n1.3.1.2.10|2|3\n1.3.1.20.1|2|4\n1.3.2|2|5\n")
    assert read.integers("1.3.1.2") == {(1,): 2, (10,): 3}
    assert not read.has("1.3.2")


def test_digits_in_a_string_are_a_number_and_words_are_none() -> None:
    read = walk.parse(b"1.3.1|4|118722\n1.3.2|4|12 pages\n1.3.3|4|\n1.3.4|4|-3\n")
    assert read.integers("1.3") == {(1,): 118722, (4,): -3}


def test_rows_of_another_context_are_added_and_never_overrule() -> None:
    own, other = walk.parse(b"1.3.1|2|1\n"), walk.parse(b"1.3.1|2|9\n1.3.2|2|2\nbad\n")
    both = own.merged(other)
    assert both.integers("1.3") == {(1,): 1, (2,): 2}
    assert both.unreadable == 1
