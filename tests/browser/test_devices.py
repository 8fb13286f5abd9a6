"""A device's own matters, done as somebody new to it does them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from metered.fleet.models import Device, DeviceRequest
from metered.portal import look
from metered.reads import checks
from tests import factories
from tests.portal.world import World, state, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"viewport": {"width": 390, "height": 800}, "java_script_enabled": False}
both = pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone, no JavaScript"])


@pytest.fixture
def here(chromium: Any, live_server: Any) -> World:
    return world()


def signed_in(visit: Any, **options: Any) -> Any:
    ana = visit(**options)
    ana.sign_in("ana@example.com")
    return ana


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@both
def test_naming_a_device(here: World, visit: Any, options: Any) -> None:
    ana = signed_in(visit, **options)
    page = ana.page
    ana.open(f"/devices/{here.front_desk.public_id}/")
    page.get_by_role("link", name="Change name and place").click()
    expect(page.get_by_label("Name", exact=False).first).to_have_value("Front desk")
    if not options:
        # In place: the page did not change.
        assert ana.path == f"/devices/{here.front_desk.public_id}/"
    Device.objects.filter(pk=here.front_desk.pk).update(place="Moved by Ben")
    page.locator("input[name=name]").fill("Welcome desk")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Somebody changed this while you were typing").wait_for()
    expect(page.locator("input[name=name]")).to_have_value("Welcome desk")
    page.locator("input[name=place]").fill("Ground floor")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", level=1, name="Welcome desk · VersaLink C7130").wait_for()
    page.get_by_text("Ground floor").first.wait_for()
    assert ana.complaints == []


@both
def test_asking_for_a_move(here: World, visit: Any, options: Any) -> None:
    ana = signed_in(visit, **options)
    page = ana.page
    ana.open(f"/devices/{here.front_desk.public_id}/")
    page.get_by_role("link", name="Ask for a change").click()
    page.get_by_role("link", name="It moves to another address").click()
    page.get_by_text("1-800-000-0000").first.wait_for()
    page.get_by_label("Anything else").fill("On Monday")
    page.get_by_role("button", name="Ask for it").click()
    page.get_by_role("alert").first.wait_for()
    expect(page.get_by_label("Anything else")).to_have_value("On Monday")
    page.get_by_label("Address").select_option("Harbor St")
    page.get_by_role("button", name="Ask for it").click()
    page.get_by_text("You are told by mail").first.wait_for()
    page.get_by_text("Move it to Harbor St").wait_for()
    assert fits(page) and DeviceRequest.objects.count() == 1
    assert ana.complaints == []


@both
def test_switching_automatic_supplies(here: World, visit: Any, options: Any) -> None:
    ana = signed_in(visit, **options)
    page = ana.page
    ana.open(f"/devices/{here.front_desk.public_id}/")
    page.get_by_role("link", name="Switch it off").click()
    page.get_by_role("heading", name="What it means").wait_for()
    page.get_by_label("Reason").fill("Goes in May")
    page.get_by_role("button", name="Switch it off").click()
    page.get_by_text("Nothing is sent by itself for this device: Goes in May").wait_for()
    page.get_by_role("link", name="Switch it on").click()
    page.get_by_role("button", name="Switch it on").click()
    page.get_by_text("Starts soon").wait_for()
    assert ana.complaints == []


@both
def test_checking_now(here: World, visit: Any, options: Any) -> None:
    ana = signed_in(visit, **options)
    page = ana.page
    ana.open(f"/devices/{here.radiology.public_id}/")
    page.get_by_role("link", name="See what helps").first.click()
    page.get_by_role("heading", level=1, name="Radiology has been silent for 9 days").wait_for()
    page.get_by_role("button", name="Check now").click()
    page.get_by_role("heading", name="Waiting for its next report").wait_for()
    now = timezone.now()
    type(here.radiology.state).objects.filter(device=here.radiology).update(received_at=now, software="67.60")
    checks.answer(here.radiology.account_id, {here.radiology.pk}, {}, now)
    if options:
        page.get_by_role("link", name="Look again").click()
    # With JavaScript the page hears of it by itself.
    page.get_by_role("heading", name="Heard and accepted").wait_for()
    page.get_by_role("heading", level=1, name="Radiology reports as it should").wait_for()
    assert fits(page) and ana.complaints == []


@both
def test_the_work_list_and_its_file(here: World, visit: Any, options: Any) -> None:
    other = factories.device(
        here.cast.main_st, model=here.radiology.model, name="Lab", path="direct", serial="LAB1"
    )
    state(other, [], at=timezone.now() - dt.timedelta(hours=1), software="60.1")
    ana = signed_in(visit, accept_downloads=True, **options)
    page = ana.page
    page.get_by_role("link", name=re.compile("2 VersaLink C505 need")).click()
    page.get_by_role("heading", level=1, name="2 devices need newer software").wait_for()
    page.get_by_role("searchbox", name="Search").fill("lab")
    if options:
        page.get_by_role("button", name="Show").click()
    expect(page.locator("#list tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="This list as a file").click()
    text = download.value.path().read_text()
    assert "LAB1" in text and here.radiology.serial not in text
    assert fits(page) and ana.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_have_no_violations(here: World, visit: Any, scheme: str) -> None:
    checks.ask_for_contact(device=here.front_desk, actor=here.cast.ana)
    ana = signed_in(visit, color_scheme=scheme, viewport={"width": 320, "height": 800})
    front, radiology = (f"/devices/{one.public_id}/" for one in (here.front_desk, here.radiology))
    found = {}
    for path in (
        front,
        f"{front}name/",
        f"{front}change/",
        f"{front}change/?kind=serial",
        f"{front}replenishment/",
        f"{front}connection/",
        f"{radiology}connection/",
        "/devices/add/",
        "/devices/requests/",
        "/devices/software/",
    ):
        ana.open(path)
        assert fits(ana.page), path
        found[path] = look.findings(ana.page)
    assert not any(found.values()), found
    assert ana.complaints == []
