"""What the stock ledger tells the forecast: deliveries, counts, and orders that people placed (section 4)."""

from __future__ import annotations

import numpy as np

from metered.replenishment import forecast
from metered.replenishment.calendars import engine_time
from metered.replenishment.store import Loaded
from metered.stock.models import Entry
from metered.stock.queries import entries_after_for_system

SWAP = "swap:"
"""Causes of the installs that folding itself posts begin so: they are in the state already."""


def take_entries(loaded: Loaded) -> set[int]:
    """Fold the ledger entries of the loaded pools that are not in their state yet; returns whose there were.

    The loaded devices must be all of the pools' devices.
    """
    real = loaded.pools > 0
    row_of = {int(pool): int(row) for row, pool in zip(np.flatnonzero(real), loaded.pools[real], strict=True)}
    if not row_of:
        return set()
    entries = entries_after_for_system({pool: int(loaded.entries[row]) for pool, row in row_of.items()})
    pools = loaded.state.pools
    for entry in entries:
        row = row_of[entry.pool_id]
        loaded.entries[row] = entry.id
        # By how much the ledger moved: what a count already had in it moves nothing (domain rule 16).
        change = entry.shelf_change
        p, n, t = np.array([row]), np.array([float(entry.shelf)]), engine_time(entry.at)
        match entry.kind:
            case Entry.Kind.RECEIVE | Entry.Kind.ADJUST | Entry.Kind.SET_ASIDE | Entry.Kind.PUT_BACK:
                pools.shelf[row] = max(pools.shelf[row] + change, 0.0)
                pools.arrived[row] += change
            case Entry.Kind.COUNT if not entry.stale:
                forecast.fold_ledger_counts(loaded.state, loaded.calendar, p, n, t)
            case Entry.Kind.INSTALL if not entry.cause.startswith(SWAP):
                pools.shelf[row] = max(pools.shelf[row] + change, 0.0)
            case Entry.Kind.INSTALL if change == 0:
                # Folding took the unit away when it saw the swap; the count that came before knew of it.
                pools.shelf[row] = max(pools.shelf[row], min(pools.shelf[row] + entry.quantity, entry.shelf))
            case Entry.Kind.EXPECT if entry.origin == Entry.Origin.CUSTOMER:
                forecast.fold_hand_orders(loaded.state, loaded.calendar, p, t)
            case Entry.Kind.EXPECT if entry.origin == Entry.Origin.EMERGENCY:
                forecast.fold_emergencies(loaded.state, loaded.calendar, p, t)
    return {entry.pool_id for entry in entries}
