"""Meter reads in a real browser: ten by keyboard alone, rows without JavaScript, a correction on a phone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from metered.fleet.models import Device, MeterType
from metered.portal import look
from metered.reads.models import Read, ReadValue
from tests import factories
from tests.portal.world import can_sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Office:
    """Ten printers at two addresses that are read by hand, due today."""

    def __init__(self) -> None:
        self.cast = factories.cast()
        can_sign_in(self.cast.ana)
        self.now = timezone.now()
        self.cast.contract.read_day = min(self.now.day, 28)
        self.cast.contract.save()
        model = factories.printer_model(meters=("mono", "colour"), name="C505")
        self.devices = [self._device(n, model) for n in range(10)]

    def _device(self, n: int, model: Any) -> Device:
        place = self.cast.main_st if n < 6 else self.cast.harbor_st
        made = factories.device(
            place,
            contract=self.cast.contract,
            model=model,
            path="manual",
            name=f"Room {n}",
            serial=f"ROOM{n}",
        )
        for month in range(5, 0, -1):
            read = Read.objects.create(
                account=made.account, address=made.address, device=made, source="customer",
                taken_at=self.now - dt.timedelta(days=30 * month),
            )  # fmt: skip
            for code, value in (
                ("mono", 100_000 - 900 * (month - 1)),
                ("colour", 20_000 - 300 * (month - 1)),
            ):
                ReadValue.objects.create(
                    read=read, meter_type=MeterType.objects.get(code=code), value=value + 10_000 * n
                )
        return made


@pytest.fixture
def office(chromium: Any, live_server: Any) -> Office:
    return Office()


def test_ten_reads_by_keyboard_alone(office: Office, visit: Any) -> None:
    ana = visit()
    ana.sign_in("ana@example.com")
    page, keys = ana.page, ana.page.keyboard
    page.get_by_role("link", name="Enter reads").focus()
    keys.press("Enter")
    page.get_by_role("heading", level=1, name="10 meter reads are due").wait_for()
    for _step in range(40):
        keys.press("Tab")
        if (page.locator(":focus").get_attribute("name") or "").startswith("v."):
            break
    for n in (6, 7, 8, 9, 0, 1, 2, 3, 4, 5):
        row = f"Room {n} · C505"
        expect(page.get_by_label(f"mono, {row}", exact=False)).to_be_focused()
        # The third one is typed with two digits swapped.
        keys.type(f"{100_900 + 10_000 * n}" if n != 8 else "108900")
        keys.press("Enter")
        expect(page.get_by_label(f"colour, {row}", exact=False)).to_be_focused()
        keys.type(f"{20_300 + 10_000 * n}")
        keys.press("Enter")
        if n == 8:
            page.locator("p.note.warn").wait_for()
            wrong = page.locator(":focus")
            assert wrong.get_attribute("aria-invalid") == "true"
            keys.type("180900")
            keys.press("Enter")
    expect(page.locator("tr[data-kept]")).to_have_count(10)
    assert Read.objects.filter(status="accepted", received_at__gte=office.now).count() >= 10
    assert ana.complaints == []
    page.reload()
    page.get_by_role("heading", level=1, name="No meter reads are due").wait_for()


@pytest.mark.parametrize("width", [1280, 390])
def test_pasted_rows_without_javascript(office: Office, visit: Any, width: int) -> None:
    ana = visit(java_script_enabled=False, viewport={"width": width, "height": 800})
    ana.sign_in("ana@example.com")
    page = ana.page
    ana.open("/reads/")
    page.get_by_role("link", name="Paste rows or upload a file").click()
    page.get_by_role("textbox", name="Paste rows").fill(
        "ROOM0\t100,900\t20,300\nROOM1\t119,000\t30,300\nROOMX\t1\t2"
    )
    page.get_by_role("button", name="Look at the rows").click()
    page.get_by_role("heading", level=1, name="1 read is good, 2 rows need a look").wait_for()
    page.get_by_role("button", name="Keep the good read").click()
    page.get_by_role("heading", level=1, name="1 read is kept.").wait_for()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download the rest as CSV").click()
    assert taken.value.suggested_filename == "reads-not-kept.csv"
    # The grid sends itself whole.
    ana.open("/reads/")
    page.get_by_label("mono, Room 1 · C505").fill("110900")
    page.get_by_label("mono, Room 1 · C505").press("Enter")
    page.get_by_text("1 read is kept.").wait_for()
    page.get_by_role("heading", level=1, name="8 meter reads").wait_for()


def test_a_correction_on_a_phone(office: Office, visit: Any) -> None:
    ana = visit(viewport={"width": 390, "height": 800})
    ana.sign_in("ana@example.com")
    page = ana.page
    ana.open(f"/reads/device/{office.devices[0].public_id}/")
    page.get_by_label("Mono").fill("109000")
    page.get_by_label("Colour").fill("20300")
    page.get_by_role("button", name="Keep this read").click()
    page.get_by_role("button", name="Use 100,900 instead").click()
    page.get_by_text("Kept. 1,200 pages since").wait_for()
    page.get_by_role("link", name="Correct the read of").first.click()
    page.get_by_label("Mono").fill("100,950")
    page.get_by_label("Why was it wrong?").fill("Misread a digit")
    page.get_by_role("button", name="Correct it").click()
    page.get_by_text("The read is corrected.").wait_for()
    expect(page.get_by_text("Misread a digit")).to_be_visible()
    assert ana.complaints == []


def test_axe_finds_nothing(office: Office, visit: Any) -> None:
    ana = visit(viewport={"width": 1280, "height": 800})
    ana.sign_in("ana@example.com")
    page = ana.page
    found = {}

    def look_at(state: str) -> None:
        found[state] = look.findings_everywhere(page)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found[state].append("scrolls sideways")

    ana.open("/reads/")
    look_at("due")
    page.get_by_label("mono, Room 1 · C505").fill("5")
    page.get_by_label("mono, Room 2 · C505").fill("x")
    page.get_by_role("button", name="Keep these reads").click()
    page.get_by_text("is no whole number").wait_for()
    look_at("asked")
    ana.open(f"/reads/device/{office.devices[0].public_id}/")
    look_at("device")
    ana.open("/reads/rows/")
    look_at("rows")
    page.get_by_role("button", name="Look at the rows").click()
    look_at("rows, wrong")
    page.get_by_role("textbox", name="Paste rows").fill(
        "ROOM0\t100,900\t20,300\nROOM1\t119,000\t30,300\nROOMX\t1\t2"
    )
    page.get_by_role("button", name="Look at the rows").click()
    page.get_by_role("heading", level=1, name="1 read is good").wait_for()
    look_at("preview")
    page.get_by_role("button", name="Keep the good read").click()
    page.get_by_role("heading", level=1, name="1 read is kept.").wait_for()
    look_at("kept")
    assert {state: findings for state, findings in found.items() if findings} == {}
    assert ana.complaints == []
