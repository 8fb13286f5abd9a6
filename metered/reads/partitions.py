"""Monthly partitions of the observations, made before they are needed.

Made outside the transaction that writes observations: attaching takes a short lock on the parent, and
a hot transaction must not wait for it or hold it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import connection, transaction

TABLE = "reads_observation"
_LOCK = 0x6F627376  # "obsv"

_known: set[tuple[str, str]] = set()
"""(database, partition) that this process has seen committed."""


def month_of(moment: dt.datetime) -> dt.date:
    """The first day of the UTC month of `moment`."""
    return moment.astimezone(dt.UTC).date().replace(day=1)


def next_month(month: dt.date) -> dt.date:
    return (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)


def partition_name(month: dt.date) -> str:
    return f"{TABLE}_{month:%Y_%m}"


def ensure_partitions(first: dt.datetime, last: dt.datetime) -> int:
    """Makes every missing partition from the month of `first` to that of `last`; returns how many were made.

    Safe between processes. What this process knows to be there costs nothing.
    """
    months: list[dt.date] = []
    month, end = month_of(first), month_of(last)
    while month <= end:
        months.append(month)
        month = next_month(month)
    return _ensure(months)


def ensure_partitions_for(moments: Iterable[dt.datetime]) -> int:
    """Makes the missing partitions for exactly these moments; returns how many were made."""
    return _ensure(sorted({month_of(moment) for moment in moments}))


def _ensure(months: list[dt.date]) -> int:
    database = str(connection.settings_dict["NAME"])
    missing = [month for month in months if (database, partition_name(month)) not in _known]
    if not missing:
        return 0
    # Inside somebody's transaction a partition may still be rolled back: then it is not remembered.
    remember = not connection.in_atomic_block
    made = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        for month in missing:
            made += _make(cursor, month)
    if remember:
        _known.update((database, partition_name(month)) for month in missing)
    return made


def _make(cursor: object, month: dt.date) -> int:
    name = partition_name(month)
    run = cursor.execute  # type: ignore[attr-defined]
    run("SELECT to_regclass(%s) IS NOT NULL", [name])
    if cursor.fetchone()[0]:  # type: ignore[attr-defined]
        return 0
    run(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING ALL)")
    run(
        f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)",
        [f"{month} 00:00:00+00", f"{next_month(month)} 00:00:00+00"],
    )
    return 1
