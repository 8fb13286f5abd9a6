"""The returns desk in a real browser: decided, counted by scanner, photographed, closed, given on."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from metered.portal import look
from metered.returns.models import Leftover, Receipt, ReceiptPhoto, Return
from tests import factories as make
from tests.portal.world import can_sign_in
from tests.returns.scene import Scene, file, stocked

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def made(chromium: Any, live_server: Any) -> Scene:
    can_sign_in(make.user("sam@example.com", is_staff=True, is_superuser=True))
    return stocked(4)


def sam(visit: Any, **options: Any) -> Any:
    desk = visit(**options)
    desk.sign_in("sam@example.com")
    return desk


def numbers(made: Scene) -> list[str]:
    return [pool.supply.reorder_number for pool in made.pools]


def test_from_the_queue_to_the_end_of_a_return(made: Scene, visit: Any) -> None:
    stranger = make.supply(reorder_number="777X1", name="Drum of somebody else")
    given = file(made, {made.pools[0].supply_id: 9, made.pools[1].supply_id: 2})
    desk = sam(visit)
    desk.open("/admin/")
    page = desk.page
    page.get_by_role("link", name="Returns to answer").click()
    page.locator("#result_list tbody th a").click()
    page.get_by_role("link", name="Decide").click()
    # What can be said yes to stands there; why not all of it is proposed.
    assert page.get_by_label("Units taken back").evaluate_all("(all) => all.map((one) => one.value)") == [
        "4", "2",
    ]  # fmt: skip
    accessible(desk)
    page.get_by_role("button", name="Confirm these units").click()
    page.get_by_text("Confirmed as").wait_for()
    given.refresh_from_db()
    assert given.number
    # Its slip is scanned, wherever in the desk one is.
    page.get_by_label("RMA number on the slip").fill(given.number)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Receive").wait_for()
    first, second = numbers(made)
    for number in (first, first, first.lower(), second, stranger.reorder_number):
        page.keyboard.type(number)
        page.keyboard.press("Enter")
        page.locator("#scan-said", has_text="now.").wait_for()
    page.get_by_label("What is scanned is").select_option("damaged")
    page.locator("#id_scan").focus()
    page.keyboard.type(stranger.reorder_number)
    page.keyboard.press("Enter")
    page.locator("#scan-said", has_text="1 now.").wait_for()
    page.get_by_label("Boxes that came").fill("2")
    accessible(desk)
    page.get_by_role("button", name="Compare with what was accepted").click()
    page.get_by_text("1 is missing").first.wait_for()
    page.get_by_text("Nobody announced it").wait_for()
    assert Receipt.objects.count() == 0
    page.get_by_role("button", name="Count on").click()
    page.get_by_label("Note", exact=False).last.fill("One box was wet")
    page.get_by_role("button", name="Compare with what was accepted").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_text("Received: 6 units.").wait_for()
    receipt = Receipt.objects.get()
    assert receipt.note == "One box was wet" and receipt.boxes == 2
    page.get_by_role("link", name="Add pictures").click()
    page.get_by_label("Pictures", exact=True).set_input_files(
        [
            {"name": "dock.jpg", "mimeType": "image/jpeg", "buffer": picture("JPEG")},
            {"name": "box.png", "mimeType": "image/png", "buffer": picture("PNG")},
        ]
    )
    until(page, "document.querySelector('#id_photos').files[1].type === 'image/jpeg'")
    page.get_by_role("button", name="Keep the pictures").click()
    page.get_by_text("2 pictures are kept.").wait_for()
    assert ReceiptPhoto.objects.count() == 2
    until(
        page, "[...document.querySelectorAll('.desk-photos img')].every((one) => one.naturalWidth === 1600)"
    )
    accessible(desk)
    page.get_by_role("link", name="Close the return").click()
    page.get_by_label("What becomes of the rest").fill("They keep it for now")
    page.get_by_role("button", name="Close the return").click()
    page.get_by_text("Closed. The customer is told by mail.").wait_for()
    given.refresh_from_db()
    assert given.state == "closed" and given.closed_reason == "They keep it for now"
    assert desk.complaints == []


def accessible(desk: Any) -> None:
    """Nothing was complained of before axe reads the admin's sheets, which the policy forbids to pages."""
    assert desk.complaints == []
    assert look.findings(desk.page) == []
    desk.complaints.clear()


def until(page: Any, holds: str) -> None:
    """Waits until an expression is true in the page, whose policy lets no script wait by itself."""
    for _step in range(100):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never came true: {holds}")


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((1900, 1400), 80).convert("RGB").save(out, kind)
    return out.getvalue()


def test_a_rejection_and_a_pallet_on_a_phone_without_javascript(made: Scene, visit: Any) -> None:
    refused = file(made, {pool.supply_id: 9 for pool in made.pools}, filed_at=days_ago(6))
    pallet = file(made, {made.pools[1].supply_id: 1}, boxes=30, filed_at=days_ago(1))
    phone = sam(visit, java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = phone.page
    phone.open("/admin/returns/return/")
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("link", name="Decide").click()
    for why in page.get_by_label("Why not all of it").all():
        why.select_option("")
    page.get_by_role("button", name="Reject all of it").click()
    assert page.get_by_text("Say why not all of it").count() == 2
    page.get_by_label("Why not all of it").first.select_option("opened")
    page.get_by_label("or in your words").last.fill("These are not ours <b>at all</b>")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("button", name="Reject all of it").click()
    page.get_by_text("Rejected. The customer is told").wait_for()
    page.get_by_text("These are not ours <b>at all</b>").wait_for()
    phone.open(f"/admin/returns/return/{pallet.pk}/decide/")
    for units in page.get_by_label("Units taken back").all():
        units.fill("1")
    page.get_by_role("button", name="Confirm these units").click()
    page.get_by_text("Say on which day the pallet is picked up.").wait_for()
    day = timezone.localdate() + dt.timedelta(days=3)
    page.get_by_label("Picked up on").fill(day.isoformat())
    page.get_by_role("button", name="Confirm these units").click()
    page.get_by_text("Confirmed as").wait_for()
    assert Return.objects.get(pk=pallet.pk).pick_up_on == day
    assert Return.objects.get(pk=refused.pk).state == "rejected"
    # Counted without JavaScript too: each scan is a page.
    page.get_by_role("link", name="Receive").click()
    for n in (1, 2):
        page.get_by_label("Reorder number").fill(numbers(made)[1])
        page.keyboard.press("Enter")
        page.locator("#scan-said", has_text=f"{n} now.").wait_for()
    page.get_by_role("button", name="Compare with what was accepted").click()
    page.get_by_text("1 more than accepted").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("button", name="Keep it").click()
    page.get_by_text("Received: 2 units.").wait_for()


def days_ago(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


def test_what_a_removed_device_left_goes_to_another(made: Scene, visit: Any) -> None:
    harbor = make.address(made.address.account, "Harbor")
    twin = make.device(harbor, contract=made.contract, model=made.device.model, name="Twin")
    Leftover.objects.create(
        account=made.address.account, address=made.address, pool=made.pools[0], device=made.device,
        remind_at=timezone.now(),
    )  # fmt: skip
    desk = sam(visit)
    desk.open("/admin/returns/leftover/")
    page = desk.page
    page.locator("#result_list tbody th a").click()
    page.get_by_role("link", name="Give to a compatible device").click()
    page.get_by_label("Device").select_option(index=1)
    accessible(desk)
    page.get_by_role("button", name="Give to a compatible device").click()
    page.get_by_text("The customer has to carry it to Harbor.").wait_for()
    assert Leftover.objects.get().assigned_to == twin


def test_the_desks_pages_are_accessible_and_narrow(made: Scene, visit: Any) -> None:
    waiting = file(made, {made.pools[0].supply_id: 9}, filed_at=days_ago(5), note="x" * 300)
    ready = file(stocked(3))
    desk = sam(visit, viewport={"width": 320, "height": 640})
    found = {}
    for path in (
        "return/",
        "return/?queue=all",
        "return/?q=nothing-is-called-so",
        f"return/{waiting.pk}/change/",
        f"return/{waiting.pk}/decide/",
        f"return/{waiting.pk}/address/",
        f"return/{waiting.pk}/receive/",
        f"return/{ready.pk}/receive/",
        f"return/{ready.pk}/pick-up/",
        f"return/{ready.pk}/pictures/",
        "leftover/",
        "unconfirmed/",
    ):
        desk.open(f"/admin/returns/{path}")
        desk.page.wait_for_timeout(300)
        found[path] = look.findings_everywhere(desk.page)
    assert {path: findings for path, findings in found.items() if findings} == {}
