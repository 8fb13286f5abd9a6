"""When a parcel may leave for an address that has closed dates (domain rule 21). Pure."""

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
