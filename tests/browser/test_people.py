"""Registering and letting people in, in a real browser: by keyboard, on a phone, without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from metered.accounts.models import Invitation, JoinRequest, Membership, User
from metered.portal import look
from metered.portal.registrations import take_registrations
from tests import factories
from tests.accounts.doors import link, taken
from tests.portal import registrations
from tests.portal.world import can_sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = "a new pair of words"


def tab_to(page: Any, **wanted: str) -> None:
    """Presses Tab until the focus is on the element with these attributes."""
    for _step in range(40):
        page.keyboard.press("Tab")
        focus = page.locator(":focus")
        if all(focus.get_attribute(name) == value for name, value in wanted.items()):
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")


def tab_to_button(page: Any, name: str) -> None:
    for _step in range(40):
        page.keyboard.press("Tab")
        if page.locator(":focus").inner_text().strip() == name:
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def test_registering_with_the_keyboard_alone(visit: Any) -> None:
    registrations.scene()
    nora = visit()
    nora.open("/sign-in/login/")
    tab_to(nora.page, href="/register/")
    nora.page.keyboard.press("Enter")
    nora.page.get_by_role("heading", level=1, name="Register with one of your printers").wait_for()
    for name, typed in {"serial": "prv 102030", "place": "14604", "name": "Nora New"}.items():
        tab_to(nora.page, name=name)
        nora.page.keyboard.type(typed)
    tab_to(nora.page, name="email")
    nora.page.keyboard.type("nora@example.com")
    nora.page.keyboard.press("Enter")
    nora.page.get_by_role("heading", level=1, name="Look into your mail").wait_for()
    take_registrations()
    nora.open(link("nora@example.com"))
    for name in ("password", "again"):
        tab_to(nora.page, name=name)
        nora.page.keyboard.type(WORDS)
    nora.page.keyboard.press("Enter")
    nora.page.get_by_role("heading", level=1, name="You are in. What to do first for Northwind").wait_for()
    assert nora.path == "/welcome/" and nora.complaints == []
    assert Membership.objects.get().role == "owner"
    tab_to_button(nora.page, "Add a passkey")
    nora.page.keyboard.press("Enter")
    nora.page.get_by_role("heading", level=1, name="Add a passkey").wait_for()


def test_registering_on_a_phone_without_javascript(visit: Any) -> None:
    registrations.scene()
    nora = visit(java_script_enabled=False, viewport={"width": 390, "height": 800})
    nora.open("/register/")
    nora.page.get_by_label("Serial number").fill("prv 102030")
    nora.page.locator("input[name=place]").fill("99999")
    nora.page.locator("input[name=name]").fill("Nora New")
    nora.page.locator("input[name=email]").fill("nora@example.com")
    nora.page.get_by_role("button", name="Send me the link").click()
    nora.page.get_by_role("heading", level=1, name="Look into your mail").wait_for()
    assert sideways(nora.page) == []
    take_registrations()
    # The postal code was another one: the same page, and a mail that says what to do.
    assert not Membership.objects.exists()
    nora.open("/register/")
    for name, typed in {
        "serial": "PRV-102030", "place": "14604", "name": "Nora New", "email": "nora.new@example.com",
    }.items():  # fmt: skip
        nora.page.locator(f"input[name={name}]").fill(typed)
    nora.page.get_by_role("button", name="Send me the link").click()
    nora.page.get_by_role("heading", level=1, name="Look into your mail").wait_for()
    take_registrations()
    nora.open(link("nora.new@example.com"))
    nora.page.get_by_label("Choose a password").fill(WORDS)
    nora.page.get_by_label("The same password again").fill(WORDS)
    nora.page.locator("main form button[type=submit], main form button:not([type])").first.click()
    nora.page.get_by_role("heading", level=1, name="You are in. What to do first for Northwind").wait_for()
    assert Membership.objects.get().role == "owner" and sideways(nora.page) == []


def test_inviting_with_the_keyboard_alone_and_coming_in_on_a_phone(visit: Any) -> None:
    cast = factories.cast()
    can_sign_in(cast.ana)
    ana = visit()
    ana.sign_in(cast.ana.email)
    ana.open("/people/")
    tab_to(ana.page, href="/people/invite/")
    ana.page.keyboard.press("Enter")
    ana.page.get_by_role("heading", level=1, name="Whom do you let in").wait_for()
    tab_to(ana.page, name="email")
    ana.page.keyboard.type("ivy@example.com")
    tab_to(ana.page, name="role")
    ana.page.keyboard.press("ArrowUp")
    tab_to(ana.page, name="scope")
    ana.page.keyboard.press("ArrowDown")
    tab_to(ana.page, name="addresses")
    ana.page.keyboard.press("Space")
    ana.page.keyboard.press("Enter")
    ana.page.get_by_text("ivy@example.com is invited.").wait_for()
    assert ana.complaints == []
    made = Invitation.objects.get()
    assert (made.role, [address.name for address in made.addresses.all()]) == ("reporter", ["Harbor St"])

    ivy = visit(java_script_enabled=False, viewport={"width": 390, "height": 800})
    ivy.open(link("ivy@example.com"))
    ivy.page.get_by_label("Your name").fill("Ivy Ames")
    ivy.page.get_by_label("Choose a password").fill(WORDS)
    ivy.page.get_by_label("The same password again").fill("mistyped this")
    ivy.page.get_by_role("button", name="Join").click()
    ivy.page.get_by_text("The two passwords differ.").wait_for()
    assert ivy.page.get_by_label("Your name").input_value() == "Ivy Ames"
    ivy.page.get_by_label("The same password again").fill(WORDS)
    ivy.page.get_by_role("button", name="Join").click()
    ivy.page.get_by_role("heading", level=1, name="You are in").wait_for()

    # Without JavaScript an owner sees her there, and takes her out again.
    plain = visit(java_script_enabled=False, viewport={"width": 390, "height": 800})
    plain.sign_in(cast.ana.email)
    plain.open("/people/")
    plain.page.get_by_role("link", name="Ivy Ames").click()
    plain.page.get_by_text("Take Ivy Ames out").click()
    plain.page.get_by_role("button", name="Take out").click()
    plain.page.get_by_text("Ivy Ames is out, from now on.").wait_for()
    ivy.open("/devices/")
    assert ivy.path.startswith("/sign-in/login/"), "she belongs nowhere any more"


def test_axe_finds_nothing_and_nothing_scrolls_sideways(visit: Any) -> None:
    cast = factories.cast()
    can_sign_in(cast.ana)
    registrations.scene()
    taken("nora@example.com", registrations.SERIAL)
    JoinRequest.objects.create(account=cast.northwind, user=cast.charlie, serial="A1")
    door = visit(viewport={"width": 320, "height": 640})
    found: dict[str, list[str]] = {}
    door.open("/register/")
    door.page.get_by_role("button", name="Send me the link").evaluate("(it) => it.form.noValidate = true")
    door.page.get_by_role("button", name="Send me the link").click()
    door.page.get_by_text("4 answers need another look").wait_for()
    found["errors"] = look.findings_everywhere(door.page)
    for path in ("/register/sent/", link("nora@example.com"), "/register/x/"):
        door.open(path)
        found[path] = look.findings_everywhere(door.page) + sideways(door.page)
    door.sign_in(cast.ana.email)
    for path in ("/people/invite/", "/activity/?period=week", "/account/leave/", "/welcome/"):
        door.open(path)
        found[path] = look.findings_everywhere(door.page) + sideways(door.page)
    door.page.set_viewport_size({"width": 390, "height": 800})
    ask = JoinRequest.objects.get()
    ben = Membership.objects.get(user=cast.ben)
    invited = Invitation.objects.create(
        account=cast.northwind, email="a-rather-long-address-of-somebody@subsidiary.example.com",
        role="viewer", expires_at=timezone.now(), invited_by=User.objects.get(email=cast.ana.email),
    )  # fmt: skip
    for path in ("/people/", f"/people/{ben.public_id}/", f"/people/requests/{ask.public_id}/"):
        door.open(path)
        for summary in door.page.locator("main summary").all():
            summary.click()
        found[path] = look.findings_everywhere(door.page) + sideways(door.page)
    assert invited.email in door.page.goto(f"{door.url}/people/").text()
    assert {path: findings for path, findings in found.items() if findings} == {}
    # The browser itself notes the one page that is not there.
    assert [said for said in door.complaints if "404" not in said] == []


def sideways(page: Any) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{wide} px too wide"] if wide > 0 else []
