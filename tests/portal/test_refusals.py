"""Domain rule 9: a refused attempt is said where people look, and only a published bulletin counts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metered.fleet.models import Bulletin, Device
from metered.reads.models import DeviceState
from tests import factories
from tests.portal.world import World, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> World:
    return world()


@pytest.fixture
def ana(here: World, client: Client) -> Client:
    client.force_login(here.cast.ana)
    return client


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return " ".join(response.content.decode().split())


def refuse(device: Device, reason: str, *, ago: dt.timedelta = dt.timedelta(hours=1)) -> None:
    """As reads.store.note_refusals leaves it, also for a device that was never heard of."""
    fields: dict[str, Any] = {"refused_at": timezone.now() - ago, "refused_reason": reason}
    DeviceState.objects.update_or_create(device=device, defaults={"account": device.account, **fields})


def test_a_device_that_was_updated_and_is_refused_again_says_so(ana: Client, here: World) -> None:
    # What it last got through with was new enough: that says nothing of the last attempt.
    DeviceState.objects.filter(device=here.radiology).update(software="67.60")
    refuse(here.radiology, "software_below_minimum")
    html = page(ana, f"/devices/{here.radiology.public_id}/")
    assert "Its last attempt to report was refused" in html
    assert "its software is below the minimum 67.59" in html
    assert "device agent" in html


def test_a_device_refused_from_its_first_report_on_says_so(ana: Client, here: World) -> None:
    device = factories.device(here.cast.main_st, model=here.radiology.model, name="New", path="direct")
    refuse(device, "software_below_minimum")
    html = page(ana, f"/devices/{device.public_id}/")
    assert "Its last attempt to report was refused" in html
    assert "its software is below the minimum 67.59" in html
    overview = page(ana, "/")
    assert "New · VersaLink C505: its last report was refused" in overview
    assert f'href="/devices/{device.public_id}/"' in overview


def test_since_when_is_said_once_the_date_has_come(ana: Client, here: World) -> None:
    refuse(here.radiology, "software_below_minimum")
    path = f"/devices/{here.radiology.public_id}/"
    assert "required since" not in page(ana, path) and "required since" not in page(ana, "/")
    Bulletin.objects.update(from_date=timezone.localdate() - dt.timedelta(days=2))
    assert "67.59, required since" in page(ana, path) and "67.59, required since" in page(ana, "/")


def test_the_words_follow_the_reason(ana: Client, here: World) -> None:
    refuse(here.front_desk, "tls_below_minimum")
    html = page(ana, f"/devices/{here.front_desk.public_id}/")
    assert "Its last attempt to report was refused" in html and "older than TLS 1.2" in html
    assert "Its software" not in html
    assert "older than TLS 1.2" in page(ana, "/")
    refuse(here.front_desk, "something_new")
    html = page(ana, f"/devices/{here.front_desk.public_id}/")
    assert "Its last attempt to report was refused" in html and "TLS" not in html


def test_an_attempt_that_got_through_since_ends_it(ana: Client, here: World) -> None:
    refuse(here.front_desk, "software_below_minimum", ago=dt.timedelta(hours=3))
    assert "was refused" not in page(ana, f"/devices/{here.front_desk.public_id}/")
    assert "was refused" not in page(ana, "/")


def test_the_overview_names_a_refused_device_once(ana: Client, here: World) -> None:
    # It is silent and its last known software is too old as well: still one thing to do.
    refuse(here.radiology, "software_below_minimum")
    needs = ana.get("/").context["needs"]
    mine = [need for need in needs if here.radiology.public_id in need.url]
    assert [need.title for need in mine] == ["Radiology · VersaLink C505: its last report was refused"]
    assert mine[0].kind == "bad" and "67.59" in mine[0].text


def test_many_refused_devices_are_counted_and_listed(ana: Client, here: World) -> None:
    for number in range(6):
        device = factories.device(here.cast.main_st, name=f"Refused {number}", path="direct")
        refuse(device, "tls_below_minimum")
    html = page(ana, "/")
    assert "The last reports of 2 more devices were refused" in html
    assert "/devices/?state=refused" in html
    rows = ana.get("/devices/?state=refused").context["rows"]
    assert len(rows) == 6 and all(row.label.startswith("Refused") for row in rows)


def test_somebody_elses_refused_device_is_not_listed(client: Client, here: World) -> None:
    refuse(here.press, "software_below_minimum")
    client.force_login(here.cast.ben)
    assert "was refused" not in page(client, "/")


def test_a_bulletin_counts_from_its_publication_on(ana: Client, here: World) -> None:
    path = f"/devices/{here.radiology.public_id}/"
    assert "below the minimum 67.59" in page(ana, path) and "67.59" in page(ana, "/")
    Bulletin.objects.update(published_at=timezone.now() + dt.timedelta(hours=1))
    assert "67.59" not in page(ana, path) and "67.59" not in page(ana, "/")
