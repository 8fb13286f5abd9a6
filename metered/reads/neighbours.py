"""What a read is compared with: the believed ones before and after it (domain rule 11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection

from metered.lib.said import said
from metered.reads.judge import fits_rollover


@dataclass
class Neighbours:
    """The values nearest in time by meter code. `since`: when the last read before was taken."""

    floor: dict[str, int] = field(default_factory=dict)
    ceiling: dict[str, int] = field(default_factory=dict)
    since: dt.datetime | None = None


# An estimate is no statement of a meter: the next real read trues it up (domain rule 14).
_NEAREST = """
SELECT wanted.place, wanted.taken_at < near.taken_at, kind.code, near.value, near.taken_at
FROM unnest(%(places)s::int[], %(devices)s::bigint[], %(moments)s::timestamptz[])
    AS wanted (place, device_id, taken_at)
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (v.meter_type_id, wanted.taken_at < r.taken_at)
        v.meter_type_id, v.value, r.taken_at
    FROM reads_read r JOIN reads_readvalue v ON v.read_id = r.id
    WHERE r.device_id = wanted.device_id AND r.status IN ('accepted', 'confirmed') AND r.source <> 'estimate'
    ORDER BY v.meter_type_id, wanted.taken_at < r.taken_at,
        abs(extract(epoch FROM r.taken_at - wanted.taken_at)), r.id DESC
) AS near
JOIN fleet_metertype kind ON kind.id = near.meter_type_id
"""


def nearest(wanted: Sequence[tuple[int, dt.datetime]]) -> list[Neighbours]:
    """The neighbours of a read of each (device, moment), in one query."""
    found = [Neighbours() for _each in wanted]
    with connection.cursor() as cursor:
        cursor.execute(
            _NEAREST,
            {
                "places": list(range(len(wanted))),
                "devices": [device for device, _moment in wanted],
                "moments": [moment for _device, moment in wanted],
            },
        )
        for place, later, code, value, taken_at in cursor.fetchall():
            row = found[place]
            if later:
                row.ceiling[code] = value
            else:
                row.floor[code] = value
                row.since = max(row.since or taken_at, taken_at)
    return found


def contradiction(
    values: Mapping[str, int], near: Neighbours, *, digits: int, names: Mapping[str, str]
) -> str | None:
    """Why the values can't stand, alone or between their neighbours, as a sentence; None when they can."""
    for code, value in values.items():
        last, following = near.floor.get(code), near.ceiling.get(code)
        meter = names.get(code, code)
        meter = meter[:1].upper() + meter[1:]
        if value >= 10**digits:
            return said("%(meter)s has more than its %(digits)s digits.", meter=meter, digits=digits)
        if last is not None and value < last and not fits_rollover(value, last, digits):
            return said("%(meter)s is %(gap)s below the last read.", meter=meter, gap=last - value)
        if following is not None and value > following and not fits_rollover(following, value, digits):
            return said("%(meter)s is %(gap)s above the next read.", meter=meter, gap=value - following)
    return None
