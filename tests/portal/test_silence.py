"""Domain rule 8: people are told of a silent device once, and of many in one mail."""

from __future__ import annotations

import datetime as dt

import pytest

from metered.fleet.models import Device
from metered.notify.actions import send_due
from metered.notify.models import Message
from metered.portal.actions import tell_of_silent_devices
from metered.portal.queries.devices_in_use import silent_since
from metered.reads.models import DeviceState
from metered.reads.queries import silent_for_system
from tests import factories

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db


def _silent(count: int, *, days: float, path: str = "agent") -> None:
    account = factories.account("Northwind Clinics")
    address = factories.address(account, "Main St")
    factories.member(account, factories.user("ana@example.com"), "owner")
    for number in range(count):
        device = factories.device(address, name=f"Desk {number}", path=path)
        DeviceState.objects.create(device=device, account=account, received_at=NOON - dt.timedelta(days=days))


def test_one_silent_device_is_told_once() -> None:
    _silent(1, days=8)
    assert tell_of_silent_devices(now=NOON) == 1
    assert tell_of_silent_devices(now=NOON) == 0
    assert tell_of_silent_devices(now=NOON + dt.timedelta(days=1)) == 0
    send_due()
    mail = Message.objects.get()
    assert mail.status == "sent"
    assert "Desk 0" in mail.subject
    assert "/devices/" in mail.text


def test_many_silent_devices_are_one_mail() -> None:
    _silent(23, days=8)
    assert tell_of_silent_devices(now=NOON) == 1
    send_due()
    mail = Message.objects.get()
    assert "23 devices at Main St" in mail.subject
    assert mail.text.count("Desk ") == 20
    assert "and 3 more" in mail.text


def test_a_device_that_was_never_heard_is_silent_since_its_installation() -> None:
    account = factories.account("Northwind Clinics")
    address = factories.address(account, "Main St")
    factories.member(account, factories.user("ana@example.com"), "owner")
    for name, days in (("Desk", 7), ("New desk", 6), ("Old desk", 40)):
        device = factories.device(address, name=name)
        Device.objects.filter(pk=device.pk).update(installed_on=NOON.date() - dt.timedelta(days=days))
    assert tell_of_silent_devices(now=NOON) == 1
    send_due()
    assert "Desk" in Message.objects.get().subject
    week = dt.timedelta(days=7)
    told = silent_for_system(week, now=NOON).order_by("name").values_list("name", flat=True)
    shown = Device.objects.filter(silent_since(NOON, 7)).order_by("name").values_list("name", flat=True)
    assert list(told) == list(shown) == ["Desk", "Old desk"]


@pytest.mark.parametrize(("days", "path"), [(6.0, "agent"), (40.0, "agent"), (8.0, "manual")])
def test_short_old_and_manual_silences_are_not_mailed(days: float, path: str) -> None:
    _silent(1, days=days, path=path)
    assert tell_of_silent_devices(now=NOON) == 0


def test_a_missed_day_is_made_up_for() -> None:
    _silent(1, days=8)
    assert tell_of_silent_devices(now=NOON + dt.timedelta(days=2)) == 1
