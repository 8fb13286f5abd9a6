"""The pages in a real browser: by mouse, by keyboard, without JavaScript, on a phone, and with axe."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from metered.portal import look
from tests import factories
from tests.portal.world import World, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def here(chromium: Any, live_server: Any) -> World:
    return world()


def paths(here: World) -> list[str]:
    return [
        "/",
        "/devices/",
        f"/devices/{here.front_desk.public_id}/",
        f"/devices/{here.radiology.public_id}/",
        "/supplies/",
        "/orders/",
        f"/orders/{here.announced.public_id}/",
        f"/orders/{here.shipped.public_id}/",
    ]


def test_from_signing_in_to_the_reason_of_an_order(here: World, visit: Any) -> None:
    ana = visit()
    ana.open("/devices/")
    assert ana.path.startswith("/sign-in/login/")
    ana.sign_in("ana@example.com")
    page = ana.page
    assert ana.path == "/"
    page.get_by_role("heading", level=1, name="Covered for the next 30 days, except one device").wait_for()
    page.get_by_role("link", name="Devices", exact=True).click()
    page.get_by_role("link", name="Front desk · VersaLink C7130").click()
    page.get_by_role("heading", level=1, name="Front desk · VersaLink C7130").wait_for()
    page.get_by_role("link", name=here.announced.number).click()
    page.get_by_role("heading", level=1, name=f"{here.announced.number} leaves").wait_for()
    page.get_by_text("It likely runs out between").wait_for()
    assert ana.path == f"/orders/{here.announced.public_id}/"


def test_signing_in_with_the_keyboard_alone(here: World, visit: Any) -> None:
    ana = visit()
    ana.open("/sign-in/login/")
    keys = ana.page.keyboard
    ana.page.locator("body").press("Tab")
    assert ana.page.locator(":focus").inner_text() == "Skip to the page"
    keys.press("Enter")
    for _step in range(12):
        keys.press("Tab")
        if ana.page.locator(":focus").get_attribute("name") == "login":
            break
    keys.type("ana@example.com")
    for _step in range(6):
        keys.press("Tab")
        if ana.page.locator(":focus").get_attribute("name") == "password":
            break
    keys.type(factories.PASSWORD)
    keys.press("Enter")
    ana.page.get_by_role("heading", level=1, name="Covered").wait_for()


def test_a_wrong_password_says_so_and_keeps_the_address(here: World, visit: Any) -> None:
    ana = visit()
    ana.open("/sign-in/login/")
    ana.page.locator("input[name=login]").fill("ana@example.com")
    ana.page.locator("input[name=password]").fill("not the password")
    ana.page.locator("input[name=password]").press("Enter")
    ana.page.get_by_role("alert").first.wait_for()
    assert ana.page.locator("input[name=login]").input_value() == "ana@example.com"


def test_switching_the_account(here: World, visit: Any) -> None:
    factories.member(here.cast.harbor_press, here.cast.ana, "owner")
    ana = visit()
    ana.sign_in("ana@example.com")
    button = ana.page.get_by_role("button", name="Your account and settings")
    assert "Harbor Press" in button.inner_text()
    button.click()
    ana.page.get_by_role("button", name="Northwind").click()
    ana.page.get_by_role(
        "heading", level=1, name="Covered for the next 30 days, except one device"
    ).wait_for()
    assert "Northwind" in button.inner_text()


def test_the_list_follows_the_typing(here: World, visit: Any) -> None:
    ana = visit()
    ana.sign_in("ana@example.com")
    ana.open("/devices/")
    rows = ana.page.locator("#list tbody tr")
    expect(rows).to_have_count(3)
    ana.page.get_by_role("searchbox", name="Search").press_sequentially("radiol")
    expect(rows).to_have_count(1)
    # The address can be sent to a colleague, and the field kept the cursor.
    assert "search=radiol" in ana.page.url
    assert ana.page.locator(":focus").get_attribute("name") == "search"
    ana.page.reload()
    expect(rows).to_have_count(1)
    ana.page.get_by_label("Show").select_option("")
    ana.page.get_by_role("searchbox", name="Search").fill("")
    expect(rows).to_have_count(3)
    assert ana.complaints == []


def test_typing_after_the_session_ended_leads_to_the_sign_in_and_back(here: World, visit: Any) -> None:
    ana = visit()
    ana.sign_in("ana@example.com")
    ana.open("/devices/")
    ana.context.clear_cookies()
    ana.page.get_by_role("searchbox", name="Search").press_sequentially("radiol")
    ana.page.locator("input[name=login]").fill("ana@example.com")
    ana.page.locator("input[name=password]").fill(factories.PASSWORD)
    ana.page.locator("input[name=password]").press("Enter")
    ana.page.locator("#list").wait_for()
    assert ana.path.startswith("/devices/")


def test_without_javascript_a_button_does_the_same(here: World, visit: Any) -> None:
    ana = visit(java_script_enabled=False)
    ana.sign_in("ana@example.com")
    ana.open("/devices/")
    ana.page.get_by_role("searchbox", name="Search").fill("radiol")
    ana.page.get_by_role("button", name="Show").click()
    expect(ana.page.locator("#list tbody tr")).to_have_count(1)
    assert "search=radiol" in ana.page.url
    # The two menus of a phone open without it as well.
    phone = visit(java_script_enabled=False, viewport={"width": 320, "height": 640})
    phone.sign_in("ana@example.com")
    phone.page.get_by_role("button", name="Menu").click()
    phone.page.get_by_role("link", name="Orders", exact=True).click()
    phone.page.get_by_role("link", name=here.shipped.number).click()
    phone.page.get_by_text("1Z999").first.wait_for()


def test_no_page_offends_the_content_security_policy(here: World, visit: Any) -> None:
    ana = visit()
    ana.sign_in("ana@example.com")
    for path in paths(here):
        ana.open(path)
        ana.page.wait_for_load_state("networkidle")
    assert ana.complaints == []
    # The policy is really there: what it forbids does not run.
    blocked = ana.page.evaluate(
        """() => new Promise((done) => {
            document.addEventListener("securitypolicyviolation", (event) => done(event.violatedDirective));
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            setTimeout(() => done("nothing"), 2000);
        })"""
    )
    assert blocked == "script-src-elem"


def test_axe_finds_nothing(here: World, visit: Any) -> None:
    ana = visit()
    ana.open("/sign-in/login/")
    assert look.findings_everywhere(ana.page) == []
    ana.sign_in("ana@example.com")
    found = {}
    for path in paths(here):
        ana.open(path)
        found[path] = look.findings_everywhere(ana.page)
    assert {path: findings for path, findings in found.items() if findings} == {}


def test_axe_would_find_something(here: World, visit: Any) -> None:
    """Guards the test above: an input without a name, and grey on grey, are found."""
    ana = visit(bypass_csp=True)
    ana.open("/sign-in/login/")
    ana.page.evaluate(
        """() => {
            for (const label of document.querySelectorAll("label")) label.remove();
            for (const input of document.querySelectorAll("input")) input.removeAttribute("placeholder");
            document.querySelector("h1").style.color = "#ddd";
        }"""
    )
    found = [finding.split(" ")[0] for finding in look.findings(ana.page)]
    assert "label" in found and "color-contrast" in found


def test_not_now_stands_first_on_a_phone_and_beside_the_lines_on_a_desk(here: World, visit: Any) -> None:
    ana = visit(viewport={"width": 320, "height": 640})
    ana.sign_in("ana@example.com")
    ana.open(f"/orders/{here.announced.public_id}/")
    button = ana.page.get_by_role("button", name="Hold it for a week")
    lines = ana.page.get_by_role("heading", name="What is in it, and why")
    box = button.bounding_box()
    # The mail that says "not now" leads here: the button shows without scrolling.
    assert box["y"] + box["height"] <= 640
    assert box["y"] < lines.bounding_box()["y"]
    ana.page.set_viewport_size({"width": 1280, "height": 900})
    box, beside = button.bounding_box(), lines.bounding_box()
    where = ana.page.get_by_role("heading", name="Where it is").bounding_box()
    assert box["x"] > beside["x"] + 600 and abs(where["x"] - box["x"]) < 60 and where["y"] > box["y"]


def test_a_phone_never_scrolls_sideways(here: World, visit: Any) -> None:
    ana = visit(viewport={"width": 320, "height": 640})
    ana.sign_in("ana@example.com")
    wide = {}
    for path in paths(here):
        ana.open(path)
        for summary in ana.page.locator("summary").all():
            summary.click()
        wide[path] = ana.page.evaluate("document.documentElement.scrollWidth")
    assert {path: width for path, width in wide.items() if width > 320} == {}
    assert look.findings(ana.page) == []
