"""Returns in a real browser, from the form to the number: wide, and on a small phone without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from metered.fleet import actions as fleet
from metered.notify.models import Message
from metered.portal import look
from metered.returns import actions
from metered.returns.models import Return
from metered.returns.numbers import spoken
from tests import factories as make
from tests.portal.world import can_sign_in
from tests.returns.scene import Scene, books, person_of, stocked

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"viewport": {"width": 320, "height": 640}, "java_script_enabled": False}
both = pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone, no JavaScript"])


@pytest.fixture
def here(chromium: Any, live_server: Any) -> Scene:
    return stocked(3)


def enter(here: Scene, visit: Any, **options: Any) -> Any:
    person = person_of(here)
    can_sign_in(person)
    one = visit(**options)
    one.sign_in(person.email)
    return one


def fits(page: Any, options: Any) -> None:
    """Nothing stands over the edge, and axe has nothing against it."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert options or look.findings(page) == []


def fill(page: Any, here: Scene, units: int, *, boxes: int = 1, weight: int = 8) -> None:
    page.get_by_label("Return how many").and_(page.locator(f"input[name=q-{here.pools[0].supply_id}]")).fill(
        str(units)
    )
    page.get_by_label("How many boxes").fill(str(boxes))
    page.get_by_label("How heavy").fill(str(weight))
    page.get_by_label("Who hands it over").fill("Ana Ruiz")
    page.get_by_label("All boxes are full, unopened").check()


def look_at_it(page: Any) -> None:
    page.locator("button.primary", has_text="Look at the return").click()


@both
def test_an_ordinary_return(here: Scene, visit: Any, options: Any) -> None:
    ana = enter(here, visit, **options)
    page = ana.page
    ana.open("/returns/")
    page.get_by_text("Nothing was returned yet").wait_for()
    fits(page, options)
    page.get_by_role("link", name="Return supplies").click()
    page.get_by_role("heading", level=1, name="What goes back from").wait_for()
    fits(page, options)
    fill(page, here, 0)
    look_at_it(page)
    page.get_by_text("Nothing filed yet").wait_for()
    fits(page, options)
    fill(page, here, 2)
    look_at_it(page)
    page.get_by_role("heading", level=1, name="Return 2 units from").wait_for()
    page.get_by_text("No credit is given.").first.wait_for()
    fits(page, options)
    page.get_by_role("button", name="Go back and change").click()
    expect(page.get_by_label("How many boxes")).to_have_value("1")
    expect(page.get_by_label("All boxes are full, unopened")).to_be_checked()
    look_at_it(page)
    page.get_by_role("button", name="File the return").click()
    made = Return.objects.get()
    page.locator("#rma", has_text=spoken(made.number or "")).wait_for()
    fits(page, options)
    page.get_by_role("button", name="The carrier has it").click()
    page.get_by_role("heading", level=1, name="on its way to us").wait_for()
    ana.open(f"/returns/?search=RMA+{made.number}")
    page.get_by_role("link", name=spoken(made.number or "")).wait_for()
    fits(page, options)
    assert ana.complaints == [] and books(here.pools[0]) == (1, 2)


def test_open_boxes_are_led_to_recycling_and_nothing_typed_is_lost(here: Scene, visit: Any) -> None:
    ana = enter(here, visit)
    page = ana.page
    ana.open("/returns/new/")
    fill(page, here, 2, boxes=7)
    page.get_by_role("button", name="Some are open or partly used").click()
    page.get_by_role("heading", level=1, name="Open boxes are recycled").wait_for()
    page.get_by_role("heading", name=here.pools[0].supply.reorder_number).wait_for()
    fits(page, {})
    page.get_by_role("button", name="Back to the return").click()
    expect(page.get_by_label("How many boxes")).to_have_value("7")
    assert ana.complaints == [] and not Return.objects.exists()


def test_an_unknown_number_is_told_beside_its_row(here: Scene, visit: Any) -> None:
    make.supply(reorder_number="006R00244", name="Old toner")
    ana = enter(here, visit, **PHONE)
    page = ana.page
    ana.open("/returns/new/")
    page.get_by_label("Reorder number, row 1").fill("6r244")
    page.get_by_label("Units, row 1").fill("1")
    page.get_by_label("Reorder number, row 2").fill("77X777")
    page.get_by_role("button", name="Look the numbers up").click()
    page.get_by_text("Old toner").wait_for()
    page.get_by_text("We know no supply “77X777”").wait_for()
    expect(page.get_by_label("Units, row 1")).to_have_value("1")
    fits(page, PHONE)


def test_more_than_there_is_waits_for_an_answer(here: Scene, visit: Any) -> None:
    ana = enter(here, visit)
    page = ana.page
    ana.open("/returns/new/")
    fill(page, here, 30, boxes=21, weight=300)
    # Enter in a field asks for the last look too.
    page.get_by_label("How many boxes").press("Enter")
    page.get_by_text("That is more than was shipped to you").wait_for()
    page.get_by_text("It travels on a pallet").wait_for()
    fits(page, {})
    page.get_by_role("button", name="File the return").click()
    page.get_by_role("heading", level=1, name="We answer by").wait_for()
    fits(page, {})
    page.get_by_role("link", name="Withdraw it").click()
    page.get_by_text("Everything stays with you").wait_for()
    fits(page, {})
    page.get_by_role("button", name="Withdraw it").click()
    page.get_by_role("heading", level=1, name="was withdrawn").wait_for()
    assert ana.complaints == [] and Return.objects.get().state == "withdrawn"


@both
def test_what_a_removed_device_leaves_stands_filled_in(here: Scene, visit: Any, options: Any) -> None:
    fleet.remove_device(device=here.device)
    actions.take_facts()
    ana = enter(here, visit, **options)
    page = ana.page
    ana.open("/")
    page.get_by_role("link", name="Settle it").click()
    page.get_by_role("heading", name="6 units are left over at").wait_for()
    fits(page, options)
    page.get_by_role("link", name="None is left").nth(1).click()
    page.get_by_role("heading", level=1, name="Is nothing of it left").wait_for()
    fits(page, options)
    page.get_by_role("button", name="Yes, none is left").click()
    page.get_by_role("heading", name="3 units are left over at").wait_for()
    page.get_by_role("link", name="Return them").click()
    filled = page.locator("tbody th ~ td input").first
    expect(filled).to_have_value("3")
    page.get_by_label("How many boxes").fill("1")
    page.get_by_label("How heavy").fill("8")
    page.get_by_label("Who hands it over").fill("Ana Ruiz")
    page.get_by_label("All boxes are full, unopened").check()
    look_at_it(page)
    page.get_by_role("button", name="File the return").click()
    page.get_by_role("heading", level=1, name="is confirmed").wait_for()
    ana.open("/returns/")
    assert page.get_by_text("left over at").count() == 0
    assert Return.objects.get().leftovers.count() == 1 and ana.complaints == []


@both
def test_without_a_sign_in_a_mailed_link_files_it(here: Scene, visit: Any, options: Any) -> None:
    rita = visit(**options)
    page = rita.page
    rita.open("/returns/start/")
    page.get_by_role("heading", level=1, name="Return supplies without signing in").wait_for()
    fits(page, options)
    page.get_by_label("Customer number").fill(here.address.account.number)
    page.get_by_label("E-mail").fill("rita@northwind.example")
    page.get_by_label("Reorder number, row 1").fill(here.pools[0].supply.reorder_number)
    page.get_by_label("Units, row 1").fill("1")
    page.get_by_label("Where is it picked up?").fill("Northwind\n1 Main St")
    page.get_by_label("Who hands it over").fill("Rita")
    page.get_by_label("How many boxes").fill("1")
    page.get_by_label("How heavy").fill("6")
    page.get_by_label("All boxes are full, unopened").check()
    page.locator("button.primary", has_text="Send me the link").click()
    page.get_by_role("heading", level=1, name="Look into your mail").wait_for()
    fits(page, options)
    actions.take_unconfirmed()
    rita.open(str(Message.objects.get(template="return_link").values["confirm_path"]))
    fits(page, options)
    page.get_by_role("button", name="File the return").click()
    page.get_by_role("heading", level=1, name="Your return is filed").wait_for()
    assert Return.objects.get().filed_email == "rita@northwind.example" and rita.complaints == []


def test_an_old_browser_is_answered_by_the_same_form_twice_with_one_return(here: Scene, visit: Any) -> None:
    ana = enter(here, visit)
    page = ana.page
    ana.open("/returns/new/")
    fill(page, here, 1)
    look_at_it(page)
    page.get_by_role("button", name="File the return").click()
    page.get_by_role("heading", level=1, name="is confirmed").wait_for()
    page.go_back()
    page.get_by_role("button", name="File the return").click()
    page.get_by_text("This form was filed already").wait_for()
    assert Return.objects.count() == 1
    assert Client().get("/returns/").status_code == 302
