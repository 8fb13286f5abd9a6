"""Whether a supply will run out before anything can arrive, by a decision as it was explained. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Short:
    """`slots`: those that are going to be empty, the emptiest first; the last of them has no spare left."""

    runs_out_on: dt.date
    arrives_on: dt.date
    slots: Sequence[int]


def short(reason: Mapping[str, Any], *, open_now: bool = False) -> Short | None:
    """What a pool is short of; None when it is not, or nobody can say.

    More of its slots are likelier than not to be empty before an ordinary order of today arrives than there
    are units on the shelf or on the way. `open_now`: it was short already; what was sent since comes too late
    until it is there. Of what is not sent there at all nobody is warned.
    """
    if reason.get("rule") in (None, "barred", "unknown"):
        return None
    arrives_on = dt.date.fromisoformat(reason["arrives_by"])
    ends: list[tuple[dt.date, int]] = []
    for slot in reason.get("slots", ()):
        if slot.get("runs_out"):
            likely = dt.date.fromisoformat(slot["runs_out"][1])
            if likely < arrives_on:
                ends.append((likely, int(slot["slot"])))
    ends.sort()
    # A unit that the ledger still has and nobody believes in helps nobody.
    spare = min(int(reason["shelf"]), max(round(float(reason["believed_shelf"])), 0))
    spare += 0 if open_now else int(reason["on_the_way"])
    if len(ends) <= spare:
        return None
    return Short(ends[spare][0], arrives_on, [slot for _day, slot in ends])
