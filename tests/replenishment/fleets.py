"""Devices of the standing cast with supplies, and histories that are told to them through the real ingest."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metered.fleet.models import Device, PrinterModel, Supply
from metered.reads import ingest
from metered.reads.sender import Sender
from metered.replenishment import records
from metered.replenishment.models import DeviceRate
from tests import factories
from tests.reads.batches import batch, encode, report

Catalogue = tuple[PrinterModel, list[Supply]]
_sequence = itertools.count(1)
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


@dataclass
class Told:
    """What a device says at one moment: pages on its counter, and levels (percent or a state) by slot."""

    device: Device
    at: dt.datetime
    total: int
    levels: Any
    colour: int | None = None
    serials: Sequence[str | None] = ()


def sender(cast: factories.Cast) -> Sender:
    from metered.fleet.models import Token

    factories.agent_token(cast.northwind)
    token = Token.objects.filter(account=cast.northwind, agent__isnull=False).latest("pk")
    return Sender(token.pk, cast.northwind.pk, None)


def colour_model(**fields: Any) -> Catalogue:
    model = factories.printer_model(colour=True, **fields)
    return model, factories.toners(model)


def printer(
    address: Any,
    model: PrinterModel,
    supplies: Sequence[Supply],
    *,
    state: str = Device.Replenishment.ON,
    **fields: Any,
) -> Device:
    """A device with a slot for each supply, as printers number them: 1.1, 1.2, …"""
    device = factories.device(address, model=model, replenishment=state, **fields)
    for place, supply in enumerate(supplies):
        factories.slot(device, supply.kind, supply.colorant, f"1.{place + 1}", supply=supply)
    return device


def kept(**of: Any) -> dict[int, dict[str, Any]]:
    """Slot → its running state as it is kept, of the devices with these fields."""
    found: dict[int, dict[str, Any]] = {}
    for rate in DeviceRate.objects.filter(**{f"device__{name}": value for name, value in of.items()}):
        found |= rate.slot_states()
    return found


def keep(device: Device, colorant: str | None = None, **values: float) -> None:
    """Write into the running state of the device's slots, or of that of one colorant."""
    rate = DeviceRate.objects.get(device=device)
    slots = set(device.slots.values_list("pk", flat=True))
    if colorant is not None:
        slots = {device.slots.get(colorant=colorant).pk}
    rows = np.frombuffer(bytes(rate.slots), dtype=records.RECORD).copy()
    for name, value in values.items():
        rows[name][[int(slot) in slots for slot in rows["slot_id"]]] = value
    DeviceRate.objects.filter(device=device).update(slots=rows.tobytes())


def tell(who: Sender, *told: Told) -> None:
    """Send these reports as one batch."""
    reports = []
    for item in told:
        slots = list(item.device.slots.order_by("position"))
        supplies = []
        for place, (slot, level) in enumerate(zip(slots, item.levels, strict=False)):
            percent = None if isinstance(level, str) else level
            supply = {
                "slot": slot.code, "kind": slot.kind, "colorant": slot.colorant or None, "description": "",
                "state": "percent" if percent is not None else level, "percent": percent,
            }  # fmt: skip
            if place < len(item.serials) and item.serials[place]:
                supply["cartridge_serial"] = item.serials[place]
            supplies.append(supply)
        meters = {"total": item.total, "mono": item.total - (item.colour or 0), "colour": item.colour or 0}
        reports.append(report(item.device.serial, item.at, meters=meters, supplies=supplies))
    answer = ingest.take_batch(sender=who, body=encode(batch(*reports, sequence=next(_sequence))))
    assert answer.refused == [], answer.refused
    assert answer.accepted == len(told), answer


def decline(
    device: Device,
    *,
    days: int,
    start: Sequence[float],
    end: Sequence[float],
    pages: int = 100,
    until: dt.datetime = NOW,
) -> list[Told]:
    """A report a day for `days` days that end at `until`: levels fall evenly from `start` to `end`."""
    out = []
    for i in range(days + 1):
        share = i / days
        levels = [round(a + (b - a) * share, 1) for a, b in zip(start, end, strict=True)]
        out.append(
            Told(
                device,
                until - dt.timedelta(days=days - i),
                10_000 + pages * i,
                levels,
                colour=4_000 + pages * i // 2,
            )
        )
    return out


def in_days(told: Iterable[Told]) -> list[list[Told]]:
    """The reports by UTC day, in the order of time."""
    ordered = sorted(told, key=lambda item: (item.at, item.device.pk))
    return [list(group) for _, group in itertools.groupby(ordered, key=lambda item: item.at.date())]
