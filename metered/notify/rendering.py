"""A message's subject and bodies, in its language and its reader's time zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string
from django.utils import timezone, translation

from metered.lib.zones import time_zone_or_none
from metered.notify.models import Message

STOP_SALT = "mail.stop"


@dataclass(frozen=True)
class Mail:
    subject: str
    text: str
    html: str


def _times(values: object) -> object:
    """Values with every ISO time (`…_at`) and date (`…_on`) as what it is, so that templates write it out."""
    if isinstance(values, dict):
        return {key: _time(key, value) for key, value in values.items()}
    if isinstance(values, list):
        return [_times(value) for value in values]
    return values


def _time(key: str, value: object) -> object:
    if isinstance(value, str) and key.endswith("_at"):
        return dt.datetime.fromisoformat(value)
    if isinstance(value, str) and key.endswith("_on"):
        return dt.date.fromisoformat(value)
    return _times(value)


def stop_url(email: str, kind: str) -> str:
    """Where this person says that they want no more mails of that kind; needs no sign-in."""
    return f"{settings.SITE_URL}/mail/stop/{signing.dumps([email, kind], salt=STOP_SALT)}/"


def read_stop_token(token: str) -> tuple[str, str] | None:
    """E-mail and kind of a token of `stop_url`; None for one that we did not make."""
    try:
        email, kind = signing.loads(token, salt=STOP_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(email), str(kind)


def render_digest(messages: Sequence[Message]) -> Mail:
    """Several messages of one person as one mail: what each says in a line, with the way to it."""
    first = messages[0]
    items = []
    for message in messages:
        ways = [value for key, value in sorted(message.values.items()) if key.endswith("_path")]
        items.append(
            {"subject": render(message).subject, "url": settings.SITE_URL + (ways[0] if ways else "/")}
        )
    return _render("digest", first, {"items": items, "count": len(items), "overview_path": "/"})


def render(message: Message) -> Mail:
    """Renders emails/<template>.subject.txt, .txt and .html. Raises TemplateDoesNotExist, ValueError."""
    return _render(message.template, message, message.values)


def _render(template: str, message: Message, raw: dict[str, Any]) -> Mail:
    values = _times(raw)
    assert isinstance(values, dict)
    context = {
        **values,
        # Links are minted here, never stored: a path becomes an address of this portal.
        **{
            key.removesuffix("_path") + "_url": settings.SITE_URL + value
            for key, value in values.items()
            if key.endswith("_path")
        },
        "operator": settings.OPERATOR,
        "site_url": settings.SITE_URL,
        "stop_url": stop_url(message.email, message.kind) if message.kind else "",
    }
    base = f"emails/{template}"
    zone = time_zone_or_none(message.time_zone) or dt.UTC
    with translation.override(message.language), timezone.override(zone):
        subject = " ".join(render_to_string(f"{base}.subject.txt", context).split())
        return Mail(
            subject=subject,
            text=render_to_string(f"{base}.txt", context).strip() + "\n",
            html=render_to_string(f"{base}.html", {**context, "subject": subject}),
        )
