"""Lists cost the same few queries however long they are (scale.md, "Pages")."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.accounts.models import ActivityEntry
from metered.fleet.models import Device, Slot
from metered.reads.models import DeviceState
from metered.replenishment.models import Position
from tests import factories
from tests.portal.world import automatic_order, colour_model, pool_of, slots

pytestmark = pytest.mark.django_db


def _fleet(cast: factories.Cast, count: int) -> None:
    model, supplies = colour_model(f"C{count}")
    now = timezone.now()
    devices = Device.objects.bulk_create(
        Device(
            account=cast.northwind, contract=cast.contract, address=cast.main_st, model=model,
            serial=f"FLEET{count}X{n}", serial_key=f"FLEET{count}X{n}", name=f"D{count}-{n}",
            installed_on=dt.date(2025, 1, 1),
        )
        for n in range(count)
    )  # fmt: skip
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
    # What autovacuum does for a fleet that grows in life.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _queries(client: Client, path: str) -> int:
    client.get(path)  # sessions and caches are warm
    with CaptureQueriesContext(
        connection,
    ) as caught:
        response = client.get(path)
    assert response.status_code == 200
    return len(caught)


MOST_QUERIES = 30
"""Of any page, the session's and the person's own included."""

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
    assert max(few.values()) <= MOST_QUERIES, few


def _wide(cast: factories.Cast) -> list[str]:
    """Every page whose length is the fleet's, the address's or the account's."""
    here = cast.main_st.public_id
    return [
        *PATHS,
        "/reads/",
        "/reads/rows/",
        "/stock/",
        f"/stock/{here}/",
        "/addresses/",
        f"/addresses/{here}/",
        f"/addresses/{here}/edit/",
        f"/orders/new/?address={here}",
        f"/heavy-jobs/new/?address={here}",
        "/heavy-jobs/",
        "/devices/add/",
        "/devices/requests/",
        "/devices/software/",
        "/people/",
        "/activity/",
        "/support/messages/new/",
    ]


def test_a_page_of_2000_needs_as_many_queries_as_one_of_5(client: Client) -> None:
    cast = factories.cast()
    client.force_login(cast.ana)
    _fleet(cast, 5)
    paths = _wide(cast)
    few = {path: _queries(client, path) for path in paths}
    _fleet(cast, 1995)
    ActivityEntry.objects.bulk_create(
        ActivityEntry(
            account=cast.northwind, actor=cast.ana, actor_name="Ana", verb="named", kind="device",
            public_id=f"{n:016d}", after={"name": f"D{n}"},
        )
        for n in range(1995)
    )  # fmt: skip
    many = {path: _queries(client, path) for path in paths}
    assert many == few
    assert max(few.values()) <= MOST_QUERIES, few


MOST_BYTES = 60_000
"""Of a page with everything that it links, compressed: what a first visit ships (issue: 60 KB)."""


def _shipped(client: Client, path: str) -> int:
    """Bytes on the wire of the page, its sheets, scripts and pictures, and the modules those import."""
    page = client.get(path)
    assert page.status_code == 200, path
    files, seen = set(re.findall(r'(?:href|src)="/static/([^"?#]+)"', page.text)), set[str]()
    total = len(gzip.compress(page.content, 6))
    while files - seen:
        name = (files - seen).pop()
        seen.add(name)
        found = finders.find(name)
        assert found, name
        content = Path(str(found)).read_bytes()
        total += len(content if name.endswith((".png", ".woff2")) else gzip.compress(content, 6))
        if name.endswith(".js"):
            files |= {f"js/{other}" for other in re.findall(r'from "\./([^"]+)"', content.decode())}
    return total


def test_no_page_ships_more_than_60_kb_on_a_first_visit(client: Client) -> None:
    cast = factories.cast()
    public = ["/", "/sign-in/login/", "/register/", "/eligibility/?search=c", "/can-it-report/", "/notices/"]
    public += ["/guide/", "/guide/returns/", "/support/", "/how-replenishment-works/", "/api/docs"]
    shipped = {f"{path} (not signed in)": _shipped(client, path) for path in public}
    client.force_login(cast.ana)
    _fleet(cast, 2000)
    device = Device.objects.filter(account=cast.northwind, model__name="C2000").first()
    assert device is not None
    order = automatic_order(device, device.slots.all()[0], release_at=timezone.now())
    paths = [*_wide(cast), f"/devices/{device.public_id}/", f"/orders/{order.public_id}/", "/sign-in/2fa/"]
    shipped |= {path: _shipped(client, path) for path in paths}
    assert {path: size for path, size in shipped.items() if size > MOST_BYTES} == {}
    # The measure itself: a page is more than its HTML.
    assert min(shipped.values()) > 10_000


def test_a_page_further_down_costs_no_more_queries(client: Client) -> None:
    cast = factories.cast()
    client.force_login(cast.ana)
    _fleet(cast, 120)
    first = client.get("/devices/")
    second = _queries(client, f"/devices/{first.context['older']}")
    assert second <= _queries(client, "/devices/")
