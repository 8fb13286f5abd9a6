"""The only writer of the outbox."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from metered.lib.wake import wake
from metered.notify.models import Message
from metered.notify.rendering import render

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=10)
"""A message taken by a worker that died is due again after this."""

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
    may run twice. `values` must be JSON; links are made when the mail is sent. `own`: further values by
    e-mail. A value `unsubscribe_path` also becomes the header for leaving by one click (RFC 8058).
    """
    rows = [
        Message(
            event=event,
            email=person.email,
            language=person.language or settings.LANGUAGE_CODE,
            time_zone=person.time_zone or "UTC",
            template=template,
            values=values | (own or {}).get(person.email, {}),
        )
        for person in to
    ]
    before = Message.objects.filter(event=event).count()
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    wake("notify.message")
    return Message.objects.filter(event=event).count() - before


def _claim() -> Message | None:
    """Takes the next message that is due and leases it. None when nothing is due."""
    with transaction.atomic():
        message = (
            Message.objects.select_for_update(skip_locked=True)
            .filter(status=Message.Status.WAITING, due_at__lte=timezone.now())
            .order_by("due_at", "id")
            .first()
        )
        if message is None:
            return None
        message.attempts += 1
        message.due_at = timezone.now() + LEASE
        message.save(update_fields=["attempts", "due_at"])
        return message


def _deliver(message: Message) -> None:
    mail = render(message)
    email = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=[message.email],
        # The same for every attempt: a mailbox can tell that a second delivery is the first again.
        headers={
            "Message-ID": f"<{message.public_id}@metered>",
            "Auto-Submitted": "auto-generated",
            **_leaving(message.values),
        },
    )
    email.attach_alternative(mail.html, "text/html")
    email.send()
    Message.objects.filter(pk=message.pk, status=Message.Status.WAITING).update(
        status=Message.Status.SENT,
        sent_at=timezone.now(),
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        last_error="",
    )


def _leaving(values: dict[str, Any]) -> dict[str, str]:
    """The headers by which a mail program unsubscribes with one click (RFC 8058)."""
    path = values.get("unsubscribe_path")
    if not path:
        return {}
    return {
        "List-Unsubscribe": f"<{settings.SITE_URL}{path}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


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
    while (message := _claim()) is not None:
        try:
            _deliver(message)
            sent += 1
        except Exception as error:
            _failed(message, error)
    return sent


@transaction.atomic
def retry(*, message: Message) -> None:
    """Staff let a parked message try again, from its first attempt."""
    Message.objects.filter(pk=message.pk, status=Message.Status.PARKED).update(
        status=Message.Status.WAITING, attempts=0, due_at=timezone.now()
    )
    wake("notify.message")
