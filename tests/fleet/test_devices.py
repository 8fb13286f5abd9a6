"""Devices: switched on and off, named, removed; one serial is in use once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from metered.accounts.models import ActivityEntry
from metered.fleet import actions
from metered.fleet.models import Device
from metered.fleet.serials import serial_key
from metered.fleet.software import is_below, version_key
from metered.lib.errors import Refused
from tests import factories as make
from tests.threads import at_once, fine


def fresh(**fields: Any) -> Device:
    return make.device(make.address(make.account()), **fields)


@pytest.mark.django_db
def test_switched_on_it_starts_once_use_is_known() -> None:
    device = fresh(replenishment="off")
    actions.switch_replenishment(device=device, on=True)
    device.refresh_from_db()
    assert device.replenishment == "starting"
    assert actions.mark_replenishment_started(device_ids=[device.pk]) == 1
    assert actions.mark_replenishment_started(device_ids=[device.pk]) == 0
    device.refresh_from_db()
    assert device.replenishment == "on"


@pytest.mark.django_db
def test_switching_on_what_is_on_already_does_not_start_it_anew() -> None:
    device = fresh(replenishment="on")
    actions.switch_replenishment(device=device, on=True)
    device.refresh_from_db()
    assert device.replenishment == "on"


@pytest.mark.django_db
def test_switched_off_it_says_why_and_by_whom() -> None:
    sam, device = make.user("sam@example.com"), fresh(replenishment="on")
    actions.switch_replenishment(device=device, on=False, reason="moves in May", actor=sam)
    device.refresh_from_db()
    assert (device.replenishment, device.replenishment_reason) == ("off", "moves in May")
    entry = ActivityEntry.objects.order_by("-pk")[0]
    assert (entry.actor, entry.before, entry.after, entry.address) == (sam, "on", "off", device.address)


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["device_removed", "contract_inactive", "not_eligible"])
def test_it_can_not_be_switched_on_where_nothing_may_be_sent(code: str) -> None:
    device = fresh(replenishment="off")
    if code == "device_removed":
        actions.remove_device(device=device)
    elif code == "contract_inactive":
        device.contract.status = "suspended"
        device.contract.save()
    else:
        device.model.eligibility = "not_eligible"
        device.model.save()
    with pytest.raises(Refused) as refused:
        actions.switch_replenishment(device=device, on=True)
    assert refused.value.code == code
    device.refresh_from_db()
    assert device.replenishment == "off"
    actions.switch_replenishment(device=device, on=False)


@pytest.mark.django_db
def test_a_removed_device_keeps_its_history_and_frees_its_serial() -> None:
    device = fresh(serial="3TX-48 1207")
    with pytest.raises(IntegrityError, match="device_serial_once_in_use"), transaction.atomic():
        fresh(serial="3tx481207")
    at = timezone.now() - dt.timedelta(days=1)
    actions.remove_device(device=device, at=at)
    actions.remove_device(device=device)
    device.refresh_from_db()
    assert device.removed_at == at
    assert ActivityEntry.objects.filter(verb="removed").count() == 1
    assert fresh(serial="3TX481207").pk != device.pk
    assert actions.mark_replenishment_started(device_ids=[device.pk]) == 0


@pytest.mark.django_db(transaction=True)
def test_removed_by_many_at_once_it_is_removed_once() -> None:
    device = fresh()
    fine(at_once(8, lambda _: actions.remove_device(device=device)))
    assert ActivityEntry.objects.filter(verb="removed").count() == 1


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("3TX-481207", "3tx 481207", True),
        (" x1 ", "X1", True),
        ("O1", "01", False),
        ("I7", "17", False),
        ("A\t1", "a-1", True),
    ],
)
def test_serials_are_compared_without_noise_and_nothing_is_merged(
    first: str, second: str, same: bool
) -> None:
    assert (serial_key(first) == serial_key(second)) is same


@given(st.text(max_size=40))
def test_a_key_is_its_own_key(serial: str) -> None:
    assert serial_key(serial_key(serial)) == serial_key(serial)


@pytest.mark.parametrize(
    ("version", "minimum", "below"),
    [
        ("57.40.31", "57.100", True),
        ("57.100", "57.40.31", False),
        ("57.40", "57.40.0", False),
        ("57.40.0.1", "57.40", False),
        ("2.0a", "2.0b", True),
        ("2.0b", "2.0b", False),
        ("V10.2", "v9.9", False),
        ("", "1.0", False),
        ("1.0-beta", "1.0", False),
    ],
)
def test_software_is_compared_as_its_makers_count(version: str, minimum: str, below: bool) -> None:
    assert is_below(version, minimum) is below


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=5),
    st.lists(st.integers(0, 300), min_size=1, max_size=5),
)
def test_of_two_numbered_versions_exactly_one_is_below_unless_they_are_equal(
    a: list[int], b: list[int]
) -> None:
    first, second = ".".join(map(str, a)), ".".join(map(str, b))
    equal = version_key(first) == version_key(second)
    assert is_below(first, second) + is_below(second, first) == (0 if equal else 1)
    assert is_below(first, first + ".1") is True
