"""Whether a site keeps more than it can need, through orders of its own (method section 8). Pure.

The yield alone can't tell: three of four honest sites use more or less than rated. So what must lie on the
shelves is worked out from what was seen, with how unsure that is, and never counts for more than the customer
ordered himself. A flag asks for a count; nothing is charged on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metered.replenishment.arrays import Bools, Floats, Ints

SURE = 1.645
"""Standard deviations below the estimate: 95 % of shelves hold at least that much."""
START_VARIANCE = 0.1
"""Of what the ledger says of one pool's shelf at the start: most are right, the others one off."""
SWAP_VARIANCE, SEEN_VARIANCE = 0.04, 0.05
"""Of each swap that was seen, and of those of a supply together."""
HIDDEN_ERROR = 0.4
"""Of the use by the fleet's mean, common to the supplies of one device: what it prints is its own."""
MACHINE_VARIANCE = 0.12
"""How much of a cartridge is in a machine at the start and the end, where no level tells."""
SPARES = 1.0
"""Allowed for each SKU, with one month's use."""
LEAST_UNITS, LEAST_SHARE = 2.0, 0.15


@dataclass(frozen=True, slots=True)
class PoolYear:
    """One row per pool: its site, the ledger's shelf at the start, units delivered of any origin, and units
    that the customer ordered by hand."""

    site: Ints
    start: Floats
    delivered: Floats
    ordered: Floats


@dataclass(frozen=True, slots=True)
class SupplyYear:
    """One row per supply: swaps that were seen, and `hidden`, the use by pages while no level told: the
    fleet's mean c of its kind x pages / Y. Never the c that a pool's balance taught: it would have learnt the
    hoarding as use. `unseen`: some of the year no level told."""

    pool: Ints
    device: Ints
    swaps: Floats
    hidden: Floats
    unseen: Bools


@dataclass(frozen=True, slots=True)
class Excess:
    """One row per site, in units. `sure`: the lower 95 % bound of what lies there beyond the allowance;
    `excess`: that, no more than `ordered`."""

    estimate: Floats
    sd: Floats
    allowance: Floats
    sure: Floats
    ordered: Floats
    delivered: Floats
    excess: Floats
    flagged: Bools


def weigh(pools: PoolYear, supplies: SupplyYear, sites: int, days: float = 365.0) -> Excess:
    """What each of `sites` keeps too many of after `days`.

    Only pools count of which the customer ordered units himself: from the others our own parcels come, and a
    shelf that we keep short there must not hide what he keeps here. est = start + delivered - used,
    used = swaps seen + hidden use; flagged when min(est - 1.645 sd - allowance, ordered) >= 2 and >= 15 % of
    the site's deliveries.
    """
    n = pools.site.size
    own = pools.ordered > 0

    def of_pools(values: Floats) -> Floats:
        return np.bincount(supplies.pool, values, minlength=n).astype(np.float64)

    used = of_pools(supplies.swaps + supplies.hidden)
    held = pools.start + pools.delivered - used
    allowed = SPARES + used * (365.0 / 12) / days
    variance = START_VARIANCE + of_pools(
        SWAP_VARIANCE * supplies.swaps + np.where(supplies.unseen, MACHINE_VARIANCE, SEEN_VARIANCE)
    )

    def of_sites(values: Floats, rows: Bools | None = None) -> Floats:
        kept = values if rows is None else values * rows
        return np.bincount(pools.site, kept, minlength=sites).astype(np.float64)

    # One device prints denser than the fleet in all its supplies alike, so their errors add up.
    devices = int(supplies.device.max(initial=-1)) + 1
    hidden = np.bincount(supplies.device, supplies.hidden * own[supplies.pool], minlength=devices)
    home = np.zeros(devices, dtype=np.int64)
    home[supplies.device] = pools.site[supplies.pool]
    common = np.bincount(home, (HIDDEN_ERROR * hidden) ** 2, minlength=sites)
    estimate, allowance = of_sites(held, own), of_sites(allowed, own)
    sd = np.sqrt(of_sites(variance, own) + common)
    ordered, delivered = of_sites(pools.ordered), of_sites(pools.delivered)
    sure = estimate - SURE * sd - allowance
    excess = np.maximum(np.minimum(sure, ordered), 0.0)
    flagged = (excess >= LEAST_UNITS) & (excess >= LEAST_SHARE * delivered)
    return Excess(estimate, sd, allowance, sure, ordered, delivered, excess, flagged)
