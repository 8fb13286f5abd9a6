"""Backtests as staff ask for them: a run is a row and its shards are rows, as a night's are (nights.py).

Only one worker plays at a time, whatever the sweep starts: reports and orders go first.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings as portal
from django.db import connection, transaction
from django.utils import timezone

from metered.accounts.models import User
from metered.lib.wake import wake
from metered.replenishment import backtest
from metered.replenishment.actions import dials
from metered.replenishment.backtest_history import play
from metered.replenishment.models import BacktestRun, BacktestShard
from metered.replenishment.policy import Settings

logger = logging.getLogger(__name__)

SHARD = 10
"""Addresses of a shard: some seconds up to a minute of work."""
KEPT = dt.timedelta(days=365)
_LOCK = 7218

# By a digest of the id: two runs of one fleet are about the same addresses and can be compared.
_SAMPLE = """
SELECT address_id FROM (
    SELECT DISTINCT d.address_id FROM fleet_device d
    JOIN fleet_slot s ON s.device_id = d.id AND s.replenished
    JOIN stock_pool p ON p.address_id = d.address_id AND p.contract_id = d.contract_id
        AND p.supply_id = s.supply_id
    WHERE d.removed_at IS NULL AND d.replenishment <> 'off'
) AS used ORDER BY md5(address_id::text), address_id LIMIT %s
"""


@transaction.atomic
def begin(
    *, once: uuid.UUID, days: int, sites: int, actor: User | None, now: dt.datetime | None = None
) -> BacktestRun:
    """A run over the `days` up to yesterday (UTC) at `sites` addresses; the one that is there when the same
    form asked before. Runs of over a year ago are forgotten.
    """
    now = now or timezone.now()
    last = now.astimezone(dt.UTC).date() - dt.timedelta(days=1)
    BacktestRun.objects.filter(asked_at__lt=now - KEPT).delete()
    run, new = BacktestRun.objects.get_or_create(
        once=once,
        defaults={
            "asked_by": actor, "asked_at": now, "days": days, "sites": sites,
            "first_on": last - dt.timedelta(days=days - 1), "last_on": last,
            "settings": [{"key": key, **asdict(trial)} for key, trial in backtest.trials(dials()).items()],
        },
    )  # fmt: skip
    if not new:
        return run
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, [sites])
        addresses = [row[0] for row in cursor.fetchall()]
    parts = [addresses[start : start + SHARD] for start in range(0, len(addresses), SHARD)]
    BacktestShard.objects.bulk_create(
        BacktestShard(run=run, number=number, address_ids=part) for number, part in enumerate(parts, 1)
    )
    run.shards = len(parts)
    if not parts:
        run.ended_at, run.result = now, backtest.summary([])
    run.save(update_fields=["shards", "ended_at", "result"])
    wake("replenishment.backtest")
    return run


def take_shard(*, now: dt.datetime | None = None, run: BacktestRun | None = None) -> BacktestShard | None:
    """Plays the next open shard, of `run` or of whichever is oldest; None when there is none, or another
    worker plays.

    A worker that dies leaves its shard open. Played twice, a shard comes to the same.
    """
    now = now or timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return None
        rows = BacktestShard.objects.filter(done_at=None, **({} if run is None else {"run": run}))
        shard: BacktestShard | None = (
            rows.select_for_update(skip_locked=True, of=("self",))
            .select_related("run")
            .order_by("run_id", "number")
            .first()
        )
        if shard is None:
            return None
        shard.result, shard.failed = _play(shard, now)
        shard.done_at = timezone.now()
        shard.save(update_fields=["result", "failed", "done_at"])
        _end(shard.run)
    return shard


def _play(shard: BacktestShard, now: dt.datetime) -> tuple[list[dict[str, Any]], int]:
    run = shard.run
    trials = trials_of(run)
    try:
        return _some(shard.address_ids, run, trials, now), 0
    except Exception:
        logger.exception("a backtest's part failed; each address alone now")
    found: list[dict[str, Any]] = []
    failed = 0
    for address in shard.address_ids:
        try:
            found += _some([address], run, trials, now)
        except Exception:
            logger.exception("address %s can't be played", address)
            failed += 1
    return found, failed


def _some(
    addresses: Sequence[int], run: BacktestRun, trials: dict[str, Settings], now: dt.datetime
) -> list[dict[str, Any]]:
    with transaction.atomic():
        found = play(addresses, run.first_on, run.last_on, trials, portal.ANNOUNCEMENT, now)
    return [backtest.as_json(row) for row in found]


def _end(run: BacktestRun) -> None:
    """In the transaction of the last shard; only one plays at a time."""
    parts = list(BacktestShard.objects.filter(run=run).order_by("number"))
    if any(part.done_at is None for part in parts):
        return
    run.result = backtest.summary([backtest.from_json(row) for part in parts for row in part.result or []])
    run.result["failed"] = sum(part.failed for part in parts)
    run.ended_at = timezone.now()
    run.save(update_fields=["result", "ended_at"])


def trials_of(run: BacktestRun) -> dict[str, Settings]:
    """The settings that a run compares, the one in force first."""
    return {row["key"]: Settings(**{k: v for k, v in row.items() if k != "key"}) for row in run.settings}


__all__ = ["begin", "take_shard", "trials_of"]
