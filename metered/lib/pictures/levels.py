"""A device's levels: what it reported, silence as a gap, swaps as jumps, and the forecast as a cone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from metered.lib.pictures.draw import (
    Colour,
    Picture,
    Table,
    colour_class,
    day_of,
    esc,
    figure,
    join,
    label,
    num,
    scale,
    span,
    svg,
)
from metered.lib.pictures.words import ENGLISH, Words

TOP, PLOT = 10, 208  # px above the plot, and its height
STEP = 15  # days between the dates
UNITS = 1000  # the plot's width in its own units; it stretches to the container
JUMP = 5.0  # a rise of more points than this between two reports is a new cartridge
LABEL_PITCH = 16.0
SHAPES = {
    "k": "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0",
    "c": "M-3.2-3.2h6.4v6.4h-6.4z",
    "m": "M0-4.4L4.4 0L0 4.4L-4.4 0z",
    "y": "M0-4.2L4 3H-4z",
    "w": "M0 4.2L4-3H-4z",
    "other": "M-1.4-4h2.8v2.6h2.6v2.8h-2.6v2.6h-2.8v-2.6h-2.6v-2.8h2.6z",
}


_Dot = tuple[float, float | None]  # day relative to now, percent


@dataclass(frozen=True, slots=True)
class LevelPoint:
    """One report: percent left, or None when the machine reported without a number. `at` is aware."""

    at: dt.datetime
    percent: float | None


@dataclass(frozen=True, slots=True)
class LevelSeries:
    """One slot's reports in any order. `sure` and `likely` (10 % and 90 % points, days from now) are when
    what is in the machine runs out, without the shelf; None while nothing is known."""

    name: str
    colour: Colour
    points: tuple[LevelPoint, ...]
    sure: float | None = None
    likely: float | None = None


@dataclass(frozen=True, slots=True)
class _Window:
    """Days relative to now, onto the width; percent onto the height."""

    now: dt.datetime
    past: int
    future: int

    def day(self, at: dt.datetime) -> float:
        return (at - self.now).total_seconds() / 86400

    def share(self, day: float) -> float:
        """Percent of the width."""
        return 100 * (min(max(day, -self.past), self.future) + self.past) / (self.past + self.future)

    def x(self, day: float) -> float:
        return self.share(day) * UNITS / 100

    def y(self, percent: float) -> float:
        return TOP + PLOT * (100 - min(100.0, max(0.0, percent))) / 100


@dataclass(frozen=True, slots=True)
class _Trace:
    """A series within the window: (day, percent or None), oldest first."""

    series: LevelSeries
    dots: tuple[_Dot, ...]

    @property
    def now(self) -> float | None:
        return self.dots[-1][1] if self.dots else None


def levels(
    series: Sequence[LevelSeries],
    *,
    now: dt.datetime,
    past: int = 60,
    future: int = 30,
    silent_after: float = 3.0,
    words: Words = ENGLISH,
) -> Picture:
    """Lines of `past` days and cones of `future`; `silent_after` days without a report leave a gap.

    Lines are told apart by colour, by the shape on them, and by their names at today's edge. `past` and
    `future` are multiples of 15 days (ValueError otherwise); `now` is aware and in the reader's zone.
    """
    if past <= 0 or future <= 0 or past % STEP or future % STEP:
        raise ValueError(f"past and future are multiples of {STEP} days, not {past} and {future}")
    window = _Window(now, past, future)
    traces = [_trace(entry, window) for entry in series]
    title = words.levels_title.format(past=past)
    told = "; ".join(_named(trace, words) for trace in traces if trace.now is not None)
    alternative = words.levels_alt.format(title=title, now=told) if told else title
    drawing = join(
        (
            _ground(window),
            _silences(traces, window, silent_after, words),
            _lines(traces, window, silent_after, words),
            _marks(traces, window),
            _names(traces, window, words),
        )
    )
    percents = join(
        f"<span><span>{esc(words.percent.format(n=n))}</span></span>" for n in (100, 75, 50, 25, 0)
    )
    dates = [
        words.today if day == 0 else day_of((now + dt.timedelta(days=day)).date(), words)
        for day in range(-past, future + 1, STEP)
    ]
    body = (
        f'<div class="levels-percent">{percents}</div>'
        f"{svg(drawing, TOP + PLOT + 1, alternative, title)}"
        f'<div class="levels-dates">{scale(dates, keep=2, start=past // STEP)}</div>{_legend(traces)}'
    )
    return figure("levels", title, body)


def _named(trace: _Trace, words: Words) -> str:
    value = words.percent.format(n=round(trace.now or 0))
    return words.level_now.format(name=trace.series.name, value=value)


def levels_table(
    series: Sequence[LevelSeries], *, now: dt.datetime, past: int = 60, words: Words = ENGLISH
) -> Table:
    """A row a day, latest first, with the last report of each day; above them when each runs out."""
    zone = now.tzinfo
    by_day: dict[dt.date, dict[int, LevelPoint]] = {}
    oldest = now - dt.timedelta(days=past)
    for place, entry in enumerate(series):
        for point in sorted(entry.points, key=lambda point: point.at):
            if oldest <= point.at <= now:
                by_day.setdefault(point.at.astimezone(zone).date(), {})[place] = point
    rows: list[tuple[str, ...]] = [
        (words.runs_out, *(span(entry.sure, entry.likely, 365, words) for entry in series))
    ]
    for day in sorted(by_day, reverse=True):
        found = by_day[day]
        cells = (_cell(found.get(place), words) for place in range(len(series)))
        rows.append((day_of(day, words), *cells))
    columns = (words.day, *(entry.name for entry in series))
    return Table(caption=words.levels_title.format(past=past), columns=columns, rows=tuple(rows))


def _cell(point: LevelPoint | None, words: Words) -> str:
    if point is None:
        return words.none
    return words.unknown if point.percent is None else words.percent.format(n=round(point.percent))


def _trace(series: LevelSeries, window: _Window) -> _Trace:
    """The reports within the window, thinned to what the width can show: one per 3 units, jumps kept."""
    dots: list[_Dot] = []
    for point in sorted(series.points, key=lambda point: point.at):
        day = window.day(point.at)
        if not -window.past <= day <= 0.05:
            continue
        dot = (min(day, 0.0), point.percent)
        if len(dots) > 1 and _droppable(dots[-2], dots[-1], dot, window):
            dots[-1] = dot
        else:
            dots.append(dot)
    return _Trace(series, tuple(dots))


def _droppable(before: _Dot, middle: _Dot, after: _Dot, window: _Window) -> bool:
    if before[1] is None or middle[1] is None or after[1] is None:
        return False
    if after[1] - middle[1] > JUMP or middle[1] - before[1] > JUMP:
        return False
    return window.x(after[0]) - window.x(before[0]) < 3


def _ground(window: _Window) -> str:
    start = window.share(0)
    return (
        f'<rect class="future" x="{num(start)}%" y="{TOP}" width="{num(100 - start)}%" height="{PLOT}"/>'
        f'<line class="axis" x1="{num(start)}%" x2="{num(start)}%" y1="{TOP}" y2="{TOP + PLOT}"/>'
        + join(
            f'<line class="{"gridline" if percent else "axis"}" x1="0" x2="100%"'
            f' y1="{num(window.y(percent))}" y2="{num(window.y(percent))}"/>'
            for percent in (0, 25, 50, 75, 100)
        )
    )


def _silences(traces: Sequence[_Trace], window: _Window, silent_after: float, words: Words) -> str:
    """Bands where no slot of the device was heard of: the machine was silent, not the slot."""
    heard = sorted({day for trace in traces for day, _ in trace.dots})
    parts: list[str] = []
    for start, end in zip(heard, [*heard[1:], 0.0], strict=True) if heard else ():
        if end - start <= silent_after:
            continue
        left, right = window.share(start), window.share(end)
        width = num(right - left)
        parts.append(
            f'<rect class="silence" x="{num(left)}%" y="{TOP}" width="{width}%" height="{PLOT}">'
            f"<title>{esc(words.silence)}</title></rect>"
        )
        if right - left > 11:
            parts.append(label(left, TOP + 4, right - left, "silent", f"<span>{esc(words.silence)}</span>"))
    return join(parts)


def _lines(traces: Sequence[_Trace], window: _Window, silent_after: float, words: Words) -> str:
    cones = join(_cone(trace, window) for trace in traces)
    paths = join(_path(trace, window, silent_after, words) for trace in traces)
    height = TOP + PLOT
    return (
        f'<svg x="0" y="0" width="100%" height="{height}" viewBox="0 0 {UNITS} {height}"'
        f' preserveAspectRatio="none">{cones}{paths}</svg>'
    )


def _cone(trace: _Trace, window: _Window) -> str:
    """Between the line empty at `sure` and the line empty at `likely`, cut at the window's end."""
    sure, likely, level = trace.series.sure, trace.series.likely, trace.now
    if sure is None or likely is None or level is None or likely <= 0 or not trace.dots:
        return ""
    start, end = trace.dots[-1][0], float(window.future)
    sure = max(sure, 0.01)

    def at(runs_out: float, day: float) -> float:
        return level * max(0.0, 1 - (day - start) / (runs_out - start))

    corners = [(start, level)]
    corners += [(end, at(likely, end))] if likely > end else [(likely, 0.0)]
    if sure < end:
        corners += [(end, 0.0)] if likely > end else []
        corners += [(sure, 0.0)]
    else:
        corners += [(end, at(sure, end))]
    shape = "L".join(f"{num(window.x(day))} {num(window.y(percent))}" for day, percent in corners)
    return f'<path class="{colour_class(trace.series.colour)} cone" d="M{shape}z"/>'


def _path(trace: _Trace, window: _Window, silent_after: float, words: Words) -> str:
    """The line in pieces: a gap breaks it, a jump is dotted."""
    pieces: list[list[str]] = []
    jumps: list[str] = []
    last: tuple[float, float] | None = None
    for day, percent in trace.dots:
        if percent is None:
            last = None
            continue
        here = f"{num(window.x(day))} {num(window.y(percent))}"
        joined = last is not None and day - last[0] <= silent_after
        if last is not None and percent - last[1] > JUMP:
            jumps.append(f"M{num(window.x(day))} {num(window.y(last[1]))}L{here}")
            joined = False
        if joined:
            pieces[-1].append(here)
        else:
            pieces.append([here])
        last = (day, percent)
    line = "".join("M" + "L".join(piece if len(piece) > 1 else piece * 2) for piece in pieces)
    if not line:
        return ""
    colour = colour_class(trace.series.colour)
    swaps = ""
    if jumps:
        title = esc(words.swap.format(name=trace.series.name))
        swaps = f'<path class="{colour} jump" d="{"".join(jumps)}"><title>{title}</title></path>'
    return f'<path class="trace-halo" d="{line}"/><path class="{colour} trace" d="{line}"/>{swaps}'


def _mark(colour: str, share: float, y: float) -> str:
    return (
        f'<svg x="{num(share)}%" y="{num(y)}" overflow="visible" width="1" height="1">'
        f'<path class="{colour} mark" d="{SHAPES[colour]}"/></svg>'
    )


def _marks(traces: Sequence[_Trace], window: _Window) -> str:
    """A shape on every line about every twelve days, staggered so that close lines stay apart."""
    parts: list[str] = []
    for place, trace in enumerate(traces):
        colour = colour_class(trace.series.colour)
        due = -window.past + 4.0 + 3.0 * place
        for day, percent in trace.dots:
            if percent is None or day < due or day > -3:
                continue
            parts.append(_mark(colour, window.share(day), window.y(percent)))
            due = day + 12.0
    return join(parts)


def _names(traces: Sequence[_Trace], window: _Window, words: Words) -> str:
    """Names with today's value at today's edge, pushed apart so that none covers another."""
    known = [(trace, window.y(trace.now)) for trace in traces if trace.now is not None]
    known.sort(key=lambda pair: pair[1])
    places: list[float] = []
    for _, y in known:
        places.append(max(y, places[-1] + LABEL_PITCH if places else TOP + 8.0))
    floor = TOP + PLOT - 6.0
    for index in range(len(places) - 1, -1, -1):
        places[index] = min(places[index], floor)
        floor = places[index] - LABEL_PITCH
    start = window.share(0)
    parts: list[str] = []
    for (trace, _), y in zip(known, places, strict=True):
        short = words.percent.format(n=round(trace.now or 0))
        shape, named = _shape(trace), esc(_named(trace, words))
        said = f'<span class="long">{shape}{named}</span><span class="short">{shape}{esc(short)}</span>'
        parts.append(label(start, y - 9, 100 - start, "level-name", said))
    return join(parts)


def _shape(trace: _Trace) -> str:
    colour = colour_class(trace.series.colour)
    path = f'<path class="{colour} mark" d="{SHAPES[colour]}"/>'
    return f'<svg width="10" height="10" viewBox="-5 -5 10 10" aria-hidden="true">{path}</svg>'


def _legend(traces: Sequence[_Trace]) -> str:
    """Which shape is which supply: shown where there is no room for names beside the lines."""
    known = (trace for trace in traces if trace.dots)
    items = join(f"<li>{_shape(trace)}{esc(trace.series.name)}</li>" for trace in known)
    return f'<ul class="levels-legend">{items}</ul>'
