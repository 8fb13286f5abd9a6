"""The level of one slot as a small vessel, beside its value in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from metered.lib.pictures.draw import Colour, Picture, colour_class, esc, hatch, num
from metered.lib.pictures.words import ENGLISH, Words

LevelState = Literal["percent", "low", "empty", "some", "unknown", "unrestricted", "missing"]

WIDTH, HEIGHT = 24, 64


@dataclass(frozen=True, slots=True)
class Level:
    """What a machine said of one slot.

    `percent` counts only in state "percent": what is left, or for a receptacle (`full`) the space left,
    which is shown as fullness. In every other state the machine gave no number and none is drawn.
    """

    colour: Colour
    state: LevelState
    percent: float | None = None
    full: bool = False


def shown_percent(level: Level) -> float | None:
    """0 to 100 as people read it, or None when the machine gave no number."""
    if level.state != "percent" or level.percent is None:
        return None
    left = min(100.0, max(0.0, level.percent))
    return 100.0 - left if level.full else left


def _whole(percent: float) -> int:
    # 0.4 % is not yet nothing and 99.7 % of a waste container is not yet full: round away from the ends.
    if 0 < percent < 1:
        return 1
    if 99 < percent < 100:
        return 99
    return round(percent)


def level_value(level: Level, *, words: Words = ENGLISH) -> tuple[str, bool]:
    """The value in words, and whether it is words rather than a number: ("41%", False), ("Low", True)."""
    percent = shown_percent(level)
    if percent is not None:
        text = words.percent_full if level.full else words.percent
        return text.format(n=_whole(percent)), False
    if level.full and level.state in ("low", "empty"):
        return (words.nearly_full if level.state == "low" else words.full), True
    told = {
        "low": words.low,
        "empty": words.empty,
        "some": words.some,
        "unknown": words.unknown,
        "unrestricted": words.unrestricted,
    }
    return told.get(level.state, words.missing), True


def level_bar(level: Level, *, words: Words = ENGLISH) -> Picture:
    """The vessel: filled to the percentage; a hatched or dashed vessel where no percentage is known.

    Receptacles are filled from the bottom with what is in them and carry hatch lines, so that "66 % full"
    does not look like "66 % left". A vessel without a number never shows a height.
    """
    colour = colour_class(level.colour)
    text = esc(words.level_alt.format(value=level_value(level, words=words)[0]))
    percent = shown_percent(level)
    if percent is not None:
        height = 60 * percent / 100
        if percent > 0:
            height = max(height, 2.0)
        body = f'<rect class="fill" x="2" y="{num(62 - height)}" width="20" height="{num(height)}" rx="3"/>'
        if level.full and height > 8:
            body += f'<path class="on-fill" d="{hatch(2, 62 - height, 20, height, 9)}"/>'
    else:
        body = _without_number(level)
    return Picture(
        f'<svg class="level {colour}" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' role="img" aria-label="{text}"><title>{text}</title>'
        f'<rect class="well" x=".5" y=".5" width="23" height="63" rx="5"/>{body}</svg>'
    )


def _without_number(level: Level) -> str:
    if level.state == "empty":
        if level.full:
            filled = '<rect class="fill" x="2" y="2" width="20" height="60" rx="3"/>'
            return f'{filled}<path class="on-fill" d="{hatch(2, 2, 20, 60, 9)}"/>'
        return '<path class="outline" d="M7 27l10 10M17 27l-10 10"/>'
    if level.state == "low":
        return '<path class="outline" d="M12 22v14M12 41v2"/>'
    if level.state == "some":
        return f'<path class="hatch" d="{hatch(2, 2, 20, 60)}"/>'
    if level.state == "unrestricted":
        return '<path class="hatch" d="M12 16v32M7 21l5-5 5 5M7 43l5 5 5-5"/>'
    return '<path class="hatch" d="M8.5 27a3.5 3.5 0 1 1 5.3 3c-1.2.7-1.8 1.5-1.8 3M12 37v1.5"/>'
