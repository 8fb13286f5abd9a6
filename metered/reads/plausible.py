"""Is a read typed by a person likely, and if not, what was it meant to be? Pure: the clock is passed in.

Section 7 of the method: a z-score of the pages since the last read against the device's own activity, times
how busy the connected devices around it were. Reads lies upstream of the forecast, so it looks at the
device's last reads instead of the forecast's state (docs/adr/0011-typed-reads.md).
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Z_LOW, Z_HIGH = -3.6, 3.0
PART_LOW, PART_HIGH = -5.0, 4.5
"""For one meter of several: its share moves more than the whole."""
MEMORY, FLOOR, START = 0.85, 0.04, 0.36**2
CALM = 30.0
"""Pages added on both sides of the ratio: ten pages instead of five are no surprise."""
HALF_LIVES = (8.0, 45.0)
PRIOR_DAYS = 3.0
IDLE_PAGES = 60.0
ROLLOVER_TIMES, ROLLOVER_PAGES = 20.0, 3000.0
AHEAD = 2.0
"""A slip is offered as a value only when the next best explains the read so much worse."""
_WEEK = (1.0, 1.0, 1.0, 1.0, 1.0, 0.03, 0.02)

Problem = Literal["below", "after", "high", "low", "idle", "part"]
SlipKind = Literal["transposed", "swapped", "doubled", "wrong", "missing", "neighbour", "controller"]


@dataclass(frozen=True, slots=True)
class Point:
    """What a device's meters showed at a moment."""

    at: dt.datetime
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Rate:
    """Pages per activity day, and the mean square of how wrong (log) it was."""

    per_day: float
    err: float


@dataclass(frozen=True)
class Known:
    """What a device's reads tell. `last`: each meter's last believed value before the read, `since` when;
    `following`: the first after it. `index`: how busy the window was for connected devices; 1 is as usual."""

    digits: int
    points: Sequence[Point] = ()
    last: Mapping[str, int] = field(default_factory=dict)
    since: dt.datetime | None = None
    following: Mapping[str, int] = field(default_factory=dict)
    index: float = 1.0

    @property
    def modulus(self) -> int:
        number: int = 10**self.digits
        return number


@dataclass(frozen=True)
class Slip:
    """The likely slip. `values`: what to enter instead, None when only its kind is sure; `device`: whose
    read it is (kind `neighbour`), a key of `neighbours`."""

    kind: SlipKind
    values: Mapping[str, int] | None = None
    device: int | None = None


@dataclass(frozen=True)
class Doubt:
    """Why a read is asked about. `meter`: which, empty for the whole; `pages`: since the last read (negative:
    below it); `usual`: what was expected, None when nothing is known."""

    problem: Problem
    meter: str
    pages: int
    usual: int | None
    slip: Slip | None = None


@dataclass(frozen=True)
class Verdict:
    """`doubt` None: believed. `pages` since the last read; None without one."""

    doubt: Doubt | None
    pages: int | None


def active_days(start: dt.datetime, end: dt.datetime) -> float:
    """Working days between two moments; Saturdays and Sundays count next to nothing."""
    if end <= start:
        return 0.0
    whole = (end.date() - start.date()).days
    weeks, rest = divmod(whole, 7)
    first = start.weekday()
    days = weeks * sum(_WEEK) + sum(_WEEK[(first + day) % 7] for day in range(rest))
    share = (end - start).total_seconds() / 86400 - whole
    return max(days + share * _WEEK[end.weekday()], 0.02)


def weigh(
    values: Mapping[str, int],
    at: dt.datetime,
    known: Known,
    neighbours: Mapping[int, Known] | None = None,
    *,
    hunt: bool = True,
) -> Verdict:
    """Judges a read of values that the counters can show. `neighbours`: devices it might belong to.

    `hunt`: look for the likely slip too, which takes some milliseconds.
    """
    view = _View(known, at)
    doubt = _doubt(values, view)
    pages = _pages(values, known)
    if doubt is None:
        return Verdict(None, pages)
    if not hunt:
        return Verdict(doubt, pages)
    others = {device: _View(other, at) for device, other in (neighbours or {}).items() if other.points}
    return Verdict(replace(doubt, slip=_slip(values, view, doubt, others)), pages)


# --- the judgement ---------------------------------------------------------------------------------


def _lead(values: Mapping[str, int]) -> tuple[str, ...]:
    """The meters that make the whole: the total where there is one."""
    return ("total",) if "total" in values else tuple(sorted(values))


def _grown(now: int, then: int, modulus: int, expected: float | None) -> int:
    """Pages between two values of a counter; a lower one that fits a rollover counts across it."""
    if now >= then or then >= modulus:
        return now - then
    across = now + modulus - then
    limit = modulus / 20 if expected is None else min(modulus / 2, ROLLOVER_TIMES * expected + ROLLOVER_PAGES)
    return across if across < limit else now - then


def _pages(values: Mapping[str, int], known: Known) -> int | None:
    lead = [meter for meter in _lead(values) if meter in known.last]
    if not lead:
        return None
    return sum(_grown(values[meter], known.last[meter], known.modulus, None) for meter in lead)


def _rate(points: Sequence[Point], meters: tuple[str, ...], modulus: int) -> _Rate | None:
    """The running rate after these points, None before two of them tell all `meters`."""
    told = [
        (point.at, [point.values[meter] for meter in meters])
        for point in points
        if all(meter in point.values for meter in meters)
    ]
    spans: list[tuple[float, float]] = []
    for (start, before), (end, after) in itertools.pairwise(told):
        grown = sum(_grown(now, then, modulus, None) for now, then in zip(after, before, strict=True))
        days = active_days(start, end)
        if grown >= 0 and days > 0:
            spans.append((float(grown), days))
    if not spans:
        return None
    prior = sum(pages for pages, _ in spans) / sum(days for _, days in spans)
    sums = [[0.0, 0.0] for _ in HALF_LIVES]
    err, rate = START, prior
    for number, (pages, days) in enumerate(spans):
        if number:
            err = MEMORY * err + (1 - MEMORY) * math.log((pages + CALM) / (rate * days + CALM)) ** 2
        for pair, half in zip(sums, HALF_LIVES, strict=True):
            fade = 2 ** (-days / half)
            pair[0], pair[1] = fade * pair[0] + pages, fade * pair[1] + days
        rate = sum((n + PRIOR_DAYS * prior) / (d + PRIOR_DAYS) for n, d in sums) / len(sums)
    return _Rate(rate, err)


def _z(pages: float, expected: float, err: float) -> float:
    return math.log((max(pages, 0.0) + CALM) / (expected + CALM)) / math.sqrt(err + FLOOR)


class _View:
    """What is usual for a device at one moment; each set of meters is worked out once."""

    def __init__(self, known: Known, at: dt.datetime) -> None:
        self.known = known
        self._days = active_days(known.since, at) * known.index if known.since is not None else None
        self._found: dict[tuple[str, ...], tuple[float, float] | None] = {}

    def expected(self, *meters: str) -> tuple[float, float] | None:
        """Pages of these meters since the last read, and the error of that; None when nothing is known."""
        if meters not in self._found:
            rate = _rate(self.known.points, meters, self.known.modulus)
            usual = None if rate is None or self._days is None else (rate.per_day * self._days, rate.err)
            self._found[meters] = usual
        return self._found[meters]


def _doubt(values: Mapping[str, int], view: _View) -> Doubt | None:
    known = view.known
    grown: dict[str, int] = {}
    for meter, value in values.items():
        last = known.last.get(meter)
        following = known.following.get(meter)
        if following is not None and value > following and _grown(following, value, known.modulus, None) < 0:
            return Doubt("after", meter, value - following, None)
        if last is None:
            continue
        usual = view.expected(meter)
        grown[meter] = _grown(value, last, known.modulus, usual and usual[0])
        if grown[meter] < 0:
            return Doubt("below", meter, grown[meter], round(usual[0]) if usual else None)
    return _unlikely(values, view, grown)


def _unlikely(values: Mapping[str, int], view: _View, grown: Mapping[str, int]) -> Doubt | None:
    lead = _lead(values)
    if any(meter not in grown for meter in lead):
        return None
    whole = sum(grown[meter] for meter in lead)
    usual = view.expected(*lead)
    name = lead[0] if len(lead) == 1 else ""
    if usual is not None:
        expected = round(usual[0])
        if whole == 0 and usual[0] > IDLE_PAGES:
            return Doubt("idle", name, 0, expected)
        z = _z(whole, *usual)
        if z > Z_HIGH or z < Z_LOW:
            return Doubt("high" if z > 0 else "low", name, whole, expected)
    for meter in sorted(set(grown) - {"total"}):
        part = view.expected(meter)
        if "total" in grown and grown[meter] > grown["total"]:
            return Doubt("part", meter, grown[meter], round(part[0]) if part else None)
        if part is not None and len(grown) > 1:
            z = _z(grown[meter], *part)
            if z > PART_HIGH or z < PART_LOW:
                return Doubt("high" if z > 0 else "low", meter, grown[meter], round(part[0]))
    return None


# --- the likely slip -------------------------------------------------------------------------------


def _slip(
    values: Mapping[str, int], view: _View, doubt: Doubt, neighbours: Mapping[int, _View]
) -> Slip | None:
    if doubt.problem == "idle":
        return None
    scored: list[tuple[float, int, Slip]] = []
    for kind, tries in _kinds(values, view.known):
        # A kind of slip with many outcomes makes each of them less likely.
        penalty = 2 * math.log(max(len(tries), 1))
        for meant in tries:
            score = _score(meant, view)
            if score is not None:
                scored.append((score + penalty, len(scored), Slip(kind, meant)))
    for device, other in neighbours.items():
        score = _score(values, other) if set(values) <= set(other.known.last) else None
        if score is not None:
            slip = Slip("neighbour", None, device)
            scored.append((score + 2 * math.log(len(neighbours) + 1), len(scored), slip))
    scored.sort(key=lambda item: item[:2])
    # One value may come about in two ways: it is no rival of itself.
    scored = [
        item
        for place, item in enumerate(scored)
        if item[2].values is None or all(item[2].values != other[2].values for other in scored[:place])
    ]
    if not scored:
        return Slip("controller") if doubt.problem == "below" else None
    best = scored[0]
    if len(scored) == 1 or scored[1][0] - best[0] >= AHEAD or best[2].kind == "neighbour":
        return best[2]
    # Ten last digits fit alike: the kind may be sure where the value is not.
    rivals = {slip.kind for score, _, slip in scored if score - best[0] < AHEAD}
    if rivals <= {best[2].kind}:
        return Slip(best[2].kind)
    named = [item for item in scored if item[2].kind in ("transposed", "swapped", "doubled")]
    if named and named[0][0] - best[0] < AHEAD and (len(named) == 1 or named[1][0] - named[0][0] >= AHEAD):
        return named[0][2]
    return None


def _score(meant: Mapping[str, int], view: _View) -> float | None:
    """How far from usual the read would then be; None when it would be doubted as well."""
    if _doubt(meant, view) is not None:
        return None
    known = view.known
    lead = _lead(meant)
    usual = view.expected(*lead)
    if usual is None:
        return 0.0
    grown = sum(_grown(meant[meter], known.last[meter], known.modulus, None) for meter in lead)
    score = _z(grown, *usual) ** 2
    for meter in sorted(set(meant) - set(lead)):
        part = view.expected(meter)
        if part is not None and meter in known.last:
            score += _z(_grown(meant[meter], known.last[meter], known.modulus, None), *part) ** 2
    return score


def _kinds(values: Mapping[str, int], known: Known) -> Iterator[tuple[SlipKind, list[dict[str, int]]]]:
    names = sorted(values)
    yield (
        "swapped",
        [
            {**values, one: values[other], other: values[one]}
            for place, one in enumerate(names)
            for other in names[place + 1 :]
            if values[one] != values[other]
        ],
    )
    made: tuple[tuple[SlipKind, object], ...] = (
        ("transposed", _transposed),
        ("doubled", _shortened),
        ("wrong", _changed),
        ("missing", _lengthened),
    )
    for kind, make in made:
        yield (
            kind,
            [
                {**values, meter: value}
                for meter in names
                for value in sorted(make(str(values[meter])))  # type: ignore[operator]
                if value < known.modulus
            ],
        )


def _transposed(text: str) -> set[int]:
    return {
        int(text[:i] + text[i + 1] + text[i] + text[i + 2 :])
        for i in range(len(text) - 1)
        if text[i] != text[i + 1]
    }


def _shortened(text: str) -> set[int]:
    """One of two equal neighbours was typed twice."""
    return {int(text[:i] + text[i + 1 :]) for i in range(len(text) - 1) if text[i] == text[i + 1]}


def _changed(text: str) -> set[int]:
    return {
        int(text[:i] + digit + text[i + 1 :])
        for i in range(len(text))
        for digit in "0123456789"
        if digit != text[i]
    }


def _lengthened(text: str) -> set[int]:
    return {int(text[:i] + digit + text[i:]) for i in range(len(text) + 1) for digit in "0123456789"} - {
        int(text)
    }
