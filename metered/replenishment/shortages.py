"""What will run out before anything can arrive: noticed at a look, told once (portal), ended when over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from metered.lib.wake import wake
from metered.reads.copying import numbers
from metered.replenishment.models import Shortage
from metered.replenishment.shortage import short


def keep(looked: Sequence[int], reasons: Mapping[int, Mapping[str, Any]], now: dt.datetime) -> None:
    """Keeps what is short by these decisions, and ends what is short no more.

    `looked`: the pools that were weighed; `reasons`: pool → reason (explain.py) of those of them that may be
    short. Runs twice like once: one open row per pool. In the transaction of the look.
    """
    open_now = dict(
        Shortage.objects.filter(ended_at=None)
        .extra(where=["pool_id = ANY(%s::bigint[])"], params=[numbers(list(looked))])
        .values_list("pool_id", "pk")
    )
    found = {
        pool: what
        for pool, reason in reasons.items()
        if (what := short(reason, open_now=pool in open_now)) is not None
    }
    _end(set(open_now) - set(found), now)
    values = sorted(found.items(), key=lambda item: item[0])
    new = [(pool, what) for pool, what in values if pool not in open_now]
    with connection.cursor() as cursor:
        for statement, some in (
            (_CHANGE, [(pool, what) for pool, what in values if pool in open_now]),
            (_OPEN, new),
        ):
            if some:
                cursor.execute(
                    statement,
                    {
                        "now": now,
                        "pools": numbers([pool for pool, _ in some]),
                        "slots": [numbers(list(what.slots)) for _, what in some],
                        "empty": [what.runs_out_on for _, what in some],
                        "there": [what.arrives_on for _, what in some],
                    },
                )
    if new:
        wake("replenishment.shortage")


_FOUND = """unnest(%(pools)s::bigint[], %(slots)s::text[], %(empty)s::date[], %(there)s::date[])
    AS found (pool_id, slot_ids, runs_out_on, arrives_on)"""
_OPEN = f"""
INSERT INTO replenishment_shortage (account_id, address_id, pool_id, slot_ids, runs_out_on, arrives_on,
    noticed_at)
SELECT p.account_id, p.address_id, p.id, found.slot_ids::bigint[], found.runs_out_on, found.arrives_on,
    %(now)s
FROM {_FOUND} JOIN stock_pool p ON p.id = found.pool_id ORDER BY p.id ON CONFLICT DO NOTHING
"""  # noqa: S608
_CHANGE = f"""
UPDATE replenishment_shortage s SET runs_out_on = found.runs_out_on, arrives_on = found.arrives_on
FROM {_FOUND} WHERE s.pool_id = found.pool_id AND s.ended_at IS NULL
    AND (s.runs_out_on, s.arrives_on) IS DISTINCT FROM (found.runs_out_on, found.arrives_on)
"""  # noqa: S608


def _end(pools: Collection[int], now: dt.datetime) -> None:
    if pools:
        Shortage.objects.filter(pool_id__in=list(pools), ended_at=None).update(ended_at=now)


def claim_untold_for_system() -> list[Shortage]:
    """The open shortages of one address that nobody was told of, locked (SKIP LOCKED); empty without any.

    Mark them with `mark_told` in the same transaction.
    """
    rows = Shortage.objects.filter(told_at=None, ended_at=None).select_for_update(
        skip_locked=True, of=("self",)
    )
    first = rows.order_by("address_id", "pk").first()
    if first is None:
        return []
    together = rows.filter(address_id=first.address_id).select_related("address", "pool__supply")
    return list(together.order_by("runs_out_on", "pk"))


def mark_told(rows: Iterable[Shortage], now: dt.datetime) -> None:
    """They were told of, or there was nobody to tell."""
    Shortage.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=now)
