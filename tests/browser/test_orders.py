"""Ordering in a real browser: with the keyboard alone, on a phone without JavaScript, from the mail."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from metered.orders import actions, tokens
from metered.orders.models import Order, Problem
from metered.portal import look
from tests.portal.world import World, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def here(chromium: Any, live_server: Any) -> World:
    return world()


def tab_to(page: Any, wanted: str) -> None:
    """Presses Tab until `wanted` (a CSS selector) has the focus."""
    for _step in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"Tab never came to {wanted}")


def test_an_order_with_the_keyboard_alone(here: World, visit: Any) -> None:
    ana = visit()
    ana.sign_in("ana@example.com")
    ana.open(f"/devices/{here.front_desk.public_id}/")
    page = ana.page
    tab_to(page, 'a[href^="/orders/new/?device="]')
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="What do you need for Front desk").wait_for()
    assert look.findings(page) == []
    tab_to(page, 'input[name^="c-"]')
    page.keyboard.type("0")
    tab_to(page, 'input[name^="q-"]')
    page.keyboard.press("Control+a")
    page.keyboard.type("12")
    tab_to(page, 'main button[type="submit"]')
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Order ").wait_for()
    assert look.findings(page) == []
    if page.get_by_label("Yes, I need it all the same").count():
        tab_to(page, 'input[name="anyway"]')
        page.keyboard.press("Space")
    tab_to(page, 'input[name="reference"]')
    page.keyboard.type("PO 12")
    tab_to(page, 'main button.primary[type="submit"]')
    page.keyboard.press("Enter")
    page.get_by_text("Ordered: SO-").wait_for()
    placed = Order.objects.get(origin="customer")
    assert placed.reference == "PO 12" and placed.lines.filter(state="awaiting_read").exists()
    assert look.findings(page) == []
    assert ana.complaints == []


def test_an_order_on_a_phone_without_javascript(here: World, visit: Any) -> None:
    phone = visit(java_script_enabled=False, viewport={"width": 390, "height": 800})
    phone.sign_in("ana@example.com")
    phone.open(f"/orders/new/?address={here.cast.main_st.public_id}")
    page = phone.page
    # More than the shelf could ever need: it says so before it is sent, and keeps what was typed.
    page.locator('input[name^="q-"]').first.fill("12")
    page.locator("main button.primary").last.click()
    page.get_by_role("heading", level=1, name="Order ").wait_for()
    page.get_by_label("Your reference").fill("PO 44")
    if page.get_by_label("Yes, I need it all the same").count():
        page.get_by_label("Yes, I need it all the same").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("main button.primary").last.click()
    page.get_by_text("Ordered: SO-").wait_for()
    placed = Order.objects.get(origin="customer")
    assert placed.reference == "PO 44"
    page.get_by_text("Cancel", exact=False).first.click()
    for box in page.locator("input[name=lines]").all():
        box.check()
    page.get_by_role("button", name="Cancel").last.click()
    page.get_by_text("not sent").first.wait_for()
    assert set(placed.lines.values_list("state", flat=True)) == {"cancelled"}


def test_arrived_damaged_and_replaced_on_a_phone_without_javascript(here: World, visit: Any) -> None:
    phone = visit(java_script_enabled=False, viewport={"width": 320, "height": 640})
    phone.sign_in("ana@example.com")
    phone.open(f"/orders/{here.shipped.public_id}/")
    page = phone.page
    page.get_by_role("button", name="All of it arrived").click()
    page.get_by_text("It is on your shelf in our books now").wait_for()
    page.get_by_role("link", name="Report a problem").click()
    page.get_by_role("button", name="Report it").click()
    page.get_by_text("Say what is wrong with at least one of them").wait_for()
    page.get_by_label("What is wrong with").select_option("damaged")
    page.get_by_label("What should we know?").fill("The box was crushed")
    page.get_by_role("button", name="Report it").click()
    page.get_by_text("Replaced without charge").first.wait_for()
    assert Problem.objects.get().status == "replaced"
    page.get_by_role("button", name="Order again").click()
    page.get_by_role("heading", level=1, name="Order ").wait_for()


def test_not_now_from_the_mail_without_signing_in(here: World, visit: Any) -> None:
    reader = visit(viewport={"width": 320, "height": 640})
    reader.open(f"/orders/not-now/{tokens.make(here.announced, 'ana@example.com')}/")
    page = reader.page
    assert look.findings_everywhere(page) == []
    page.get_by_role("button", name="Not now: hold it").click()
    page.get_by_role("button", name="Undo: let it go now").wait_for()
    assert Order.objects.get(pk=here.announced.pk).held_at is not None
    assert look.findings_everywhere(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("button", name="Undo: let it go now").click()
    page.get_by_role("button", name="Not now: hold it").wait_for()
    assert reader.complaints == []


def test_the_pages_of_ordering_are_accessible_and_narrow(here: World, visit: Any) -> None:
    line = here.delivered.lines.get()
    actions.report_problem(
        order=here.delivered,
        reported=[actions.Reported(line.public_id, "damaged", 1)],
        once=uuid.uuid4(),
        actor=here.cast.ana,
    )
    ana = visit(viewport={"width": 320, "height": 640})
    ana.sign_in("ana@example.com")
    main, harbor = here.cast.main_st.public_id, here.cast.harbor_st.public_id
    found = {}
    for path in (
        "/orders/new/",
        f"/orders/new/?address={main}",
        f"/orders/new/?address={main}&urgent=1",
        f"/orders/new/?address={harbor}",
        f"/orders/{here.delivered.public_id}/",
        f"/orders/{here.delivered.public_id}/problem/",
        f"/orders/{here.shipped.public_id}/problem/",
        "/orders/not-now/broken/",
    ):
        ana.open(path)
        for summary in ana.page.locator("main summary").all():
            summary.click()
        wide = ana.page.evaluate("document.documentElement.scrollWidth")
        found[path] = look.findings_everywhere(ana.page) + ([f"{wide} px wide"] if wide > 320 else [])
    assert {path: findings for path, findings in found.items() if findings} == {}
