"""What the database refuses about people, accounts and addresses, whatever code writes it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from metered.accounts.models import AddressClosure, Membership, User
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_an_e_mail_is_one_person_however_it_is_spelled() -> None:
    made = User.objects.create_user("Ana@Example.COM", "x")
    assert made.email == "ana@example.com"
    with pytest.raises(IntegrityError, match="email"), transaction.atomic():
        User.objects.create(email="ANA@example.com")
    assert User.objects.get_by_natural_key("aNa@example.com") == made


def test_a_person_has_one_part_in_an_account() -> None:
    account, ana = make.account(), make.user("ana@example.com")
    make.member(account, ana, "owner")
    with pytest.raises(IntegrityError, match="membership_once"), transaction.atomic():
        make.member(account, ana, "viewer")


def test_a_role_that_nobody_knows_is_refused() -> None:
    account, ana = make.account(), make.user("ana@example.com")
    with pytest.raises(IntegrityError, match="membership_role_known"), transaction.atomic():
        Membership.objects.create(account=account, user=ana, role="emperor")


def test_an_account_has_one_address_of_a_name_in_use() -> None:
    account = make.account()
    first = make.address(account, "Main St")
    with pytest.raises(IntegrityError, match="address_name_once"), transaction.atomic():
        make.address(account, "Main St")
    first.retired_at = timezone.now()
    first.save()
    make.address(account, "Main St")
    make.address(make.account(), "Main St")


def test_a_closure_ends_after_it_starts() -> None:
    address = make.address(make.account())
    day = dt.date(2026, 12, 24)
    AddressClosure.objects.create(address=address, starts_on=day, ends_on=day)
    with pytest.raises(IntegrityError, match="closure_ends_after_start"), transaction.atomic():
        AddressClosure.objects.create(address=address, starts_on=day, ends_on=day - dt.timedelta(days=1))


def test_an_account_number_is_given_once() -> None:
    first = make.account()
    with pytest.raises(IntegrityError, match="number"), transaction.atomic():
        type(first).objects.create(name="Other", number=first.number)
