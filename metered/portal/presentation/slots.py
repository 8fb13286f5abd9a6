"""Names, colours and levels of slots. Pure: codes in, words and pictures out."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from metered.lib import pictures, wording
from metered.lib.picture_words import words
from metered.lib.pictures.draw import Colour
from metered.lib.pictures.tile import LevelState as PictureState
from metered.reads.levels import LevelState, decode

COLOURS: dict[str, Colour] = {"black": "k", "cyan": "c", "magenta": "m", "yellow": "y"}

STATES: dict[str, PictureState] = {
    "percent": "percent",
    "low": "low",
    "empty": "empty",
    "some_remaining": "some",
    "unknown": "unknown",
    "unrestricted": "unrestricted",
    "not_reported": "missing",
}


def colour(kind: str, colorant: str) -> Colour:
    """The slot's colour in pictures and swatches."""
    return "w" if kind == "waste" else COLOURS.get(colorant, "other")


def _colorant(colorant: str) -> str:
    known = {"black": _("Black"), "cyan": _("Cyan"), "magenta": _("Magenta"), "yellow": _("Yellow")}
    return known.get(colorant) or colorant.replace("_", " ").capitalize()


def slot_name(kind: str, colorant: str) -> str:
    """Black, Cyan, Black drum, Waste container."""
    part = {
        "waste": _("Waste container"),
        "drum": _("Drum"),
        "fuser": _("Fuser"),
        "staples": _("Staples"),
        "other": _("Other part"),
        "toner": _("Toner"),
        "ink": _("Ink"),
    }.get(kind, kind.capitalize())
    if not colorant or kind in ("waste", "fuser", "staples"):
        return part
    if kind in ("toner", "ink"):
        return _colorant(colorant)
    return _("%(colour)s %(part)s") % {"colour": _colorant(colorant), "part": wording.within(part)}


def slot_names(slots: Iterable[tuple[str, str]]) -> list[str]:
    """The names of a device's slots (kind, colorant); two of one name are numbered: Black 1, Black 2."""
    names = [slot_name(kind, colorant) for kind, colorant in slots]
    often = Counter(names)
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(f"{name} {seen[name]}" if often[name] > 1 else name)
    return told


def picture_level(state: LevelState, kind: str, colorant: str) -> pictures.Level:
    """The level as pictures take it. A waste container's percent is the space left, drawn as fullness."""
    return pictures.Level(
        colour=colour(kind, colorant),
        state=STATES[state.state],
        percent=state.percent,
        full=kind == "waste",
    )


def level_text(state: LevelState, kind: str) -> str:
    """41%, 66% full, Low, Not known."""
    return pictures.level_value(picture_level(state, kind, ""), words=words())[0]


def small_bar(code: int | None, key: str) -> str:
    """The level of a slot as a small vessel that says its name; `key` is the slot's: toner/black/1.1."""
    kind, colorant, _code = [*key.split("/"), "", ""][:3]
    # Whole percents are all that a small vessel can show, and there are few of them.
    return _small_bar(
        code if code is None or code < 0 else round(code / 10) * 10, kind, colorant, get_language()
    )


@lru_cache(maxsize=8192)
def _small_bar(code: int | None, kind: str, colorant: str, language: str | None) -> str:
    name = slot_name(kind, colorant).replace("{", "").replace("}", "")
    named = dataclasses.replace(words(), level_alt=name + " {value}")
    bar = pictures.level_bar(picture_level(decode(code), kind, colorant), words=named)
    return bar.replace('width="24" height="64"', 'width="12" height="32"', 1)
