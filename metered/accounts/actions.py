"""The only writer of people, accounts and addresses."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from metered.accounts.models import ActivityEntry, Address, AddressVersion, Fact, User
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
        before=before,
        after=after,
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
