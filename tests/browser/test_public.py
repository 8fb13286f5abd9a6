"""The public pages as somebody new uses them, and a message to support as a customer does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from metered.fleet.models import PrinterModel
from metered.notify.actions import send_due
from metered.portal import look, publishing
from metered.portal.models import Notice, Subscription, SupportMessage
from tests import factories
from tests.portal.world import World, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = [
    pytest.param({"viewport": {"width": 1280, "height": 900}}, id="desk"),
    pytest.param(
        {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}, id="phone-without-js"
    ),
]


@pytest.fixture
def here(chromium: Any, live_server: Any) -> World:
    made = world()
    model = PrinterModel.objects.create(vendor="Acme", name="Jet 300", colour=False)
    factories.bulletin(model, "2.0", timezone.now().date() + dt.timedelta(days=40))
    publishing.publish(
        notice=Notice(
            title="Update by spring", body="See [the guide](/guide/connection/).", act_by=dt.date(2099, 2, 15)
        )
    )
    return made


@pytest.mark.parametrize("options", SIZES)
def test_from_the_first_page_to_what_ones_printer_can(
    here: World, visit: Any, options: dict[str, Any]
) -> None:
    one = visit(**options)
    page = one.page
    one.open("/")
    page.get_by_role("heading", level=1, name="Toner that turns up before you need it").wait_for()
    page.get_by_role("main").get_by_role("link", name="Is my printer eligible?").click()
    page.get_by_role("searchbox", name="Model").fill("jet-300")
    if options.get("java_script_enabled") is False:
        page.get_by_role("button", name="Show").click()
    page.get_by_text("It reports how full its supplies are.").wait_for()
    page.get_by_role("link", name="Check its software").click()
    page.get_by_label("Software version").fill("1.9")
    page.get_by_label("Software version").press("Enter")
    page.get_by_role("heading", level=1, name="Update needed").wait_for()
    page.get_by_text("The date is in 40 days").wait_for()
    page.get_by_role("link", name="How a device agent works").click()
    page.get_by_role("heading", level=1, name="How printers report").wait_for()
    assert one.complaints == []


@pytest.mark.parametrize("options", SIZES)
def test_updates_by_mail_from_asking_to_leaving(here: World, visit: Any, options: dict[str, Any]) -> None:
    one = visit(**options)
    page = one.page
    one.open("/guide/")
    page.get_by_role("button", name="I have read this").click()
    assert one.path == "/guide/" and page.get_by_text("Update by spring").count() == 0
    one.open("/notices/")
    page.get_by_label("E-mail", exact=True).fill("reader@example.com")
    page.get_by_role("button", name="Send me updates").click()
    page.get_by_role("heading", level=1, name="Look into your mail").wait_for()
    send_due()
    row = Subscription.objects.get()
    path = f"/updates/{row.key}/confirm/"
    assert path in mail.outbox[-1].body
    one.open(path)
    page.get_by_role("button", name="Yes, send me updates").click()
    page.get_by_text("You get an update when we publish a notice.").wait_for()
    publishing.tell_subscribers()
    send_due()
    assert mail.outbox[-1].subject == "Update by spring"
    leave = f"/updates/{row.public_id}/leave/"
    assert leave in mail.outbox[-1].body
    one.open(leave)
    page.get_by_role("button", name="End updates").click()
    page.get_by_role("heading", level=1, name="You get no more updates").wait_for()
    assert not Subscription.objects.exists() and one.complaints == []


@pytest.mark.parametrize("options", SIZES)
def test_finding_it_in_the_guide(here: World, visit: Any, options: dict[str, Any]) -> None:
    one = visit(**options)
    one.open("/guide/")
    search = one.page.get_by_role("searchbox", name="Search the guide")
    if options.get("java_script_enabled") is False:
        search.fill("waste container")
        search.press("Enter")
    else:
        search.press_sequentially("waste container")
    one.page.get_by_role("link", name="The page of one printer").click()
    one.page.get_by_role("heading", level=2, name="The page of one printer").wait_for()
    assert one.path == "/guide/devices/#the-page-of-one-printer" and one.complaints == []
    picture = one.page.locator(".prose img").first
    assert picture.evaluate("image => image.complete && image.naturalWidth") or picture.is_visible()


@pytest.mark.parametrize("options", SIZES)
def test_a_message_about_an_order(here: World, visit: Any, options: dict[str, Any]) -> None:
    ana = visit(**options)
    ana.sign_in("ana@example.com")
    page = ana.page
    ana.open(f"/orders/{here.announced.public_id}/")
    page.get_by_role("link", name="Ask support about this order").click()
    page.get_by_role("heading", level=1, name=f"Ask support about {here.announced.number}").wait_for()
    page.get_by_label("Your message").fill("We are closed that day.")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", level=1, name="Support has your message").wait_for()
    page.get_by_text("We are closed that day.").wait_for()
    assert SupportMessage.objects.get().about_label == here.announced.number and ana.complaints == []


STATES = [
    "/", "/eligibility/", "/eligibility/?search=jet", "/eligibility/?search=jte300x", "/can-it-report/",
    "/can-it-report/?model=jet300&version=1", "/notices/", "/updates/", "/guide/", "/guide/?search=shelf",
    "/guide/?search=qqqq", "/guide/devices/", "/returns-policy/", "/privacy/", "/support/",
]  # fmt: skip
SIGNED_IN = ["/support/messages/", "/support/messages/new/", "/can-it-report/?serial=nope"]


def test_axe_finds_nothing_and_no_phone_scrolls_sideways(here: World, visit: Any) -> None:
    wrong = {}
    one = visit(viewport={"width": 1280, "height": 800})
    for paths in (STATES, SIGNED_IN):
        if paths is SIGNED_IN:
            one.sign_in("ana@example.com")
        for path in paths:
            one.open(path)
            found = look.findings_everywhere(one.page)
            over = one.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            if found or over > 0:
                wrong[path] = (found, over)
    assert wrong == {} and one.complaints == []
