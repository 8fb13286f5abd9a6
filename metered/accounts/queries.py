"""Reading people, accounts and addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet

from metered.accounts.access import Viewer
from metered.accounts.models import Account, Address, MailChoice, MailKind, Membership, Role


def membership_for_system(user_id: int, account: str | None) -> Any | None:
    """The person's membership in the account of that public id, else in the first by name; None without any.

    The row carries `admitted`, the ids of the addresses it is limited to.
    """
    mine = (
        Membership.objects.filter(user_id=user_id)
        .select_related("account")
        .annotate(admitted=ArrayAgg("addresses__id", filter=Q(addresses__isnull=False), default=[]))
        .order_by("account__name", "id")
    )
    if account:
        chosen = mine.filter(account__public_id=account).first()
        if chosen is not None:
            return chosen
    return mine.first()


def membership_in_for_system(user_id: int, account_id: int) -> Any | None:
    """The person's membership in that account, with `admitted` as above; None without one."""
    return (
        Membership.objects.filter(user_id=user_id, account_id=account_id)
        .annotate(admitted=ArrayAgg("addresses__id", filter=Q(addresses__isnull=False), default=[]))
        .first()
    )


def accounts_of_for_system(user_id: int) -> QuerySet[Account]:
    """Every account the person belongs to, by name."""
    return Account.objects.filter(memberships__user_id=user_id).order_by("name")


def addresses(viewer: Viewer) -> QuerySet[Address]:
    """The addresses this viewer may see that are in use, with their current wording."""
    rows: QuerySet[Address] = Address.objects.visible_to(viewer).filter(retired_at=None)
    return rows.select_related("current").order_by("name")


@dataclass(frozen=True)
class Recipient:
    """Somebody to be mailed. `kind`: of a mail that may be declined; `digest`: together, once a day."""

    email: str
    name: str
    language: str
    time_zone: str
    kind: str = ""
    digest: bool = False


def recipients_for_system(
    account_id: int,
    *,
    address_id: int | None,
    roles: Iterable[str] = (Role.OWNER, Role.ORDERER),
    kind: MailKind | None = None,
    whole: bool = False,
) -> list[Recipient]:
    """Those of the account with one of `roles` who may see the address, else the contract's contact.

    `whole`: only who is not limited to some addresses. With `kind` those who want no mails of that kind are
    left out. Sorted by e-mail, so that two callers write the same outbox rows in the same order.
    """
    rows = Membership.objects.filter(account_id=account_id, role__in=list(roles), user__is_active=True)
    if whole:
        rows = rows.filter(limited=False)
    if address_id is not None:
        rows = rows.filter(Q(limited=False) | Q(addresses=address_id))
    found = rows.select_related("user", "account").order_by("user__email").distinct()
    if not found:
        return _contact(account_id)
    people = [row.user_id for row in found]
    how = dict(MailChoice.objects.filter(user__in=people, kind=kind or "").values_list("user_id", "how"))
    return [
        replace(_recipient(row), kind=kind or "", digest=how.get(row.user_id) == MailChoice.How.DIGEST)
        for row in found
        if how.get(row.user_id) != MailChoice.How.OFF
    ]


def desk() -> list[Recipient]:
    """Support staff together, as the operator's settings name them; nobody where they name no address."""
    operator = settings.OPERATOR
    if not operator["email"]:
        return []
    return [
        Recipient(
            str(operator["email"]), str(operator["name"]), settings.LANGUAGE_CODE, settings.DESK_TIME_ZONE
        )
    ]


def recipient_for_system(user_id: int, account_id: int) -> Recipient | None:
    """One person of the account; None for somebody who does not belong to it any more."""
    rows = Membership.objects.filter(account_id=account_id, user_id=user_id, user__is_active=True)
    row = rows.select_related("user", "account").first()
    return _recipient(row) if row else None


def _recipient(row: Membership) -> Recipient:
    return Recipient(
        email=row.user.email,
        name=row.user.name,
        language=row.user.language or row.account.language,
        time_zone=row.user.time_zone or row.account.time_zone,
    )


def mail_kind_in_words(kind: str) -> str | None:
    """What mails of the kind are about; None for one that can't be declined."""
    return str(MailKind(kind).label) if kind in MailKind.values else None


def mail_ways() -> list[tuple[str, str]]:
    """In which ways mails that may be declined can come."""
    return [(str(way.value), str(way.label)) for way in MailChoice.How]


def mail_choices(user_id: int) -> dict[str, str]:
    """How the person wants mails of each kind."""
    chosen = dict(MailChoice.objects.filter(user=user_id).values_list("kind", "how"))
    return {kind: chosen.get(kind, MailChoice.How.SINGLE) for kind in MailKind.values}


def _contact(account_id: int) -> list[Recipient]:
    """The contract's contact: an account without fitting people is told all the same."""
    account = Account.objects.get(pk=account_id)
    if not account.contact_email:
        return []
    return [Recipient(account.contact_email, account.name, account.language, account.time_zone)]


def stamp_of(address: Address) -> str:
    """Names how an address is at the moment: its wording, what it is called, its time zone.

    A form carries it, so that what somebody else changed meanwhile is noticed.
    """
    parts = (address.current_id, address.name, address.time_zone, address.subdivision)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
