"""The only writer of texts, notices and subscriptions."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.models import User
from metered.accounts.queries import Recipient
from metered.lib.errors import Refused
from metered.lib.wake import wake
from metered.notify.actions import post
from metered.portal.models import Dismissal, Notice, Page, PageVersion, Subscription
from metered.portal.shipped import FALLBACK, shipped

CONFIRM_WITHIN = dt.timedelta(days=7)
ASK_AGAIN_AFTER = dt.timedelta(hours=1)
"""At most one mail per address in this time, whoever asks (domain rule 2 for the same kind of form)."""
BATCH = 500


@transaction.atomic
def take_over(*, slug: str, language: str, actor: User | None = None) -> Page:
    """Puts a shipped text into the hands of staff, as it is. Raises Refused when they have it already."""
    text = shipped(slug, language) or shipped(slug, FALLBACK)
    assert text is not None, slug
    page, made = Page.objects.get_or_create(slug=slug, language=language)
    if not made:
        raise Refused(_("This text can be edited already: look for it in the list."), code="there")
    _write(page, text.title, text.body, actor)
    return page


@transaction.atomic
def word_page(
    *, page: Page, title: str, body: str, seen_version: int | None = None, actor: User | None = None
) -> None:
    """Gives a text its next wording; the one before stays among its versions.

    Raises Refused when somebody else wrote one since `seen_version`.
    """
    locked = Page.objects.select_for_update().get(pk=page.pk)
    if seen_version is not None and locked.version != seen_version:
        raise Refused(
            _("Somebody else changed this text meanwhile. Open it again to see theirs."), code="changed"
        )
    if (locked.title, locked.body) != (title, body):
        _write(locked, title, body, actor)
    page.refresh_from_db()


def _write(page: Page, title: str, body: str, actor: User | None) -> None:
    page.title, page.body = title, body
    page.version += 1
    page.changed_at = timezone.now()
    page.save()
    PageVersion.objects.create(
        page=page, version=page.version, title=title, body=body, written_by=actor, written_at=page.changed_at
    )


@transaction.atomic
def publish(*, notice: Notice, actor: User | None = None) -> Notice:
    """Keeps a new notice or a changed one.

    What people had put away is shown to them again when its words or its date changed; subscribers are mailed
    once, when it begins.
    """
    before = Notice.objects.select_for_update().filter(pk=notice.pk).first() if notice.pk else None
    if before is None:
        notice.created_by = actor
    else:
        told = ("title", "body", "act_by")
        changed = any(getattr(before, name) != getattr(notice, name) for name in told)
        notice.revision = before.revision + changed
        notice.mailed_at = before.mailed_at
    notice.save()
    wake("portal.notice")
    return notice


@transaction.atomic
def withdraw(*, notice: Notice) -> None:
    """Takes a notice away from now on. Mails that were sent can't be called back."""
    now = timezone.now()
    row = Notice.objects.select_for_update().get(pk=notice.pk)
    row.ends_at = now
    row.starts_at = min(row.starts_at, now - dt.timedelta(seconds=1))
    row.mail = row.mail and row.mailed_at is not None
    row.save(update_fields=["ends_at", "starts_at", "mail"])


def dismiss(*, notice: Notice, user_id: int) -> None:
    """The person has read it; its banner stays away until it changes."""
    Dismissal.objects.update_or_create(notice=notice, user_id=user_id, defaults={"revision": notice.revision})


def tell_subscribers() -> int:
    """Mails each notice that has begun to those who confirmed, once per person. Returns how many mails."""
    told = 0
    while True:
        with transaction.atomic():
            now = timezone.now()
            notice = (
                Notice.objects.select_for_update(skip_locked=True)
                .filter(mail=True, mailed_at=None, starts_at__lte=now)
                .order_by("starts_at", "id")
                .first()
            )
            if notice is None:
                return told
            if notice.ends_at is None or notice.ends_at > now:
                told += _mail(notice)
            Notice.objects.filter(pk=notice.pk).update(mailed_at=now)


def _mail(notice: Notice) -> int:
    told, after = 0, 0
    values = {
        "title": notice.title,
        "act_by_on": notice.act_by.isoformat() if notice.act_by else None,
        "notice_path": f"/notices/{notice.public_id}/",
    }
    while True:
        rows = list(
            Subscription.objects.filter(confirmed_at__isnull=False, pk__gt=after).order_by("pk")[:BATCH]
        )
        if not rows:
            return told
        after = rows[-1].pk
        told += post(
            event=f"notice:{notice.public_id}",
            to=[_recipient(row) for row in rows],
            template="notice",
            values=values,
            own={row.email: {"unsubscribe_path": f"/updates/{row.public_id}/leave/"} for row in rows},
        )


def _recipient(row: Subscription) -> Recipient:
    return Recipient(row.email, "", row.language, row.time_zone)


@transaction.atomic
def ask_for_updates(*, email: str, language: str, time_zone: str = "") -> None:
    """Mails a link to be confirmed or, to who gets updates already, that they do.

    One mail either way, and at most one an hour. Says nothing back: who asks learns nothing of an address.
    """
    now = timezone.now()
    email = email.strip().lower()
    new = Subscription.objects.filter(email__iexact=email).first() is None
    if new:
        Subscription.objects.bulk_create(
            [
                Subscription(
                    email=email, language=language, time_zone=time_zone, asked_at=now - ASK_AGAIN_AFTER
                )
            ],
            ignore_conflicts=True,
        )
    row = Subscription.objects.select_for_update().get(email__iexact=email)
    if now - row.asked_at < ASK_AGAIN_AFTER:
        return
    row.asked_at = now
    values: dict[str, Any] = {"unsubscribe_path": f"/updates/{row.public_id}/leave/"}
    if row.confirmed_at is None:
        row.key, row.language, row.time_zone = secrets.token_hex(16), language, time_zone
        values = {"confirm_path": f"/updates/{row.key}/confirm/"}
    row.save()
    post(
        event=f"updates:{row.public_id}:{now.isoformat()}",
        to=[_recipient(row)],
        template="updates_already" if row.confirmed_at else "updates_confirm",
        values=values,
    )


@transaction.atomic
def confirm_updates(*, key: str) -> Subscription:
    """The button behind the link was pressed; twice is as once. Raises Refused for an old or unknown key."""
    row = Subscription.objects.select_for_update().filter(key=key).first() if key else None
    if row is None or (row.confirmed_at is None and timezone.now() - row.asked_at > CONFIRM_WITHIN):
        raise Refused(
            _("This link is no longer good. Ask for updates again and use the newest mail."), code="old"
        )
    if row.confirmed_at is None:
        row.confirmed_at = timezone.now()
        row.save(update_fields=["confirmed_at"])
    return row


@transaction.atomic
def leave_updates(*, public_id: str) -> None:
    """No more updates to this address: its row is gone. Twice is as once."""
    Subscription.objects.filter(public_id=public_id).delete()
