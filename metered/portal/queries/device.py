"""Everything that one device's page shows, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from metered.accounts.access import Viewer
from metered.fleet.models import Bulletin, Device, Slot
from metered.fleet.queries import published_bulletins_for_system
from metered.orders.queries import Coming, coming
from metered.portal.presentation.forecast import RunOut
from metered.portal.queries.agents import Reader, reader
from metered.portal.queries.forecasts import decisions, run_outs
from metered.reads.models import Read
from metered.reads.queries import History, LatestLevels, latest_levels, level_history, reads
from metered.stock.models import Pool

HISTORY_DAYS = 60
READS = 6


@dataclass(frozen=True)
class Whole:
    device: Device
    latest: LatestLevels | None
    slots: list[Slot]
    """In the order of their position."""
    run_outs: dict[int, RunOut]
    """By slot; only those whose use is known."""
    pools: dict[int, Pool]
    """By supply: the shelf and what is on the way for this device's address and contract."""
    why: dict[int, Any]
    """By pool: the last decision's reason."""
    coming: list[Coming]
    history: History
    reads: list[Read]
    bulletin: Bulletin | None
    reader: Reader | None
    """The agent that reported it last."""
    meters: list[str] = field(default_factory=list)
    """Codes of the meters that its model counts, in their order."""


def whole(viewer: Viewer, public_id: str, now: dt.datetime) -> Whole | None:
    """One device, also a removed one; None when it isn't there or isn't the viewer's."""
    device: Device | None = (
        Device.objects.visible_to(viewer)
        .select_related("model", "address__current", "contract")
        .filter(public_id=public_id)
        .first()
    )
    if device is None:
        return None
    slots = list(Slot.objects.filter(device=device).select_related("supply").order_by("position"))
    pools = {
        pool.supply_id: pool
        for pool in Pool.objects.visible_to(viewer).filter(
            contract_id=device.contract_id,
            address_id=device.address_id,
            supply_id__in=[slot.supply_id for slot in slots if slot.supply_id],
        )
    }
    pool_ids = [pool.pk for pool in pools.values()]
    latest = latest_levels(viewer, [device.pk]).get(device.pk)
    return Whole(
        device=device,
        latest=latest,
        slots=slots,
        run_outs={found.slot_id: found for found in run_outs(viewer, [device.pk])},
        pools=pools,
        why=decisions(viewer, pool_ids),
        coming=coming(viewer, pool_ids),
        history=level_history(viewer, device, days=HISTORY_DAYS, now=now),
        reads=list(reads(viewer, device=device)[:READS]),
        bulletin=published_bulletins_for_system(now).filter(model_id=device.model_id).first(),
        reader=reader(viewer, latest, now),
        meters=list(device.model.meters.order_by("order", "code").values_list("code", flat=True)),
    )


def standing(viewer: Viewer, public_id: str) -> Device | None:
    """A device in use; None when it isn't there, was removed, or isn't the viewer's."""
    rows = Device.objects.visible_to(viewer).filter(public_id=public_id, removed_at=None)
    found: Device | None = rows.select_related("model").first()
    return found
