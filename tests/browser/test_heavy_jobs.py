"""A heavy job announced, changed and withdrawn, as somebody new to it does it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from metered.portal import look
from metered.replenishment.models import AnnouncedJob
from tests.portal.world import World, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"viewport": {"width": 390, "height": 800}, "java_script_enabled": False}
both = pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone, no JavaScript"])


@pytest.fixture
def here(chromium: Any, live_server: Any) -> World:
    return world()


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def day(days: int) -> str:
    return (timezone.localdate() + dt.timedelta(days=days)).isoformat()


@both
def test_a_job_from_the_overview_to_the_end(here: World, visit: Any, options: Any) -> None:
    ana = visit(**options)
    ana.sign_in("ana@example.com")
    page = ana.page
    ana.open("/")
    page.get_by_role("link", name="Announce a heavy job").click()
    page.get_by_role("link", name=here.front_desk.address.name, exact=True).click()
    page.get_by_label("Front desk").check()
    page.get_by_label("First day").fill(day(30))
    page.get_by_label("Last day").fill(day(33))
    page.get_by_label("What is it?").fill("Exams")
    page.get_by_label("How many pages").fill("40000")
    page.get_by_label("How many of them in colour?").fill("50000")
    page.get_by_role("button", name="See what it means").click()
    page.get_by_text("These are more than all pages together.").wait_for()
    expect(page.get_by_label("What is it?")).to_have_value("Exams")
    assert fits(page) and (options or look.findings(page) == [])
    page.get_by_label("How many of them in colour?").fill("5000")
    page.get_by_label("How dense are the pages?").select_option("heavy")
    page.get_by_role("button", name="See what it means").click()
    page.get_by_text("and they are there in time").wait_for()
    assert fits(page) and not AnnouncedJob.objects.exists()
    if not options:
        assert look.findings(page) == []
    page.get_by_role("button", name="Go back and change").click()
    expect(page.get_by_label("How many pages")).to_have_value("40000")
    page.get_by_role("button", name="See what it means").click()
    page.get_by_role("button", name="Announce it").click()
    page.get_by_role("heading", level=1, name="Exams").wait_for()
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("How many pages").fill("20000")
    page.get_by_role("button", name="See what it means").click()
    page.get_by_role("button", name="Change it").click()
    page.get_by_text("20,000 pages").wait_for()
    assert fits(page)
    page.get_by_role("link", name="Withdraw").click()
    page.get_by_text("nothing more is sent for the job").wait_for()
    page.get_by_role("button", name="Withdraw it").click()
    page.get_by_text("It was withdrawn.").wait_for()
    assert AnnouncedJob.objects.get().withdrawn_at is not None
    assert ana.complaints == []


def test_nothing_stands_in_anybodys_way(here: World, visit: Any) -> None:
    ana = visit(viewport={"width": 390, "height": 800})
    ana.sign_in("ana@example.com")
    page = ana.page
    for path in (
        "/heavy-jobs/",
        "/heavy-jobs/?which=past",
        f"/heavy-jobs/new/?device={here.front_desk.public_id}",
    ):
        ana.open(path)
        assert look.findings_everywhere(page) == [] and fits(page), path
    assert ana.complaints == []
