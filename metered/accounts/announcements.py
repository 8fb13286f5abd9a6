"""What an account's owners are told about its addresses: one outbox row per person and event."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.conf import settings
from django.utils import translation

from metered.accounts.models import Address, AddressVersion, Role, User
from metered.accounts.postal import written
from metered.accounts.queries import Recipient, recipients_for_system
from metered.lib import wording
from metered.notify.actions import post


def label_of(version: AddressVersion | None) -> list[str]:
    """The address as it stands on a label, its country below."""
    if version is None:
        return []
    fields = {
        name: getattr(version, name) for name in ("recipient", "lines", "city", "region", "postal_code")
    }
    return [*written(version.country, fields), wording.country(version.country)]


def lines_of(version: AddressVersion | None) -> list[str]:
    """The same, then who takes it and how to find them."""
    if version is None:
        return []
    return label_of(version) + [
        part for part in (version.contact, version.phone, version.delivery_note) if part
    ]


def tell_of_address(
    address: Address,
    *,
    happened: str,
    event: str,
    actor: User | None,
    after: AddressVersion | None,
    before: AddressVersion | None = None,
    before_name: str = "",
) -> None:
    """Mails the owners who may see it. `happened`: added, changed or retired."""
    people: dict[str, list[Recipient]] = defaultdict(list)
    owners = recipients_for_system(address.account_id, address_id=address.pk, roles=(Role.OWNER,))
    for person in owners:
        people[person.language or settings.LANGUAGE_CODE].append(person)
    for language, readers in people.items():
        with translation.override(language):
            values: dict[str, Any] = {
                "happened": happened,
                "address_name": address.name,
                "before_name": before_name if before_name != address.name else "",
                "who": str(actor) if actor else "",
                "after": lines_of(after),
                "before": lines_of(before) if before is not None and before != after else [],
                "address_path": f"/addresses/{address.public_id}/"
                if happened != "retired"
                else "/addresses/",
            }
        post(event=event, to=readers, template="address_changed", values=values)
