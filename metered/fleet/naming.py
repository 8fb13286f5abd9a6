"""Finding a printer model by what people type: without its maker, in parts, with a slip. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

NEAR = 0.72
"""So alike must two names be to be offered instead (difflib's ratio, 1 is the same)."""


@dataclass(frozen=True)
class Name:
    """A model as it is searched; `key` is given back."""

    key: Any
    vendor: str
    name: str


@dataclass(frozen=True)
class Found:
    """`exact`: the one that is meant without doubt. Else `fits`, best first; without any, what is `near`."""

    exact: Name | None
    fits: tuple[Name, ...]
    near: tuple[Name, ...]
    total: int = 0
    """How many fit; `fits` holds the first of them."""


def plain(text: str) -> str:
    """Color LaserJet® M480f → colorlaserjetm480f: letters and digits only, without accents."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]+", "", folded.encode("ascii", "ignore").decode())


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z]+|\d+", folded)


def find(typed: str, names: Sequence[Name], *, most: int = 20) -> Found:
    """The models that `typed` may mean.

    Every word of it must be in the model's name, wherever spaces and hyphens stand: "versa link c505",
    "C-505" and "Xerox VersaLink C505" all find the same.
    """
    wanted = plain(typed)
    if not wanted:
        return Found(None, (), ())
    both = [(row, plain(row.vendor + row.name), plain(row.name)) for row in names]
    same = [row for row, whole, name in both if wanted in (whole, name)]
    words = _words(typed)
    fits = [
        (name != wanted, not name.startswith(wanted), len(name), row.name, row)
        for row, whole, name in both
        if wanted in whole or all(word in whole for word in words)
    ]
    ordered = tuple(item[-1] for item in sorted(fits, key=lambda item: item[:4]))
    if len(same) == 1:
        return Found(same[0], ordered[:most], (), len(ordered))
    if ordered:
        return Found(ordered[0] if len(ordered) == 1 else None, ordered[:most], (), len(ordered))
    return Found(None, (), _near(wanted, both))


def _near(wanted: str, both: Sequence[tuple[Name, str, str]]) -> tuple[Name, ...]:
    scored = []
    for row, whole, name in both:
        texts = [text for text in (whole, name) if abs(len(text) - len(wanted)) <= max(4, len(wanted))]
        alike = max((SequenceMatcher(None, wanted, text).ratio() for text in texts), default=0.0)
        if alike >= NEAR:
            scored.append((-alike, row.name, row))
    return tuple(item[-1] for item in sorted(scored, key=lambda item: item[:2])[:5])
