"""Many rows at once: ids drawn ahead, rows by COPY. Only for history that no action can write in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def draw_ids(model: type[models.Model], count: int) -> list[int]:
    """`count` fresh primary keys, so that rows can refer to one another before they are written."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
        )
        return [row[0] for row in cursor.fetchall()]


def draw_numbers(count: int) -> list[str]:
    """Order numbers from the sequence that orders draw theirs from."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_order_number') FROM generate_series(1, %s)", [count])
        return [f"SO-{row[0]}" for row in cursor.fetchall()]


def copy_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """COPYs rows of plain values into the model's table, by the database's column names; returns how many."""
    names = ", ".join(f'"{name}"' for name in columns)
    count = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{model._meta.db_table}" ({names}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row(row)
            count += 1
    return count
