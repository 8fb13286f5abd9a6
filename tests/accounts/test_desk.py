"""What the support desk may change, and that it stands in the account's activity."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from metered.accounts.models import Account, ActivityEntry, Address, User
from metered.fleet.models import Agent, Device
from metered.notify.models import Message
from metered.notify.rendering import render
from tests import factories
from tests.access_world import signed_in

pytestmark = pytest.mark.django_db


def _staff(*permissions: str, **fields: Any) -> tuple[User, Client]:
    person = factories.user("sam@example.com", is_staff=True, **fields)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return person, signed_in(person)


def _user_form(person: User, **changes: Any) -> dict[str, Any]:
    inline = {
        f"{prefix}-{name}": value
        for prefix in ("memberships", "emailaddress_set")
        for name, value in {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0}.items()
    }
    return {"email": person.email, "name": person.name, "is_active": "on", **inline, **changes}


def test_staff_can_not_make_themselves_superuser() -> None:
    person, client = _staff("change_user", "view_user")
    path = f"/admin/accounts/user/{person.pk}/change/"
    assert client.get(path).status_code == 200
    client.post(path, _user_form(person, name="Sam S", is_superuser="on", is_staff="on"))
    person.refresh_from_db()
    assert (person.name, person.is_superuser) == ("Sam S", False)


def test_staff_can_not_change_a_superuser() -> None:
    boss = factories.user("boss@example.com", is_staff=True, is_superuser=True)
    _, client = _staff("change_user", "view_user")
    client.post(f"/admin/accounts/user/{boss.pk}/change/", _user_form(boss, email="mine@example.com"))
    boss.refresh_from_db()
    assert boss.email == "boss@example.com"


def test_what_the_desk_changes_stands_in_the_activity() -> None:
    account = factories.account("Northwind")
    contract = factories.contract(account)
    _, client = _staff(is_superuser=True)
    response = client.post(
        f"/admin/fleet/contract/{contract.pk}/change/",
        {
            "account": account.pk, "number": contract.number, "status": "suspended",
            "starts_on": "2024-01-01", "currency": "USD", "included_kinds": "toner,waste",
            "read_every_months": 1, "read_day": 25,
            "count_every_days": 90, "prices-TOTAL_FORMS": 0, "prices-INITIAL_FORMS": 0,
        },
    )  # fmt: skip
    assert response.status_code == 302, response.context["errors"] if response.context else ""
    entry = ActivityEntry.objects.get(account=account, kind="contract")
    assert (entry.verb, entry.actor_name) == ("changed", "Sam")
    assert entry.before is not None and entry.before["status"] == "active"
    assert entry.after is not None and entry.after["status"] == "suspended"


def test_an_address_is_worded_at_the_desk() -> None:
    address = Address.objects.create(
        account=factories.account(), name="Pier", time_zone="America/New_York", country="US"
    )
    _, client = _staff(is_superuser=True)
    client.post(
        f"/admin/accounts/address/{address.pk}/word/",
        {
            "recipient": "Northwind",
            "lines": "1 Pier",
            "city": "Rochester",
            "postal_code": "14604",
            "country": "US",
        },
    )
    address.refresh_from_db()
    assert address.current is not None and address.current.one_line == "Rochester 14604"


def test_a_device_stays_with_its_own_customer() -> None:
    mine, other = factories.address(factories.account()), factories.address(factories.account())
    device = factories.device(mine)
    device.address = other
    with pytest.raises(ValidationError, match="another customer"):
        device.clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.filter(pk=device.pk).update(address=other)


@pytest.mark.parametrize("kind", ["fleet/device", "fleet/agent", "fleet/contract", "accounts/address"])
def test_whose_a_row_is_is_settled_once_it_exists(kind: str) -> None:
    mine, other = factories.account(), factories.account()
    address = factories.address(mine)
    rows: dict[str, Any] = {
        "fleet/device": factories.device(address),
        "fleet/agent": Agent.objects.create(account=mine, name="Head office"),
        "accounts/address": address,
    }
    rows["fleet/contract"] = rows["fleet/device"].contract
    row = rows[kind]
    _, client = _staff(is_superuser=True)
    path = f"/admin/{kind}/{row.pk}/change/"
    form = client.get(path).context["adminform"].form
    assert "account" not in form.fields
    values = {name: value for name, value in form.initial.items() if value is not None}
    inlines = {
        f"{prefix}-{name}": 0
        for prefix in ("slots", "tokens", "versions", "closures", "prices")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    client.post(path, {**values, **inlines, "account": other.pk})
    row.refresh_from_db()
    assert row.account_id == mine.pk
    assert "account" in client.get(f"/admin/{kind}/add/").context["adminform"].form.fields


def test_a_serial_of_nothing_but_hyphens_is_none() -> None:
    device = factories.device(factories.address(factories.account()))
    device.serial = " - "
    with pytest.raises(ValidationError, match="serial"):
        device.clean()


def test_staff_change_nobodys_address_for_signing_in() -> None:
    kim = factories.user("kim@example.com", is_staff=True)
    _, client = _staff("change_user", "view_user")
    client.post(f"/admin/accounts/user/{kim.pk}/change/", _user_form(kim, email="mine@example.com", name="K"))
    kim.refresh_from_db()
    assert (kim.email, kim.name) == ("kim@example.com", "K")
    boss = signed_in(factories.user("boss@example.com", is_staff=True, is_superuser=True))
    boss.post(f"/admin/accounts/user/{kim.pk}/change/", _user_form(kim, email="mine@example.com"))
    kim.refresh_from_db()
    assert kim.email == "kim@example.com"


def test_a_new_person_is_given_an_address_at_the_desk() -> None:
    _, client = _staff(is_superuser=True)
    assert "email" in client.get("/admin/accounts/user/add/").context["adminform"].form.fields


def test_changes_of_a_person_stand_in_the_activity_of_each_account_of_theirs() -> None:
    north, south, elsewhere = (factories.account(name) for name in ("North", "South", "Elsewhere"))
    ana = factories.user("ana@example.com", "Ana")
    factories.member(north, ana, "owner")
    factories.member(south, ana, "viewer")
    _, client = _staff("change_user", "view_user")
    client.post(f"/admin/accounts/user/{ana.pk}/change/", _user_form(ana, name="Anna"))
    entries = ActivityEntry.objects.order_by("account__name")
    assert [entry.account for entry in entries] == [north, south]
    for entry in entries:
        assert (entry.verb, entry.public_id) == ("changed", ana.public_id)
        assert entry.before == {"name": "Ana"} and entry.after == {"name": "Anna"}
    assert not ActivityEntry.objects.filter(account=elsewhere).exists()


def test_a_zone_that_is_none_is_refused_and_never_stops_a_mail() -> None:
    with pytest.raises(ValidationError, match="no time zone"):
        Account(number="1", name="A", time_zone="Mars/Base").full_clean()
    values = {
        "device_name": "Desk", "address_name": "Main St", "days": 7, "last_heard_at": None, "advice": [],
        "device_path": "/devices/x/",
    }  # fmt: skip
    message = Message(
        event="e",
        email="a@example.com",
        language="en",
        time_zone="Mars/Base",
        template="device_silent",
        values=values,
    )
    assert "Desk" in render(message).subject
