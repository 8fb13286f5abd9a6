"""Is a read typed by a person likely, and if not, what was it meant to be? Pure: the clock is passed in.

Section 7 of the method: a z-score of the pages since the last read against the device's own activity, times
how busy the connected devices around it were. Beyond a z that says "as usual" the read is weighed: how
likely is it that the device printed this, against that it printed something else and a slip made this of it
(`_slips` against `_right`, both per page). Devices do idle for weeks and change their pace, so a bare limit
on z asks too often about what no slip explains. Reads lies upstream of the forecast, so it looks at the
device's last reads instead of the forecast's state (docs/adr/0011-typed-reads.md).
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

ODDS = 0.05
"""A slip that is likelier than this beside the read being right is asked about."""
MATTERS_SHARE, MATTERS_PAGES = 0.2, 100.0
"""A slip that changes the month by less is let pass."""
SLIP = 0.025 / 7
"""One read in forty has a slip, of seven kinds; how often each is made."""
SHIFT, SHIFT_SD = 0.05, 1.0
"""Another pace, a heavy job: so often, and its spread (log)."""
QUIET = 0.025
"""Unused for some of the time: any number of pages below the usual is as likely."""
DECADES = 14.0
"""Width (log) over which the reads of other machines and other mistakes lie."""
STRANGE_DAY, STRANGE_SHARE, STRANGE_SD = 70.0, 0.4, 1.3
"""Pages an activity day of a device of which nothing is known, of each further meter, and their spread."""
FEW = 0.3
"""What one span alone leaves open of the rate (variance of the log); it falls with their square."""
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
    """Pages per activity day, as the last weeks and as the last months have it, and the mean square of how
    wrong (log) their mean was."""

    fast: float
    slow: float
    err: float

    @property
    def per_day(self) -> float:
        return (self.fast + self.slow) / 2


@dataclass(frozen=True, slots=True)
class _Usual:
    """Pages that are to be expected, thrice said, and the spread (log) around them."""

    pages: float
    fast: float
    slow: float
    sd: float

    def z(self, pages: float) -> float:
        return math.log((max(pages, 0.0) + CALM) / (self.pages + CALM)) / self.sd

    @property
    def peak(self) -> float:
        """No number of pages is likelier than this (`_right`)."""
        least = min(self.pages, self.fast, self.slow) + CALM
        near = math.exp(self.sd**2 / 2) / self.sd
        far = SHIFT * math.exp(max(SHIFT_SD, self.sd) ** 2 / 2)
        return ((near + far) / math.sqrt(2 * math.pi) + QUIET) / least


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
    err, rate, each = START, prior, [prior, prior]
    for number, (pages, days) in enumerate(spans):
        if number:
            err = MEMORY * err + (1 - MEMORY) * math.log((pages + CALM) / (rate * days + CALM)) ** 2
        for pair, half in zip(sums, HALF_LIVES, strict=True):
            fade = 2 ** (-days / half)
            pair[0], pair[1] = fade * pair[0] + pages, fade * pair[1] + days
        each = [(n + PRIOR_DAYS * prior) / (d + PRIOR_DAYS) for n, d in sums]
        rate = sum(each) / len(each)
    return _Rate(each[0], each[1], err + FEW / len(spans) ** 2)


class _View:
    """What is usual for a device at one moment; each set of meters is worked out once."""

    def __init__(self, known: Known, at: dt.datetime) -> None:
        self.known = known
        self._days = active_days(known.since, at) * known.index if known.since is not None else None
        self._found: dict[tuple[str, ...], _Usual | None] = {}

    def expected(self, *meters: str) -> _Usual | None:
        """Pages of these meters since the last read; None when nothing is known."""
        if meters not in self._found:
            rate = _rate(self.known.points, meters, self.known.modulus)
            usual = None
            if rate is not None and self._days is not None:
                pages, fast, slow = (each * self._days for each in (rate.per_day, rate.fast, rate.slow))
                usual = _Usual(pages, fast, slow, math.sqrt(rate.err + FLOOR))
            self._found[meters] = usual
        return self._found[meters]

    def guessed(self, *meters: str, lead: bool) -> _Usual | None:
        """The same, of a device that printed as most do when nothing else is known."""
        found = self.expected(*meters)
        if found is None and self._days is not None:
            pages = STRANGE_DAY * (1.0 if lead else STRANGE_SHARE) * self._days
            return _Usual(pages, pages, pages, STRANGE_SD)
        return found


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
        grown[meter] = _grown(value, last, known.modulus, usual.pages if usual else None)
        if grown[meter] < 0:
            return Doubt("below", meter, grown[meter], round(usual.pages) if usual else None)
    return _unlikely(values, view, grown)


def _unlikely(values: Mapping[str, int], view: _View, grown: Mapping[str, int]) -> Doubt | None:
    lead = _lead(values)
    if any(meter not in grown for meter in lead):
        return None
    whole = sum(grown[meter] for meter in lead)
    known = view.expected(*lead)
    usual = view.guessed(*lead, lead=True)
    name = lead[0] if len(lead) == 1 else ""
    if usual is not None:
        said = round(known.pages) if known else None
        if whole == 0 and usual.pages > IDLE_PAGES:
            return Doubt("idle", name, 0, said)
        if len(lead) == 1 and _odd(values[name], grown[name], usual, len(grown), view.known):
            return Doubt("high" if whole > usual.pages else "low", name, whole, said)
        if len(lead) > 1 and _strange(float(whole), usual) / _right(float(whole), usual) > ODDS:
            return Doubt("high", name, whole, said)
    for meter in sorted(set(grown) - {"total"}):
        part = view.expected(meter)
        if "total" in grown and grown[meter] > grown["total"]:
            return Doubt("part", meter, grown[meter], round(part.pages) if part else None)
        likely = part or view.guessed(meter, lead="total" not in grown)
        if "total" in grown:
            # Without a total the whole is the sum of the parts: a wrong one would explain itself.
            likely = _share(likely, usual, whole, grown[meter])
        if likely is None or len(grown) == 1:
            continue
        if _odd(values[meter], grown[meter], likely, len(grown), view.known):
            high = grown[meter] > likely.pages
            return Doubt("high" if high else "low", meter, grown[meter], round(part.pages) if part else None)
    return None


def _share(part: _Usual | None, whole: _Usual | None, printed: int, grown: int) -> _Usual | None:
    """What to expect of one meter beside the total: its share of what was printed or its own rate, whichever
    the read is nearer to. Jobs move the one, busy months the other."""
    if part is None or whole is None or whole.pages <= 0:
        return part
    times = (printed + CALM) / (whole.pages + CALM)
    shared = _Usual(part.pages * times, part.fast * times, part.slow * times, part.sd)
    return min((part, shared), key=lambda usual: abs(usual.z(grown)))


# --- right, or a slip? -----------------------------------------------------------------------------


def _bell(z: float) -> float:
    return math.exp(-0.5 * min(z * z, 1400.0)) / 2.5066


def _right(pages: float, usual: _Usual) -> float:
    """How likely a device prints so many pages, per page: as usual, at another pace, or with a break."""
    ratios = [
        math.log((pages + CALM) / (expected + CALM)) for expected in (usual.pages, usual.fast, usual.slow)
    ]
    near = sum(weight * _bell(r / usual.sd) for weight, r in zip((0.5, 0.25, 0.25), ratios, strict=True))
    far = _bell(ratios[0] / max(SHIFT_SD, usual.sd)) / max(SHIFT_SD, usual.sd)
    quiet = QUIET / (usual.pages + CALM) if pages <= usual.pages else 0.0
    return ((1 - SHIFT - QUIET) * near / usual.sd + SHIFT * far) / (pages + CALM) + quiet


def _strange(pages: float, usual: _Usual) -> float:
    """How likely another machine's meter, or what nothing else explains, makes so many pages, per page."""
    return SLIP / DECADES / (pages + CALM) if pages > usual.pages else 0.0


def _slips(value: int, pages: int, usual: _Usual, meters: int, modulus: int) -> float:
    """How likely a slip of the pen, on this one of `meters`, made a read of so many pages, per page."""
    text = str(value)
    found = 0.0
    for make, ways in (
        (_transposed, max(len(text) - 1, 1)),
        (_shortened, max(len(text) - 1, 1)),
        (_changed, 10 * len(text)),
        (_lengthened, len(text) + 1),
    ):
        each = SLIP / meters / ways
        for meant in make(text):
            printed = pages + meant - value
            if meant >= modulus or printed < 0:
                continue
            if abs(meant - value) <= max(MATTERS_SHARE * printed, MATTERS_PAGES):
                continue
            found += each * _right(float(printed), usual)
    return found


def _odd(value: int, pages: int, usual: _Usual, meters: int, known: Known) -> bool:
    """Whether a slip is too likely to let the read pass unasked."""
    right, strange = _right(float(pages), usual), _strange(float(pages), usual)
    if 4 * SLIP / meters * usual.peak + strange <= ODDS * right:
        return False
    return _slips(value, pages, usual, meters, known.modulus) + strange > ODDS * right


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
    score = usual.z(grown) ** 2
    for meter in sorted(set(meant) - set(lead)):
        part = view.expected(meter)
        if part is not None and meter in known.last:
            score += part.z(_grown(meant[meter], known.last[meter], known.modulus, None)) ** 2
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
