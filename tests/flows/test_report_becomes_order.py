"""The whole story: what a printer says becomes an order on its way, through real processes and real HTTP."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from metered.notify.models import Message
from metered.orders.models import Order, OrderLine
from metered.reads.models import Batch, DeviceState
from metered.replenishment.explain import explain
from tests import factories as make
from tests.flows.scenes import LOW, SERIAL, Office, faults, office, person, sign_in, switch_on, tell_history
from tests.flows.stack import ROOT, Stack

WALK = ROOT / "tests" / "agent" / "walks" / "xerox_versalink.snmprec"
RECORDINGS = ROOT.parent / "shared" / "printers"


def push(stack: Stack, token: str, *files: Path) -> dict[str, Any]:
    """`python -m metered.agent push`, as somebody would type it."""
    done = subprocess.run(
        [sys.executable, "-m", "metered.agent", "push", stack.url, *map(str, files)],
        env={**os.environ, "METERED_AGENT_TOKEN": token},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def walk_of_now(folder: Path) -> Path:
    """The walk, taken just now: its modification time is the time of the report."""
    return Path(shutil.copyfile(WALK, folder / WALK.name))


def report_becomes_order(stack: Stack, folder: Path) -> tuple[Office, Order]:
    """History, then the walk, until the order stands, is announced and released."""
    made = office()
    tell_history(stack, made, timezone.now() - dt.timedelta(minutes=30))
    assert not Order.objects.exists()
    switch_on(made)
    answer = push(stack, made.token, walk_of_now(folder))
    assert (answer["received"], answer["accepted"], answer["refused"]) == (1, 1, []), answer
    announced = Message.objects.filter(template="order_announced")
    stack.wait(lambda: announced.filter(status="sent").exists(), within=60)
    return made, Order.objects.get()


def counts() -> dict[str, Any]:
    return {
        "orders": list(Order.objects.values_list("pk", "release_at")),
        "lines": list(OrderLine.objects.order_by("pk").values_list("pk", "quantity", "pool__on_the_way")),
        "mails": list(Message.objects.order_by("pk").values_list("pk", "attempts", "sent_at")),
        "states": list(DeviceState.objects.order_by("pk").values_list("observed_at", "levels", "meters")),
    }


@pytest.mark.slow
def test_a_walk_that_is_pushed_becomes_one_announced_order(stack: Stack, tmp_path: Path) -> None:
    made, order = report_becomes_order(stack, tmp_path)
    (device,) = made.devices

    # One order with every low slot of the device, and the reason of each as it stood.
    assert (order.origin, order.address, order.account) == ("automatic", made.address, made.account)
    lines = list(order.lines.order_by("supply__colorant"))
    assert {line.supply.colorant for line in lines} == LOW
    for line in lines:
        assert line.supply == made.supplies[line.supply.colorant]
        assert [slot.device for slot in line.slots.all()] == [device]
        assert [slot.colorant for slot in line.slots.all()] == [line.supply.colorant]
        assert line.reason is not None and line.reason["rule"] in ("ship", "along")
        assert explain(line.reason).text and line.reason["slots"][0]["device"] == device.public_id

    # The mail, rendered, for its owner.
    mail = Message.objects.get(template="order_announced")
    assert mail.email == made.owner.email
    assert order.number in mail.subject and all(line.supply.reorder_number in mail.text for line in lines)

    # Announced first, then released by the sweep, with nobody's help.
    assert order.release_at == order.placed_at + dt.timedelta(seconds=2)
    stack.wait(lambda: not order.lines.exclude(state="released").exists(), within=30)

    # What a signed-in person sees.
    browser = sign_in(stack, made.owner.email)
    page = browser.get(f"/devices/{device.public_id}/").text
    for percent in ("45", "100", "11"):
        assert re.search(rf"\b{percent}\s?%", page), f"{percent} % is not on the device's page"
    assert order.number in browser.get("/orders/").text
    sheet = browser.get(f"/orders/{order.public_id}/").text
    assert all(line.supply.reorder_number in sheet for line in lines)
    assert mail.subject in browser.get("/demo/outbox/").text.replace("&amp;", "&")

    # The same push again changes nothing, however long one waits.
    before = counts()
    again = push(stack, made.token, tmp_path / WALK.name)
    assert (again["received"], again["accepted"], again["duplicates"]) == (1, 0, 1), again
    stack.wait(lambda: not Batch.objects.filter(folded_at=None).exists(), within=30)
    stack.rest(3)
    assert counts() == before
    assert faults(made) == []


@pytest.mark.slow
@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings of real printers are not here")
def test_the_recordings_of_real_printers(stack: Stack) -> None:
    files = sorted(RECORDINGS.glob("*.snmprec"))
    account = make.account()
    address, token = make.address(account), make.agent_token(account)
    model = make.printer_model()
    reports = []
    for file in [file for file in files if "@" not in file.name]:
        done = subprocess.run(
            [sys.executable, "-m", "metered.agent", "read", str(file)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        reports.append(json.loads(done.stdout))
    known = [report["serial"] for report in reports if report["serial"]]
    devices = {serial: make.device(address, model=model, serial=serial) for serial in known}
    assert len(known) >= 9

    answer = push(stack, token, *files)
    assert (answer["received"], answer["accepted"]) == (len(reports), len(known)), answer
    assert {refused["reason"] for refused in answer["refused"]} == {"missing_serial"}
    again = push(stack, token, *files)
    assert (again["accepted"], again["duplicates"]) == (0, len(known)), again
    assert {refused["reason"] for refused in again["refused"]} == {"missing_serial"}

    browser = sign_in(stack, person(account, "viewer").email)
    for report in reports:
        if not report["serial"]:
            continue
        page = browser.get(f"/devices/{devices[report['serial']].public_id}/").text
        for supply in report["supplies"]:
            if supply["state"] == "percent" and supply["kind"] != "waste":
                assert re.search(rf"\b{round(supply['percent'])}\s?%", page), (report["serial"], supply)


@pytest.mark.slow
@pytest.mark.browser
def test_the_order_is_seen_in_a_real_browser(stack: Stack, tmp_path: Path, chromium: Any) -> None:
    from playwright.sync_api import expect

    from metered.portal import look

    made, order = report_becomes_order(stack, tmp_path)
    context = chromium.new_context()
    page = context.new_page()
    look.sign_in(page, stack.url, made.owner.email, make.PASSWORD)
    page.goto(f"{stack.url}/orders/")
    page.get_by_role("link", name=order.number).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(order.number)
    for line in order.lines.all():
        expect(page.locator("main")).to_contain_text(line.supply.reorder_number)
    page.goto(f"{stack.url}/devices/?search={SERIAL}")
    expect(page.locator("main")).to_contain_text(SERIAL)
    context.close()
