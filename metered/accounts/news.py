"""Mails about who belongs to an account: composed in each reader's language, one action each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.utils import translation

from metered.accounts.queries import Recipient
from metered.notify.actions import post


def news(*, title: str, text: Sequence[str], action: str, path: str, subject: str = "") -> dict[str, Any]:
    """What emails/account_news takes: a heading, paragraphs, and the one thing to do."""
    return {
        "subject_line": subject or title,
        "title": title,
        "text": list(text),
        "action": action,
        "action_path": path,
    }


def tell(*, event: str, to: Iterable[Recipient], compose: Callable[[], dict[str, Any]]) -> int:
    """Posts emails/account_news to each of `to`; `compose` is called in each of their languages."""
    people = list(to)
    told = 0
    for language in sorted({person.language for person in people}):
        with translation.override(language):
            values = compose()
        told += post(
            event=event,
            to=[person for person in people if person.language == language],
            template="account_news",
            values=values,
        )
    return told
