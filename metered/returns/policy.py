"""What a return needs before it is confirmed, and by when (domain rules 29 and 30). Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

DAYS = 7
"""Calendar days within which a return has its confirmation number."""

MOST_BOXES = 20
PALLET_KG = Decimal("90.7")
"""200 lb. More boxes than that, or this weight and above: a pallet, whose pick-up staff arrange."""

KG_IN_A_POUND = Decimal("0.45359237")

_DESK_OPENS = dt.time(8)


@dataclass(frozen=True)
class Deadlines:
    """When a return has to be answered. Days are those of its address; the moments are exclusive ends."""

    due_on: dt.date
    due_at: dt.datetime
    alarm_at: dt.datetime
    """On day 5 staff are alarmed,"""
    escalate_at: dt.datetime
    """on day 6 once more, and more loudly;"""
    last_chance_at: dt.datetime
    """as the last day begins it is confirmed unanswered: an outage of a day doesn't make it late."""


def deadlines(filed_at: dt.datetime, zone: dt.tzinfo) -> Deadlines:
    """The deadlines of a return that is filed at this moment for an address in that zone.

    Days of the calendar there, whatever its clocks do: the day of filing is day 0, and day 7 is the last.
    """
    day = filed_at.astimezone(zone).date()

    def moment(days: int, at: dt.time) -> dt.datetime:
        return dt.datetime.combine(day + dt.timedelta(days=days), at, zone).astimezone(dt.UTC)

    return Deadlines(
        due_on=day + dt.timedelta(days=DAYS),
        due_at=moment(DAYS + 1, dt.time.min),
        alarm_at=moment(5, _DESK_OPENS),
        escalate_at=moment(6, _DESK_OPENS),
        last_chance_at=moment(DAYS, dt.time.min),
    )


def needs_pallet(boxes: int, weight_kg: Decimal | None) -> bool:
    """Whether it is too much for a parcel carrier."""
    return boxes > MOST_BOXES or (weight_kg is not None and weight_kg >= PALLET_KG)


def kg_of_pounds(pounds: Decimal) -> Decimal:
    """Kilograms, to a tenth; 200 lb are 90.7."""
    return (pounds * KG_IN_A_POUND).quantize(Decimal("0.1"))


Question = Literal["", "not_shipped", "more_than_shipped", "more_than_counted", "not_here"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A line of a return against what is known of its supply. All in units.

    `sent`: shipped to the account, ever. `back`: returned, or on another return that was not refused.
    `shelf`: expected at the pick-up address; None where it never had any.
    """

    quantity: int
    sent: int
    back: int
    shelf: int | None


def question(claim: Claim) -> Question:
    """What has to be asked before the line is confirmed; empty when nothing has to.

    It was never shipped to the account, or not as much; it never was at that address; the shelf there has
    less.
    """
    if claim.sent == 0:
        return "not_shipped"
    if claim.quantity > claim.sent - claim.back:
        return "more_than_shipped"
    if claim.shelf is None:
        return "not_here"
    return "more_than_counted" if claim.quantity > claim.shelf else ""


def sure(claim: Claim) -> int:
    """The units that can be said yes to without a question: shipped, not back yet, and on the shelf there."""
    there = claim.quantity if claim.shelf is None else claim.shelf
    return max(min(claim.quantity, claim.sent - claim.back, there), 0)


def at_once(questions: Sequence[Question], *, pallet: bool) -> bool:
    """Whether nobody has to look at it: nothing is asked of any line, and a carrier's van takes it."""
    return not pallet and not any(questions)
