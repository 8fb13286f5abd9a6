"""The nightly run: every address of the fleet that is due, in shards that Celery's workers share.

A run is a row and its shards are rows, made once a day. A worker takes the next open shard under a lock that
ends with its transaction, weighs the due addresses there and marks it: a worker that dies leaves the shard
open for the next one, and a shard taken twice finds nothing due the second time. Between nights, the same
looks happen as reports arrive (actions.review_addresses).
"""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction
from django.utils import timezone

from metered.lib.wake import wake
from metered.replenishment.actions import LOOK, review_range
from metered.replenishment.models import NightRun, NightShard

SHARD = LOOK
"""Addresses of a shard: half a second of work or more, so that a message costs next to nothing."""
WORKERS = 16
"""So many are asked for at most."""

_CUT = """
INSERT INTO replenishment_nightshard (run_id, number, first_address, last_address, due, looked, failed)
SELECT %(run)s, (n - 1) / %(size)s + 1, min(address_id), max(address_id), count(*), 0, 0
FROM (
    SELECT address_id, row_number() OVER (ORDER BY address_id) AS n
    FROM replenishment_addressreview WHERE due_at <= %(at)s
) AS due GROUP BY (n - 1) / %(size)s ORDER BY 2
"""


def begin_night(*, now: dt.datetime | None = None, size: int = SHARD) -> NightRun:
    """The run of today (UTC), cut into shards; the one that is there when it was begun before."""
    now = now or timezone.now()
    with transaction.atomic():
        run, new = NightRun.objects.get_or_create(
            day=now.astimezone(dt.UTC).date(), defaults={"began_at": now}
        )
        if not new:
            return run
        with connection.cursor() as cursor:
            cursor.execute(_CUT, {"run": run.pk, "at": now, "size": size})
            run.shards = cursor.rowcount
        run.ended_at = None if run.shards else now
        run.save(update_fields=["shards", "ended_at"])
        # Each worker that is free takes one after the other; what is lost of this, the sweep makes up for.
        for _ in range(min(run.shards, WORKERS)):
            wake("replenishment.night")
    return run


def take_shard(*, now: dt.datetime | None = None) -> NightShard | None:
    """Weighs the addresses of the next open shard; None when every one is done or in somebody's hands.

    One transaction: the proposals, the reasons and the mark stand or fall together.
    """
    now = now or timezone.now()
    with transaction.atomic():
        shard: NightShard | None = (
            NightShard.objects.filter(done_at=None)
            .select_for_update(skip_locked=True)
            .order_by("run_id", "number")
            .first()
        )
        if shard is None:
            return None
        shard.looked, shard.failed = review_range(first=shard.first_address, last=shard.last_address, now=now)
        shard.done_at = timezone.now()
        shard.save(update_fields=["looked", "failed", "done_at"])
    with transaction.atomic():
        # After the shard's own commit, so that workers don't wait for each other through the run's row.
        NightRun.objects.filter(pk=shard.run_id, ended_at=None).exclude(
            parts__in=NightShard.objects.filter(run_id=shard.run_id, done_at=None)
        ).update(ended_at=timezone.now())
    return shard


def forget_nights(*, now: dt.datetime | None = None, after: dt.timedelta = dt.timedelta(days=90)) -> int:
    """Removes runs that are long over; returns how many."""
    old = NightRun.objects.filter(began_at__lt=(now or timezone.now()) - after)
    NightShard.objects.filter(run__in=old).delete()
    return int(old.delete()[0])


__all__ = ["begin_night", "forget_nights", "take_shard"]
