"""What will run out before anything can arrive: noticed at a look, told once (portal), ended when over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from metered.lib.wake import wake
from metered.replenishment.models import Shortage
from metered.replenishment.shortage import Short, short
from metered.stock.models import Pool


@dataclass(frozen=True, slots=True)
class _Where:
    account_id: int
    address_id: int


def keep(reasons: Mapping[int, Mapping[str, Any]], now: dt.datetime) -> None:
    """Keeps what is short by these decisions (pool → reason, explain.py), and ends what is short no more.

    Runs twice like once: one open row per pool. In the transaction of the look.
    """
    open_now = dict(
        Shortage.objects.filter(pool_id__in=list(reasons), ended_at=None).values_list("pool_id", "pk")
    )
    found = {
        pool: what
        for pool, reason in reasons.items()
        if (what := short(reason, open_now=pool in open_now)) is not None
    }
    _end(set(reasons) - set(found), now)
    if not found:
        return
    where = {
        pk: _Where(account, address)
        for pk, account, address in Pool.objects.filter(pk__in=list(found)).values_list(
            "pk", "account_id", "address_id"
        )
    }
    new = [_row(pool, where[pool], what, now) for pool, what in sorted(found.items()) if pool not in open_now]
    Shortage.objects.bulk_create(new, ignore_conflicts=True)
    known = [
        Shortage(pk=pk, runs_out_on=found[pool].runs_out_on, arrives_on=found[pool].arrives_on)
        for pool, pk in sorted(open_now.items())
        if pool in found
    ]
    Shortage.objects.bulk_update(known, ["runs_out_on", "arrives_on"])
    if new:
        wake("replenishment.shortage")


def _row(pool_id: int, where: _Where, what: Short, now: dt.datetime) -> Shortage:
    return Shortage(
        account_id=where.account_id,
        address_id=where.address_id,
        pool_id=pool_id,
        slot_ids=list(what.slots),
        runs_out_on=what.runs_out_on,
        arrives_on=what.arrives_on,
        noticed_at=now,
    )


def _end(pools: Iterable[int], now: dt.datetime) -> None:
    Shortage.objects.filter(Q(pool_id__in=list(pools)), ended_at=None).update(ended_at=now)


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
