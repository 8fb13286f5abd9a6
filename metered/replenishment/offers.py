"""What a person who orders by hand is told of each pool of an address (domain rule 18)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings

from metered.fleet.models import Device
from metered.replenishment import deciding, policy, store
from metered.replenishment.actions import dials
from metered.replenishment.calendars import calendars, date_of, day_number, engine_time
from metered.replenishment.entries import take_entries
from metered.replenishment.known import facts


@dataclass(frozen=True, slots=True)
class Offer:
    """One pool: what replenishment would send now, and what is needed within the days of the limit.

    `reason`: the decision, as explain.py describes it, made this moment and kept nowhere.
    """

    pool_id: int
    suggested: int
    need: int
    reason: Mapping[str, Any]

    @property
    def barred(self) -> str:
        """What bars it from being sent at all, by hand as well (fleet.policy); empty: it may be ordered."""
        barred = str(self.reason.get("barred") or "")
        return "" if barred == "off" else barred

    @property
    def known(self) -> bool:
        """Whether its use is known from its own devices; else it is that of devices like them."""
        return self.reason.get("rule") != "unknown"

    @property
    def slot_ids(self) -> list[int]:
        """The slots that can use it, the emptiest first."""
        return [int(slot["slot"]) for slot in self.reason.get("slots", [])]


def offers_for_system(address_id: int, now: dt.datetime) -> dict[int, Offer]:
    """Pool → offer, for all pools of the address that a device there uses. Changes nothing of the state."""
    standing = Device.objects.filter(address_id=address_id, removed_at=None).order_by("pk")
    device_ids = list(standing.values_list("pk", flat=True))
    if not device_ids:
        return {}
    loaded = store.load(device_ids, now)
    take_entries(loaded)
    known = facts(loaded, now)
    reasons = deciding.look(loaded, known, dials(), now, settings.ANNOUNCEMENT).plain()
    # Who orders by hand may order for devices that are switched off, or of which nothing is known yet.
    loaded.state.supplies.live[:] = True
    rows = np.flatnonzero(loaded.pools > 0).astype(np.int64)
    t = engine_time(now)
    needs = policy.need_within(loaded.state, loaded.calendar, rows, t, settings.ORDER_LIMIT_DAYS)
    return {
        int(loaded.pools[row]): Offer(
            int(loaded.pools[row]),
            int(reasons[int(loaded.pools[row])]["quantity"]),
            int(need),
            reasons[int(loaded.pools[row])],
        )
        for row, need in zip(rows.tolist(), needs.tolist(), strict=True)
        if int(loaded.pools[row]) in reasons
    }


def working_day_after(
    country: str, today: dt.date, days: int, closures: Iterable[tuple[dt.date, dt.date]] = ()
) -> dt.date:
    """The `days`-th working day after today in that country on which none of `closures` lies."""
    (calendar,) = calendars((country,), today)
    shut = list(closures)
    day = calendar.working_after(day_number(today), days)
    for _day in range(policy.FARTHEST):
        if not any(first <= date_of(day) <= last for first, last in shut):
            break
        day = calendar.working_after(day, 1)
    return date_of(day)
