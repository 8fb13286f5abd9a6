"""Devices that people read: their accepted reads are folded instead of observations (domain rule 7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from metered.fleet.models import Device
from metered.replenishment import rates, use
from metered.replenishment.folding import COLOUR_SHARE, Install
from metered.replenishment.models import DeviceRate, Position
from metered.replenishment.store import Loaded

MOST = 2000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_WAITING = """
SELECT d.id, r.taken_at, r.total, r.mono, r.colour
FROM fleet_device d LEFT JOIN replenishment_devicerate s ON s.device_id = d.id CROSS JOIN LATERAL (
    SELECT r.taken_at, max(v.value) FILTER (WHERE m.code = 'total') AS total,
           max(v.value) FILTER (WHERE m.code = 'mono') AS mono,
           max(v.value) FILTER (WHERE m.code = 'colour') AS colour
    FROM reads_read r JOIN reads_readvalue v ON v.read_id = r.id
    JOIN fleet_metertype m ON m.id = v.meter_type_id
    WHERE r.device_id = d.id AND r.taken_at > coalesce(s.folded_at, '-infinity') AND r.status = 'accepted'
      AND r.source IN ('customer', 'staff')
    GROUP BY r.id
) AS r
WHERE d.path = 'manual' AND d.removed_at IS NULL ORDER BY d.id, r.taken_at LIMIT %s
"""


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
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [MOST])
        return [
            HandRead(device, (at - _EPOCH) // dt.timedelta(microseconds=1), total, mono, colour)
            for device, at, total, mono, colour in cursor.fetchall()
        ]


def fold(loaded: Loaded, reads: Sequence[HandRead]) -> list[Install]:
    """Fold the reads in order; returns the cartridges that pages made due."""
    installs = []
    state = loaded.state
    for read in reads:
        row = loaded.row_of_device[read.device_id]
        if read.at_us <= loaded.folded_us[row]:
            continue
        d, t = np.array([row], dtype=np.int64), np.array([read.at_us / 86_400e6])
        tinted = read.tinted if loaded.colour_models[row] else 0.0
        pages = rates.fold_meters(state, loaded.calendar, d, t, np.array([read.pages]), np.array([tinted]))
        use.predict(state, pages)
        swaps = use.take_from_shelf(state, d)
        loaded.folded_us[row] = read.at_us
        for s, n in zip(swaps.s.tolist(), swaps.n.tolist(), strict=True):
            pool = int(loaded.pools[state.supplies.pool[s]])
            if pool > 0:
                installs.append(Install(int(loaded.slots[s]), pool, int(n), read.at_us, seen=False))
    return installs


def forget(device_ids: Sequence[int]) -> None:
    """Before a rebuild: `waiting_reads` gives all reads of these devices again."""
    manual = Device.objects.filter(pk__in=device_ids, path=Device.Path.MANUAL).values("pk")
    Position.objects.filter(device_id__in=manual).delete()
    DeviceRate.objects.filter(device_id__in=manual).delete()
