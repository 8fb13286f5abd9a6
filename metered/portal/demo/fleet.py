"""Rows of models, supplies, devices, slots and pools; and beside them what the history needs to know."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np

from metered.accounts.models import Account, Address
from metered.fleet.models import (
    Contract,
    Device,
    MeterType,
    ModelMeter,
    ModelSupply,
    PrinterModel,
    Slot,
    Supply,
)
from metered.fleet.serials import serial_key
from metered.portal.demo.catalogue import MODELS, supplies
from metered.portal.demo.catalogue.kit import COARSE, FINE, FLAG, ModelFact, Place, SupplyFact
from metered.portal.demo.customers import PrinterFact
from metered.portal.demo.recorded import RECORDED, Recorded
from metered.stock.models import Pool

WORDS = {"unknown": -2, "some_remaining": -3}
OUTDATED = "55.36.31"


@dataclass(slots=True)
class PlaceSpec:
    """A slot to be. `final`: the fraction left at the end of its history (nan: drawn); `fixed`: a code."""

    code: str
    kind: str
    colorant: str
    name: str
    supply: SupplyFact | None
    step: int
    final: float = float("nan")
    fixed: int = 0


@dataclass(slots=True)
class DeviceSpec:
    """A device to be. `end`: its last meters (total, mono, colour); `spares`: supplies kept on the shelf."""

    fact: PrinterFact
    model: ModelFact
    serial: str
    software: str
    monthly: float
    share: float
    end: tuple[int, int, int]
    meters: tuple[str, ...]
    places: list[PlaceSpec]
    spares: list[str] = field(default_factory=list)
    recorded: bool = False


@dataclass(slots=True)
class Site:
    """A customer's rows, by the names that the tables of customers.py use."""

    account: Account
    contract: Contract
    addresses: dict[str, Address]


def write_catalogue() -> tuple[dict[str, PrinterModel], dict[str, Supply]]:
    """Models by key and supplies by reorder number, with what fits what, and the meters of each model."""
    supply_rows = {
        number: Supply(
            reorder_number=number,
            name=fact.name,
            kind=fact.kind,
            colorant=fact.colorant,
            yield_pages=fact.pages,
            yield_standard=fact.standard,
        )
        for number, fact in supplies().items()
    }
    Supply.objects.bulk_create(supply_rows.values())
    model_rows = {
        key: PrinterModel(vendor=m.vendor, name=m.name, colour=m.colour) for key, m in MODELS.items()
    }
    PrinterModel.objects.bulk_create(model_rows.values())
    meter = {row.code: row for row in MeterType.objects.all()}
    ModelMeter.objects.bulk_create(
        ModelMeter(model=model_rows[key], meter_type=meter[code])
        for key, m in MODELS.items()
        for code in m.meters
    )
    ModelSupply.objects.bulk_create(
        ModelSupply(model=model_rows[key], supply=supply_rows[number])
        for key, m in MODELS.items()
        for number in dict.fromkeys(place.supply.number for place in m.places if place.supply)
    )
    return model_rows, supply_rows


def spec_of(rng: np.random.Generator, fact: PrinterFact, taken: set[str], days: int) -> DeviceSpec:
    """A printer of the tables, with a serial in its maker's style and a life before the history begins."""
    model = MODELS[fact.model]
    usual = fact.monthly or model.monthly
    monthly = usual * float(np.exp(rng.normal(0, 0.25 if fact.monthly else 0.5)))
    share = float(rng.beta(2, 3)) if model.colour else 0.0
    months = days / 30.4 + float(rng.uniform(2, 20))
    total = int(monthly * months * rng.uniform(1.0, 1.15))
    colour = int(total * share)
    software = OUTDATED if fact.is_ == "below" else model.software
    places = [PlaceSpec(p.code, p.kind, p.colorant, p.name, p.supply, p.step) for p in model.places]
    return DeviceSpec(
        fact, model, _serial(rng, model.serial, taken), software, monthly, share,
        (total, total - colour, colour), model.meters, places,
    )  # fmt: skip


def spec_of_recorded(fact: Recorded, address: str) -> DeviceSpec:
    """A recorded device: meters a day's pages and levels `drops` percent from where the recording is."""
    model = MODELS[fact.model]
    total, mono, colour = fact.meters
    words = ("total_sheets" if fact.sheets else "total", "mono", "colour")
    known = [word for word, value in zip(words, fact.meters, strict=True) if value]
    share = colour / total if colour else 0.35 * model.colour
    day = fact.monthly / 21.7 + 1
    life = int(fact.monthly * 31)
    end = (
        max((total or life) - int(day) - 1, 0),
        max((mono or int((total or life) * (1 - share))) - int(day * (1 - share)) - 1, 0),
        max((colour or int((total or life) * share)) - int(day * share) - 1, 0),
    )
    fits = {place.code: place for place in model.places}
    places = [_recorded_place(slot, fits.get(slot[0]), fact.drops) for slot in fact.slots]
    spares = [fits[code].supply for code in fact.spare]
    return DeviceSpec(
        PrinterFact(address, fact.model, fact.name, fact.place, fact.monthly),
        model, fact.serial, model.software, fact.monthly, share, end, tuple(known) or model.meters, places,
        [supply.number for supply in spares if supply], recorded=True,
    )  # fmt: skip


def recorded_specs(address: str) -> list[DeviceSpec]:
    return [spec_of_recorded(fact, address) for fact in RECORDED]


def _recorded_place(
    slot: tuple[str, str, str, float | str, str], place: Place | None, drops: int
) -> PlaceSpec:
    code, kind, colorant, level, name = slot
    supply = place.supply if place else None
    step = place.step if place and place.step != FLAG else FINE
    if isinstance(level, str):
        return PlaceSpec(code, kind, colorant, name, supply, FLAG, 0.5, WORDS[level])
    # What stays full or nearly so until the recording would fall, were it higher before.
    percent = min(level + (drops if level + drops <= 99 else 0), 100)
    below = 5.0 if step == COARSE else 0.02
    return PlaceSpec(code, kind, colorant, name, supply, step, (percent - below) / 100)


def _serial(rng: np.random.Generator, pattern: str, taken: set[str]) -> str:
    while True:
        serial = "".join(str(int(rng.integers(0, 10))) if c == "#" else c for c in pattern)
        if serial not in taken:
            taken.add(serial)
            return serial


@dataclass(slots=True)
class Rows:
    """What was written for some devices, in the order of `specs`; slots in the order of their columns."""

    specs: list[DeviceSpec]
    devices: list[Device]
    slots: list[Slot]
    slot_device: list[int]
    slot_pool: list[Pool | None]


def write_devices(
    specs: list[DeviceSpec],
    sites: list[Site],
    models: dict[str, PrinterModel],
    supply_rows: dict[str, Supply],
    pools: dict[tuple[int, int, int], Pool],
    installed: list[dt.date],
) -> Rows:
    """Devices, their slots and the pools that are still missing. `sites` and `installed`: one per spec."""
    devices = [
        Device(
            account=site.account,
            contract=site.contract,
            address=site.addresses[spec.fact.address],
            model=models[spec.model.key],
            serial=spec.serial,
            serial_key=serial_key(spec.serial),
            name=spec.fact.name,
            place=spec.fact.place,
            path=spec.fact.path,
            installed_on=on,
            replenishment=Device.Replenishment.ON,
        )
        for spec, site, on in zip(specs, sites, installed, strict=True)
    ]
    Device.objects.bulk_create(devices, batch_size=1000)
    slots: list[Slot] = []
    owners: list[int] = []
    slot_pools: list[Pool | None] = []
    new: list[Pool] = []
    for i, (spec, device) in enumerate(zip(specs, devices, strict=True)):
        for position, place in enumerate(spec.places):
            supply = supply_rows[place.supply.number] if place.supply else None
            slots.append(
                Slot(
                    account_id=device.account_id,
                    device=device,
                    kind=place.kind,
                    colorant=place.colorant,
                    code=place.code,
                    position=position,
                    name=place.name,
                    supply=supply,
                    replenished=supply is not None,
                )
            )
            owners.append(i)
            pool = None
            if supply is not None and supply.kind in device.contract.included_kinds:
                key = (device.contract_id, device.address_id, supply.pk)
                pool = pools.get(key)
                if pool is None:
                    pool = pools[key] = Pool(
                        account_id=device.account_id, contract_id=key[0], address_id=key[1], supply=supply
                    )
                    new.append(pool)
            slot_pools.append(pool)
    Slot.objects.bulk_create(slots, batch_size=2000)
    Pool.objects.bulk_create(new, batch_size=1000)
    return Rows(specs, devices, slots, owners, slot_pools)
