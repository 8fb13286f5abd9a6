"""The only writer of the outbox."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from metered.lib.wake import wake
from metered.lib.zones import time_zone_or_none
from metered.notify import attachments
from metered.notify.models import Message
from metered.notify.rendering import render, render_digest, stop_url

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=10)
"""A message taken by a worker that died is due again after this."""

DIGEST_HOUR = 7
DIGEST_MOST = 50
"""A mail of several says so many things at most; the rest follows in the next."""

ATTEMPTS = 5
"""After so many failures a message is parked and shown to staff."""


class To(Protocol):
    """Somebody to be mailed; accounts.queries.Recipient is one."""

    @property
    def email(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def digest(self) -> bool: ...


def post(
    *,
    event: str,
    to: Iterable[To],
    template: str,
    values: dict[str, Any],
    own: Mapping[str, dict[str, Any]] | None = None,
) -> int:
    """Puts one mail per recipient into the outbox, in the caller's transaction. Returns how many are new.

    `event` names what happened; the same event and e-mail again changes nothing, so whatever posts
    may run twice. `values` must be JSON; links are made when the mail is sent. Who wants mails together gets
    this one with the others of the day, unless it brings files: a value `attachments` names those
    (notify.attachments), and such a mail is always one of its own. `own`: further values by e-mail. A value
    `unsubscribe_path` also becomes the header for leaving by one click (RFC 8058). Raises ValueError for
    attachments that nobody makes.
    """
    now = timezone.now()
    rows = []
    for person in to:
        theirs = values | (own or {}).get(person.email, {})
        attachments.check(theirs)
        # What somebody is to print and pack with can't wait, and wouldn't be found among a day's news.
        digest = person.digest and not attachments.names_some(theirs)
        rows.append(
            Message(
                event=event,
                email=person.email,
                language=person.language or settings.LANGUAGE_CODE,
                time_zone=person.time_zone or "UTC",
                kind=person.kind,
                digest=digest,
                due_at=next_digest(now, person.time_zone) if digest else now,
                template=template,
                values=theirs,
            )
        )
    before = Message.objects.filter(event=event).count()
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    wake("notify.message")
    return Message.objects.filter(event=event).count() - before


def next_digest(now: dt.datetime, time_zone: str) -> dt.datetime:
    """The next seven in the morning of that zone (UTC for one that is unknown)."""
    here = now.astimezone(time_zone_or_none(time_zone) or dt.UTC)
    seven = here.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return (seven if seven > here else seven + dt.timedelta(days=1)).astimezone(dt.UTC)


def _claim() -> list[Message]:
    """Takes the next message that is due, with the others that go into one mail with it, and leases them.

    Empty when nothing is due.
    """
    alone = Q(digest=False) | Q(attempts__gt=0)
    while True:
        due = Message.objects.filter(status=Message.Status.WAITING, due_at__lte=timezone.now())
        with transaction.atomic():
            message = due.select_for_update(skip_locked=True).filter(alone).order_by("due_at", "id").first()
            if message is not None:
                return _lease([message])
            # One that failed goes alone from then on, so that it doesn't take the others along.
            email = due.exclude(alone).order_by("due_at", "id").values_list("email", flat=True).first()
            if email is None:
                return []
            # Not skipping what is locked: two workers would make two mails of it.
            together = due.exclude(alone).filter(email=email).select_for_update().order_by("id")
            if messages := list(together[:DIGEST_MOST]):
                return _lease(messages)


def _lease(messages: list[Message]) -> list[Message]:
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(
        attempts=F("attempts") + 1, due_at=timezone.now() + LEASE
    )
    for message in messages:
        message.attempts += 1
    return messages


def _deliver(messages: list[Message]) -> None:
    message = messages[0]
    mail = render(message) if len(messages) == 1 else render_digest(messages)
    # The same for every attempt: a mailbox can tell that a second delivery is the first again.
    headers = {"Message-ID": f"<{message.public_id}@metered>", "Auto-Submitted": "auto-generated"}
    headers |= _leaving(message)
    email = EmailMultiAlternatives(subject=mail.subject, body=mail.text, to=[message.email], headers=headers)
    email.attach_alternative(mail.html, "text/html")
    # Made before anything leaves: a mail goes with its files or is tried again.
    for file in attachments.made(message) if len(messages) == 1 else ():
        email.attach(file.filename, file.content, file.mimetype)
    email.send()
    ids = [item.pk for item in messages]
    Message.objects.filter(pk__in=ids, status=Message.Status.WAITING).update(
        status=Message.Status.SENT,
        sent_at=timezone.now(),
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        last_error="",
    )


def _leaving(message: Message) -> dict[str, str]:
    """The headers by which a mail program unsubscribes with one click (RFC 8058)."""
    path = message.values.get("unsubscribe_path")
    if path:
        url = f"{settings.SITE_URL}{path}"
    elif message.kind:
        url = stop_url(message.email, message.kind)
    else:
        return {}
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _failed(message: Message, error: Exception) -> None:
    parked = message.attempts >= ATTEMPTS
    Message.objects.filter(pk=message.pk, status=Message.Status.WAITING).update(
        status=Message.Status.PARKED if parked else Message.Status.WAITING,
        due_at=timezone.now() + dt.timedelta(minutes=2**message.attempts),
        last_error=f"{type(error).__name__}: {error}"[:300],
    )
    logger.warning("mail %s to be sent again (attempt %s): %s", message.public_id, message.attempts, error)


def _park_deadly() -> None:
    """Parks what was taken often and never came back: its workers died of it, so no failure was noted."""
    Message.objects.filter(
        status=Message.Status.WAITING, attempts__gte=ATTEMPTS, due_at__lte=timezone.now()
    ).update(status=Message.Status.PARKED, last_error="Every worker that took it died.")


def send_due() -> int:
    """Sends everything that is due, one message at a time. Returns how many were sent."""
    _park_deadly()
    sent = 0
    while messages := _claim():
        try:
            _deliver(messages)
            sent += 1
        except Exception as error:
            for message in messages:
                _failed(message, error)
    return sent


@transaction.atomic
def retry(*, message: Message) -> None:
    """Staff let a parked message try again, from its first attempt."""
    Message.objects.filter(pk=message.pk, status=Message.Status.PARKED).update(
        status=Message.Status.WAITING, attempts=0, due_at=timezone.now()
    )
    wake("notify.message")
