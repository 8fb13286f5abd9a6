"""Actions about who belongs to an account and what each may do (domain rule 4). Owners are told of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.joining import Entered, check_addresses, lock_account, person_for
from metered.accounts.links import sign
from metered.accounts.models import Account, Address, Invitation, JoinRequest, Membership, Role, User
from metered.accounts.news import news, tell
from metered.accounts.people_queries import (
    INVITATION,
    owners_for_system,
    to,
    user_of_for_system,
    whole_owners_for_system,
)
from metered.accounts.queries import Recipient
from metered.accounts.words import part, role_means
from metered.lib.errors import Refused
from metered.lib.ids import new_public_id
from metered.notify.actions import post

INVITATION_HOLDS = dt.timedelta(days=7)
SEND_EVERY = dt.timedelta(hours=1)
"""An invitation is mailed at most once in this time."""


@transaction.atomic
def invite(
    *,
    account_id: int,
    actor: User,
    email: str,
    role: str,
    addresses: Sequence[Address] | None,
    now: dt.datetime | None = None,
) -> Invitation:
    """Asks somebody in, by mail. `addresses` None: for all of them. Raises Refused (member, pending)."""
    now = now or timezone.now()
    account = lock_account(account_id)
    email = email.lower()
    found = user_of_for_system(email)
    if found and Membership.objects.filter(account=account, user=found).exists():
        raise Refused(_("%(email)s belongs to this account already.") % {"email": email}, code="member")
    names = check_addresses(account, addresses)
    # An invitation that nobody accepted in time makes room for the next one.
    Invitation.objects.filter(
        account=account, email__iexact=email, accepted_at=None, withdrawn_at=None, expires_at__lte=now
    ).update(withdrawn_at=now)
    try:
        with transaction.atomic():
            made: Invitation = Invitation.objects.create(
                account=account,
                email=email,
                role=role,
                limited=addresses is not None,
                invited_by=actor,
                sent_at=now,
                expires_at=now + INVITATION_HOLDS,
            )
    except IntegrityError:
        raise Refused(
            _("%(email)s is invited already. You can send that invitation again below.") % {"email": email},
            code="pending",
        ) from None
    made.addresses.set(addresses or [])
    after = {"email": email, "role": role, "addresses": names}
    _log_invitation(made, actor, "invited", after=after)
    _mail_invitation(made, account)
    _tell_owners(
        account,
        title=lambda: (
            _("%(actor)s invited %(email)s to %(account)s")
            % {"actor": actor, "email": email, "account": account.name}
        ),
        text=lambda: [part(role, names or [], limited=names is not None)],
    )
    return made


def _mail_invitation(invitation: Invitation, account: Account) -> None:
    found = user_of_for_system(invitation.email)
    reader = to(found, account) if found else None
    post(
        event=f"invitation:{invitation.public_id}:{invitation.sent_at:%Y%m%d%H%M%S}",
        to=[
            Recipient(
                invitation.email,
                "",
                reader.language if reader else account.language,
                reader.time_zone if reader else account.time_zone,
            )
        ],
        template="invitation",
        values={
            "account_name": account.name,
            "invited_by": str(invitation.invited_by or account.name),
            "role": invitation.role,
            "expires_at": invitation.expires_at.isoformat(),
            "accept_path": f"/invitations/{sign(INVITATION, invitation.public_id)}/",
        },
    )


@transaction.atomic
def send_again(*, invitation: Invitation, actor: User, now: dt.datetime | None = None) -> Invitation:
    """Mails an invitation once more; it holds for seven days from now. Raises Refused (closed, too_soon)."""
    now = now or timezone.now()
    account, row = _open_invitation(invitation)
    if row.sent_at + SEND_EVERY > now:
        raise Refused(
            _("It was sent less than an hour ago. Ask %(email)s to look in the spam, or wait a little.")
            % {"email": row.email},
            code="too_soon",
        )
    row.sent_at, row.expires_at = now, now + INVITATION_HOLDS
    row.save()
    _log_invitation(row, actor, "sent again", after={"email": row.email})
    _mail_invitation(row, account)
    return row


@transaction.atomic
def withdraw(*, invitation: Invitation, actor: User) -> None:
    """Takes an invitation back: its link opens nothing any more. Raises Refused (code closed)."""
    account, row = _open_invitation(invitation)
    row.withdrawn_at = timezone.now()
    row.save()
    _log_invitation(row, actor, "withdrawn", after={"email": row.email})
    _tell_owners(
        account,
        title=lambda: (
            _("%(actor)s took back the invitation of %(email)s") % {"actor": actor, "email": row.email}
        ),
        text=lambda: [_("The link in that mail opens nothing any more.")],
    )


def _open_invitation(invitation: Invitation) -> tuple[Account, Invitation]:
    account = lock_account(invitation.account_id)
    row: Invitation = (
        Invitation.objects.select_for_update(of=("self",)).select_related("invited_by").get(pk=invitation.pk)
    )
    if row.accepted_at or row.withdrawn_at:
        raise Refused(_("This invitation was accepted or taken back meanwhile."), code="closed")
    return account, row


def _log_invitation(row: Invitation, actor: User, verb: str, *, after: dict[str, Any]) -> None:
    log(
        actor=actor,
        account_id=row.account_id,
        verb=verb,
        kind="invitation",
        public_id=row.public_id,
        after=after,
    )


@transaction.atomic
def accept(
    *, public_id: str, user: User | None, name: str = "", password: str = "", now: dt.datetime | None = None
) -> Entered:
    """Uses an invitation, for whom it was mailed to. Raises Refused (closed, expired, member, addresses, and
    those of joining.person_for)."""
    now = now or timezone.now()
    account, row = _open_invitation(Invitation.objects.get(public_id=public_id))
    if row.expires_at <= now:
        raise Refused(_("This invitation is too old by now. Ask for a new one."), code="expired")
    person, is_new = person_for(row.email, user=user, name=name, password=password)
    if Membership.objects.filter(account=account, user=person).exists():
        raise Refused(_("You belong to this account already."), code="member")
    left = list(row.addresses.filter(retired_at=None)) if row.limited else None
    if left == []:
        raise Refused(
            _("The addresses you were invited for are no longer in use. Ask for a new invitation."),
            code="addresses",
        )
    names = check_addresses(account, left)
    made = Membership.objects.create(account=account, user=person, role=row.role, limited=row.limited)
    made.addresses.set(left or [])
    # Who waited to be let in need not wait any more.
    JoinRequest.objects.filter(account=account, user=person, decided_at=None).update(
        decided_at=now, decided_by=row.invited_by, approved=True
    )
    row.accepted_at = now
    row.save()
    log(
        actor=person,
        account_id=account.pk,
        verb="joined",
        kind="member",
        public_id=made.public_id,
        after={"person": str(person), "email": person.email, "role": row.role, "addresses": names},
    )
    _tell_owners(
        account,
        but=[person.pk],
        title=lambda: _("%(person)s joined %(account)s") % {"person": person, "account": account.name},
        text=lambda: [
            _("%(email)s accepted the invitation. Their part: %(part)s.")
            % {"email": person.email, "part": part(row.role, names or [], limited=names is not None)}
        ],
    )
    return Entered(person, account, is_new)


@transaction.atomic
def change(*, membership: Membership, actor: User, role: str, addresses: Sequence[Address] | None) -> bool:
    """Gives a member another role or other limits, from their next click on. Whether anything changed.

    Raises Refused (gone, last_owner, addresses).
    """
    account, row = _locked(membership)
    names = check_addresses(account, addresses)
    before_names = _names(row)
    before = {"role": row.role, "addresses": before_names}
    if row.role == role and before_names == (sorted(names) if names is not None else None):
        return False
    if role != Role.OWNER or addresses is not None:
        _keep_an_owner(row)
    row.role, row.limited = role, addresses is not None
    row.save(update_fields=["role", "limited"])
    row.addresses.set(addresses or [])
    after = {"role": role, "addresses": names}
    _log_member(row, actor, "changed", before=before, after=after)
    old = (before["role"], before_names)
    _tell_all(
        account,
        row,
        actor,
        to_them=lambda: _("Your part in %(account)s changed") % {"account": account.name},
        to_owners=lambda: (
            _("%(actor)s changed what %(person)s may do") % {"actor": actor, "person": row.user}
        ),
        text=lambda: [
            _("Before: %(part)s.") % {"part": part(str(old[0]), old[1] or [], limited=old[1] is not None)},
            _("Now: %(part)s. %(role_means)s.")
            % {
                "part": part(role, names or [], limited=names is not None),
                "role_means": role_means(role)[:1].upper() + role_means(role)[1:],
            },
        ],
    )
    return True


@transaction.atomic
def remove(*, membership: Membership, actor: User) -> None:
    """Takes somebody out of the account, at once. Raises Refused (gone, last_owner, self)."""
    account, row = _locked(membership)
    if row.user_id == actor.pk:
        raise Refused(_("To go yourself, use “Leave”."), code="self")
    _take_out(account, row, actor, "removed")
    _tell_all(
        account,
        row,
        actor,
        to_them=lambda: _("You no longer belong to %(account)s") % {"account": account.name},
        to_owners=lambda: (
            _("%(actor)s took %(person)s out of %(account)s")
            % {"actor": actor, "person": row.user, "account": account.name}
        ),
        text=lambda: [
            _("%(email)s sees nothing of this account any more, from now on.") % {"email": row.user.email}
        ],
    )


@transaction.atomic
def leave(*, membership: Membership) -> None:
    """Somebody goes by themselves. Raises Refused (gone, last_owner)."""
    account, row = _locked(membership)
    _take_out(account, row, row.user, "left")
    _tell_owners(
        account,
        but=[row.user_id],
        title=lambda: _("%(person)s left %(account)s") % {"person": row.user, "account": account.name},
        text=lambda: [
            _("%(email)s sees nothing of this account any more, from now on.") % {"email": row.user.email}
        ],
    )


@transaction.atomic
def hand_over(*, membership: Membership, successor: Membership, keep: str) -> None:
    """An owner makes another member the owner and keeps the role `keep`. Refused: gone, self, owner."""
    if membership.pk == successor.pk:
        raise Refused(_("Choose somebody else to hand over to."), code="self")
    account = lock_account(membership.account_id)
    row, other = _locked(membership)[1], _locked(successor)[1]
    if row.role != Role.OWNER or other.account_id != row.account_id:
        raise Refused(_("Only an owner can hand over."), code="owner")
    if not other.user.is_active:
        raise Refused(_("This person's sign-in was closed; choose somebody else."), code="closed")
    before = {"role": other.role, "addresses": _names(other)}
    other.role, other.limited = Role.OWNER, False
    other.save(update_fields=["role", "limited"])
    other.addresses.set([])
    mine = {"role": row.role, "addresses": _names(row)}
    row.role = keep
    row.save(update_fields=["role"])
    _log_member(other, row.user, "became owner", before=before, after={"role": Role.OWNER, "addresses": None})
    _log_member(row, row.user, "handed over", before=mine, after={**mine, "role": keep})
    people = {person.email: person for person in owners_for_system(account.pk)}
    for member in (row, other):
        person = to(member.user, account)
        people[person.email] = person
    tell(
        event=f"people:{new_public_id()}",
        to=sorted(people.values(), key=lambda person: person.email),
        compose=lambda: news(
            title=_("%(person)s now owns the account of %(account)s")
            % {"person": other.user, "account": account.name},
            text=[
                _("%(actor)s handed it over and stays on as: %(part)s.")
                % {
                    "actor": row.user,
                    "part": part(keep, mine["addresses"] or [], limited=mine["addresses"] is not None),
                }
            ],
            action=_("Open the portal"),
            path="/",
        ),
    )


def _locked(membership: Membership) -> tuple[Account, Membership]:
    account = lock_account(membership.account_id)
    row: Membership | None = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(pk=membership.pk)
        .first()
    )
    if row is None:
        raise Refused(_("This person was taken out meanwhile."), code="gone")
    return account, row


def _names(row: Membership) -> list[str] | None:
    return sorted(row.addresses.values_list("name", flat=True)) if row.limited else None


def _keep_an_owner(row: Membership) -> None:
    """Refuses to take the last owner away. Only under the account's lock: two owners may go at once."""
    if row.role != Role.OWNER or row.limited:
        return
    if not whole_owners_for_system(row.account_id).exclude(pk=row.pk).exists():
        raise Refused(
            _("Somebody must own the account. Hand it over first, or make another person its owner."),
            code="last_owner",
        )


def _take_out(account: Account, row: Membership, actor: User, verb: str) -> None:
    _keep_an_owner(row)
    _log_member(row, actor, verb, before={"role": row.role, "addresses": _names(row)}, after=None)
    user_id, is_staff = row.user_id, row.user.is_staff
    Membership.objects.filter(pk=row.pk).delete()
    # What they may see is looked up at each click; who belongs nowhere any more is signed out as well.
    if not is_staff and not Membership.objects.filter(user_id=user_id).exists():
        transaction.on_commit(lambda: _end_sessions(user_id))


def _end_sessions(user_id: int) -> None:
    for session in UserSession.objects.filter(user_id=user_id):
        session.end()


def _log_member(
    row: Membership, actor: User, verb: str, *, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    who = {"person": str(row.user), "email": row.user.email}
    log(
        actor=actor,
        account_id=row.account_id,
        verb=verb,
        kind="member",
        public_id=row.public_id,
        before={**who, **before} if before is not None else None,
        after={**who, **after} if after is not None else None,
    )


def _tell_owners(
    account: Account, *, title: Callable[[], str], text: Callable[[], list[str]], but: Sequence[int] = ()
) -> None:
    tell(
        event=f"people:{new_public_id()}",
        to=owners_for_system(account.pk, but=but),
        compose=lambda: news(title=title(), text=text(), action=_("See who belongs"), path="/people/"),
    )


def _tell_all(
    account: Account,
    row: Membership,
    actor: User,
    *,
    to_them: Callable[[], str],
    to_owners: Callable[[], str],
    text: Callable[[], list[str]],
) -> None:
    """Tells the owners and, in words of their own, the person it is about."""
    if row.user_id == actor.pk:
        _tell_owners(account, title=to_owners, text=text)
        return
    _tell_owners(account, but=[row.user_id], title=to_owners, text=text)
    tell(
        event=f"people:{new_public_id()}",
        to=[to(row.user, account)],
        compose=lambda: news(title=to_them(), text=text(), action=_("Open the portal"), path="/"),
    )
