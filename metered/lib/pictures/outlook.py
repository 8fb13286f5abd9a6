"""The supply outlook: how long each supply lasts, how sure that is, and when more arrives.

Words are HTML around the drawn bars: they wrap, grow with the reader's font and are read out as they stand.
CSS lays a row out side by side or, where it is narrow, words above the bar; the bars stretch by percentages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metered.lib.pictures.draw import (
    Colour,
    Picture,
    Table,
    colour_class,
    days,
    esc,
    figure,
    join,
    num,
    scale,
    span,
)
from metered.lib.pictures.words import ENGLISH, Words

HEIGHT, BAR, TOP = 40, 12, 14  # a row's drawing in px: its height, the bar's, and where the bar begins
STEP = 10  # days between the lines


@dataclass(frozen=True, slots=True)
class OutlookRow:
    """One supply. `sure` and `likely` are the 10 % and 90 % points of its run-out, in days from now, None
    while nothing is known; `arrives` is the expected delivery, in days from now."""

    device: str
    place: str
    supply: str
    colour: Colour
    sure: float | None
    likely: float | None
    arrives: float | None = None


def outlook(rows: Sequence[OutlookRow], *, days: int = 60, words: Words = ENGLISH) -> Picture:
    """A row per supply over an axis of `days` (a multiple of ten; ValueError otherwise)."""
    if days <= 0 or days % STEP:
        raise ValueError(f"the axis is a multiple of {STEP} days, not {days}")
    ticks = [words.today, *(words.days.format(n=day) for day in range(STEP, days + 1, STEP))]
    axis = scale(ticks, keep=2)
    body = join(_row(row, days, words) for row in rows)
    listed = f'<div class="outlook-axis">{axis}</div><ol class="outlook-rows">{body}</ol>'
    return figure("outlook", _alternative(rows, days, words), listed)


def outlook_table(rows: Sequence[OutlookRow], *, words: Words = ENGLISH) -> Table:
    """The rows of the picture in words: device, place, supply, sure for, likely until, delivery in."""

    def told(value: float | None, missing: str) -> str:
        return missing if value is None else days(value, words)

    return Table(
        caption=words.outlook_title,
        columns=(words.device, words.place, words.supply, words.sure, words.likely, words.arrives),
        rows=tuple(
            (
                row.device,
                row.place,
                row.supply,
                told(row.sure, words.not_known),
                told(row.likely, words.not_known),
                told(row.arrives, words.none),
            )
            for row in rows
        ),
    )


def _alternative(rows: Sequence[OutlookRow], limit: int, words: Words) -> str:
    if not rows:
        return words.outlook_none.format(title=words.outlook_title)
    first = rows[0]
    return words.outlook_alt.format(
        title=words.outlook_title,
        n=len(rows),
        device=first.device,
        supply=first.supply,
        span=span(first.sure, first.likely, limit, words),
    )


def _row(row: OutlookRow, limit: int, words: Words) -> str:
    told = span(row.sure, row.likely, limit, words)
    where = " · ".join(part for part in (row.place, row.supply) if part)
    alt = ", ".join((row.supply, told, *_delivery(row, words)))
    drawing = f"{_lines(limit)}{_bar(row, limit)}{_box(row, limit, words)}"
    return (
        f'<li><b class="name">{esc(row.device)}</b><span class="where">{esc(where)}</span>'
        f'<span class="told">{esc(told)}</span>'
        f'<svg class="{colour_class(row.colour)}" height="{HEIGHT}" role="img" aria-label="{esc(alt)}">'
        f"<title>{esc(alt)}</title>{drawing}</svg></li>"
    )


def _delivery(row: OutlookRow, words: Words) -> tuple[str, ...]:
    if row.arrives is None:
        return ()
    whole = max(0, round(row.arrives))
    return (words.delivery.format(n=whole) if whole else words.delivery_today,)


def _at(day: float, limit: int) -> float:
    return min(max(day, 0.0), limit) * 100 / limit


def _lines(limit: int) -> str:
    """The axis and its lines, full height: rows join without a gap."""
    parts: list[str] = []
    for day in range(0, limit + 1, STEP):
        x = num(_at(day, limit))
        parts.append(
            f'<line class="{"gridline" if day else "axis"}" x1="{x}%" x2="{x}%" y1="0" y2="{HEIGHT}"/>'
        )
    return join(parts)


def _bar(row: OutlookRow, limit: int) -> str:
    """Solid to `sure`, faded and outlined to `likely`, a chevron where it goes on past the axis."""
    if row.sure is None or row.likely is None:
        return _rect("unknown", 0, 100, TOP, BAR)
    sure, likely = _at(row.sure, limit), _at(max(row.sure, row.likely), limit)
    parts: list[str] = []
    if likely > sure:
        parts.append(_rect("likely", sure, likely, TOP + 0.5, BAR - 1))
    if sure > 0:
        parts.append(_rect("fill", 0, sure, TOP, BAR))
    if row.likely <= 0:
        parts.append(f'<rect class="fill" x="0" y="{TOP - 4}" width="3" height="{BAR + 8}" rx="1.5"/>')
    if row.likely > limit:
        parts.append(
            f'<svg x="100%" y="{TOP}" overflow="visible" width="1" height="1">'
            '<path class="outline" d="M4 1l5 5-5 5"/></svg>'
        )
    return join(parts)


def _rect(kind: str, start: float, end: float, y: float, height: int) -> str:
    width = num(end - start)
    return f'<rect class="{kind}" x="{num(start)}%" y="{num(y)}" width="{width}%" height="{height}" rx="3"/>'


def _box(row: OutlookRow, limit: int, words: Words) -> str:
    if row.arrives is None or row.arrives > limit:
        return ""
    x, said = num(_at(row.arrives, limit)), esc(_delivery(row, words)[0])
    return (
        f'<svg class="ship" x="{x}%" y="{TOP - 3}" overflow="visible" width="1" height="1">'
        f'<title>{said}</title><rect x="-7" y="0" width="14" height="18" rx="3"/>'
        '<path d="M-7 6h14M0 0v6"/></svg>'
    )
