"""The access law itself: roles, abilities, and what a viewer's scope leaves over.

Which page or API asks for what is the matrix's matter: tests/test_access.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from metered.accounts.access import ABILITIES, Ability, Viewer, for_viewers, viewer_of
from metered.accounts.models import ActivityEntry, Address, Role
from metered.accounts.queries import addresses, membership_for_system, recipients_for_system
from metered.accounts.scoping import OwnedQuerySet
from metered.fleet.models import Agent, Contract, Device, Slot
from tests import factories as make

LAW = {
    "owner": {"see", "report", "order", "manage"},
    "orderer": {"see", "report", "order"},
    "reporter": {"see", "report"},
    "viewer": {"see"},
}
"""Domain rule 4, written down a second time on purpose."""


@pytest.mark.parametrize("role", Role.values)
def test_each_role_may_what_the_domain_says(role: str) -> None:
    viewer = Viewer(user_id=1, account_id=1, role=role)
    assert {ability for ability in get_args(Ability) if viewer.may(ability)} == LAW[role]
    assert set(ABILITIES) == set(Role.values) == set(LAW)


def request_of(viewer: Viewer | None) -> HttpRequest:
    request = HttpRequest()
    request.viewer = viewer  # type: ignore[attr-defined]
    return request


@for_viewers("order")
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


@pytest.mark.parametrize(("role", "admitted"), [("owner", 1), ("orderer", 1), ("reporter", 0), ("viewer", 0)])
def test_a_view_asks_for_its_ability(role: str, admitted: int) -> None:
    request = request_of(Viewer(user_id=1, account_id=1, role=role))
    if admitted:
        assert page(request).status_code == 200
    else:
        with pytest.raises(PermissionDenied):
            page(request)


def test_who_has_no_account_is_told_so() -> None:
    answer = page(request_of(None))
    assert (answer.status_code, answer["Location"]) == (302, "/no-account/")
    with pytest.raises(PermissionDenied):
        viewer_of(request_of(None))


def owned_models() -> list[Any]:
    return [model for model in apps.get_models() if isinstance(model._default_manager.all(), OwnedQuerySet)]


def test_every_row_that_belongs_to_an_account_can_be_scoped() -> None:
    """A model with a key to Account needs OwnedManager; what is reached through another is named."""
    reached_through_others = {"Membership", "Observation"}
    forgotten = {
        model.__name__
        for model in apps.get_models()
        if any(field.name == "account" for field in model._meta.fields) and model not in owned_models()
    }
    assert forgotten <= reached_through_others, f"{forgotten} carry an account and no OwnedManager"


@pytest.mark.django_db
def test_the_way_to_the_address_is_a_real_one_for_every_owned_model() -> None:
    viewer = Viewer(user_id=1, account_id=1, role="viewer", address_ids=frozenset({1}))
    for model in owned_models():
        assert list(model._default_manager.visible_to(viewer)) == []


@pytest.mark.django_db
def test_scopes_leave_over_what_they_should() -> None:
    cast = make.cast()
    here, there = make.device(cast.main_st), make.device(cast.harbor_st)
    theirs = make.device(cast.press_address)
    slots = {device: make.slot(device) for device in (here, there, theirs)}
    agent = Agent.objects.create(account=cast.northwind, name="HQ")

    assert set(Device.objects.visible_to(cast.owner)) == {here, there}
    assert set(Device.objects.visible_to(cast.orderer)) == {here}, "Ben is limited to Main St"
    assert set(Device.objects.visible_to(cast.outsider)) == {theirs}
    assert set(Slot.objects.visible_to(cast.orderer)) == {slots[here]}
    assert set(Address.objects.visible_to(cast.orderer)) == {cast.main_st}
    assert set(addresses(cast.orderer)) == {cast.main_st}
    # Rows without an address are the whole account's: hidden from who is limited.
    assert set(Agent.objects.visible_to(cast.owner)) == {agent}
    assert set(Agent.objects.visible_to(cast.orderer)) == set()
    assert set(Contract.objects.visible_to(cast.orderer)) == set()


@pytest.mark.django_db
def test_an_empty_limit_sees_nothing_rather_than_everything() -> None:
    cast = make.cast()
    make.device(cast.main_st)
    nowhere = replace(cast.orderer, address_ids=frozenset())
    assert not Device.objects.visible_to(nowhere).exists()
    assert not Address.objects.visible_to(nowhere).exists()


@pytest.mark.django_db
def test_addresses_of_another_account_do_not_widen_a_limit() -> None:
    cast = make.cast()
    theirs = make.device(cast.press_address)
    crooked = replace(cast.orderer, address_ids=frozenset({cast.press_address.pk}))
    assert theirs not in Device.objects.visible_to(crooked)
    assert not Device.objects.visible_to(crooked).exists()


@pytest.mark.django_db
def test_the_activity_of_another_address_is_not_shown() -> None:
    cast = make.cast()
    entries = ActivityEntry.objects
    assert {entry.address for entry in entries.visible_to(cast.owner)} == {cast.main_st, cast.harbor_st}
    assert {entry.address for entry in entries.visible_to(cast.orderer)} == {cast.main_st}
    assert ActivityEntry.objects.filter(address=cast.press_address).exists()


@pytest.mark.django_db
def test_a_person_of_two_accounts_acts_for_the_chosen_one() -> None:
    cast = make.cast()
    make.member(cast.harbor_press, cast.ana, "viewer", cast.press_address)
    first = membership_for_system(cast.ana.pk, None)
    assert first is not None and first.account == cast.harbor_press, "the first by name"
    chosen = membership_for_system(cast.ana.pk, cast.northwind.public_id)
    assert chosen is not None and (chosen.account, chosen.role) == (cast.northwind, "owner")
    assert list(first.admitted) == [cast.press_address.pk] and list(chosen.admitted) == []
    foreign = membership_for_system(cast.charlie.pk, cast.northwind.public_id)
    assert foreign is not None and foreign.account == cast.harbor_press
    assert membership_for_system(cast.sam.pk, cast.northwind.public_id) is None


@pytest.mark.django_db
def test_mail_about_an_address_goes_to_its_owners_and_orderers() -> None:
    cast = make.cast()
    make.member(cast.northwind, make.user("rita@example.com"), "reporter")
    make.member(cast.northwind, make.user("gone@example.com", is_active=False), "owner")

    def told(address: Address) -> list[str]:
        return [person.email for person in recipients_for_system(cast.northwind.pk, address_id=address.pk)]

    assert told(cast.main_st) == ["ana@example.com", "ben@example.com"]
    assert told(cast.harbor_st) == ["ana@example.com"]


@pytest.mark.django_db
def test_the_contracts_contact_is_told_when_nobody_may_order_there() -> None:
    account = make.account(contact_email="office@example.com")
    address, other = make.address(account), make.address(account)
    make.member(account, make.user("olga@example.com"), "owner", other)
    make.member(account, make.user("vera@example.com"), "viewer")
    told = recipients_for_system(account.pk, address_id=address.pk)
    assert [person.email for person in told] == ["office@example.com"]
    assert recipients_for_system(make.account().pk, address_id=None) == []
