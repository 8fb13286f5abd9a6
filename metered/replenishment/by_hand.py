"""Devices that people read: their accepted reads are folded instead of observations (domain rule 7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from metered.replenishment import rates, use
from metered.replenishment.calendars import US_A_DAY
from metered.replenishment.folding import COLOUR_SHARE, Install
from metered.replenishment.state import Swaps
from metered.replenishment.store import Loaded

MOST = 2000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_READS = """
SELECT d.id, r.taken_at, r.total, r.mono, r.colour
FROM fleet_device d LEFT JOIN replenishment_devicerate s ON s.device_id = d.id CROSS JOIN LATERAL (
    SELECT r.taken_at, max(v.value) FILTER (WHERE m.code = 'total') AS total,
           max(v.value) FILTER (WHERE m.code = 'mono') AS mono,
           max(v.value) FILTER (WHERE m.code = 'colour') AS colour
    FROM reads_read r JOIN reads_readvalue v ON v.read_id = r.id
    JOIN fleet_metertype m ON m.id = v.meter_type_id
    WHERE r.device_id = d.id AND {which} AND r.status = 'accepted' AND r.source IN ('customer', 'staff')
    GROUP BY r.id
) AS r
WHERE d.path = 'manual' AND {whose} ORDER BY d.id, r.taken_at LIMIT %s
"""
_WAITING = _READS.format(
    which="r.taken_at > coalesce(s.folded_at, '-infinity')", whose="d.removed_at IS NULL"
)
_ALL = _READS.format(which="TRUE", whose="d.id = ANY(%s)")


@dataclass(frozen=True, slots=True)
class HandRead:
    """A read of one device; meters that it does not tell are None."""

    device_id: int
    at_us: int
    total: int | None
    mono: int | None
    colour: int | None

    @property
    def pages(self) -> float:
        if self.total is not None:
            return float(self.total)
        return float((self.mono or 0) + (self.colour or 0))

    @property
    def tinted(self) -> float:
        if self.colour is not None:
            return float(self.colour)
        return self.pages - self.mono if self.mono is not None else COLOUR_SHARE * self.pages


def waiting_reads() -> list[HandRead]:
    """Accepted reads that are not in their device's state yet, in the order of device and time."""
    return _reads(_WAITING, [MOST])


def all_reads(device_ids: Sequence[int]) -> list[HandRead]:
    """All accepted reads of those of the devices that are read by hand, in the order of device and time."""
    return _reads(_ALL, [list(device_ids), None])


def _reads(query: str, params: list[Any]) -> list[HandRead]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return [
            HandRead(device, (at - _EPOCH) // dt.timedelta(microseconds=1), total, mono, colour)
            for device, at, total, mono, colour in cursor.fetchall()
        ]


def take(loaded: Loaded, read: HandRead) -> Swaps:
    """Fold one read; returns the cartridges that pages made due. One that is not new says nothing."""
    row = loaded.row_of_device[read.device_id]
    if read.at_us <= loaded.folded_us[row]:
        return Swaps.none()
    d, t = np.array([row], dtype=np.int64), np.array([read.at_us / US_A_DAY])
    tinted = read.tinted if loaded.colour_models[row] else 0.0
    pages = rates.fold_meters(loaded.state, loaded.calendar, d, t, np.array([read.pages]), np.array([tinted]))
    use.predict(loaded.state, pages)
    loaded.folded_us[row] = read.at_us
    return use.take_from_shelf(loaded.state, d)


def fold(loaded: Loaded, reads: Sequence[HandRead]) -> list[Install]:
    """Fold the reads in order; returns the cartridges that pages made due."""
    installs = []
    state = loaded.state
    for read in reads:
        swaps = take(loaded, read)
        for s, n in zip(swaps.s.tolist(), swaps.n.tolist(), strict=True):
            pool = int(loaded.pools[state.supplies.pool[s]])
            if pool > 0:
                installs.append(Install(int(loaded.slots[s]), pool, int(n), read.at_us, seen=False))
    return installs
