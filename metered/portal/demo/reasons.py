"""Why a past automatic order was placed, in the words of replenishment.explain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings

from metered.portal.demo.fleet import Rows
from metered.portal.demo.history import History
from metered.portal.demo.parcels import Parcel, Wanted, working_day
from metered.reads.levels import decode
from metered.replenishment.explain import supply_name
from metered.stock.models import Pool

MOST_SLOTS = 6
DUE_WITHIN = 18
WORKING = 7 / 5


def reason(
    rows: Rows, history: History, pools: list[Pool], start: dt.date
) -> Callable[[Pool, Wanted, Parcel], dict[str, Any]]:
    """What to write beside a line: the level then, the use, and when the cartridge was to run out."""

    def day(index: float) -> str:
        return (start + dt.timedelta(days=round(index))).isoformat()

    def slot_of(slot: int, wanted: Wanted, parcel: Parcel) -> dict[str, Any]:
        device = rows.devices[rows.slot_device[slot]]
        level = decode(int(history.level[parcel.placed, slot]))
        wait = wanted.swap - parcel.placed
        return {
            "slot": rows.slots[slot].pk,
            "device": device.public_id,
            "label": device.label,
            "state": level.state,
            "percent": level.percent,
            "use": round(100 * WORKING * float(history.per_day[slot]), 3),
            "use_sd": 0.4,
            "runs_out": [day(wanted.swap - 0.25 * wait), day(wanted.swap), day(wanted.swap + 0.35 * wait)],
        }

    def fact(pool: Pool) -> dict[str, str]:
        supply = pool.supply
        return {
            "kind": supply.kind,
            "colorant": supply.colorant,
            "name": supply.name,
            "reorder_number": supply.reorder_number,
        }

    def of(pool: Pool, wanted: Wanted, parcel: Parcel) -> dict[str, Any]:
        soon = wanted.swap - parcel.placed <= DUE_WITHIN or wanted.swap == min(
            line.swap for line in parcel.lines
        )
        return {
            "rule": "ship" if soon else "along",
            "barred": "",
            "supply": fact(pool),
            "quantity": wanted.quantity,
            "shelf": 0,
            "on_the_way": 0,
            "counted_on": None,
            "alpha": settings.REPLENISHMENT_RISK,
            "risk": 0.06 if soon else 0.01,
            "lead_days": settings.REPLENISHMENT_LEAD_DAYS,
            "ships_on": day(parcel.shipped),
            "arrives_by": day(
                working_day(start, parcel.placed + WORKING * (settings.REPLENISHMENT_LEAD_DAYS + 1))
            ),
            "join_days": settings.REPLENISHMENT_JOIN_DAYS,
            "later_risk": 0.5,
            "slots": [
                slot_of(slot, wanted, parcel) for slot in list(dict.fromkeys(wanted.slots))[:MOST_SLOTS]
            ],
            "with": [supply_name(fact(pools[line.pool])) for line in parcel.lines if line is not wanted][:8],
            "decided_at": f"{day(parcel.placed)}T06:30:00+00:00",
            "look_again_at": f"{day(working_day(start, parcel.placed + 1))}T06:30+00:00",
        }

    return of
