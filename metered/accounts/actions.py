"""The only writer of people, accounts and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from metered.accounts.models import ActivityEntry, Address, AddressVersion, Fact, MailChoice, MailKind, User
from metered.lib.said import all_kept
from metered.lib.wake import wake


def log(
    *,
    actor: User | None,
    account_id: int,
    verb: str,
    kind: str,
    public_id: str,
    address_id: int | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """Writes down what was done, in the caller's transaction (domain rule 5).

    `actor` None is the system itself. References are text, so that the entry outlives what it names.
    """
    ActivityEntry.objects.create(
        account_id=account_id,
        address_id=address_id,
        actor=actor,
        actor_name=str(actor) if actor else "Metered",
        verb=verb,
        kind=kind,
        public_id=public_id,
        before=all_kept(before),
        after=all_kept(after),
    )


def state(*, kind: Fact.Kind, account_id: int, public_id: str, address_id: int | None = None) -> None:
    """Writes down a fact for the stages after this one, in the caller's transaction, and wakes them."""
    Fact.objects.create(account_id=account_id, address_id=address_id, kind=kind, public_id=public_id)
    wake("accounts.fact")


@transaction.atomic
def word_address(
    *, address: Address, actor: User | None = None, logged: bool = True, **wording: Any
) -> AddressVersion:
    """Gives an address its next wording, which becomes the current one.

    `wording`: the fields of AddressVersion but `address`, `version` and who made it. `logged` False: the
    caller writes down what changed.
    """
    locked = Address.objects.select_for_update().get(pk=address.pk)
    last = locked.versions.order_by("-version").values_list("version", flat=True).first() or 0
    version = AddressVersion.objects.create(address=locked, version=last + 1, created_by=actor, **wording)
    before = str(locked.current) if locked.current else None
    locked.current = version
    locked.country = version.country
    locked.save(update_fields=["current", "country"])
    address.current = version
    if logged:
        log(
            actor=actor,
            account_id=locked.account_id,
            address_id=locked.pk,
            verb="worded",
            kind="address",
            public_id=locked.public_id,
            before=before,
            after=str(version),
        )
    state(
        kind=Fact.Kind.ADDRESS_CHANGED,
        account_id=locked.account_id,
        address_id=locked.pk,
        public_id=locked.public_id,
    )
    return version


def choose_language(*, user: User, language: str) -> None:
    """The language of the person's pages and mails; empty: the browser's, and the account's for mails."""
    User.objects.filter(pk=user.pk).update(language=language)


@transaction.atomic
def choose_settings(
    *, user: User, name: str, language: str, time_zone: str, mails: Mapping[str, str]
) -> None:
    """What a person says of themselves, and how mails of each kind shall come (MailKind → MailChoice.How)."""
    User.objects.filter(pk=user.pk).update(name=name, language=language, time_zone=time_zone)
    for kind, how in sorted(mails.items()):
        choose_mail(user=user, kind=MailKind(kind), how=MailChoice.How(how))


def choose_mail(*, user: User, kind: MailKind, how: MailChoice.How) -> None:
    """How mails of a kind come from now on. Choosing the same again changes nothing."""
    MailChoice.objects.update_or_create(user=user, kind=kind, defaults={"how": how})


def stop_mail(*, email: str, kind: str) -> bool:
    """One click in a mail: no more of that kind to that person. False for an address that nobody has."""
    user = User.objects.filter(email__iexact=email).first()
    if user is None or kind not in MailKind.values:
        return False
    choose_mail(user=user, kind=MailKind(kind), how=MailChoice.How.OFF)
    return True
