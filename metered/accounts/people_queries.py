"""Reading who belongs to an account, who asked to, and what a mailed link opens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import Q, QuerySet
from django.utils import timezone

from metered.accounts.access import Viewer
from metered.accounts.links import signed
from metered.accounts.models import (
    Account,
    Address,
    Invitation,
    JoinRequest,
    Membership,
    Registration,
    Role,
    User,
)
from metered.accounts.queries import Recipient

ACTIVATION, INVITATION = "activation", "invitation"
"""What the two kinds of link are signed for."""


def members(viewer: Viewer) -> QuerySet[Membership]:
    """Everybody of the viewer's account, by name. One query, and one for the addresses."""
    rows: QuerySet[Membership] = Membership.objects.visible_to(viewer)
    return rows.select_related("user").prefetch_related("addresses").order_by("user__name", "user__email")


def member(viewer: Viewer, public_id: str) -> Membership | None:
    return members(viewer).select_related("account").filter(public_id=public_id).first()


def own_membership(viewer: Viewer) -> Membership:
    """The viewer's own part; they have one, or they would be no viewer."""
    found: Membership = Membership.objects.select_related("account", "user").get(
        account_id=viewer.account_id, user_id=viewer.user_id
    )
    return found


def open_invitations(viewer: Viewer) -> QuerySet[Invitation]:
    """Those neither accepted nor withdrawn, also the expired ones: they can be sent again."""
    rows: QuerySet[Invitation] = Invitation.objects.visible_to(viewer)
    rows = rows.filter(accepted_at=None, withdrawn_at=None)
    return rows.select_related("invited_by", "account").prefetch_related("addresses").order_by("-sent_at")


def open_requests(viewer: Viewer) -> QuerySet[JoinRequest]:
    """Who waits to be let in, longest first."""
    rows: QuerySet[JoinRequest] = JoinRequest.objects.visible_to(viewer).filter(decided_at=None)
    return rows.select_related("user", "account").order_by("created_at")


def requests_of_for_system(user_id: int) -> QuerySet[JoinRequest]:
    """What the person waits for, of any account."""
    rows: QuerySet[JoinRequest] = JoinRequest.objects.filter(user_id=user_id, decided_at=None)
    return rows.select_related("account").order_by("created_at")


def addresses_in_use_for_system(account_id: int) -> QuerySet[Address]:
    return Address.objects.filter(account_id=account_id, retired_at=None).order_by("name")


def whole_owners_for_system(account_id: int) -> QuerySet[Membership]:
    """Owners of the whole account who can sign in: those who decide about people."""
    rows: QuerySet[Membership] = Membership.objects.filter(
        account_id=account_id, role=Role.OWNER, limited=False, user__is_active=True
    )
    return rows.select_related("user", "account").order_by("user__email")


def owners_for_system(account_id: int, *, but: Iterable[int] = ()) -> list[Recipient]:
    """The owners to be mailed, without the users in `but`; by e-mail."""
    return [
        to(row.user, row.account)
        for row in whole_owners_for_system(account_id).exclude(user_id__in=list(but))
    ]


def to(user: User, account: Account) -> Recipient:
    """The person as somebody to be mailed about the account."""
    return Recipient(
        email=user.email,
        name=user.name,
        language=user.language or account.language,
        time_zone=user.time_zone or account.time_zone,
    )


def contact_of(account: Account) -> list[Recipient]:
    """The contract's contact, if one is known."""
    if not account.contact_email:
        return []
    return [Recipient(account.contact_email, account.name, account.language, account.time_zone)]


def user_of_for_system(email: str) -> User | None:
    """The person who signs in with that address, or has proven it to be theirs too."""
    found = User.objects.filter(email__iexact=email).first()
    if found is None:
        proven = (
            EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
        )
        found = proven.user if proven else None
    return found


def must_sign_in(user: User) -> bool:
    """Whether the person has a way to sign in already. Who has none may choose a password by a link."""
    return user.has_usable_password() or Authenticator.objects.filter(user=user).exists()


@dataclass(frozen=True)
class Door:
    """What a mailed link opens for whoever looks at it."""

    state: str
    """open, unknown, expired, used, withdrawn; member: it is not needed any more."""
    account: Account | None = None
    email: str = ""
    name: str = ""
    public_id: str = ""
    expires_at: dt.datetime | None = None
    who: str = ""
    """newcomer: chooses a password; sign_in: has to sign in first; here: signed in as the one it is for;
    other: signed in as somebody else; closed: their sign-in was closed."""
    invitation: Invitation | None = None

    @property
    def is_open(self) -> bool:
        return self.state == "open"


def activation(token: str, user: Any, *, now: dt.datetime | None = None) -> Door:
    """What the link of a registration opens for `user` (anonymous or not)."""
    row = (
        Registration.objects.filter(public_id=signed(ACTIVATION, token), account__isnull=False)
        .select_related("account")
        .first()
    )
    if row is None or row.account is None or row.expires_at is None:
        return Door("unknown")
    now = now or timezone.now()
    state = "used" if row.used_at else "expired" if row.expires_at <= now else "open"
    return _door(state, row.account, row.email, row.name, row.public_id, row.expires_at, user)


def invited(token: str, user: Any, *, now: dt.datetime | None = None) -> Door:
    """What the link of an invitation opens for `user` (anonymous or not)."""
    row: Invitation | None = (
        Invitation.objects.filter(public_id=signed(INVITATION, token))
        .select_related("account", "invited_by")
        .prefetch_related("addresses")
        .first()
    )
    if row is None:
        return Door("unknown")
    state = "open"
    if row.withdrawn_at:
        state = "withdrawn"
    elif row.accepted_at:
        state = "used"
    elif row.expires_at <= (now or timezone.now()):
        state = "expired"
    return _door(state, row.account, row.email, "", row.public_id, row.expires_at, user, row)


def _door(
    state: str,
    account: Account,
    email: str,
    name: str,
    public_id: str,
    expires_at: dt.datetime,
    user: Any,
    invitation: Invitation | None = None,
) -> Door:
    found = user_of_for_system(email)
    if state == "open" and found and Membership.objects.filter(account=account, user=found).exists():
        state = "member"
    return Door(
        state=state,
        account=account,
        email=email,
        name=name or (found.name if found else ""),
        public_id=public_id,
        expires_at=expires_at,
        who=_who(found, user),
        invitation=invitation,
    )


def _who(found: User | None, user: Any) -> str:
    if user.is_authenticated:
        return "here" if found is not None and found.pk == user.pk else "other"
    if found is not None and not found.is_active:
        return "closed"
    return "sign_in" if found is not None and must_sign_in(found) else "newcomer"


def account_has_owner_for_system(account_id: int) -> bool:
    """Whether anybody owns the account, also one who is limited or can't sign in: staff settle that."""
    return bool(Membership.objects.filter(account_id=account_id).filter(Q(role=Role.OWNER)).exists())


def has_passkey(viewer: Viewer) -> bool:
    passkeys = Authenticator.objects.filter(user_id=viewer.user_id, type=Authenticator.Type.WEBAUTHN)
    return bool(passkeys.exists())
