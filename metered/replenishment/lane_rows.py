"""Lanes in the database: the only writer of their rows, and how a decision reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from django.db import connection, transaction

from metered.replenishment.lanes import FLEET, LONGEST, country_of, days_in
from metered.replenishment.models import DeliveryLane

_ADD = """
INSERT INTO replenishment_deliverylane AS kept (region, counts)
SELECT region, array_agg(coalesce(parcels, 0) ORDER BY day)
FROM (SELECT DISTINCT region FROM unnest(%(regions)s::text[]) AS region) AS taught
CROSS JOIN generate_series(0, %(longest)s) AS day
LEFT JOIN unnest(%(regions)s::text[], %(days)s::int[], %(parcels)s::int[]) AS came (region, day, parcels)
    USING (region, day)
GROUP BY region ORDER BY region
ON CONFLICT (region) DO UPDATE SET counts = (
    SELECT array_agg(a + b ORDER BY day)
    FROM unnest(kept.counts, excluded.counts) WITH ORDINALITY AS sums (a, b, day))
"""


@transaction.atomic
def learn_lanes(parcels: Iterable[tuple[str, int]]) -> int:
    """Parcels that came, as (region, working days), count for their regions, countries and the fleet.

    Returns how many. Who calls sees to it that each counts once, in the same transaction.
    """
    found: Counter[tuple[str, int]] = Counter()
    taken = 0
    for region, days in parcels:
        taken += 1
        day = min(max(days, 0), LONGEST)
        for lane in {region, country_of(region), FLEET}:
            found[lane, day] += 1
    if found:
        rows = [(region, day, n) for (region, day), n in sorted(found.items())]
        regions, days_, counts = (list(column) for column in zip(*rows, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(_ADD, {"regions": regions, "days": days_, "parcels": counts, "longest": LONGEST})
    return taken


def days_of(regions: Collection[str], promised: int) -> dict[str, int]:
    """Region → the working days to reckon with there, by all that was learnt so far."""
    names = {FLEET, *regions, *map(country_of, regions)}
    known = dict(DeliveryLane.objects.filter(region__in=names).values_list("region", "counts"))
    return days_in(sorted(regions), known, promised)
