"""Pages between one read and the next: a bar for each span, faded where the read is an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metered.lib.pictures.draw import Picture, Table, esc, figure, group, join, num, scale, svg
from metered.lib.pictures.words import ENGLISH, Words

TOP, PLOT = 8, 128  # px above the plot, and its height


@dataclass(frozen=True, slots=True)
class Span:
    """Pages up to a read. `name`: its day; `told`: the day written out; `sure`: no estimate."""

    name: str
    told: str
    pages: int
    sure: bool = True


def spans(found: Sequence[Span], *, title: str, words: Words = ENGLISH) -> Picture:
    """Bars from the oldest to the youngest, with a scale in whole pages."""
    most = _round_up(max((span.pages for span in found), default=0))
    step = 100 / max(len(found), 1)
    bars = join(_bar(span, place * step, step, most, words) for place, span in enumerate(found))
    lines = join(
        f'<line class="{"gridline" if share else "axis"}" x1="0" x2="100%"'
        f' y1="{num(TOP + PLOT * (1 - share))}" y2="{num(TOP + PLOT * (1 - share))}"/>'
        for share in (0, 0.5, 1)
    )
    alternative = f"{title}. " + "; ".join(f"{span.told}: {group(span.pages, words)}" for span in found[-3:])
    marks = join(f"<span><span>{esc(group(n, words))}</span></span>" for n in (most, most // 2, 0))
    keep = max(1, -(-len(found) // 6))
    body = (
        f'<div class="levels-percent">{marks}</div>'
        f"{svg(lines + bars, TOP + PLOT + 1, alternative, title)}"
        f'<div class="levels-dates spans-dates">{scale([span.name for span in found], keep=keep)}</div>'
    )
    return figure("levels spans", title, body)


def spans_table(found: Sequence[Span], *, title: str, day: str, pages: str, words: Words = ENGLISH) -> Table:
    """A row for each read, latest first."""
    rows = tuple((span.told, group(span.pages, words)) for span in reversed(found))
    return Table(caption=title, columns=(day, pages), rows=rows)


def _bar(span: Span, left: float, step: float, most: int, words: Words) -> str:
    height = PLOT * min(max(span.pages, 0), most) / most
    kind = "fill" if span.sure else "likely"
    return (
        f'<rect class="k {kind}" x="{num(left + step * 0.2)}%" width="{num(step * 0.6)}%"'
        f' y="{num(TOP + PLOT - height)}" height="{num(height)}" rx="2">'
        f"<title>{esc(span.told)}: {esc(group(span.pages, words))}</title></rect>"
    )


def _round_up(most: int) -> int:
    """The next 1, 2 or 5 times a power of ten, an even number."""
    size = 10
    while True:
        for factor in (1, 2, 5):
            if factor * size >= most:
                return factor * size
        size *= 10
