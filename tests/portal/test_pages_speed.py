"""Lists cost the same few queries however long they are (scale.md, "Pages")."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.fleet.models import Device, Slot
from metered.reads.models import DeviceState
from metered.replenishment.models import Position
from tests import factories
from tests.portal.world import automatic_order, colour_model, pool_of, slots

pytestmark = pytest.mark.django_db


def _fleet(cast: factories.Cast, count: int) -> None:
    model, supplies = colour_model(f"C{count}")
    now = timezone.now()
    devices = [
        factories.device(cast.main_st, model=model, contract=cast.contract, name=f"D{count}-{n}")
        for n in range(count)
    ]
    made = Slot.objects.bulk_create(
        Slot(
            account=cast.northwind, device=device, kind="toner", colorant=supply.colorant, code=f"1.{n}",
            position=n, supply=supply,
        )
        for device in devices
        for n, supply in enumerate(supplies[:4])
    )  # fmt: skip
    DeviceState.objects.bulk_create(
        DeviceState(
            device=device, account=cast.northwind, levels=[500, 400, 300, 50],
            received_at=now, observed_at=now,
            slot_keys=[f"toner/{supply.colorant}/1.{n}" for n, supply in enumerate(supplies[:4])],
        )
        for device in devices
    )  # fmt: skip
    pools = {slot.supply_id: pool_of(slot) for slot in made[:4]}
    Position.objects.bulk_create(
        Position(
            slot=slot, account=cast.northwind, device_id=slot.device_id, pool=pools[slot.supply_id],
            runs_out_from=now + dt.timedelta(days=5 + n % 40),
            runs_out_at=now + dt.timedelta(days=9 + n % 40),
            runs_out_until=now + dt.timedelta(days=15 + n % 40),
        )
        for n, slot in enumerate(made)
    )  # fmt: skip


def _queries(client: Client, path: str) -> int:
    client.get(path)  # sessions and caches are warm
    with CaptureQueriesContext(
        connection,
    ) as caught:
        response = client.get(path)
    assert response.status_code == 200
    return len(caught)


PATHS = [
    "/",
    "/devices/",
    "/devices/?search=d&state=low&sort=name",
    "/devices/?sort=contact",
    "/supplies/",
    "/orders/",
]


def test_queries_stay_flat_as_the_fleet_grows(client: Client) -> None:
    cast = factories.cast()
    client.force_login(cast.ana)
    _fleet(cast, 5)
    device = Device.objects.filter(account=cast.northwind).first()
    assert device is not None
    for slot in device.slots.all()[:3]:
        automatic_order(device, slot, release_at=timezone.now())
    few = {path: _queries(client, path) for path in PATHS}
    _fleet(cast, 210)
    model, supplies = colour_model("orders")
    for number in range(60):
        one = factories.device(cast.main_st, model=model, name=f"O{number}")
        for slot in slots(one, supplies)[:1]:
            slot.supply = factories.supply(fits=model)
            automatic_order(one, slot, release_at=timezone.now())
    many = {path: _queries(client, path) for path in PATHS}
    assert many == few
    assert max(few.values()) <= 25, few


def test_a_page_further_down_costs_no_more_queries(client: Client) -> None:
    cast = factories.cast()
    client.force_login(cast.ana)
    _fleet(cast, 120)
    first = client.get("/devices/")
    second = _queries(client, f"/devices/{first.context['older']}")
    assert second <= _queries(client, "/devices/")
