"""The mails of the demo, as they were sent."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from metered.accounts.access import Viewer
from metered.accounts.models import Membership
from metered.lib import keyset
from metered.notify.models import Message

NEWEST_FIRST = keyset.by_time("created_at")


def _readable(viewer: Viewer | None, *, email: str, staff: bool) -> QuerySet[Message]:
    """Staff read every mail; a person those of the account they act for, or only their own when they are
    limited to some of its addresses."""
    if staff:
        return Message.objects.all()
    if viewer is None or viewer.address_ids is not None:
        return Message.objects.filter(email__iexact=email)
    people = Membership.objects.filter(account_id=viewer.account_id).values("user__email")
    return Message.objects.filter(email__in=people)


def mails(
    viewer: Viewer | None, *, email: str, staff: bool, after: str = "", before: str = ""
) -> keyset.Page:
    """A page of mails, newest first."""
    values: QuerySet[Any, Any] = _readable(viewer, email=email, staff=staff).values(
        "id", "public_id", "email", "subject", "template", "status", "created_at", "due_at", "sent_at"
    )
    return keyset.page(values, NEWEST_FIRST, after=after, before=before)


def mail(viewer: Viewer | None, public_id: str, *, email: str, staff: bool) -> Message | None:
    """One mail; None when it isn't there or isn't the person's."""
    return _readable(viewer, email=email, staff=staff).filter(public_id=public_id).first()
