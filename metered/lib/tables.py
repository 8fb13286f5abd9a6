"""Tables that people bring from a spreadsheet, and tables that they take away. Knows no domain.

Reading: pasted text, CSV in any usual encoding and separator, XLSX. Everything is bounded before it is
unpacked. Writing: nothing in a cell is ever a formula.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Sequence

from metered.lib import csv_rows

Cell = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta
Rows = list[list[Cell]]

MAX_BYTES = 2 * 1024 * 1024
MAX_UNPACKED = 32 * 1024 * 1024
MAX_ENTRIES = 500
MAX_ROWS = 5000
MAX_COLUMNS = 60
MAX_CELL = 500
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)(\d+)["']""")
_CELL = re.compile(rb"<(?:\w+:)?(?:c|row)[\s>/]")


class Unreadable(ValueError):
    """What was brought can't be read as a table. `code`: empty, size, rows, columns, old, broken, text."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_file(data: bytes) -> Rows:
    """The rows of a CSV or XLSX file, told apart by their first bytes, never by their names.

    Raises Unreadable for what is too large, broken, or another format.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable("size")
    if data[:4] == b"PK\x03\x04":
        return _xlsx(data)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Unreadable("old")
    return read_text(_decoded(data))


def read_text(text: str) -> Rows:
    """The rows of pasted text or a CSV: separated by tabs, semicolons or commas, whichever it uses most."""
    if len(text) > MAX_BYTES:
        raise Unreadable("size")
    if "\x00" in text:
        raise Unreadable("text")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = [line for line in text.split("\n")[:50] if line.strip()]
    if lines and re.fullmatch(r"sep=.", lines[0].strip(), re.IGNORECASE):
        text = text.split("\n", 1)[1] if "\n" in text else ""
        lines = lines[1:]
    rows: Rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_separator(lines)):
            cells: list[Cell] = [_tame(cell) for cell in row]
            rows.append(cells)
            _bound(rows, cells)
    except csv.Error:
        raise Unreadable("broken") from None
    return _trimmed(rows)


def _separator(lines: Sequence[str]) -> str:
    if any("\t" in line for line in lines):
        return "\t"
    # A comma may group digits: the semicolon wins where each line has one.
    if lines and all(";" in line for line in lines):
        return ";"
    return "," if sum(line.count(",") for line in lines) >= sum(line.count(";") for line in lines) else ";"


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    if b"\x00" in data and encodings[0] != "utf-16":
        raise Unreadable("text")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("text")


def _tame(cell: str) -> str:
    """One line, no control characters, no more than is ever looked at; without the sign that made it text."""
    cell = "".join(
        " " if sign in "\r\n\t" else sign for sign in cell[:MAX_CELL] if sign >= " " or sign in "\n\t"
    )
    cell = cell.strip().replace("\x7f", "")
    return cell[1:] if cell[:1] == "'" and cell[1:2] in csv_rows.BEGINS_A_FORMULA else cell


def _bound(rows: Rows, cells: Sequence[Cell]) -> None:
    if len(cells) > MAX_COLUMNS:
        raise Unreadable("columns")
    if len(rows) > MAX_ROWS:
        raise Unreadable("rows")


def _trimmed(rows: Rows) -> Rows:
    """Empty rows stay, so that a row's number is its line; those at the end go."""
    while rows and not any(cell != "" for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise Unreadable("empty")
    return rows


def _xlsx(data: bytes) -> Rows:
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    _unpacks_small(data)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
        for name in sheets:
            found = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if any(cell not in ("", None) for row in found for cell in row):
                break
        else:
            raise Unreadable("empty")
    except Unreadable:
        raise
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a panic of the reader is no Exception
        raise Unreadable("broken") from None
    rows: Rows = []
    for row in found:
        cells: list[Cell] = [_tame(cell) if isinstance(cell, str) else cell for cell in row]
        while cells and cells[-1] == "":
            cells.pop()
        rows.append(cells)
        _bound(rows, cells)
    return _trimmed(rows)


def _unpacks_small(data: bytes) -> None:
    """Looks through the archive before anything is built of it: what it unpacks to, and where its cells are.

    A sheet with one cell in its last corner would be laid out as billions.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise Unreadable("size")
            if "xl/workbook.xml" not in {entry.filename for entry in entries}:
                raise Unreadable("old")
            left = MAX_UNPACKED
            for entry in entries:
                with archive.open(entry) as part:
                    # Its checksum fails when it claims to be smaller than it is.
                    text = part.read(left + 1)
                left -= len(text)
                if left < 0:
                    raise Unreadable("size")
                if b"<!ENTITY" in text or b"<!DOCTYPE" in text:
                    raise Unreadable("broken")
                if entry.filename.lower().startswith("xl/worksheets/"):
                    _small_sheet(text)
    except Unreadable:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError):
        raise Unreadable("broken") from None
    except Exception as error:  # zlib.error and lzma's are no OSError
        raise Unreadable("broken") from error


def _small_sheet(text: bytes) -> None:
    for letters, number in _PLACE.findall(text):
        if len(number) > 7 or int(number) > MAX_ROWS:
            raise Unreadable("rows")
        column = 0
        for letter in letters.upper():
            column = column * 26 + letter - 64
        if column > MAX_COLUMNS:
            raise Unreadable("columns")
    if len(_CELL.findall(text)) > MAX_ROWS * MAX_COLUMNS:
        raise Unreadable("rows")


# --- writing ---------------------------------------------------------------------------------------


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV that spreadsheets read as UTF-8. Formulas are neutralised."""
    return b"".join(csv_rows.lines(rows))


def xlsx_bytes(
    sheet: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, widths: Sequence[int] = ()
) -> bytes:
    """A workbook of one sheet, its first row bold and held in view. Every cell is text or a number."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        page = book.add_worksheet(sheet[:31])
        bold = book.add_format({"bold": True})
        for column, name in enumerate(head):
            page.write_string(0, column, name, bold)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, int) and not isinstance(cell, bool):
                    page.write_number(number, column, cell)
                elif cell not in ("", None):
                    page.write_string(number, column, csv_rows.neutral(cell))
        for column, width in enumerate(widths):
            page.set_column(column, column, width)
        page.freeze_panes(1, 0)
    return out.getvalue()
