"""Meters that people type every month, slips among them, and what the portal's own rule makes of these.

Part 3.5's reads, of every device of a fleet; the judge is `reads.plausible.weigh`, which customers meet.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from metered.reads.plausible import Doubt, Known, Point, weigh
from metered.replenishment.simulation.demand import Demand
from metered.replenishment.simulation.family import Fleet, Rng
from metered.replenishment.simulation.report import Goal

MONTH = 30
HISTORY = 24
SLIPS = 0.025
MISSED = 0.12
DELAY = 2.0
CONTROLLERS = 0.01
USUAL_DAYS, LEAST_DAYS, LEAST_PAGES, LEAST_DEVICES = 130, 25, 60, 5
"""The index: of what connected devices printed in so many days before, as `reads.activity` learns it."""
MATTERS_SHARE, MATTERS_PAGES = 0.2, 100
KINDS = ("transposed", "wrong", "missing", "doubled", "swapped", "neighbour", "again")

Values = dict[str, int]


@dataclass(slots=True)
class Tally:
    """What came of the reads. An error matters when it changes the pages billed for its month, of any of its
    meters, by more than 20 % and by more than 100 pages; one whose value the counter can't show is refused by
    the form, so caught.

    A right read that is held because the one before it was wrong is no false alarm: it finds that one, if
    late (`found_late`). Nor is one after another controller was built in, whose pages nobody can tell
    (`controllers`, of these held `controllers_held`).
    """

    right: int = 0
    alarms: int = 0
    why: Counter[str] = field(default_factory=Counter)
    """Problem → false alarms."""
    wrong: Counter[str] = field(default_factory=Counter)
    matter: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    """Slip → errors, of these that matter, of these caught."""
    held: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    """Slip → errors held, of these whose first “did you mean” was right."""
    found_late: int = 0
    controllers: int = 0
    controllers_held: int = 0
    pages: float = 0.0
    pages_wrong: float = 0.0

    @property
    def alarm_share(self) -> float:
        return 100 * self.alarms / max(self.right, 1)

    @property
    def caught_share(self) -> float:
        return 100 * self.caught.total() / max(self.matter.total(), 1)

    @property
    def wrong_share(self) -> float:
        """% of the pages, billed too many or too few in some month."""
        return 100 * self.pages_wrong / max(self.pages, 1.0)


class Counters:
    """What every device's meters show on the evening of a day; a few get another controller, which counts
    from 0."""

    def __init__(self, rng: Rng, fleet: Fleet, demand: Demand) -> None:
        days, n = demand.pages.shape[0], fleet.d_site.size
        start = rng.integers(0, 200_000, n)
        near = (fleet.d_modulus == 1e6) & (rng.random(n) < 0.2)
        start[near] = rng.integers(900_000, 999_000, int(near.sum()))
        zero = np.zeros((1, n), np.int64)
        self.pages = np.concatenate([zero, np.cumsum(demand.pages, axis=0)])
        """[day, device], before the day."""
        self.colour = np.concatenate([zero, np.cumsum(demand.colour, axis=0)])
        swaps = rng.random(n) < CONTROLLERS * days / 365
        self.swapped_on = np.where(swaps, rng.integers(0, days, n), days)
        self._start = {
            "total": start,
            "colour": (start * rng.uniform(0.2, 0.6, n)).astype(np.int64),
        }
        self._fleet = fleet

    def values(self, d: int, t: int) -> Values:
        """The counters of device d on the evening of day t."""
        swap, modulus = int(self.swapped_on[d]), int(self._fleet.d_modulus[d])
        found = {}
        for meter, sums in (("total", self.pages), ("colour", self.colour)):
            if meter == "total" or self._fleet.d_colour[d]:
                before = int(sums[swap, d]) if t >= swap else -int(self._start[meter][d])
                found[meter] = (int(sums[t + 1, d]) - before) % modulus
        return found


class Index:
    """How busy a sector was in a window, 1 as usual: the median of its connected devices of pages a day,
    against the 130 days before the window (`reads.activity`)."""

    def __init__(self, fleet: Fleet, counters: Counters) -> None:
        self._pages = [
            counters.pages[:, fleet.d_connected & (fleet.sector[fleet.d_site] == k)] for k in range(3)
        ]
        self._known: dict[tuple[int, int, int], float] = {}

    def of(self, sector: int, since: int, until: int) -> float:
        """From the evening of `since` to that of `until`."""
        key = (sector, since, until)
        if key not in self._known:
            self._known[key] = self._work_out(*key)
        return self._known[key]

    def _work_out(self, sector: int, since: int, until: int) -> float:
        first, pages = max(since - USUAL_DAYS, -1), self._pages[sector]
        if since - first < LEAST_DAYS:
            return 1.0
        before = pages[since + 1] - pages[first + 1]
        ok = before >= LEAST_PAGES
        if np.count_nonzero(ok) < LEAST_DEVICES:
            return 1.0
        usual = before[ok] / (since - first)
        recent = (pages[until + 1] - pages[since + 1])[ok] / max(until - since, 1)
        return float(np.clip(np.median(recent / usual), 0.05, 3.0))


def days_of_reads(rng: Rng, devices: int, days: int) -> list[list[int]]:
    """Per device the days of its reads: one a month, 12 % missed, two days late on average."""
    day = rng.integers(0, MONTH, devices)
    months = (days - MONTH) // MONTH
    late = rng.poisson(DELAY, (devices, months))
    kept = rng.random((devices, months)) >= MISSED
    found = []
    for d in range(devices):
        at = day[d] + MONTH * np.arange(months) + late[d]
        found.append([int(t) for t in at[kept[d]] if t < days])
    return found


# --- slips -----------------------------------------------------------------------------------------


def _digits(rng: Rng, kind: str, value: int) -> int:
    text = str(value)
    i = int(rng.integers(max(len(text) - 1, 1)))
    if kind == "transposed":
        return int(text[:i] + text[i + 1 : i + 2] + text[i] + text[i + 2 :])
    if kind == "doubled":
        return int(text[:i] + text[i] + text[i:])
    i = int(rng.integers(len(text)))
    if kind == "missing":
        return int(text[:i] + text[i + 1 :] or "0")
    return int(text[:i] + str(int(rng.integers(10))) + text[i + 1 :])


def slip(rng: Rng, true: Values, last: Values | None, others: Sequence[Values]) -> tuple[str, Values]:
    """A read as somebody types it wrong: its kind and values. A slip that changes nothing is drawn again."""
    for _ in range(50):
        kind = KINDS[int(rng.integers(len(KINDS)))]
        typed = dict(true)
        if kind == "swapped":
            if len(true) == 2:
                typed["total"], typed["colour"] = true["colour"], true["total"]
        elif kind == "neighbour":
            if others:
                typed |= {m: v for m, v in others[int(rng.integers(len(others)))].items() if m in true}
        elif kind == "again":
            typed |= last or {}
        else:
            meter = sorted(true)[int(rng.integers(len(true)))]
            typed[meter] = _digits(rng, kind, true[meter])
        if typed != true:
            return kind, typed
    return "", dict(true)


# --- the two years ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Device:
    points: list[Point] = field(default_factory=list)
    day: int = -1
    true: Values = field(default_factory=dict)
    """The last read as it should have been."""

    @property
    def last(self) -> Values:
        return dict(self.points[-1].values)


class Judge:
    """Reads are taken in the order of their days. Who is asked looks again: a right read is confirmed, a
    wrong one typed anew and right."""

    def __init__(self, rng: Rng, fleet: Fleet, demand: Demand) -> None:
        self.tally = Tally()
        self.counters = Counters(rng, fleet, demand)
        self.index = Index(fleet, self.counters)
        self._rng, self._fleet, self._demand = rng, fleet, demand
        self._state = [_Device() for _ in range(fleet.d_site.size)]
        self._at_site = [np.flatnonzero(fleet.d_site == site) for site in range(fleet.sector.size)]

    def run(self) -> Tally:
        days, n = self._demand.pages.shape
        of = days_of_reads(self._rng, n, days)
        reads = sorted((t, d) for d, found in enumerate(of) for t in found if t < self._demand.removed_on[d])
        for (t, d), slips in zip(reads, (self._rng.random(len(reads)) < SLIPS).tolist(), strict=True):
            self.take(d, t, slips=slips)
        return self.tally

    def take(self, d: int, t: int, *, slips: bool) -> None:
        """The read of device d on the evening of day t."""
        me, true = self._state[d], self.counters.values(d, t)
        if not me.points:
            self._believe(d, t, true, true)
            return
        restarted = me.day < self.counters.swapped_on[d] <= t
        kind, typed, whose = "", true, set[int]()
        if slips and not restarted:
            there = {i: self.counters.values(i, t) for i in self._confused_with(d)}
            kind, typed = slip(self._rng, true, me.last, list(there.values()))
            whose = {i for i, values in there.items() if all(values.get(m) == v for m, v in typed.items())}
        doubt = self._doubt(d, t, typed)
        if restarted:
            self.tally.controllers += 1
            self.tally.controllers_held += doubt is not None
        elif typed == true:
            self._right(me, doubt)
        else:
            self._wrong(d, kind, typed, true, whose, doubt)
        if not restarted:
            self._bill(d, typed if doubt is None else true, true, asked=doubt is not None)
        self._believe(d, t, typed if doubt is None else true, true)

    def _believe(self, d: int, t: int, values: Values, true: Values) -> None:
        me = self._state[d]
        at = dt.datetime.combine(self._demand.start + dt.timedelta(days=t), dt.time(18), dt.UTC)
        me.points = [*me.points[1 - HISTORY :], Point(at, values)]
        me.day, me.true = t, true

    def _doubt(self, d: int, t: int, typed: Values) -> Doubt | None:
        modulus = int(self._fleet.d_modulus[d])
        if max(typed.values()) >= modulus:
            return Doubt("high", "", 0, None)
        sector = int(self._fleet.sector[self._fleet.d_site[d]])
        known = self._known(d, self.index.of(sector, self._state[d].day, t))
        twins = {i: self._known(i, 1.0) for i in self._twins(d) if self._state[i].points}
        at = dt.datetime.combine(self._demand.start + dt.timedelta(days=t), dt.time(18), dt.UTC)
        return weigh(typed, at, known, twins).doubt

    def _known(self, d: int, index: float) -> Known:
        points = self._state[d].points
        digits = len(str(int(self._fleet.d_modulus[d]))) - 1
        return Known(digits, points, points[-1].values, points[-1].at, index=index)

    def _twins(self, d: int) -> list[int]:
        """Devices of its model at its site: whose read this may be, as the portal asks."""
        at_site = self._at_site[self._fleet.d_site[d]].tolist()
        return [i for i in at_site if i != d and self._fleet.d_model[i] == self._fleet.d_model[d]]

    def _confused_with(self, d: int) -> list[int]:
        """Machines whose meters may be read for this one's: its twins if there are any."""
        fleet = self._fleet
        at_site = self._at_site[fleet.d_site[d]].tolist()
        return self._twins(d) or [i for i in at_site if i != d and fleet.d_colour[i] == fleet.d_colour[d]]

    # -- the count ---------------------------------------------------------------------------------------

    def _right(self, me: _Device, doubt: Doubt | None) -> None:
        self.tally.right += 1
        if doubt is None:
            return
        if me.last != me.true:
            self.tally.found_late += 1
        else:
            self.tally.alarms += 1
            self.tally.why[doubt.problem] += 1

    def _wrong(
        self, d: int, kind: str, typed: Values, true: Values, whose: set[int], doubt: Doubt | None
    ) -> None:
        tally, modulus = self.tally, int(self._fleet.d_modulus[d])
        tally.wrong[kind] += 1
        if matters(typed, true, self._state[d].true, modulus):
            tally.matter[kind] += 1
            tally.caught[kind] += doubt is not None
        if doubt is not None:
            tally.held[kind] += 1
            meant = doubt.slip
            if kind == "neighbour":
                tally.told[kind] += meant is not None and meant.device in whose
            else:
                tally.told[kind] += meant is not None and meant.values == true

    def _bill(self, d: int, values: Values, true: Values, *, asked: bool) -> None:
        """What this month's bill has too much or too little. Who is asked puts right the last one, too."""
        me, modulus = self._state[d], int(self._fleet.d_modulus[d])
        off = values["total"] - true["total"]
        before = 0 if asked else me.last["total"] - me.true["total"]
        self.tally.pages += (true["total"] - me.true["total"]) % modulus
        self.tally.pages_wrong += abs(off - before)


def matters(typed: Values, true: Values, last: Values, modulus: int) -> bool:
    """Whether an error changes the pages of any meter's month by over 20 % and over 100."""
    for meter, value in true.items():
        month = (value - last[meter]) % modulus
        if abs(typed[meter] - value) > max(MATTERS_SHARE * month, MATTERS_PAGES):
            return True
    return False


def judge(rng: Rng, fleet: Fleet, demand: Demand) -> Tally:
    """All typed reads of a fleet over the days of its demand."""
    return Judge(rng, fleet, demand).run()


def goals_of(tally: Tally) -> list[Goal]:
    return [
        Goal("typed reads: false alarms, %", tally.alarm_share, 1.0, 0.5),
        Goal("typed reads: errors that matter caught, %", tally.caught_share, 92, 95),
    ]


def table(tally: Tally) -> str:
    """Per kind of slip: errors, those that matter, caught of these, "did you mean" right of those held."""
    lines = [f"{'typed reads':20}{'wrong':>8}{'matter':>8}{'caught %':>10}{'meant %':>9}"]
    for kind in KINDS:
        caught = 100 * tally.caught[kind] / max(tally.matter[kind], 1)
        told = 100 * tally.told[kind] / max(tally.held[kind], 1)
        lines.append(f"{kind:20}{tally.wrong[kind]:8}{tally.matter[kind]:8}{caught:10.1f}{told:9.1f}")
    why = ", ".join(f"{problem} {n}" for problem, n in tally.why.most_common())
    lines += [
        f"{tally.right} right reads, {tally.alarms} of them held ({why}); {tally.found_late} more found the"
        " error before them",
        f"{tally.controllers} controllers swapped, {tally.controllers_held} asked about;"
        f" {tally.wrong_share:.2f} % of pages billed wrong",
    ]
    return "\n".join(lines)
