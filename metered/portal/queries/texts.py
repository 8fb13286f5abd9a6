"""The texts of public pages: what staff wrote, else what the portal comes with. The same for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metered.portal.models import Page
from metered.portal.shipped import FALLBACK, Text, shipped


def texts_for_system(slugs: Sequence[str], language: str) -> dict[str, Text]:
    """These pages by slug, each in that language or else in English; one query."""
    languages = tuple(dict.fromkeys((language, language.split("-")[0], FALLBACK)))
    rows: Any = (
        Page.objects.filter(slug__in=slugs, language__in=languages)
        .exclude(body="")
        .values_list("slug", "language", "title", "body")
    )
    edited = {(slug, lang): Text(title, body, lang) for slug, lang, title, body in rows}
    found = {}
    for slug in slugs:
        for lang in languages:
            text = edited.get((slug, lang)) or shipped(slug, lang)
            if text is not None:
                found[slug] = text
                break
    return found


def text_for_system(slug: str, language: str) -> Text:
    return texts_for_system([slug], language)[slug]
