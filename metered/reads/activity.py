"""How busy each account's connected devices were lately: the index that typed reads are judged by."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction
from django.utils import timezone

LEAST_DEVICES = 5
"""Fewer say more about themselves than about the season."""

# Since the last read by a machine, against the 130 days before it. Pages: the total, or all meters together.
_LEARN = """
INSERT INTO reads_activity (account_id, index, devices, learnt_at)
SELECT account_id, greatest(0.05, least(3, percentile_cont(0.5) WITHIN GROUP (ORDER BY recent / usual))),
    count(*), %(now)s
FROM (
    SELECT s.account_id,
        (s.pages - last.pages) / extract(epoch FROM s.observed_at - last.taken_at)::float AS recent,
        (last.pages - old.pages) / extract(epoch FROM last.taken_at - old.taken_at)::float AS usual,
        last.pages - old.pages AS printed
    FROM (
        SELECT device_id, account_id, observed_at, (
            SELECT coalesce(max(m) FILTER (WHERE k = 'total'), sum(m))
            FROM unnest(meter_keys, meters) AS each (k, m)
        )::float AS pages
        FROM reads_devicestate WHERE observed_at > %(now)s - interval '4 days' AND held_meters IS NULL
    ) AS s
    CROSS JOIN LATERAL (
        SELECT r.taken_at, (
            SELECT coalesce(max(v.value) FILTER (WHERE t.code = 'total'), sum(v.value))
            FROM reads_readvalue v JOIN fleet_metertype t ON t.id = v.meter_type_id WHERE v.read_id = r.id
        )::float AS pages
        FROM reads_read r
        WHERE r.device_id = s.device_id AND r.status = 'accepted' AND r.source IN ('device', 'agent')
        ORDER BY r.taken_at DESC LIMIT 1
    ) AS last
    CROSS JOIN LATERAL (
        SELECT r.taken_at, (
            SELECT coalesce(max(v.value) FILTER (WHERE t.code = 'total'), sum(v.value))
            FROM reads_readvalue v JOIN fleet_metertype t ON t.id = v.meter_type_id WHERE v.read_id = r.id
        )::float AS pages
        FROM reads_read r
        WHERE r.device_id = s.device_id AND r.status = 'accepted' AND r.source IN ('device', 'agent')
            AND r.taken_at BETWEEN last.taken_at - interval '130 days' AND last.taken_at - interval '25 days'
        ORDER BY r.taken_at LIMIT 1
    ) AS old
    WHERE s.observed_at > last.taken_at + interval '7 days' AND s.pages >= last.pages
) AS told
WHERE usual > 0 AND printed >= 60
GROUP BY account_id HAVING count(*) >= %(least)s
ON CONFLICT (account_id) DO UPDATE SET index = excluded.index, devices = excluded.devices,
    learnt_at = excluded.learnt_at
"""


@transaction.atomic
def learn_activity(*, now: dt.datetime | None = None) -> int:
    """Works out the index of every account with enough connected devices; forgets those of over ten days.

    Returns how many accounts have one. In the week after a cut-off there is too little to tell, and the index
    of the days before stays until it is too old.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_LEARN, {"now": now, "least": LEAST_DEVICES})
        learnt = int(cursor.rowcount)
        cursor.execute("DELETE FROM reads_activity WHERE learnt_at < %s", [now - dt.timedelta(days=10)])
    return learnt
