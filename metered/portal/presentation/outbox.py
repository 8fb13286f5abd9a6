"""Mails of the demo in words. Pure: rows in, strings out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.html import urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from metered.lib import wording


def row(mail: Mapping[str, Any]) -> dict[str, str]:
    """A line of the outbox."""
    return {
        "public_id": mail["public_id"],
        "subject": mail["subject"] or _("A mail that was not sent yet"),
        "email": mail["email"],
        "state": state(mail["status"]),
        "kind": {"sent": "good", "parked": "bad"}.get(mail["status"], "info"),
        "when": wording.stamp(mail["sent_at"] or mail["due_at"], zone=True),
    }


def state(status: str) -> str:
    return {"sent": _("Sent"), "parked": _("Could not be sent")}.get(status, _("Waiting"))


def files(public_id: str, names: list[str]) -> list[dict[str, str]]:
    """What went with a mail, with the way to each."""
    return [
        {"name": name, "url": reverse("demo_message_file", args=[public_id, number])}
        for number, name in enumerate(names, 1)
    ]


def linked(text: str) -> SafeString:
    """The mail's text, escaped, with its addresses as links."""
    return mark_safe(urlize(text, autoescape=True))  # noqa: S308 (urlize escapes)
