"""Which orders a history must have had: each swap's cartridge was ordered in time, and travelled with
others. Pure."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from metered.portal.demo.history import FLAG_STEP, History, Ints, Places

_LEAD = ((2, 0.2), (3, 0.38), (4, 0.26), (5, 0.12), (6, 0.04))


@dataclass(slots=True)
class Wanted:
    """Units of one pool in one order; `slots` are what they are for, `day` the swap that comes first."""

    pool: int
    slots: list[int] = field(default_factory=list)
    swap: int = 10**6

    @property
    def quantity(self) -> int:
        return len(self.slots)


@dataclass(slots=True)
class Parcel:
    """One order: placed, shipped and delivered on these day indexes, which may lie ahead of today."""

    address: int
    placed: int
    shipped: int
    delivered: int
    lines: list[Wanted]


def parcels(
    rng: np.random.Generator,
    start: dt.date,
    history: History,
    places: Places,
    pool: Ints,
    address: Ints,
    last: Ints,
    join_days: int,
    regular: bool = False,
) -> list[Parcel]:
    """Orders up to today for all swaps, past and foreseen, of slots with a pool (`pool` >= 0), by address
    and day.

    `address` per pool; `last` per slot: a device whose history ends before today orders nothing after its
    end.
    Due lines of one address within `join_days` travel together; with `regular` an address has its day, every
    `join_days`, the last one some days ago.
    """
    due: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    mark = (
        0.13
        + 9.0 * history.per_day
        + np.select([places.step == 10, places.step == FLAG_STEP], [0.04, 0.05], 0.0)
    )
    for day, slot in history.swaps:
        if pool[slot] < 0 or day > last[slot] < history.days - 1:
            continue
        use = history.used[:, slot]
        aim = use[day] - mark[slot] * float(rng.uniform(0.95, 1.3))
        order = min(int(np.searchsorted(use, aim, side="right")) - 1, day - 9)
        if day >= history.days:
            # Ordered before the history began; it has been on the shelf since.
            order = max(order, 0)
        if order >= 0:
            due[int(address[pool[slot]])].append((order, day, slot))
    made: list[Parcel] = []
    for nth, (where, items) in enumerate(sorted(due.items())):
        items.sort()
        grid = history.days - 4 - 2 * nth if regular else None
        for day, group in _together(items, join_days, grid):
            lines: dict[int, Wanted] = {}
            for _, swap, slot in group:
                line = lines.setdefault(int(pool[slot]), Wanted(int(pool[slot])))
                line.slots.append(slot)
                line.swap = min(line.swap, swap)
            placed = max(working_day(start, day, back=True), 0)
            made.append(_parcel(rng, start, where, placed, list(lines.values())))
    made.sort(key=lambda parcel: parcel.placed)
    return [parcel for parcel in made if parcel.placed < history.days]


def _together(
    items: list[tuple[int, int, int]], join_days: int, grid: int | None
) -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
    """Groups of what is ordered on one day: from the first due on, or by a grid through day `grid`."""
    groups: dict[int, list[tuple[int, int, int]]] = {}
    day = -join_days - 1
    for item in items:
        if grid is not None:
            day = item[0] - (item[0] - grid) % join_days
        elif item[0] >= day + join_days:
            day = item[0]
        groups.setdefault(day, []).append(item)
    yield from groups.items()


def _parcel(rng: np.random.Generator, start: dt.date, address: int, day: int, lines: list[Wanted]) -> Parcel:
    lead = int(rng.choice([n for n, _ in _LEAD], p=[share for _, share in _LEAD]))
    shipped = working_day(start, day + 1)
    delivered = day
    for _ in range(lead):
        delivered = working_day(start, delivered + 1)
    return Parcel(address, day, shipped, max(delivered, shipped + 1), lines)


def working_day(start: dt.date, day: float, *, back: bool = False) -> int:
    """The nearest working day at or after `day` (at or before it with `back`)."""
    index = int(day)
    while (start + dt.timedelta(days=index)).weekday() >= 5:
        index += -1 if back else 1
    return index
