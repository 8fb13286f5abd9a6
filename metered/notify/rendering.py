"""A message's subject and bodies, in its language and its reader's time zone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from metered.lib.zones import time_zone_or_none
from metered.notify.models import Message


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


def render(message: Message) -> Mail:
    """Renders emails/<template>.subject.txt, .txt and .html. Raises TemplateDoesNotExist, ValueError."""
    values = _times(message.values)
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
    }
    base = f"emails/{message.template}"
    zone = time_zone_or_none(message.time_zone) or dt.UTC
    with translation.override(message.language), timezone.override(zone):
        subject = " ".join(render_to_string(f"{base}.subject.txt", context).split())
        return Mail(
            subject=subject,
            text=render_to_string(f"{base}.txt", context).strip() + "\n",
            html=render_to_string(f"{base}.html", {**context, "subject": subject}),
        )
