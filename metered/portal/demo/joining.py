"""Who is about to come in at the demo's customers: an invitation, one that is too old, somebody who asks."""

from __future__ import annotations

import datetime as dt

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from metered.accounts import people
from metered.accounts.actions import log
from metered.accounts.models import Account, Address, JoinRequest, Membership, User
from metered.portal.demo.customers import NORTHWIND, PASSWORD


def write_joining(now: dt.datetime) -> None:
    """Northwind Clinics is growing: two are invited, one asks to join, one got another part."""
    account = Account.objects.get(number=NORTHWIND.number)
    owner = Membership.objects.filter(account=account, role="owner").select_related("user")[0].user
    first = Address.objects.filter(account=account).order_by("pk")[0]
    people.invite(
        account_id=account.pk,
        actor=owner,
        email="priya.nair@northwind.example",
        role="reporter",
        addresses=[first],
        now=now - dt.timedelta(days=2),
    )
    people.invite(
        account_id=account.pk,
        actor=owner,
        email="walt.jensen@northwind.example",
        role="viewer",
        addresses=None,
        now=now - dt.timedelta(days=12),
    )
    _asks(account, now)
    _another_part(account, owner)


def _asks(account: Account, now: dt.datetime) -> None:
    person = User.objects.create(
        email="dana.brooks@northwind.example",
        password=make_password(PASSWORD),
        name="Dana Brooks",
        time_zone=account.time_zone,
        date_joined=now - dt.timedelta(hours=7),
    )
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    device = account.devices.filter(removed_at=None).order_by("pk")[0]
    asked = JoinRequest.objects.create(
        account=account, user=person, serial=device.serial, created_at=now - dt.timedelta(hours=7)
    )
    log(
        actor=person,
        account_id=account.pk,
        verb="asked to join",
        kind="join request",
        public_id=asked.public_id,
        after={"person": person.name, "email": person.email},
    )


def _another_part(account: Account, owner: User) -> None:
    """Somebody's role was tried out and put back: two entries that show before and after."""
    row = Membership.objects.filter(account=account, role="reporter").select_related("user").first()
    if row is None:
        return
    before = list(row.addresses.all()) if row.limited else None
    people.change(membership=row, actor=owner, role="viewer", addresses=before)
    people.change(membership=row, actor=owner, role="reporter", addresses=before)
