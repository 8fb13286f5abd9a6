"""Accounts, addresses, contracts and the people who sign in."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from metered.accounts.actions import word_address
from metered.accounts.models import Account, Address, Membership, User
from metered.fleet.models import Agent, Contract, ContractPrice, Kind, MeterType
from metered.portal.demo.customers import CUSTOMERS, PASSWORD, STAFF, CustomerFact, PersonFact
from metered.portal.demo.fleet import Site

INCLUDED = [Kind.TONER, Kind.WASTE, Kind.DRUM, Kind.INK]


def write_site(fact: CustomerFact, since: dt.date) -> Site:
    """A customer with its addresses, contract, prices and the agent that reads its printers."""
    account = Account.objects.create(
        number=fact.number, name=fact.name, time_zone=fact.time_zone, contact_email=fact.people[0].email
    )
    addresses: dict[str, Address] = {}
    for item in fact.addresses:
        address = Address.objects.create(
            account=account,
            name=item.name,
            time_zone=item.time_zone,
            country=item.country,
            subdivision=item.subdivision,
        )
        word_address(
            address=address,
            recipient=item.recipient,
            lines=item.lines.replace("/", "\n"),
            city=item.city,
            region=item.region,
            postal_code=item.postal_code,
            country=item.country,
            contact=item.contact,
            phone=item.phone,
            delivery_note=item.note,
        )
        addresses[item.name] = address
    contract = Contract.objects.create(
        account=account,
        number=fact.contract,
        starts_on=since,
        ends_on=since.replace(year=since.year + 5, day=min(since.day, 28)),
        currency=fact.currency,
        included_kinds=list(INCLUDED),
    )
    meters = {row.code: row for row in MeterType.objects.all()}
    ContractPrice.objects.bulk_create(
        ContractPrice(contract=contract, meter_type=meters[code], price=Decimal(price))
        for code, price in zip(("mono", "colour"), fact.prices, strict=True)
    )
    Agent.objects.create(account=account, name=fact.agent)
    return Site(account, contract, addresses)


def write_people(sites: dict[str, Site]) -> dict[str, User]:
    """Everybody of all customers and one of the operator's staff, by e-mail. One password: this is a demo."""
    # Hashing is slow on purpose, and everybody's is the same.
    password = make_password(PASSWORD)
    people: dict[str, User] = {STAFF.email: _user(STAFF, password, "America/New_York", staff=True)}
    for fact in CUSTOMERS:
        site = sites[fact.number]
        for person in fact.people:
            if person.email not in people:
                people[person.email] = _user(person, password, fact.time_zone)
            membership = Membership.objects.create(
                account=site.account, user=people[person.email], role=person.role, limited=bool(person.only)
            )
            membership.addresses.set(site.addresses[name] for name in person.only)
    return people


def _user(person: PersonFact, password: str, time_zone: str, *, staff: bool = False) -> User:
    user = User.objects.create(
        email=person.email,
        password=password,
        name=person.name,
        time_zone=time_zone,
        is_staff=staff,
        is_superuser=staff,
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def logins() -> list[dict[str, str]]:
    """Who may sign in, as what, and with which password: rows for a table and for the logins' file."""
    rows = [{"email": STAFF.email, "password": PASSWORD, "account": "", "role": "staff"}]
    for fact in CUSTOMERS:
        for person in fact.people:
            role = f"{person.role} ({', '.join(person.only)})" if person.only else person.role
            rows.append({"email": person.email, "password": PASSWORD, "account": fact.name, "role": role})
    return rows
