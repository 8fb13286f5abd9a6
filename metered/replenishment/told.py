"""What was told of run-outs, month by month, and what came of it: the operator's own proof of the forecast.

Once a month the run-outs that the last looks worked out are kept, for all slots or for a share of them. Each
row is settled by what shows that its cartridge was empty: a report, a change of cartridge that reports
showed, an urgent order. What is changed with more than a few percent left tells nothing, as in the
simulation; nor does a change that only the pages made likely, since that is the forecast's own word.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from metered.replenishment.calibration import WITHIN
from metered.replenishment.deciding import LONGEST_WAIT
from metered.replenishment.entries import SWAP
from metered.replenishment.models import RunOutTold, Source

_DAY = dt.timedelta(days=1)
FRESH = (LONGEST_WAIT + 1) * _DAY
"""A look that is older says what was believed then, and not what is told today."""
FARTHEST = 730.0
"""Days at which `risk.run_out` ends: "not within two years" is no date."""
KEPT = 3 * 365 * _DAY
LEFT, LEFT_COARSE = 50, 100
"""Tenths of a percent that a cartridge may show when it is changed and counts as empty: whoever reports in
steps of 10 % says 10 for the last of them."""
LAST_REPORTS = 24
"""So many reports before a change are looked at for the lowest level: the first of the new cartridge are
among them."""

# The share is of a digest: the same slots each month, on every server.
_TELL = """
INSERT INTO replenishment_runouttold
    (account_id, slot_id, month, told_at, until, q10, q50, q90, source, outcome)
SELECT o.account_id, o.slot_id, %(month)s, o.looked_at, o.runs_out_until, o.days_q10, o.days_q50, o.days_q90,
    o.source, 'open'
FROM replenishment_position o
JOIN fleet_slot s ON s.id = o.slot_id
JOIN fleet_device d ON d.id = o.device_id AND d.removed_at IS NULL
LEFT JOIN reads_devicestate l ON l.device_id = o.device_id
WHERE o.days_q90 < %(farthest)s AND o.source IS NOT NULL AND o.pool_id IS NOT NULL
    AND o.looked_at > %(since)s
    -- What is empty already can't run out.
    AND coalesce(l.levels[s.position + 1] NOT IN (0, -5), TRUE)
    AND ('x' || left(md5(o.slot_id::text), 7))::bit(28)::int < %(share)s * 268435456
ORDER BY o.slot_id ON CONFLICT DO NOTHING
"""


def tell(*, now: dt.datetime | None = None, share: float | None = None) -> int:
    """Keeps what is told this month (UTC), the first time that it is called in it; returns of how many slots.

    `share`: of all slots, from 0 to 1; settings.TOLD_SHARE unless said.
    """
    now = now or timezone.now()
    month = now.astimezone(dt.UTC).date().replace(day=1)
    if RunOutTold.objects.filter(month=month).exists():
        return 0
    values: dict[str, Any] = {
        "month": month, "since": now - FRESH, "farthest": FARTHEST,
        "share": settings.TOLD_SHARE if share is None else share,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TELL, values)
        return int(cursor.rowcount)


# A level is two bytes, the low one first (reads.packing); 32768 stands for "not reported".
_SETTLE = """
WITH running AS (
    SELECT t.id, t.slot_id, t.told_at, t.until, t.source, s.position, s.device_id, d.removed_at, o.pool_id,
        coalesce(l.levels[s.position + 1] IN (0, -5) AND l.observed_at > t.told_at, FALSE) AS empty_now
    FROM replenishment_runouttold t
    JOIN fleet_slot s ON s.id = t.slot_id
    JOIN fleet_device d ON d.id = s.device_id
    LEFT JOIN replenishment_position o ON o.slot_id = t.slot_id
    LEFT JOIN reads_devicestate l ON l.device_id = s.device_id
    WHERE t.outcome = 'open'
), found AS (
    SELECT r.*, swap.at AS changed_at, swap.seen, urgent.at AS urgent_at, said.empty_at, said.lowest, said.low
    FROM running r
    LEFT JOIN LATERAL (
        -- The index of causes by their beginning: one probe for each slot. A note says that nobody saw it.
        SELECT e.at, e.note = '' AS seen FROM stock_entry e
        WHERE e.cause ~>=~ (%(swap)s || r.slot_id || ':') AND e.cause ~<~ (%(swap)s || r.slot_id || ';')
            AND e.at > r.told_at
        ORDER BY e.at LIMIT 1
    ) AS swap ON TRUE
    LEFT JOIN LATERAL (
        -- An urgent order tells which machine is empty only where one alone uses the supply.
        SELECT min(e.at) AS at FROM stock_entry e
        WHERE e.pool_id = r.pool_id AND e.kind = 'expect' AND e.origin = 'emergency' AND e.at > r.told_at
            AND 1 = (
                SELECT count(*) FROM replenishment_position x JOIN fleet_device y ON y.id = x.device_id
                WHERE x.pool_id = r.pool_id AND y.removed_at IS NULL)
    ) AS urgent ON TRUE
    LEFT JOIN LATERAL (
        SELECT min(b.observed_at) FILTER (WHERE b.level IN (0, 65531)) AS empty_at,
            min(b.level) FILTER (WHERE b.nth <= %(last)s AND b.level < 32768) AS lowest,
            coalesce(bool_or(b.level = 65532) FILTER (WHERE b.nth <= %(last)s), FALSE) AS low
        FROM (
            SELECT b.observed_at, row_number() OVER (ORDER BY b.observed_at DESC) AS nth,
                CASE WHEN length(b.levels) >= 2 * r.position + 2 THEN
                    get_byte(b.levels, 2 * r.position) + 256 * get_byte(b.levels, 2 * r.position + 1)
                END AS level
            FROM reads_observation b
            WHERE (swap.seen OR r.empty_now) AND b.device_id = r.device_id
                AND b.observed_at > r.told_at AND b.observed_at <= coalesce(swap.at, %(now)s)
        ) AS b
    ) AS said ON TRUE
), ended AS (
    SELECT *, seen AND coalesce(lowest <= CASE WHEN source = %(coarse)s THEN {coarse} ELSE {fine} END OR low,
        FALSE) AS nearly
    FROM found
), judged AS (
    SELECT id, told_at, until, removed_at, seen, lowest,
        least(empty_at, urgent_at, CASE WHEN nearly THEN changed_at END) AS dry_at,
        least(CASE WHEN NOT nearly THEN changed_at END, removed_at) AS end_at
    FROM ended
)
UPDATE replenishment_runouttold t SET settled_at = %(now)s,
    outcome = CASE
        WHEN j.dry_at <= coalesce(j.end_at, 'infinity') THEN 'dry'
        WHEN j.end_at > j.until OR j.end_at IS NULL THEN 'later'
        WHEN j.end_at = j.removed_at THEN 'removed'
        WHEN j.seen AND j.lowest IS NOT NULL THEN 'early'
        ELSE 'unseen' END,
    days = CASE WHEN j.dry_at <= coalesce(j.end_at, 'infinity')
        THEN greatest(extract(epoch FROM j.dry_at - j.told_at) / 86400, 1.0 / 24) END
FROM judged j
WHERE t.id = j.id AND t.outcome = 'open'
    AND (j.dry_at IS NOT NULL OR j.end_at IS NOT NULL
        OR %(now)s > greatest(j.until, j.told_at + %(within)s * interval '1 day'))
""".replace("{coarse}", str(LEFT_COARSE)).replace("{fine}", str(LEFT))


def settle(*, now: dt.datetime | None = None) -> int:
    """Settles what reports, the ledger and the fleet tell of open rows by now; returns how many.

    Run twice it finds nothing more. What is open after its last date is judged already (accuracy.py), and
    stays open for `WITHIN` days, since how far off it was is still to be seen.
    """
    values: dict[str, Any] = {
        "now": now or timezone.now(), "swap": SWAP, "coarse": Source.LEVELS_10.value, "last": LAST_REPORTS,
        "within": WITHIN,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, values)
        return int(cursor.rowcount)


def forget(*, now: dt.datetime | None = None) -> int:
    """Removes what was told over three years ago; returns how many rows."""
    before = ((now or timezone.now()) - KEPT).date()
    return int(RunOutTold.objects.filter(month__lt=before).delete()[0])


@transaction.atomic
def keep_told(*, now: dt.datetime | None = None) -> None:
    """The day's work: settle, tell when it is a new month, forget."""
    now = now or timezone.now()
    settle(now=now)
    tell(now=now)
    forget(now=now)


__all__ = ["forget", "keep_told", "settle", "tell"]
