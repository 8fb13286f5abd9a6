"""Messages to support in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from metered.lib import wording

SHORT = 120


@dataclass(frozen=True)
class Row:
    url: str
    title: str
    text: str
    when: str
    state: str
    kind: str


@dataclass(frozen=True)
class Sheet:
    title: str
    about_url: str
    text: str
    when: str
    answer: str
    answered: str


def row(found: Mapping[str, Any], now: dt.datetime) -> Row:
    text = " ".join(found["text"].split())
    return Row(
        url=f"/support/messages/{found['public_id']}/",
        title=found["about_label"] or _("A question"),
        text=text if len(text) <= SHORT else text[: SHORT - 1] + "…",
        when=wording.stamp(found["written_at"], zone=True),
        state=_("Answered") if found["answered_at"] else _("With support"),
        kind="good" if found["answered_at"] else "",
    )


def sheet(message: Any) -> Sheet:
    return Sheet(
        title=message.about_label or _("Your question"),
        about_url=f"/{message.about}s/{message.about_public_id}/" if message.about else "",
        text=message.text,
        when=wording.stamp(message.written_at, zone=True),
        answer=message.answer,
        answered=wording.stamp(message.answered_at, zone=True) if message.answered_at else "",
    )
