"""How long parcels took: what arrived teaches the lane to its region, each parcel once."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction
from django.utils import timezone

from metered.replenishment.calendars import calendars, day_number, place_of
from metered.replenishment.lane_rows import learn_lanes
from metered.replenishment.lanes import region_of

SINCE = dt.timedelta(days=120)
"""How long ago a parcel may have arrived that is still learnt from."""
LONGEST_TRIP = 120
"""Working days; a parcel that is said to have taken longer was forgotten, not under way."""
PARCELS = 2000

# Orders by hand and urgent ones may travel otherwise, and a parcel of which nothing arrived took no time.
_UNTIMED = """
SELECT s.id, a.country, a.subdivision, v.postal_code,
    (s.shipped_at AT TIME ZONE a.time_zone)::date, (s.delivered_at AT TIME ZONE a.time_zone)::date
FROM orders_shipment s JOIN orders_order o ON o.id = s.order_id
JOIN accounts_address a ON a.id = o.address_id JOIN accounts_addressversion v ON v.id = s.to_id
WHERE s.delivered_at > %(since)s AND o.origin = 'automatic'
    AND EXISTS (SELECT FROM orders_shipmentline l WHERE l.shipment_id = s.id AND l.delivered > 0)
    AND NOT EXISTS (SELECT FROM orders_timedparcel t WHERE t.shipment_id = s.id)
ORDER BY s.id LIMIT %(most)s
"""
_MARK = """
INSERT INTO orders_timedparcel (shipment_id, region, days)
SELECT * FROM unnest(%(ids)s::bigint[], %(regions)s::text[], %(days)s::int[]) ORDER BY 1
ON CONFLICT DO NOTHING RETURNING region, days
"""


@transaction.atomic
def time_parcels(*, now: dt.datetime | None = None, most: int = PARCELS) -> int:
    """Counts what arrived, automatic orders only, for the lanes; returns how many it found.

    Working days of the address's calendar from the evening before it left: of an order that is decided one
    evening and leaves on the next morning they are the days that `policy.arrival_day` reckons with. Who runs
    at the same time waits at the marks and counts only what it marked itself.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_UNTIMED, {"since": now - SINCE, "most": most})
        found = cursor.fetchall()
        if not found:
            return 0
        ids, regions, took = [], [], []
        for pk, country, subdivision, postal_code, left, arrived in found:
            (calendar,) = calendars((place_of(country, subdivision),), now.date())
            days = calendar.working_between(day_number(left) - 1, day_number(arrived))
            ids.append(pk)
            regions.append(region_of(country, subdivision, postal_code))
            took.append(min(max(days, 1), LONGEST_TRIP))
        cursor.execute(_MARK, {"ids": ids, "regions": regions, "days": took})
        learn_lanes((region, days) for region, days in cursor.fetchall() if days < LONGEST_TRIP)
    return len(found)
