"""What a look reads of a large fleet: the rows of its addresses, and no table from end to end."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from metered.replenishment import actions, bench_night

ADDRESSES = 1200
LARGE = (
    "fleet_device", "fleet_slot", "stock_pool", "replenishment_position", "replenishment_devicerate",
    "replenishment_poolforecast", "replenishment_addressreview", "reads_devicestate",
)  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_look_reads_no_table_from_end_to_end() -> None:
    now = timezone.now().replace(microsecond=0)
    bench_night.fill(ADDRESSES, now)
    whole: list[str] = []

    def explained(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("SELECT", "UPDATE", "INSERT")):
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sql}", params)
                plan = [line for (line,) in cursor.fetchall()]
            at = [
                place
                for place, line in enumerate(plan)
                if any(f" {table} " in f"{line} " for table in LARGE) and _is_whole(plan, place)
            ]
            whole.extend(f"{sql.split()[0]} … {plan[place].strip()}" for place in at)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explained):
        looked = actions.review_addresses(limit=actions.LOOK, now=now)

    assert looked == ADDRESSES // bench_night.DUE
    assert whole == []


def _is_whole(plan: list[str], at: int) -> bool:
    """A scan without an index, or of all that an index has."""
    line, rest = plan[at], plan[at + 1] if at + 1 < len(plan) else ""
    return "Seq Scan on" in line or (" Scan using" in line and "Index Cond:" not in rest)
