"""The only writer of messages between customers and support."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.access import Viewer
from metered.accounts.actions import log
from metered.accounts.models import User
from metered.accounts.queries import Recipient
from metered.lib.errors import Refused
from metered.notify.actions import post
from metered.portal.models import SupportMessage
from metered.portal.queries.messages import Topic


@transaction.atomic
def write_to_support(
    *, viewer: Viewer, actor: User, text: str, once: uuid.UUID, topic: Topic | None = None
) -> SupportMessage:
    """Keeps what a customer wrote and mails it to the operator. The same `once` again is the same message.

    `topic` must have been found for this viewer (queries.messages.topic).
    """
    message, made = SupportMessage.objects.get_or_create(
        user_id=viewer.user_id,
        once=once,
        defaults={
            "account_id": viewer.account_id,
            "address_id": topic.address_id if topic else None,
            "about": topic.kind if topic else "",
            "about_public_id": topic.public_id if topic else "",
            "about_label": topic.label if topic else "",
            "text": text,
        },
    )
    if not made:
        return message
    log(
        actor=actor,
        account_id=viewer.account_id,
        address_id=message.address_id,
        verb="wrote",
        kind="message to support",
        public_id=message.public_id,
        after=message.about_label or None,
    )
    if settings.OPERATOR["email"]:
        post(
            event=f"support:{message.public_id}",
            to=[Recipient(str(settings.OPERATOR["email"]), "", settings.LANGUAGE_CODE, "")],
            template="support_message",
            values={
                "person": str(actor),
                "person_email": actor.email,
                "account": str(message.account),
                "about": message.about_label,
                "text": text,
                "desk_path": f"/admin/portal/supportmessage/{message.pk}/change/",
            },
        )
    return message


@transaction.atomic
def answer(*, message: SupportMessage, text: str, actor: User) -> None:
    """Support answers, once; the person is mailed. Raises Refused when it was answered meanwhile."""
    now = timezone.now()
    done = SupportMessage.objects.filter(pk=message.pk, answered_at=None).update(
        answer=text, answered_at=now, answered_by=actor
    )
    if not done:
        raise Refused(_("Somebody answered this meanwhile."), code="answered")
    message.refresh_from_db()
    person: Any = message.user
    log(
        actor=actor,
        account_id=message.account_id,
        address_id=message.address_id,
        verb="answered",
        kind="message to support",
        public_id=message.public_id,
        after=message.about_label or None,
    )
    post(
        event=f"support_answer:{message.public_id}",
        to=[
            Recipient(
                person.email,
                person.name,
                person.language or message.account.language,
                person.time_zone or message.account.time_zone,
            )
        ],
        template="support_answer",
        values={
            "about": message.about_label,
            "text": message.text,
            "answer": text,
            "message_path": f"/support/messages/{message.public_id}/",
        },
    )
