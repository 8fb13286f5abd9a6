"""Sentences that are kept: each reader gets them in a language of their own.

`said("%(meter)s is %(gap)s below the last read.", meter="Mono", gap=12)` is a `str` in the language of the
moment. A `SaidField` keeps the source text and what fills it instead, and makes the sentence anew for whoever
reads it. What people write is kept as they wrote it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.utils.translation import gettext, ngettext

from metered.lib import wording

if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
else:
    _CharField = models.CharField

MARK = "\x1e"
"""Before a kept sentence. No form lets it through, and what people write is kept without it."""

Part = str | int | dt.date
"""What fills a sentence: words as they are (or said themselves), a count, a day."""


class Said(str):
    """A sentence in the language of the moment that knows how it is kept (`kept`: plain JSON)."""

    kept: Any

    def __new__(cls, text: str, kept: Any) -> Self:
        made = super().__new__(cls, text)
        made.kept = kept
        return made

    def __getnewargs__(self) -> tuple[str, Any]:  # type: ignore[override]
        return str(self), self.kept


def said(text: str, /, **values: Part) -> Said:
    """A sentence of the catalogue, filled: counts grouped and days written as the reader's language does."""
    return _made({"t": text, "v": {name: _kept(value) for name, value in values.items()}})


def said_n(one: str, many: str, n: int, /) -> Said:
    """The same with a plural form, filled with %(n)s."""
    return _made({"t": one, "m": many, "n": n})


def joined(parts: Iterable[str]) -> Said:
    """Sentences one after the other, empty ones left out."""
    return _made({"j": [_kept(part) for part in parts if part]})


def _kept(value: Part) -> Any:
    if isinstance(value, Said):
        return value.kept
    if isinstance(value, dt.date):
        return {"d": value.isoformat()[:10]}
    return value


def _made(kept: Any) -> Said:
    return Said(_words(kept), kept)


def _words(kept: Any) -> str:
    if isinstance(kept, str):
        return kept
    if isinstance(kept, int):
        return wording.grouped(kept)
    if "j" in kept:
        return " ".join(map(_words, kept["j"]))
    if "d" in kept:
        return wording.full_day(dt.date.fromisoformat(kept["d"]))
    text = kept["t"]
    if "m" in kept:
        many, n = kept["m"], kept["n"]
        return ngettext(text, many, n) % {"n": wording.grouped(n)}
    values: Mapping[str, Any] = kept["v"]
    return gettext(text) % {name: _words(value) for name, value in values.items()}


def as_kept(sentence: str) -> str:
    """What a column or a JSON value holds for it; `told` is the way back."""
    if isinstance(sentence, Said):
        return MARK + json.dumps(sentence.kept, ensure_ascii=False, separators=(",", ":"))
    return sentence.replace(MARK, "")


def all_kept(value: Any) -> Any:
    """A JSON value with the sentences in it as they are kept."""
    if isinstance(value, dict):
        return {name: all_kept(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [all_kept(each) for each in value]
    return as_kept(value) if isinstance(value, str) else value


def told(stored: str) -> str:
    """What a column holds, in the language of the moment."""
    return _made(json.loads(stored[1:])) if stored.startswith(MARK) else stored


class SaidField(_CharField):
    """A column of sentences: `Said` goes in with how it is kept, any other text as it is."""

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return value if value is None else told(value)

    def get_prep_value(self, value: Any) -> Any:
        value = value if isinstance(value, Said) else super().get_prep_value(value)
        return as_kept(value) if isinstance(value, str) else value
