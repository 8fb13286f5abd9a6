"""Who belongs to an account, in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.accounts.words import part, role_name, where
from metered.lib import wording
from metered.portal.presentation.overview import Need


@dataclass(frozen=True)
class MemberRow:
    public_id: str
    name: str
    email: str
    role: str
    where: str
    last: str
    closed: bool
    you: bool


def member_row(
    *,
    public_id: str,
    name: str,
    email: str,
    role: str,
    limited: bool,
    addresses: Sequence[str],
    last_login: dt.datetime | None,
    active: bool,
    you: bool,
    now: dt.datetime,
) -> MemberRow:
    return MemberRow(
        public_id=public_id,
        name=name or email,
        email=email if name else "",
        role=role_name(role),
        where=where(addresses, limited=limited),
        last=wording.ago(last_login, now) if last_login else _("not yet"),
        closed=not active,
        you=you,
    )


@dataclass(frozen=True)
class InvitationRow:
    public_id: str
    email: str
    part: str
    sent: str
    holds: str
    expired: bool


def invitation_row(
    *,
    public_id: str,
    email: str,
    role: str,
    limited: bool,
    addresses: Sequence[str],
    invited_by: str,
    sent_at: dt.datetime,
    expires_at: dt.datetime,
    now: dt.datetime,
) -> InvitationRow:
    expired = expires_at <= now
    day = wording.long_day(wording.local(expires_at).date())
    return InvitationRow(
        public_id=public_id,
        email=email,
        part=part(role, addresses, limited=limited),
        sent=_("%(ago)s by %(person)s") % {"ago": wording.ago(sent_at, now), "person": invited_by}
        if invited_by
        else wording.ago(sent_at, now),
        holds=_("Too old since %(day)s") % {"day": day}
        if expired
        else _("Holds until %(day)s") % {"day": day},
        expired=expired,
    )


def heading(count: int, account: str) -> str:
    return ngettext("%(n)s person acts for %(account)s", "%(n)s people act for %(account)s", count) % {
        "n": wording.grouped(count),
        "account": account,
    }


def found(count: int, whole: int) -> str:
    """What the pager says: 12 of 2,000 people, or nothing for a short list."""
    if count == whole:
        return ""
    text = ngettext("%(n)s of %(whole)s person", "%(n)s of %(whole)s people", whole)
    return text % {"n": wording.grouped(count), "whole": wording.grouped(whole)}


def more(count: int) -> str:
    """How many are left out of a list that is cut."""
    if count <= 0:
        return ""
    return ngettext("and %(n)s more", "and %(n)s more", count) % {"n": wording.grouped(count)}


def join_needs(waiting: int) -> list[Need]:
    """What the overview says to owners when somebody asks to join."""
    if not waiting:
        return []
    title = ngettext("%(n)s person asks to join", "%(n)s people ask to join", waiting)
    return [
        Need(
            "warn",
            title % {"n": wording.grouped(waiting)},
            _("They see nothing until you let them in."),
            reverse("people"),
            _("Decide"),
        )
    ]
