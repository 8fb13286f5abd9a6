"""The demo's mail server: nothing leaves the machine, everything is shown in the outbox page."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from metered.lib.ids import new_public_id
from metered.notify.models import Message


class DemoMailbox(BaseEmailBackend):
    """Keeps mails that did not come from the outbox (sign-in's own) as rows of it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for mail in email_messages:
            if mail.extra_headers.get("Message-ID", "").endswith("@metered>"):
                continue
            html = next(
                (
                    str(alternative[0])
                    for alternative in (mail.alternatives if isinstance(mail, EmailMultiAlternatives) else [])
                    if alternative[1] == "text/html"
                ),
                "",
            )
            for email in mail.recipients():
                Message.objects.create(
                    event=f"mail:{new_public_id()}",
                    email=email,
                    language="en",
                    template="sign-in",
                    status=Message.Status.SENT,
                    sent_at=timezone.now(),
                    subject=mail.subject[:200],
                    text=str(mail.body),
                    html=html,
                )
        return len(email_messages)
