"""The link in an announcement's mail: signed, for one order and one person, good without signing in.

It names, and admits to nothing but “not now” and its undoing.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core import signing

from metered.accounts.access import Viewer
from metered.accounts.models import Membership, User
from metered.accounts.queries import recipients_for_system
from metered.orders.models import Order

SALT = "orders.not-now"
LASTS = 100 * 86400
"""Seconds: longer than anything can be held."""


@dataclass(frozen=True)
class Named:
    """What a good token names. `person` None: the contract's contact, who has no account here."""

    order: Order
    person: User | None
    viewer: Viewer | None


def make(order: Order, email: str) -> str:
    """The token of an order for the person with that address."""
    return signing.dumps([order.public_id, email.lower()], salt=SALT, compress=True)


def read(token: str) -> Named | str:
    """What the token names; or why it is not good: `expired`, `changed` (not one of ours), `foreign` (the
    person may not order for that address any more).
    """
    try:
        public_id, email = signing.loads(token, salt=SALT, max_age=LASTS)
    except signing.SignatureExpired:
        return "expired"
    except (signing.BadSignature, ValueError, TypeError):
        return "changed"
    order = (
        Order.objects.filter(public_id=public_id)
        .select_related("account", "address__current", "contract", "placed_by")
        .first()
    )
    if order is None:
        return "changed"
    person = User.objects.filter(email__iexact=email, is_active=True).first()
    allowed = recipients_for_system(order.account_id, address_id=order.address_id)
    if email not in [recipient.email.lower() for recipient in allowed]:
        return "foreign"
    return Named(order, person, _viewer(order, person))


def _viewer(order: Order, person: User | None) -> Viewer | None:
    member = Membership.objects.filter(account_id=order.account_id, user=person).first() if person else None
    if member is None:
        return None
    ids = frozenset(member.addresses.values_list("pk", flat=True)) if member.limited else None
    return Viewer(member.user_id, member.account_id, member.role, ids)
