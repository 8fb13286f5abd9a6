"""What a hand order is weighed against, kept with its line and told to its customer (domain rule 18).

`OrderLine.weighed` (JSON): need, shelf, on_the_way and limit in units, days of the need, asks (`count`,
`read` or empty: what could explain the units above the limit), held (true: these are the units above it).
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from metered.stock.models import Pool


def weighed(pool: Pool, need: int, room: int, asks: str) -> dict[str, Any]:
    """The row's data; `pool` as it was before the line was ordered."""
    return {
        "need": need,
        "shelf": pool.shelf,
        "on_the_way": pool.on_the_way,
        "limit": room,
        "days": settings.ORDER_LIMIT_DAYS,
        "asks": asks,
    }
