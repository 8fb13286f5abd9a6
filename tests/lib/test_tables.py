"""Tables from people: every usual encoding and separator, and what is meant to harm."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest

from metered.lib import tables
from metered.lib.tables import Unreadable, csv_bytes, read_file, read_text, xlsx_bytes


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\tb\n1,5\t2;3", [["a", "b"], ["1,5", "2;3"]]),
        ("a;b\n1,5;2", [["a", "b"], ["1,5", "2"]]),
        ('a,b\n"1,500",2', [["a", "b"], ["1,500", "2"]]),
        ("sep=;\na;b", [["a", "b"]]),
        ("\ufeffa;b\r\n\r\nc;d\r\n\r\n", [["a", "b"], [], ["c", "d"]]),
        ("'=a;'plain", [["=a", "'plain"]]),
        ("a\x07b\x1b", [["ab"]]),
    ],
)
def test_pasted_text(text: str, rows: list[list[str]]) -> None:
    assert read_text(text) == rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    assert read_file("Gerät;Größe\nä;1".encode(encoding)) == [["Gerät", "Größe"], ["ä", "1"]]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\n \n;;\n", "empty"),
        (b"a\x00b", "text"),
        (b"x" * (tables.MAX_BYTES + 1), "size"),
        (b";".join([b"1"] * 61), "columns"),
        (b"\n".join([b"1"] * 5001), "rows"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "old"),
        (b"PK\x03\x04", "broken"),
        (b'"' + b"y" * 200_000, "broken"),
    ],
)
def test_what_can_not_be_read(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_file(data)
    assert refused.value.code == code


def test_a_workbook_comes_back() -> None:
    data = xlsx_bytes("Reads", ["Serial", "Mono"], [["=A1", 184210], ["@x", ""]])
    assert read_file(data) == [["Serial", "Mono"], ["=A1", 184210.0], ["@x"]]


def workbook(sheet: str, *, more: dict[str, bytes] | None = None) -> bytes:
    """A workbook of ours with another sheet in it."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx_bytes("S", ["a"], []))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(
                entry.filename, sheet.encode() if entry.filename == "xl/worksheets/sheet1.xml" else data
            )
        for name, data in (more or {}).items():
            new.writestr(name, data)
    return out.getvalue()


SHEET = (
    '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "{}<sheetData>{}</sheetData></worksheet>"
)


def test_a_formula_counts_with_the_value_that_was_seen() -> None:
    cells = (
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="b"><v>1</v></c>'
        '<c r="C1" t="e"><v>#REF!</v></c></row>'
    )
    (row,) = read_file(workbook(SHEET.format("", cells)))
    assert row[:2] == [2.0, True]


@pytest.mark.parametrize(
    ("sheet", "code"),
    [
        (SHEET.format("", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "rows"),
        (SHEET.format("", '<row r="1"><c r="XFD1"><v>1</v></c></row>'), "columns"),
        (SHEET.format("", "<row r='9999999999'/>"), "rows"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa">]>' + SHEET.format("", ""), "broken"),
        (SHEET.format("", "<row><c><v>1</v></c></row>" * 200_000), "rows"),
        ("not xml at all <", "broken"),
        (SHEET.format("", ""), "empty"),
    ],
)
def test_a_workbook_that_would_not_fit_is_not_laid_out(sheet: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_file(workbook(sheet))
    assert refused.value.code in {code, "empty"} if code == "broken" else refused.value.code == code


def test_an_archive_that_unpacks_too_large_is_refused() -> None:
    bomb = {"xl/media/a.bin": b"\0" * (tables.MAX_UNPACKED + 1)}
    data = workbook(SHEET.format("", ""), more=bomb)
    assert len(data) < tables.MAX_BYTES
    with pytest.raises(Unreadable) as refused:
        read_file(data)
    assert refused.value.code == "size"
    # One that says it is smaller than it is.
    lying = data.replace((tables.MAX_UNPACKED + 1).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != data
    with pytest.raises(Unreadable) as refused:
        read_file(lying)
    assert refused.value.code == "broken"


def test_an_archive_of_something_else_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(Unreadable) as refused:
        read_file(out.getvalue())
    assert refused.value.code == "old"


def test_nothing_we_write_is_a_formula() -> None:
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "fine", 5, None, dt.date(2026, 11, 25)]
    text = csv_bytes([cells]).decode("utf-8-sig")
    assert text.startswith("'=1+1,'+1,'-1,'@SUM(A1),")
    with zipfile.ZipFile(io.BytesIO(xlsx_bytes("S", ["=x"], [cells[:7]]))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in sheet
