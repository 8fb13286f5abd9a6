"""What an order by hand may hold (domain rule 18), and when a parcel may leave (domain rule 21). Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

Closure = tuple[dt.date, dt.date]
"""First and last closed day."""

FARTHEST = 730
"""Days ahead that are searched; who is closed for longer is asked again then."""


def leaves_on(today: dt.date, closures: Sequence[Closure], arrival: Callable[[dt.date], dt.date]) -> dt.date:
    """The first day from today on which the address is open, and on whose usual `arrival` day as well."""

    def closed(day: dt.date) -> bool:
        return any(first <= day <= last for first, last in closures)

    for ahead in range(FARTHEST):
        day = today + dt.timedelta(days=ahead)
        if not closed(day) and not closed(arrival(day)):
            return day
    return today + dt.timedelta(days=FARTHEST)


MOST_HELD = 60
"""Days from today up to which “not now” may be said (domain rule 21)."""


def limit(need: int, shelf: int, on_the_way: int) -> int:
    """How many units a person may order now: the need of the limit's days − shelf − on the way (domain rule
    18). The need is replenishment.policy.need_within; never below 0.
    """
    return max(need - shelf - on_the_way, 0)


def room(need: int, shelf: int, on_the_way: int, *, suggested: int, urgent: bool) -> int:
    """Units of a pool that leave at once. Not fewer than what replenishment itself would send; and who is out
    needs one, whatever ledger and forecast believe of the shelf.
    """
    return max(need, 1) if urgent else max(limit(need, shelf, on_the_way), suggested)


def within(quantity: int, room: int) -> tuple[int, int]:
    """(what is sent, what waits) of a quantity where `room` is left below the limit."""
    sent = min(quantity, max(room, 0))
    return sent, quantity - sent


def waits_for(
    counted_on: dt.date | None, heard_on: dt.date | None, today: dt.date, *, count_days: int, silent_days: int
) -> str:
    """What could explain units above the limit: `count`, `read`, or nothing but staff (empty).

    A shelf that was counted lately and devices that were heard of lately have said all they know.
    """
    if counted_on is None or (today - counted_on).days > count_days:
        return "count"
    if heard_on is None or (today - heard_on).days > silent_days:
        return "read"
    return ""
