"""What all pictures share: escaping, numbers, safe markup, tables, and words for spans of days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from metered.lib.pictures.words import Words

Colour = Literal["k", "c", "m", "y", "w", "other"]
COLOURS: frozenset[str] = frozenset({"k", "c", "m", "y", "w", "other"})


class Picture(str):
    """Markup that a template prints as it is: everything in it was escaped or computed here."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Table:
    """A picture's data as rows of ready words; the first cell of a row names it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def esc(text: object) -> str:
    """Text for markup, in content and in attributes. Control characters are no part of XML: they go."""
    cleaned = "".join(sign for sign in str(text) if sign >= " " and not "\ud800" <= sign <= "\udfff")
    return escape(cleaned, quote=True)


def figure(kind: str, alternative: str, body: str) -> Picture:
    """A picture whose words are HTML: they are read out as they stand, the alternative names the whole."""
    return Picture(f'<div class="picture {kind}" role="group" aria-label="{esc(alternative)}">{body}</div>')


def svg(body: str, height: float, alternative: str, title: str) -> str:
    """One drawing, as wide as its container and `height` px high."""
    return (
        f'<svg height="{num(height)}" role="img" aria-label="{esc(alternative)}">'
        f"<title>{esc(title)}</title>{body}</svg>"
    )


def scale(labels: Sequence[str], *, keep: int, start: int = 0) -> str:
    """Labels spread evenly, each centred on its point; a narrow picture shows one in `keep`, from `start`."""
    return join(
        f"<span{minor(place - start, keep)}><span>{esc(label)}</span></span>"
        for place, label in enumerate(labels)
    )


def minor(place: int, keep: int) -> str:
    """The class of a label that a narrow picture leaves out: all but every `keep`-th."""
    return ' class="minor"' if place % keep else ""


def label(x: float, y: float, width: float, kind: str, markup: str) -> str:
    """HTML inside a drawing: at `x` percent and `y` px, `width` percent wide, on a ground of its own.

    Text of SVG has no ground that its contrast could be measured against. `markup` is escaped already.
    """
    return (
        f'<foreignObject x="{num(x)}%" y="{num(y)}" width="{num(width)}%" height="18">'
        f'<div class="{kind}">{markup}</div></foreignObject>'
    )


def num(value: float) -> str:
    """A coordinate with one decimal at most: 12.5, 7, 0."""
    return f"{round(value, 1) + 0.0:g}"


def colour_class(colour: str) -> str:
    return colour if colour in COLOURS else "other"


def group(value: int, words: Words) -> str:
    """1234567 → 1,234,567 with the language's sign between thousands."""
    return f"{value:,}".replace(",", words.thousands)


def day_of(moment: dt.date, words: Words) -> str:
    return words.date.format(day=moment.day, month=words.months[moment.month - 1])


def days(count: float, words: Words) -> str:
    whole = max(0, round(count))
    return words.one_day if whole == 1 else words.days.format(n=whole)


def span(sure: float | None, likely: float | None, limit: int, words: Words) -> str:
    """Words for a run-out between `sure` (10 % point) and `likely` (90 %) days from now."""
    if sure is None or likely is None:
        return words.not_known
    low, high = max(0, int(sure)), max(0, round(likely))
    if high <= 0:
        return words.out_now
    if low >= limit:
        return words.days_over.format(n=limit)
    if low >= high:
        return days(high, words)
    return words.days_between.format(low=low, high=high)


def join(parts: Iterable[str]) -> str:
    return "".join(parts)


def hatch(x: float, y: float, width: float, height: float, step: float = 6.0) -> str:
    """Path data of 45° lines inside a rectangle, clipped by arithmetic (no ids, no clipPath)."""
    lines: list[str] = []
    offset = step
    while offset < width + height:
        x0, y0 = (offset, 0.0) if offset <= width else (width, offset - width)
        x1, y1 = (0.0, offset) if offset <= height else (offset - height, height)
        lines.append(f"M{num(x + x0)} {num(y + y0)}L{num(x + x1)} {num(y + y1)}")
        offset += step
    return "".join(lines)
