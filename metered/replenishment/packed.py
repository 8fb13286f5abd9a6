"""Columns of numbers between PostgreSQL and numpy, without touching a value in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
Columns = Mapping[str, str]
"""Column name → numpy type as it travels: >i8 bigint, >i2 smallint, >f8 float8. Never NULL."""


def _row_type(columns: Columns) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in columns.items():
        fields += [(f"length of {name}", ">i4"), (name, kind)]
    return np.dtype(fields)


def pack(columns: Columns, values: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Rows for COPY … FROM STDIN (FORMAT binary), columns in the order of `columns`."""
    n = next(iter(values.values())).size if values else 0
    rows = np.zeros(n, dtype=_row_type(columns))
    rows["fields"] = len(columns)
    for name, kind in columns.items():
        rows[f"length of {name}"] = np.dtype(kind).itemsize
        rows[name] = values[name]
    return _HEADER + rows.tobytes() + _TRAILER


_SENDS = {">i8": "int8send", ">i2": "int2send", ">f8": "float8send"}


def fetch(
    cursor: Any, columns: Columns, query: str, params: Mapping[str, Any]
) -> dict[str, npt.NDArray[Any]]:
    """The result of `query`, whose columns are those of `columns` in their order, as arrays in its order.

    Each column comes as one string of bytes: a message per row, as COPY sends them, would cost more than the
    query. Raises ValueError when a value is NULL.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    sent = ", ".join(f"string_agg({_SENDS[kind]}(\"{name}\"), '')" for name, kind in columns.items())
    cursor.execute(f"SELECT count(*), {sent} FROM ({query}) AS sent ({names})", params)  # noqa: S608
    n, *parts = cursor.fetchone()
    out = {}
    for (name, kind), part in zip(columns.items(), parts, strict=True):
        column = np.frombuffer(bytes(part or b""), dtype=kind)
        if column.size != n:
            raise ValueError(f"{name} is NULL in some row")
        out[name] = column.astype(np.dtype(kind).newbyteorder("="))
    return out


def copy_in(cursor: Any, table: str, columns: Columns, values: Mapping[str, npt.NDArray[Any]]) -> None:
    """All rows of `values` into a table whose columns these are."""
    names = ", ".join(f'"{name}"' for name in columns)
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(pack(columns, values))


def stage(cursor: Any, table: str, columns: Columns, values: Mapping[str, npt.NDArray[Any]]) -> None:
    """The rows in a temporary table that empties itself at the end of the transaction."""
    made = ", ".join(f'"{name}" {_SQL_TYPES[kind]}' for name, kind in columns.items())
    cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({made}) ON COMMIT DELETE ROWS")
    cursor.execute(f"DELETE FROM {table}")  # noqa: S608
    copy_in(cursor, table, columns, values)


_SQL_TYPES = {">i8": "bigint", ">i2": "smallint", ">f8": "float8"}


def upsert(
    cursor: Any,
    table: str,
    columns: Columns,
    values: Mapping[str, npt.NDArray[Any]],
    *,
    key: str,
    expressions: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> None:
    """Insert or update rows of `table` by `key`: COPY into a temporary table, then one statement in key
    order.

    `expressions`: SQL of a column where it is not the value as it travelled; `defaults`: further columns that
    only an insert sets.
    """
    staged = f"stage_{table}"
    stage(cursor, staged, columns, values)
    shown = [(expressions or {}).get(name, f'"{name}"') for name in columns]
    named = [f'"{name}"' for name in columns]
    extra = defaults or {}
    changes = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in columns if name != key)
    cursor.execute(
        f"INSERT INTO {table} ({', '.join([*named, *extra])}) "  # noqa: S608
        f"SELECT {', '.join([*shown, *extra.values()])} FROM {staged} ORDER BY {key} "
        f"ON CONFLICT ({key}) DO UPDATE SET {changes}"
    )
