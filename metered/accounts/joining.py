"""Actions by which people come in: registering, activating, and the requests to join (domain rules 1–3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.links import sign
from metered.accounts.models import (
    Account,
    Address,
    JoinRequest,
    Membership,
    Registration,
    RegistrationMail,
    Role,
    Tries,
    User,
)
from metered.accounts.news import news, tell
from metered.accounts.people_queries import (
    ACTIVATION,
    account_has_owner_for_system,
    contact_of,
    must_sign_in,
    owners_for_system,
    to,
    user_of_for_system,
)
from metered.accounts.queries import Recipient
from metered.accounts.words import part
from metered.lib.errors import Refused
from metered.lib.wake import wake
from metered.notify.actions import post

LINK_HOLDS = dt.timedelta(hours=72)
MAIL_EVERY = dt.timedelta(hours=1)
"""Domain rule 2: at most one mail per address and hour."""

KEPT = dt.timedelta(days=90)
"""Support can look up a registration for so long."""

ATTEMPTS = 5
"""After so many failures a registration is left alone; staff see it in the admin."""


@transaction.atomic
def register(*, serial: str, place: str, name: str, email: str, language: str) -> None:
    """Notes that somebody wants in. What comes of it is found out later, so that no answer tells anything.

    `serial` empty: the same as the last time from this e-mail, once more.
    """
    Registration.objects.create(serial=serial, place=place, name=name, email=email.lower(), language=language)
    wake("accounts.registration")


def next_due(now: dt.datetime) -> Registration | None:
    """Takes the next registration under lock; None when nothing is due. Only inside a transaction."""
    row = (
        Registration.objects.select_for_update(skip_locked=True)
        .filter(taken_at=None, due_at__lte=now, attempts__lt=ATTEMPTS)
        .order_by("due_at", "pk")
        .first()
    )
    if row is not None and not row.serial:
        before = Registration.objects.filter(email=row.email).exclude(serial="").order_by("-pk").first()
        if before is not None:
            row.serial, row.place, row.name = before.serial, before.place, before.name
    return row


@transaction.atomic
def answer(*, registration: Registration, account: Account | None, now: dt.datetime) -> None:
    """Mails a taken registration's link, or that nothing matched (`account` None): once an hour at most.

    Within the hour what would say the same again is not said; what would say something else waits until the
    hour is over. Of several that wait, the newest counts.
    """
    gate = _gate(registration.email)
    registration.account = account
    told_at = gate.sent_at
    newer = Registration.objects.filter(email=registration.email, taken_at=None, pk__gt=registration.pk)
    if newer.filter(attempts__lt=ATTEMPTS).exists():
        _close(registration, Registration.Outcome.TOLD, now)
        return
    if told_at is not None and told_at + MAIL_EVERY > now:
        if gate.account_id == (account.pk if account else None):
            _close(registration, Registration.Outcome.TOLD, now)
        else:
            registration.due_at = told_at + MAIL_EVERY
            registration.save()
        return
    gate.sent_at, gate.account = now, account
    gate.save()
    if account is None:
        _close(registration, Registration.Outcome.UNMATCHED, now)
        _mail_no_match(registration)
    else:
        registration.expires_at = now + LINK_HOLDS
        _close(registration, Registration.Outcome.MATCHED, now)
        _mail_link(registration, account)


def _gate(email: str) -> RegistrationMail:
    """The address's row, locked: parallel tries are mailed one after the other, or not at all."""
    RegistrationMail.objects.get_or_create(email=email)
    row: RegistrationMail = RegistrationMail.objects.select_for_update().get(email=email)
    return row


def _close(registration: Registration, outcome: Registration.Outcome, now: dt.datetime) -> None:
    registration.outcome, registration.taken_at = outcome, now
    registration.save()


def _mail_link(registration: Registration, account: Account) -> None:
    assert registration.expires_at is not None
    reader = Recipient(registration.email, registration.name, registration.language, account.time_zone)
    post(
        event=f"registration:{registration.public_id}",
        to=[reader],
        template="registration_link",
        values={
            "account_name": account.name,
            "serial": registration.serial,
            "expires_at": registration.expires_at.isoformat(),
            "activate_path": f"/register/{sign(ACTIVATION, registration.public_id)}/",
        },
    )


def _mail_no_match(registration: Registration) -> None:
    post(
        event=f"registration:{registration.public_id}",
        to=[Recipient(registration.email, registration.name, registration.language, "UTC")],
        template="registration_no_match",
        values={
            "serial": registration.serial,
            "place": registration.place,
            "register_path": "/register/",
        },
    )


def failed(*, public_id: str, now: dt.datetime) -> None:
    """A registration could not be answered: it is tried again later, each time later still."""
    row = Registration.objects.get(public_id=public_id)
    Registration.objects.filter(pk=row.pk, taken_at=None).update(
        attempts=row.attempts + 1, due_at=now + dt.timedelta(minutes=2**row.attempts)
    )


@transaction.atomic
def forget(*, now: dt.datetime) -> int:
    """Deletes what was typed to register, and counts of tries, once nobody asks any more."""
    registrations = Registration.objects.filter(created_at__lt=now - KEPT)
    gone = registrations.count()
    registrations.delete()
    RegistrationMail.objects.filter(sent_at__lt=now - KEPT).delete()
    Tries.objects.filter(since__lt=now - dt.timedelta(days=2)).delete()
    return gone


@dataclass(frozen=True)
class Entered:
    """Who came in by a link. `waits`: an owner has to agree first; `owner`: they own the account now."""

    user: User
    account: Account
    is_new: bool
    waits: bool = False
    owner: bool = False


@transaction.atomic
def activate(
    *, public_id: str, user: User | None, name: str = "", password: str = "", now: dt.datetime | None = None
) -> Entered:
    """Uses a registration's link. The first one to do so owns the account; others ask its owners.

    `user`: who is signed in, if anybody; else `name` and a valid `password` make a new person.
    Raises Refused (codes: used, expired, member, sign_in, other, closed).
    """
    now = now or timezone.now()
    account_id = Registration.objects.get(public_id=public_id).account_id
    assert account_id is not None, "only a match is mailed a link"
    account = lock_account(account_id)
    link = Registration.objects.select_for_update().get(public_id=public_id)
    if link.used_at:
        raise Refused(_("This link was used already. Sign in instead."), code="used")
    if link.expires_at is None or link.expires_at <= now:
        raise Refused(_("This link is too old by now. Register once more."), code="expired")
    person, is_new = person_for(link.email, user=user, name=name, password=password)
    if Membership.objects.filter(account=account, user=person).exists():
        raise Refused(_("You belong to this account already."), code="member")
    link.used_at = now
    link.save(update_fields=["used_at"])
    if account_has_owner_for_system(account.pk):
        _ask_to_join(account, person, link.serial)
        return Entered(person, account, is_new, waits=True)
    _become_owner(account, person)
    return Entered(person, account, is_new, owner=True)


def lock_account(account_id: int) -> Account:
    """The account's row, locked: who belongs to it is decided by one at a time. References don't wait."""
    return Account.objects.select_for_update(no_key=True).get(pk=account_id)


def person_for(email: str, *, user: User | None, name: str, password: str) -> tuple[User, bool]:
    """Who comes in by a link that was mailed to `email`, and whether they are new here.

    The link proves the address. Raises Refused (codes: other, closed, sign_in).
    """
    found = user_of_for_system(email)
    if user is not None and (found is None or found.pk != user.pk):
        raise Refused(_("This link is for somebody else. Sign out, and open it once more."), code="other")
    if found is not None and not found.is_active:
        raise Refused(_("This sign-in was closed. Call or write to support."), code="closed")
    if user is not None and found is not None:
        return found, False
    if found is not None and must_sign_in(found):
        raise Refused(_("You have a sign-in already. Sign in, and open the link once more."), code="sign_in")
    if found is None:
        try:
            with transaction.atomic():
                found = User.objects.create_user(email, password, name=name)
        except IntegrityError:
            raise Refused(
                _("You have a sign-in already. Sign in, and open the link once more."), code="sign_in"
            ) from None
    else:
        found.name = name or found.name
        found.set_password(password)
        found.save()
    proven, _made = EmailAddress.objects.get_or_create(user=found, email=found.email)
    first = not EmailAddress.objects.filter(user=found, primary=True).exclude(pk=proven.pk).exists()
    proven.verified, proven.primary = True, first
    proven.save()
    return found, True


def _become_owner(account: Account, person: User) -> None:
    made = Membership.objects.create(account=account, user=person, role=Role.OWNER)
    log(
        actor=person,
        account_id=account.pk,
        verb="activated",
        kind="member",
        public_id=made.public_id,
        after={"person": str(person), "email": person.email, "role": Role.OWNER, "addresses": None},
    )
    tell(
        event=f"activated:{made.public_id}",
        to=contact_of(account),
        compose=lambda: news(
            title=_("%(person)s now owns the account of %(account)s in our portal")
            % {"person": person, "account": account.name},
            subject=_("%(person)s activated your account") % {"person": person},
            text=[
                _("%(person)s (%(email)s) registered with the serial number of one of your devices.")
                % {"person": person, "email": person.email},
                _("An owner orders supplies, invites colleagues and decides what each may do."),
                _("You are told because the contract names you. If you don't know this person, call us now."),
            ],
            action=_("Open the portal"),
            path="/",
        ),
    )


def _ask_to_join(account: Account, person: User, serial: str) -> None:
    waiting = JoinRequest.objects.filter(account=account, user=person, decided_at=None).first()
    if waiting is not None:
        return
    made = JoinRequest.objects.create(account=account, user=person, serial=serial)
    log(
        actor=person,
        account_id=account.pk,
        verb="asked to join",
        kind="join request",
        public_id=made.public_id,
        after={"person": str(person), "email": person.email},
    )
    tell(
        event=f"join_request:{made.public_id}",
        to=owners_for_system(account.pk) or contact_of(account),
        compose=lambda: news(
            title=_("%(person)s asks to join %(account)s") % {"person": person, "account": account.name},
            text=[
                _("%(email)s registered with the serial number %(serial)s.")
                % {"email": person.email, "serial": serial},
                _("They see nothing until you let them in. If you don't know them, decline."),
            ],
            action=_("Decide what they may do"),
            path="/people/",
        ),
    )


@transaction.atomic
def approve(
    *, request: JoinRequest, actor: User, role: str, addresses: Sequence[Address] | None
) -> Membership:
    """Lets somebody in who asked to. `addresses` None: for all of them. Raises Refused (decided, member)."""
    account, asked = _undecided(request)
    if Membership.objects.filter(account=account, user_id=asked.user_id).exists():
        raise Refused(_("They belong to the account already."), code="member")
    names = check_addresses(account, addresses)
    made = Membership.objects.create(
        account=account, user=asked.user, role=role, limited=addresses is not None
    )
    made.addresses.set(addresses or [])
    _decide(asked, actor, approved=True)
    _log_decision(asked, actor, "approved", {"role": role, "addresses": names})
    tell(
        event=f"join_approved:{asked.public_id}",
        to=[to(asked.user, account)],
        compose=lambda: news(
            title=_("You are in: %(account)s let you join") % {"account": account.name},
            text=[_("Your part: %(part)s.") % {"part": part(role, names or [], limited=names is not None)}],
            action=_("See what to do first"),
            path="/welcome/",
        ),
    )
    _tell_owners(
        asked,
        lambda: (
            _("%(actor)s let %(person)s join %(account)s")
            % {"actor": actor, "person": asked.user, "account": account.name}
        ),
        lambda: part(role, names or [], limited=names is not None),
    )
    return made


@transaction.atomic
def decline(*, request: JoinRequest, actor: User) -> None:
    """Does not let somebody in. Raises Refused (code decided)."""
    account, asked = _undecided(request)
    _decide(asked, actor, approved=False)
    _log_decision(asked, actor, "declined", {})
    tell(
        event=f"join_declined:{asked.public_id}",
        to=[to(asked.user, account)],
        compose=lambda: news(
            title=_("%(account)s did not let you join") % {"account": account.name},
            text=[
                _("Its owners decide who may see its devices and orders. Ask them if this is a mistake."),
                _("Support helps as well; have the serial number of your device ready."),
            ],
            action=_("See where you stand"),
            path="/no-account/",
        ),
    )
    _tell_owners(
        asked,
        lambda: (
            _("%(actor)s did not let %(person)s join %(account)s")
            % {"actor": actor, "person": asked.user, "account": account.name}
        ),
        lambda: asked.user.email,
    )


def _undecided(request: JoinRequest) -> tuple[Account, JoinRequest]:
    account = lock_account(request.account_id)
    asked: JoinRequest = (
        JoinRequest.objects.select_for_update(of=("self",)).select_related("user").get(pk=request.pk)
    )
    if asked.decided_at:
        raise Refused(_("This was decided meanwhile."), code="decided")
    return account, asked


def _decide(asked: JoinRequest, actor: User, *, approved: bool) -> None:
    asked.decided_at, asked.decided_by, asked.approved = timezone.now(), actor, approved
    asked.save()


def _log_decision(asked: JoinRequest, actor: User, verb: str, after: dict[str, object]) -> None:
    log(
        actor=actor,
        account_id=asked.account_id,
        verb=verb,
        kind="join request",
        public_id=asked.public_id,
        after={"person": str(asked.user), "email": asked.user.email, **after},
    )


def _tell_owners(asked: JoinRequest, title: Callable[[], str], text: Callable[[], str]) -> None:
    tell(
        event=f"join_decided:{asked.public_id}",
        to=owners_for_system(asked.account_id, but=[asked.user_id]),
        compose=lambda: news(title=title(), text=[text()], action=_("See who belongs"), path="/people/"),
    )


def check_addresses(account: Account, addresses: Sequence[Address] | None) -> list[str] | None:
    """The names of the addresses somebody is limited to. Refuses none, and ones of other accounts."""
    if addresses is None:
        return None
    if not addresses:
        raise Refused(_("Choose at least one address, or all of them."), code="addresses")
    if any(address.account_id != account.pk for address in addresses):
        raise Refused(_("One of these addresses is not yours."), code="addresses")
    return [address.name for address in addresses]
