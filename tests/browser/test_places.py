"""Counting a shelf by keyboard alone, and keeping an address, as somebody does who came for that."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from metered.accounts.models import Address
from metered.portal import look
from metered.stock import actions
from metered.stock.models import Entry, Pool
from tests.orders.scene import Scene, announced, scene
from tests.portal.world import World, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def here(chromium: Any, live_server: Any) -> World:
    return world()


@pytest.fixture
def shelf(here: World) -> Scene:
    made = scene(here.cast.harbor_st, contract=here.cast.contract, colours=3)
    made.device.name = "Ward"
    made.device.save()
    actions.ask_count(pool_ids=[pool.pk for pool in made.pools], because="staff")
    return made


def counts(made: Scene) -> list[int]:
    rows = Entry.objects.filter(pool__in=made.pools, kind="count").order_by("pool_id")
    return list(rows.values_list("quantity", flat=True))


def test_stock_is_counted_by_keyboard_alone(here: World, shelf: Scene, visit: Any) -> None:
    ana = visit()
    ana.sign_in("ana@example.com")
    keys, page = ana.page.keyboard, ana.page
    need = page.get_by_role("link", name="Count 3 supplies at Harbor St")
    for _step in range(60):
        keys.press("Tab")
        if need.evaluate("link => link === document.activeElement"):
            break
    keys.press("Enter")
    page.get_by_role("heading", level=1, name="Please count 3 supplies at Harbor St").wait_for()
    first = page.locator(f"input[name=n-{shelf.pools[0].public_id}]")
    for _step in range(40):
        keys.press("Tab")
        if first.evaluate("field => field === document.activeElement"):
            break
    # Type, Enter, next; what is left empty was not counted.
    keys.type("4")
    keys.press("Enter")
    keys.press("Enter")
    keys.type("twelve")
    for _step in range(20):
        keys.press("Enter")
        if page.locator(":focus").inner_text() == "Keep these counts":
            break
    keys.press("Enter")
    page.get_by_text("1 count is kept.").wait_for()
    page.get_by_text("One count is not kept yet").wait_for()
    # The cursor is where another look is needed, and what was typed is still there.
    wrong = page.locator(f"input[name=n-{shelf.pools[2].public_id}]")
    expect(wrong).to_be_focused()
    assert wrong.input_value() == "twelve"
    keys.press("Control+A")
    keys.type("12")
    for _step in range(20):
        keys.press("Enter")
        if page.locator(":focus").inner_text() == "Keep these counts":
            break
    keys.press("Enter")
    page.get_by_text("It was the first count").first.wait_for()
    assert counts(shelf) == [4, 12]
    page.get_by_role("heading", level=1, name="Please count 1 supply at Harbor St").wait_for()
    assert ana.complaints == []


def test_a_count_on_a_phone_without_javascript_and_on_paper(here: World, shelf: Scene, visit: Any) -> None:
    ana = visit(java_script_enabled=False, viewport={"width": 390, "height": 800})
    ana.sign_in("ana@example.com")
    page = ana.page
    ana.open("/stock/")
    page.get_by_role("link", name="Harbor St").click()
    page.locator(f"input[name=n-{shelf.pools[1].public_id}]").fill("2")
    page.get_by_role("button", name="Keep these counts").click()
    page.get_by_text("1 count is kept.").wait_for()
    assert counts(shelf) == [2]
    page.locator(f"a[href*='/ledger/{shelf.pools[1].public_id}/']").click()
    page.get_by_role("heading", level=1, name="2 expected on the shelf").wait_for()
    ana.open(f"/stock/{shelf.address.public_id}/")
    page.emulate_media(media="print")
    expect(page.get_by_text("Counted by:")).to_be_visible()
    expect(page.get_by_role("button", name="Keep these counts")).to_be_hidden()


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_an_address_in_another_country(here: World, visit: Any, script: bool) -> None:
    phone = {"width": 390, "height": 800}
    ana = visit(java_script_enabled=script, **({} if script else {"viewport": phone}))
    ana.sign_in("ana@example.com")
    page = ana.page
    page.get_by_role("button", name="Your account and settings").click()
    page.get_by_role("link", name="Addresses", exact=True).click()
    page.get_by_role("link", name="Add an address").click()
    page.get_by_label("What your people call it").fill("Berlin")
    page.get_by_label("Street, building, floor").fill("Chausseestr. 1")
    page.get_by_label("Country").select_option("DE")
    if not script:
        page.get_by_role("button", name="Show this country's fields").click()
    page.get_by_text("The fields are those of this country now.").wait_for()
    expect(page.get_by_label("State")).to_have_count(0)
    assert page.get_by_label("Street, building, floor").input_value() == "Chausseestr. 1"
    page.get_by_label("Postal code").fill("1011")
    page.get_by_label("Town or city").fill("Berlin")
    page.get_by_label("Town or city").press("Enter")
    page.get_by_text("This does not look right for Germany").wait_for()
    page.get_by_label("Postal code").fill("10115")
    page.get_by_role("button", name="Add the address").last.click()
    page.get_by_text("Berlin is added.").wait_for()
    made = Address.objects.select_related("current").get(name="Berlin")
    assert made.current is not None and made.current.one_line == "10115 Berlin"
    assert made.time_zone == "Europe/Berlin" and ana.complaints == []


def test_an_edit_says_which_orders_follow_and_two_people_lose_nothing(here: World, visit: Any) -> None:
    ana, other = visit(), visit()
    for one in (ana, other):
        one.sign_in("ana@example.com")
        one.open(f"/addresses/{here.cast.main_st.public_id}/edit/")
        one.page.get_by_text("This order has not been shipped").wait_for()
        one.page.get_by_role("link", name=here.announced.number).wait_for()
    ana.page.get_by_label("Street, building, floor").fill("2 New St")
    ana.page.get_by_role("button", name="Save the address").click()
    ana.page.get_by_text(f"{here.announced.number} will be sent there.").wait_for()
    other.page.get_by_label("Delivery note").fill("Dock 4")
    other.page.get_by_role("button", name="Save the address").click()
    other.page.get_by_text("Ana changed this address while you were typing").wait_for()
    assert other.page.get_by_label("Delivery note").input_value() == "Dock 4"
    assert look.findings(other.page) == []
    other.page.get_by_role("button", name="Save mine instead").click()
    other.page.get_by_text("Main St is changed.").wait_for()
    other.page.get_by_text("How it was written before").click()
    other.page.get_by_text("2 New St").wait_for()


def test_axe_finds_nothing_in_any_state(here: World, shelf: Scene, visit: Any) -> None:
    announced(shelf)
    ana = visit()
    ana.sign_in("ana@example.com")
    pool = shelf.pools[0]
    actions.count(pool_id=pool.pk, quantity=4, cause="c", actor=here.cast.ben)
    empty = Pool.objects.filter(address=here.cast.main_st, entries=None).first() or pool
    harbor = here.cast.harbor_st.public_id
    found = {}
    paths = ["/stock/", f"/stock/{harbor}/", f"/stock/ledger/{pool.public_id}/"]
    paths += [f"/stock/ledger/{empty.public_id}/", "/addresses/", "/addresses/new/"]
    for path in [*paths, f"/addresses/{harbor}/", f"/addresses/{harbor}/retire/"]:
        ana.open(path)
        found[path] = look.findings_everywhere(ana.page)
        if ana.page.evaluate("document.documentElement.scrollWidth") > ana.page.viewport_size["width"]:
            found[path].append("scrolls sideways")
    ana.open(f"/stock/{harbor}/")
    ana.page.locator(f"input[name=n-{pool.public_id}]").fill("many")
    ana.page.get_by_role("button", name="Keep these counts").click()
    ana.page.get_by_text("One count is not kept yet").wait_for()
    found["a wrong count"] = look.findings_everywhere(ana.page)
    ana.open("/addresses/new/")
    ana.page.get_by_role("button", name="Add the address").last.click()
    ana.page.get_by_text("answers need another look").wait_for()
    found["a wrong address"] = look.findings_everywhere(ana.page)
    assert {path: findings for path, findings in found.items() if findings} == {}
    assert ana.complaints == []
