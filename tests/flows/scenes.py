"""What the stories start from: a printer with sixty days of history, two toners nearly empty.

History and walk go in over HTTP like everything that printers say.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from dataclasses import dataclass
from typing import Any

import httpx
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from metered.accounts.models import Account, Address, User
from metered.fleet.actions import switch_replenishment
from metered.fleet.models import Device, Supply
from metered.notify.models import Message
from metered.orders.models import Order, OrderLine
from metered.reads.models import Batch
from metered.replenishment.models import Proposal
from metered.stock.models import Entry, Pool
from tests import factories as make
from tests.flows.stack import Stack

DAYS = 60
# Percent a day before the walk: black and magenta are far from empty, cyan and yellow are not. As many
# slots, and in the same order, as tests/agent/walks/xerox_versalink.snmprec has.
SLOTS = {
    "1.1": ("toner", "black", 45.0, 0.05),
    "1.2": ("toner", "cyan", 0.0, 0.6),
    "1.3": ("toner", "magenta", 100.0, 0.0),
    "1.4": ("toner", "yellow", 11.0, 0.5),
}
LOW = {"cyan", "yellow"}
TOTAL, COLOUR = 280_587, 96_377
SERIAL = "3TX481207"
_sequence = itertools.count(1)


@dataclass
class Office:
    """An account with a device at an address, and the token of the agent that reports it."""

    account: Account
    address: Address
    devices: list[Device]
    supplies: dict[str, Supply]
    owner: User
    token: str


def person(account: Account, role: str) -> User:
    """Somebody who signs in at the real server: with a hash that it knows, and an address it trusts."""
    made = make.user(f"{role}-{account.pk}@example.com", "Ana Lee")
    made.password = make_password(make.PASSWORD, hasher="scrypt")
    made.save()
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    make.member(account, made, role)
    return made


def office(*, name: str = "Northwind", serials: tuple[str, ...] = (SERIAL,)) -> Office:
    """Replenishment is off, so that the history alone orders nothing."""
    account = make.account(name)
    owner = person(account, "owner")
    model = make.printer_model(vendor="Xerox")
    supplies = {supply.colorant: supply for supply in make.toners(model)}
    address = make.address(account, "Main Street")
    contract = make.contract(account)
    devices = [
        make.device(address, contract=contract, model=model, serial=serial, replenishment="off")
        for serial in serials
    ]
    return Office(account, address, devices, supplies, owner, make.agent_token(account))


def report(serial: str, at: dt.datetime, *, before: float) -> dict[str, Any]:
    """What the printer said `before` days ahead of the walk."""
    pages = int(before * 120)
    counts = {"total": TOTAL - 2 * pages, "mono": TOTAL - COLOUR - pages, "colour": COLOUR - pages}
    return {
        "serial": serial,
        "observed_at": at.isoformat(),
        "path": "agent",
        "complete": True,
        "meters": [{"meter": name, "count": count, "unit": "impressions"} for name, count in counts.items()],
        "supplies": [
            {
                "slot": code,
                "kind": kind,
                "colorant": colorant,
                "description": f"{colorant} toner",
                "state": "percent",
                "percent": round(min(left + before * daily, 100.0), 1),
            }
            for code, (kind, colorant, left, daily) in SLOTS.items()
        ],
    }


def send(stack: Stack, token: str, reports: list[dict[str, Any]]) -> dict[str, Any]:
    """One batch, as a device agent sends it."""
    body = {
        "schema": 1,
        "agent": {
            "instance": "flow",
            "version": "1.0.0",
            "sequence": next(_sequence),
            "sent_at": timezone.now().isoformat(),
        },
        "reports": reports,
    }
    answer = httpx.post(
        f"{stack.url}/api/v1/telemetry", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def tell_history(stack: Stack, office: Office, now: dt.datetime) -> None:
    """A report a day for sixty days, taken in and folded. Replenishment stays off."""
    for device in office.devices:
        told = [report(device.serial, now - dt.timedelta(days=day), before=day) for day in range(DAYS, 0, -1)]
        answer = send(stack, office.token, told)
        assert (answer["accepted"], answer["refused"]) == (DAYS, []), answer
    stack.wait(lambda: not Batch.objects.filter(folded_at=None).exists(), within=30)


def switch_on(office: Office) -> None:
    for device in office.devices:
        switch_replenishment(device=device, on=True)


def today(office: Office, now: dt.datetime) -> list[dict[str, Any]]:
    return [report(device.serial, now, before=0) for device in office.devices]


def faults(office: Office) -> list[str]:
    """What is wrong if not exactly one automatic order, with a line for each low toner, is on its way."""
    wrong: list[str] = []
    orders = list(Order.objects.filter(address=office.address))
    if len(orders) != 1:
        wrong.append(f"{len(orders)} orders")
    lines = OrderLine.objects.filter(order__address=office.address)
    colours = sorted(lines.values_list("supply__colorant", flat=True))
    if colours != sorted(LOW):
        wrong.append(f"lines for {colours}")
    if Proposal.objects.filter(address=office.address).exclude(status="taken").exists():
        wrong.append("a proposal that no line took")
    for pool in Pool.objects.filter(address=office.address):
        expected = sum(Entry.objects.filter(pool=pool, kind="expect").values_list("quantity", flat=True))
        ordered = sum(lines.filter(pool=pool).values_list("quantity", flat=True))
        if not pool.on_the_way == expected == ordered:
            wrong.append(f"{pool}: {pool.on_the_way} on the way, {expected} expected, {ordered} ordered")
    mails = Message.objects.filter(event__in=[f"order_announced:{order.public_id}" for order in orders])
    # One that a killed worker had in hand is sent when its lease is over (tests/notify waits for that).
    told = [mail.email for mail in mails if mail.status == "sent" or (mail.attempts and not mail.last_error)]
    if told != [office.owner.email] or len(mails) != 1:
        wrong.append(f"mails: {[(mail.email, mail.status, mail.last_error) for mail in mails]}")
    return wrong


def sign_in(stack: Stack, email: str) -> httpx.Client:
    """A person's browser, through the real form."""
    client = httpx.Client(base_url=stack.url, follow_redirects=True, timeout=20)
    form = client.get("/sign-in/login/").text
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert found is not None, form
    data = {"csrfmiddlewaretoken": found[1], "login": email, "password": make.PASSWORD}
    answer = client.post("/sign-in/login/", data=data, headers={"Referer": f"{stack.url}/sign-in/login/"})
    assert answer.status_code == 200 and answer.url.path == "/", (answer.url, answer.text[-2000:])
    return client
