"""What the demo's customers asked to be changed about their devices, and who waits for a report."""

from __future__ import annotations

import datetime as dt

from metered.accounts.models import Address, User
from metered.fleet import actions as fleet
from metered.fleet.models import Device, DeviceRequest
from metered.reads.actions import ask_for_contact
from metered.reads.models import ConnectionCheck

ACCOUNT = "Northwind Clinics"


def write(now: dt.datetime) -> None:
    """One request that waits, one for a new device, one declined; and a device that was heard when asked."""
    maria = User.objects.get(email="maria.alvarez@northwind.example")
    sam = User.objects.filter(is_staff=True).order_by("pk")[0]
    devices = Device.objects.filter(account__name=ACCOUNT, removed_at=None).order_by("pk")
    moving = devices.get(name="Medical records")
    elsewhere = Address.objects.filter(account_id=moving.account_id, retired_at=None).exclude(
        pk=moving.address_id
    )
    fleet.ask_for_change(
        account_id=moving.account_id,
        kind=DeviceRequest.Kind.MOVE,
        device=moving,
        address=elsewhere.order_by("pk")[0],
        note="It goes over with the archive on the first weekend of next month.",
        actor=maria,
    )
    fleet.ask_for_change(
        account_id=moving.account_id,
        kind=DeviceRequest.Kind.ADD,
        address=moving.address,
        serial="3TX-771 0452",
        model_name="VersaLink C505",
        note="Second floor, beside the lift. It came with the practice we took over.",
        actor=maria,
    )
    leased = fleet.ask_for_change(
        account_id=moving.account_id,
        kind=DeviceRequest.Kind.REMOVE,
        device=devices.get(name="Physical therapy"),
        note="We hardly print there any more.",
        actor=maria,
    )
    fleet.decline(
        request=leased,
        reason="It is part of your contract until March. We call you about it then.",
        actor=sam,
    )
    DeviceRequest.objects.filter(pk=leased.pk).update(
        asked_at=now - dt.timedelta(days=19), decided_at=now - dt.timedelta(days=17)
    )
    heard = devices.filter(path=Device.Path.DIRECT, state__received_at__isnull=False)
    first = heard.exclude(state__refused_at__isnull=False).order_by("-state__received_at")[0]
    asked = ask_for_contact(device=first, actor=maria, now=now - dt.timedelta(hours=9))
    ConnectionCheck.objects.filter(pk=asked.pk).update(
        outcome=ConnectionCheck.Outcome.ACCEPTED,
        answered_at=first.state.received_at,
        path=first.state.path,
        software=first.state.software,
        complete=True,
        meters=len(first.state.meters),
        levels=len(first.state.levels),
    )
