"""Columns of numbers between PostgreSQL and numpy, without touching a value in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from metered.reads.copying import numbers

COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"
Columns = Mapping[str, str]
"""Column name → numpy type as it travels: >i8 bigint, >i2 smallint, >f8 float8, or what is sent as bytes:
"bytea", "float8[]". Never NULL."""
Values = Mapping[str, npt.NDArray[Any]]
"""Column name → its values; (n, size) bytes for what is sent as bytes."""


def _row_type(columns: Columns, values: Values) -> np.dtype[Any]:
    fields: list[Any] = [("fields", ">i2")]
    for name, kind in columns.items():
        fields.append((f"length of {name}", ">i4"))
        fields.append((name, kind) if kind in _SENDS else (name, "u1", (values[name].shape[1],)))
    return np.dtype(fields)


def pack(columns: Columns, *groups: Values) -> bytes:
    """Rows for COPY … FROM STDIN (FORMAT binary), columns in the order of `columns`.

    What is sent as bytes has one length within each of the `groups`.
    """
    parts = [COPY_HEADER]
    for values in groups:
        rows = np.zeros(len(next(iter(values.values()))), dtype=_row_type(columns, values))
        rows["fields"] = len(columns)
        for name in columns:
            rows[f"length of {name}"] = rows.dtype[name].itemsize
            rows[name] = values[name]
        parts.append(rows.tobytes())
    return b"".join([*parts, COPY_TRAILER])


_SENDS = {">i8": "int8send", ">i2": "int2send", ">f8": "float8send"}
_ZERO_US = 946_684_800_000_000
"""2000-01-01 UTC, from which PostgreSQL counts moments, in microseconds since 1970."""


def fetch(
    cursor: Any, columns: Columns, query: str, params: Mapping[str, Any]
) -> dict[str, npt.NDArray[Any]]:
    """The result of `query`, whose columns are those of `columns` in their order, as arrays in its order.

    Each column comes as one string of bytes: a message per row, as COPY sends them, would cost more than the
    query. A "timestamptz" comes as microseconds since 1970. A "bytea" is all its bytes behind one another,
    and has another column with the lengths, "length of …". Raises ValueError when a value is NULL.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    wanted: list[tuple[str, str, str]] = []
    for name, kind in columns.items():
        if kind == "bytea":
            wanted.append((f"length of {name}", ">i4", f'int4send(length("{name}"))'))
            wanted.append((name, "u1", f'"{name}"'))
        elif kind == "timestamptz":
            wanted.append((name, ">i8", f'timestamptz_send("{name}")'))
        else:
            wanted.append((name, kind, f'{_SENDS[kind]}("{name}")'))
    sent = ", ".join(f"string_agg({sql}, '')" for _, _, sql in wanted)
    cursor.execute(f"SELECT count(*), {sent} FROM ({query}) AS sent ({names})", params)  # noqa: S608
    n, *parts = cursor.fetchone()
    out = {}
    for (name, kind, _), part in zip(wanted, parts, strict=True):
        column = np.frombuffer(bytes(part or b""), dtype=kind)
        if column.size != n and kind != "u1":
            raise ValueError(f"{name} is NULL in some row")
        out[name] = column.astype(np.dtype(kind).newbyteorder("="))
        if columns.get(name) == "timestamptz":
            out[name] += _ZERO_US
    return out


def copy_in(cursor: Any, table: str, columns: Columns, *groups: Values) -> None:
    """All rows of the `groups` into a table whose columns these are."""
    names = ", ".join(f'"{name}"' for name in columns)
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(pack(columns, *groups))


def stage(cursor: Any, table: str, columns: Columns, *groups: Values) -> None:
    """The rows in a temporary table that empties itself at the end of the transaction."""
    make_stage(cursor, table, columns)
    copy_in(cursor, table, columns, *groups)


def make_stage(cursor: Any, table: str, columns: Columns) -> None:
    """Such a table, empty."""
    made = ", ".join(f'"{name}" {_SQL_TYPES.get(kind, kind)}' for name, kind in columns.items())
    cursor.execute(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({made}) ON COMMIT DELETE ROWS;"  # noqa: S608
        f" DELETE FROM {table}"
    )


_SQL_TYPES = {">i8": "bigint", ">i2": "smallint", ">f8": "float8"}


def upsert(
    cursor: Any,
    table: str,
    columns: Columns,
    *groups: Values,
    key: str,
    expressions: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
    all_known: bool = False,
) -> None:
    """Insert or update rows of `table` by `key`: COPY into a temporary table, then one statement in key
    order.

    `expressions`: SQL of a column where it is not the value as it travelled, of the row `staged`;
    `defaults`: further columns that only an insert sets. `all_known`: every row is there already, and the
    caller keeps others from removing it: an UPDATE alone costs half as much. Then `key` is a bigint.
    """
    staged = f"stage_{table}"
    stage(cursor, staged, columns, *groups)
    shown = {name: (expressions or {}).get(name, f'staged."{name}"') for name in columns}
    if all_known:
        # The keys once more: the planner knows nothing of a temporary table and may read all of `table`.
        keys = np.concatenate([values[key] for values in groups]).tolist()
        changes = ", ".join(f'"{name}" = {sql}' for name, sql in shown.items() if name != key)
        cursor.execute(
            f"UPDATE {table} AS kept SET {changes} FROM {staged} AS staged"  # noqa: S608
            f" WHERE kept.{key} = staged.{key} AND kept.{key} = ANY(%s::bigint[])",
            [numbers(keys)],
        )
        return
    named = [f'"{name}"' for name in columns]
    extra = defaults or {}
    changes = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in columns if name != key)
    cursor.execute(
        f"INSERT INTO {table} ({', '.join([*named, *extra])}) "  # noqa: S608
        f"SELECT {', '.join([*shown.values(), *extra.values()])} FROM {staged} AS staged ORDER BY {key} "
        f"ON CONFLICT ({key}) DO UPDATE SET {changes}"
    )
