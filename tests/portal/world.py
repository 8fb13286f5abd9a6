"""A small fleet with everything a page can show, written row by row: pages are tested, not the pipeline."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone

from metered.accounts.models import User
from metered.fleet.models import Device, MeterType, PrinterModel, Slot, Supply
from metered.orders import actions as orders
from metered.orders.models import Order, OrderLine
from metered.reads.models import DeviceState, Observation, Read, ReadValue
from metered.reads.partitions import ensure_partitions
from metered.replenishment.models import PoolForecast, Position
from metered.stock import actions as stock
from metered.stock.models import Pool
from tests import factories

KINDS = (
    ("toner", "black", "1.1"),
    ("toner", "cyan", "1.2"),
    ("toner", "magenta", "1.3"),
    ("toner", "yellow", "1.4"),
    ("waste", "", "1.5"),
)


def can_sign_in(*people: User) -> None:
    """Their addresses are verified, as an activation leaves them."""
    for person in people:
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)


def colour_model(name: str = "VersaLink C7130") -> tuple[PrinterModel, list[Supply]]:
    model = factories.printer_model(name=name, meters=("mono", "colour"))
    supplies = factories.toners(model)
    supplies.append(factories.supply("waste", "", fits=model, name="Waste container", yield_pages=30000))
    return model, supplies


def slots(device: Device, supplies: list[Supply]) -> list[Slot]:
    return [
        factories.slot(device, kind, colorant, code, supply=supply)
        for (kind, colorant, code), supply in zip(KINDS, supplies, strict=False)
    ]


def state(device: Device, levels: list[int | None], *, at: dt.datetime, **fields: Any) -> DeviceState:
    keys = [slot.key for slot in device.slots.order_by("position")]
    fields = {"meter_keys": ["mono", "colour"], "meters": [184210, 96377], "software": "67.60"} | fields
    return DeviceState.objects.create(
        device=device,
        account=device.account,
        slot_keys=keys,
        levels=levels,
        observed_at=at,
        received_at=at,
        path=1,
        **fields,
    )


def history(device: Device, levels: list[int], *, days: int, now: dt.datetime) -> None:
    """A report a day, falling to `levels` (tenths of a percent); waste falls as space left."""
    ensure_partitions(now - dt.timedelta(days=days), now)
    Observation.objects.bulk_create(
        Observation(
            device_id=device.pk,
            observed_at=now - dt.timedelta(days=back),
            account_id=device.account_id,
            received_at=now - dt.timedelta(days=back),
            path=1,
            meters=[184210 - back * 60, 96377 - back * 30],
            levels=[min(1000, level + back * 9) for level in levels],
            cartridges=None,
        )
        for back in range(days)
    )


def read(device: Device, taken_at: dt.datetime, mono: int, colour: int, **fields: Any) -> Read:
    made = Read.objects.create(
        account=device.account, address=device.address, device=device, taken_at=taken_at,
        **({"source": "device"} | fields),
    )  # fmt: skip
    for code, value in (("mono", mono), ("colour", colour)):
        ReadValue.objects.create(read=made, meter_type=MeterType.objects.get(code=code), value=value)
    return made


def position(
    slot: Slot, *, now: dt.datetime, days: tuple[float, float, float], decision: dict[str, Any] | None = None
) -> Position:
    """What replenishment knows of a slot: it runs out in `days` (10 %, 50 % and 90 % points)."""
    pool = pool_of(slot)
    first, middle, last = (now + dt.timedelta(days=day) for day in days)
    if decision is not None:
        PoolForecast.objects.update_or_create(
            pool=pool, defaults={"account_id": slot.account_id, "decision": decision, "decided_at": now}
        )
    return Position.objects.create(
        slot=slot,
        account_id=slot.account_id,
        device_id=slot.device_id,
        pool=pool,
        runs_out_from=first,
        runs_out_at=middle,
        runs_out_until=last,
        looked_at=now,
    )


def reason(slot: Slot, rule: str, *, now: dt.datetime, days: tuple[float, float, float], **more: Any) -> Any:
    """A decision as replenishment keeps it (replenishment.explain)."""
    dates = [(now + dt.timedelta(days=day)).date().isoformat() for day in days]
    return {
        "rule": rule,
        "supply": {"kind": slot.kind, "colorant": slot.colorant},
        "quantity": 1,
        "shelf": 0,
        "on_the_way": 0,
        "counted_on": (now - dt.timedelta(days=17)).date().isoformat(),
        "alpha": 0.03,
        "risk": 0.0004,
        "lead_days": 5,
        "ships_on": (now + dt.timedelta(days=3)).date().isoformat(),
        "slots": [
            {"slot": slot.pk, "state": "percent", "percent": 11, "use": 1.2, "use_sd": 0.2, "runs_out": dates}
        ],
        "with": ["magenta toner"],
        "join_days": 45,
        "decided_at": now.isoformat(),
        "look_again_at": (now + dt.timedelta(days=4)).isoformat(),
    } | more


def pool_of(slot: Slot) -> Pool:
    assert slot.supply_id is not None
    return stock.pool_for(
        account_id=slot.account_id,
        contract_id=slot.device.contract_id,
        address_id=slot.device.address_id,
        supply_id=slot.supply_id,
    )


def automatic_order(
    device: Device, slot: Slot, *, release_at: dt.datetime, why: Any = None, **fields: Any
) -> Order:
    """An announced order of one unit for one slot."""
    return orders.place(
        account_id=device.account_id,
        contract_id=device.contract_id,
        address_id=device.address_id,
        origin=Order.Origin.AUTOMATIC,
        lines=[orders.Wanted(pool=pool_of(slot), quantity=1, slot_ids=[slot.pk], reason=why)],
        release_at=release_at,
        **fields,
    )


def release(order: Order) -> None:
    OrderLine.objects.filter(order=order).update(state="released")


@dataclass
class World:
    cast: factories.Cast
    now: dt.datetime
    front_desk: Device
    radiology: Device
    pharmacy: Device
    press: Device
    announced: Order
    shipped: Order
    delivered: Order


def world() -> World:
    """Northwind: one device that reports, a silent one, one read by hand; and a device of Harbor Press."""
    cast = factories.cast()
    can_sign_in(cast.ana, cast.ben, cast.vera, cast.charlie, cast.sam)
    now = timezone.now()
    model, supplies = colour_model()
    front_desk = factories.device(
        cast.main_st, model=model, name="Front desk", place="Reception", serial="3TX481207",
        path="agent", replenishment="on",
    )  # fmt: skip
    front_slots = slots(front_desk, supplies)
    levels = [410, 580, 220, 110, 340]
    state(front_desk, list(levels), at=now - dt.timedelta(hours=2), alerts=["Yellow toner is low"])
    history(front_desk, levels, days=50, now=now - dt.timedelta(hours=2))
    spans = [
        (26.0, 34.0, 45.0),
        (38.0, 43.0, 60.0),
        (14.0, 19.0, 26.0),
        (7.0, 9.0, 12.0),
        (50.0, 80.0, 120.0),
    ]
    rules = ["enough", "enough", "open", "ship", "enough"]
    for slot, days, rule in zip(front_slots, spans, rules, strict=True):
        position(slot, now=now, days=days, decision=reason(slot, rule, now=now, days=days))
    for back, (mono, colour) in enumerate([(184210, 96377), (181944, 95120), (180004, 94000)]):
        read(front_desk, now - dt.timedelta(days=30 * back), mono, colour)
    old, old_supplies = colour_model("VersaLink C505")
    factories.bulletin(old, "67.59", (now + dt.timedelta(days=30)).date())
    radiology = factories.device(
        cast.harbor_st, model=old, name="Radiology", serial="3TX900001", path="direct", replenishment="on"
    )
    for slot in slots(radiology, old_supplies)[:3]:
        position(slot, now=now, days=(20.0, 40.0, 70.0))
    state(radiology, [-3, -4, -5, -2, None], at=now - dt.timedelta(days=9, hours=1), software="55.36")
    black_only = factories.printer_model(colour=False, name="MX931", vendor="Lexmark", meters=("mono",))
    pharmacy = factories.device(
        cast.harbor_st, model=black_only,
        name="", place="Pharmacy", path="manual",
    )  # fmt: skip
    factories.meter_types("mono", "colour")
    read(pharmacy, now - dt.timedelta(days=3), 120, 0, status="held", source="customer", entered_by=cast.ana,
         note="It is lower than the last read.")  # fmt: skip
    press_model, press_supplies = colour_model("IM C3010")
    press = factories.device(cast.press_address, model=press_model, name="Layout", serial="PRESS001")
    position(slots(press, press_supplies)[0], now=now, days=(1.0, 2.0, 3.0))
    state(press, [500, 500, 500, 500, 500], at=now)
    announced = automatic_order(
        front_desk,
        front_slots[3],
        release_at=now + dt.timedelta(hours=5),
        why=reason(front_slots[3], "ship", now=now, days=spans[3]),
    )
    shipped = automatic_order(
        front_desk,
        front_slots[2],
        release_at=now - dt.timedelta(days=2),
        placed_at=now - dt.timedelta(days=3),
    )
    release(shipped)
    orders.ship(
        order=shipped, carrier="UPS", tracking="1Z999", shipped_at=now - dt.timedelta(days=1),
        expected_on=(now + dt.timedelta(days=3)).date(),
    )  # fmt: skip
    delivered = automatic_order(
        front_desk,
        front_slots[0],
        release_at=now - dt.timedelta(days=20),
        placed_at=now - dt.timedelta(days=21),
    )
    release(delivered)
    parcel = orders.ship(
        order=delivered, carrier="UPS", tracking="1Z777", shipped_at=now - dt.timedelta(days=19), tell=False
    )
    assert parcel is not None
    orders.deliver(shipment=parcel, delivered_at=now - dt.timedelta(days=16))
    return World(cast, now, front_desk, radiology, pharmacy, press, announced, shipped, delivered)
