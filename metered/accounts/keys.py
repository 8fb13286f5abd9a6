"""Keys by which programs act for a person in one account. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.access import Viewer, viewer_by
from metered.accounts.actions import log
from metered.accounts.models import ApiKey, User
from metered.accounts.queries import membership_in_for_system
from metered.lib.errors import Refused

MOST_KEYS = 20


def _digest(key: str) -> bytes:
    """SHA-256; enough for 256 random bits, and quick at every request."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


@transaction.atomic
def make_key(*, user: User, account_id: int, name: str) -> str:
    """A new key, which may do what the person may in that account. It is returned once and never kept.

    Raises Refused(no_name, too_many_keys, not_a_member).
    """
    if not name.strip():
        raise Refused(_("Say what the key is for."), code="no_name")
    # Two at once are made one after the other.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if membership_in_for_system(user.pk, account_id) is None:
        raise Refused(_("You don't belong to this account."), code="not_a_member")
    if ApiKey.objects.filter(user=user, account_id=account_id, revoked_at=None).count() >= MOST_KEYS:
        raise Refused(_("You have as many keys as one can have. Revoke one first."), code="too_many_keys")
    key = f"mk_{secrets.token_urlsafe(32)}"
    made = ApiKey.objects.create(
        user=user, account_id=account_id, name=name.strip()[:80], digest=_digest(key), hint=key[:7]
    )
    log(
        actor=user,
        account_id=account_id,
        verb="made",
        kind="key for programs",
        public_id=made.public_id,
        after={"name": made.name, "hint": made.hint},
    )
    return key


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: User) -> None:
    """From now on the key is refused. Twice changes nothing."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()) != 1:
        return
    log(
        actor=actor,
        account_id=key.account_id,
        verb="revoked",
        kind="key for programs",
        public_id=key.public_id,
        before={"name": key.name, "hint": key.hint},
    )


def keys_of(user: User, account_id: int) -> list[ApiKey]:
    """The person's own keys in that account that still hold."""
    return list(ApiKey.objects.filter(user=user, account_id=account_id, revoked_at=None))


def holder_for_system(key: str) -> tuple[User, Viewer] | None:
    """Whose key it is, and as whom it acts now; None for one that is unknown or revoked, or whose person is
    no longer active in the account.
    """
    row = (
        ApiKey.objects.filter(digest=_digest(key), revoked_at=None, user__is_active=True)
        .select_related("user")
        .first()
    )
    membership = membership_in_for_system(row.user_id, row.account_id) if row else None
    if row is None or membership is None:
        return None
    today = timezone.now().date()
    if row.used_on != today:
        ApiKey.objects.filter(pk=row.pk).update(used_on=today)
    return row.user, viewer_by(membership)
