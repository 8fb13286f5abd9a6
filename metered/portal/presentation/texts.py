"""Texts as pages: the operator's facts put in, Markdown made HTML, a guide that can be searched."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from metered.lib.markdown import Section, fill, sections, to_html
from metered.portal.shipped import GUIDE, Text

AROUND = 90
"""Characters that a search shows on each side of what it found."""


@dataclass(frozen=True)
class Sheet:
    """A text as a page. `language` is empty when it is the page's own."""

    title: str
    html: SafeString
    contents: tuple[Section, ...]
    language: str


@dataclass(frozen=True)
class Chapter:
    slug: str
    """As it stands in an address: guide-start is start."""
    title: str
    lead: str
    """Its first sentence."""
    current: bool = False

    @property
    def url(self) -> str:
        return reverse("guide_chapter", args=[self.slug])


@dataclass(frozen=True)
class Hit:
    """A part of the guide that a search found; `before`, `match` and `after` are its words around it."""

    chapter: str
    title: str
    url: str
    before: str
    match: str
    after: str


def facts() -> dict[str, str]:
    """What texts may ask for, from the settings; empty where the operator has set nothing."""
    operator = settings.OPERATOR
    return {
        "operator.name": str(operator["name"]),
        "operator.address": str(operator["address"]),
        "phone": str(operator["phone"]),
        "email": str(operator["email"]),
        "hours": str(operator["hours"]),
        "remote_help": str(operator["remote_help"]),
    }


def sheet(text: Text) -> Sheet:
    """A text with the operator's facts, ready to stand in a page."""
    shown = _rendered(text.body, tuple(facts().items()))
    own = (get_language() or "").split("-")[0] == text.language.split("-")[0]
    return Sheet(text.title, shown[0], shown[1], "" if own else text.language)


@lru_cache(maxsize=256)
def _rendered(body: str, known: tuple[tuple[str, str], ...]) -> tuple[SafeString, tuple[Section, ...]]:
    filled = fill(body, dict(known))
    return to_html(filled, lambda name: static(f"img/{name}")), tuple(
        part for part in _sections(filled) if part.title
    )


@lru_cache(maxsize=256)
def _sections(body: str) -> tuple[Section, ...]:
    return tuple(sections(body))


def short(slug: str) -> str:
    return slug.removeprefix("guide-")


def chapters(texts: Mapping[str, Text], current: str = "") -> list[Chapter]:
    """The guide's table of contents."""
    known = facts()
    return [
        Chapter(short(slug), texts[slug].title, _lead(fill(texts[slug].body, known)), slug == current)
        for slug in GUIDE
    ]


def _lead(body: str) -> str:
    parts = _sections(body)
    words = parts[0].text if parts else ""
    return re.split(r"(?<=[.?!]) ", words, maxsplit=1)[0]


def _folded(text: str) -> str:
    """Without accents and case, and of the same length, so that places in it are places in the text."""
    return "".join(unicodedata.normalize("NFKD", sign)[0].casefold()[:1] or " " for sign in text)


def search(texts: Mapping[str, Text], typed: str, *, most: int = 12) -> list[Hit]:
    """The parts of the guide that hold every word of `typed` (or its beginning), the best first.

    A word in a heading counts most; whole words count more than beginnings. "cartridges" finds "cartridge".
    """
    words = [word for word in re.findall(r"\w+", _folded(typed)) if len(word) > 1][:8]
    if not words:
        return []
    known = facts()
    scored: list[tuple[float, int, Hit]] = []
    for slug in GUIDE:
        text = texts[slug]
        for part in _sections(fill(text.body, known)):
            title, body = _folded(f"{text.title} {part.title}"), _folded(part.text)
            score = _score(words, title, body)
            if score:
                scored.append((-score, len(scored), _hit(slug, text.title, part, words, body)))
    return [hit for _, _, hit in sorted(scored, key=lambda item: item[:2])[:most]]


def _stem(word: str) -> str:
    """Enough of it that singular and plural find each other."""
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _score(words: Sequence[str], title: str, body: str) -> float:
    score = 0.0
    for word in words:
        pattern = re.compile(rf"\b{re.escape(_stem(word))}(\w*)")
        in_title, in_body = pattern.findall(title), pattern.findall(body)
        if not in_title and not in_body:
            return 0.0
        score += 6 * bool(in_title) + min(4, len(in_body)) + ("" in in_body or "s" in in_body)
    return score


def _hit(slug: str, chapter: str, part: Section, words: Sequence[str], body: str) -> Hit:
    found = next(
        (match for word in words if (match := re.search(rf"\b{re.escape(_stem(word))}\w*", body))), None
    )
    start, end = (found.start(), found.end()) if found else (0, 0)
    left, right = max(0, start - AROUND), end + AROUND
    url = reverse("guide_chapter", args=[short(slug)]) + (f"#{part.anchor}" if part.anchor else "")
    return Hit(
        chapter=chapter,
        title=part.title or chapter,
        url=url,
        before=("…" if left else "") + part.text[left:start],
        match=part.text[start:end],
        after=part.text[end:right] + ("…" if right < len(part.text) else ""),
    )
