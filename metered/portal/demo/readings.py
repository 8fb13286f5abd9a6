"""Observations of every day, and the billing-grade reads of every month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from metered.fleet.models import Device, MeterType
from metered.lib.ids import new_public_id
from metered.portal.demo.bulk import copy_rows, draw_ids
from metered.portal.demo.fleet import Rows
from metered.portal.demo.history import History, Ints
from metered.reads import actions as reads
from metered.reads.columns import Layout
from metered.reads.models import Path, Read, ReadValue

SLICE = 250
READ_DAY = 25
MISSED = 0.12
_READ = (
    "id", "public_id", "account_id", "address_id", "device_id", "taken_at", "received_at", "source", "status",
    "note", "entered_by_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clock:
    """When a day of the history was for a device: the same moment as now, less the device's offset."""

    now: dt.datetime
    days: int
    offset: Ints

    def at(self, day: int, device: int) -> dt.datetime:
        return self.now - dt.timedelta(days=self.days - 1 - day, seconds=int(self.offset[device]))


def meters_of(rows: Rows, history: History, device: int) -> Ints:
    """(days, meters) of one device, in the order of its meter keys."""
    table = {
        "total": history.total,
        "total_sheets": history.total,
        "mono": history.mono,
        "colour": history.colour,
    }
    return np.stack([table[key][:, device] for key in rows.specs[device].meters], axis=1)


def write_observations(rows: Rows, history: History, clock: Clock) -> int:
    """Every report of every connected device. Returns how many."""
    first = np.searchsorted(rows.slot_device, np.arange(len(rows.devices) + 1))
    connected = [d for d, device in enumerate(rows.devices) if device.path != Device.Path.MANUAL]
    count = 0
    for start in range(0, len(connected), SLICE):
        chunk = connected[start : start + SLICE]
        layouts = {
            rows.devices[d].pk: Layout(
                rows.specs[d].meters, tuple(slot.key for slot in rows.slots[first[d] : first[d + 1]])
            )
            for d in chunk
        }
        software = {rows.devices[d].pk: rows.specs[d].software for d in chunk}
        past = (item for d in chunk for item in _past(rows, history, clock, d, first[d], first[d + 1]))
        count += reads.import_history(layouts=layouts, observations=past, software=software)
    return count


def _past(
    rows: Rows, history: History, clock: Clock, device: int, first: int, last: int
) -> Iterator[reads.PastObservation]:
    meters = meters_of(rows, history, device)
    path = Path.DIRECT if rows.devices[device].path == Device.Path.DIRECT else Path.AGENT
    pk = rows.devices[device].pk
    days = np.flatnonzero(history.reported[:, device])
    values, levels = meters[days].tolist(), history.level[days, first:last].tolist()
    for i, day in enumerate(days.tolist()):
        yield reads.PastObservation(pk, clock.at(day, device), values[i], levels[i], path)


def write_reads(
    rng: np.random.Generator, rows: Rows, history: History, clock: Clock, entered_by: dict[int, int]
) -> int:
    """A read of every device on the contract's day of every month. `entered_by`: account → person who types.

    Devices without a connection are read by people, who miss one in eight: an estimate stands in. One that
    counts nothing that is billed gets no read.
    """
    types = {row.code: row.pk for row in MeterType.objects.all()}
    found = []
    for d, device in enumerate(rows.devices):
        if not set(rows.specs[d].meters) & set(types):
            continue
        meters = meters_of(rows, history, d)
        for day in range(history.days):
            if clock.at(day, d).day == READ_DAY and day <= int(np.flatnonzero(history.reported[:, d])[-1]):
                found.append((device, d, day, meters[day].tolist()))
    ids = draw_ids(Read, len(found))
    heads: list[tuple[Any, ...]] = []
    values: list[tuple[Any, ...]] = []
    for pk, (device, d, day, meters) in zip(ids, found, strict=True):
        source, taken = _source(rng, device), clock.at(day, d)
        typed = source in (Read.Source.CUSTOMER, Read.Source.ESTIMATE)
        if typed:
            # People write down the meter in office hours, some days around the due day.
            taken = taken.replace(hour=14, minute=int(rng.integers(0, 60)), second=0, microsecond=0)
        note = "No read came in time; worked out from earlier use" if source == Read.Source.ESTIMATE else ""
        person = entered_by[device.account_id] if source == Read.Source.CUSTOMER else None
        where = (device.account_id, device.address_id, device.pk)
        heads.append((pk, new_public_id(), *where, taken, taken, source, Read.Status.ACCEPTED, note, person))
        values += [
            (pk, types[key], value)
            for key, value in zip(rows.specs[d].meters, meters, strict=True)
            if key in types
        ]
    copy_rows(Read, _READ, heads)
    copy_rows(ReadValue, ("read_id", "meter_type_id", "value"), values)
    return len(heads)


def _source(rng: np.random.Generator, device: Device) -> str:
    if device.path == Device.Path.MANUAL:
        return Read.Source.ESTIMATE if rng.random() < MISSED else Read.Source.CUSTOMER
    return Read.Source.DEVICE if device.path == Device.Path.DIRECT else Read.Source.AGENT
