"""What a decision stands on beside the running state: contracts, addresses, supplies, levels as they were
last reported, lanes, and what is proposed already. Rows in, plain values out."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.conf import settings
from django.db import connection

from metered.fleet.models import Supply
from metered.fleet.policy import Use, may_be_sent
from metered.reads.copying import numbers
from metered.replenishment import reasons
from metered.replenishment.arrays import Ints
from metered.replenishment.explain import supply_name
from metered.replenishment.lane_rows import days_of
from metered.replenishment.lanes import region_of
from metered.replenishment.models import Proposal
from metered.replenishment.packed import fetch
from metered.replenishment.store import Loaded

NEVER = -(2**15)
"""Stands where a slot never reported a level; no level's code."""


class SupplyFacts(NamedTuple):
    data: Any
    """What reasons say of it, as JSON."""
    name: str
    """As the other supplies of its parcel call it."""


class PoolFacts(NamedTuple):
    """What a pool's decision stands on beside the state."""

    pool_id: int
    account_id: int
    contract_id: int
    address_id: int
    shelf: int
    on_the_way: int
    counted_on: dt.date | None
    supply: SupplyFacts
    barred: str
    open: bool
    held: Proposal | None
    """Somebody cancelled it: nothing is proposed until its `held_until`."""


class DeviceFacts(NamedTuple):
    public_id: str
    label: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Devices and slots are in the order of the loaded ones."""

    pools: dict[int, PoolFacts]
    devices: list[DeviceFacts]
    levels: Ints
    """The code of what each slot last reported (reads.levels), or NEVER."""
    leads: Ints
    """Working days in which a parcel reaches each device's address."""


_POOLS = """
SELECT p.id, p.account_id, p.contract_id, p.address_id, p.supply_id, p.shelf, p.on_the_way, p.counted_at,
    r.pool_id IS NOT NULL
FROM stock_pool p LEFT JOIN replenishment_proposal r ON r.pool_id = p.id AND r.status IN ('open', 'taken')
WHERE p.id = ANY(%s::bigint[])
"""
_DEVICES = """
SELECT d.id, d.public_id, CASE WHEN d.name = '' THEN m.name ELSE d.name || ' · ' || m.name END
FROM fleet_device d JOIN fleet_printermodel m ON m.id = d.model_id WHERE d.id = ANY(%s::bigint[])
"""
_LEVELS = """
SELECT s.id, coalesce(r.levels[s.position + 1], %(never)s)::smallint
FROM fleet_slot s LEFT JOIN reads_devicestate r ON r.device_id = s.device_id
WHERE s.device_id = ANY(%(devices)s::bigint[]) ORDER BY s.id
"""
_TERMS = """
SELECT id, status, starts_on, ends_on, included_kinds FROM fleet_contract WHERE id = ANY(%s::bigint[])
"""
_PLACES = """
SELECT a.id, a.retired_at, a.refused_reason, a.country, a.subdivision, coalesce(v.postal_code, '')
FROM accounts_address a LEFT JOIN accounts_addressversion v ON v.id = a.current_id
WHERE a.id = ANY(%s::bigint[])
"""


class _Terms(NamedTuple):
    status: str
    starts_on: dt.date
    ends_on: dt.date | None
    included_kinds: list[str]


class _Place(NamedTuple):
    retired_at: dt.datetime | None
    refused_reason: str


def facts(loaded: Loaded, now: dt.datetime) -> Facts:
    """Read what decisions about all loaded pools need."""
    ids = loaded.pools[loaded.pools > 0].tolist()
    device_ids = numbers(loaded.devices.tolist())
    with connection.cursor() as cursor:
        cursor.execute(_POOLS, [numbers(ids)])
        rows = cursor.fetchall()
        cursor.execute(_DEVICES, [device_ids])
        devices = {pk: DeviceFacts(*more) for pk, *more in cursor.fetchall()}
        told = fetch(
            cursor, {"slot_id": ">i8", "code": ">i2"}, _LEVELS, {"devices": device_ids, "never": NEVER}
        )
        cursor.execute(_TERMS, [numbers(list({row[2] for row in rows}))])
        contracts = {pk: _Terms(*more) for pk, *more in cursor.fetchall()}
        cursor.execute(_PLACES, [numbers(np.unique(loaded.addresses).tolist())])
        addresses, regions = {}, {}
        for pk, retired_at, refused, country, subdivision, postal_code in cursor.fetchall():
            addresses[pk] = _Place(retired_at, refused)
            regions[pk] = region_of(country, subdivision, postal_code)
    supplies = Supply.objects.in_bulk({row[4] for row in rows})
    described = {pk: _described(supply) for pk, supply in supplies.items()}
    held = {
        row.pool_id: row
        for row in Proposal.objects.filter(held_until__gt=now)
        .extra(where=["pool_id = ANY(%s::bigint[])"], params=[numbers(ids)])
        .order_by("held_until", "pk")
    }
    uses, today = _uses(loaded), now.date()
    pools = {
        pk: PoolFacts(
            pk, account_id, contract_id, address_id, shelf, on_the_way,
            counted_at.date() if counted_at else None,
            described[supply_id],
            may_be_sent(contracts[contract_id], addresses[address_id], supplies[supply_id], uses[pk], today),
            busy, held.get(pk),
        )
        for pk, account_id, contract_id, address_id, supply_id, shelf, on_the_way, counted_at, busy in rows
    }  # fmt: skip
    days = days_of(set(regions.values()), settings.REPLENISHMENT_LEAD_DAYS)
    return Facts(
        pools,
        [devices[pk] for pk in loaded.devices.tolist()],
        _levels(loaded, told["slot_id"], told["code"]),
        np.array([days[regions[pk]] for pk in loaded.addresses.tolist()], dtype=np.int64),
    )


def _described(supply: Supply) -> SupplyFacts:
    said = {
        "kind": supply.kind,
        "colorant": supply.colorant,
        "name": supply.name,
        "reorder_number": supply.reorder_number,
    }
    return SupplyFacts(reasons.raw(said), supply_name(said))


def _levels(loaded: Loaded, slot_ids: Ints, codes: Ints) -> Ints:
    """As the loaded slots stand; one that was added or removed meanwhile reported nothing."""
    found = np.full(loaded.slots.size, NEVER, dtype=np.int64)
    if loaded.slots.size:
        at = np.minimum(np.searchsorted(loaded.slots, slot_ids), loaded.slots.size - 1)
        mine = loaded.slots[at] == slot_ids
        found[at[mine]] = codes[mine]
    return found


def _uses(loaded: Loaded) -> dict[int, list[Use]]:
    """Pool → its slots: what is loaded is in the pool of its device's address and contract and its supply."""
    sup, dev = loaded.state.supplies, loaded.state.devices
    on = (loaded.on[sup.device] & loaded.sent).tolist()
    alive = dev.alive[sup.device].tolist()
    found: dict[int, list[Use]] = defaultdict(list)
    for pool, is_on, is_alive in zip(loaded.pools[sup.pool].tolist(), on, alive, strict=True):
        found[pool].append(_USES[is_on, is_alive])
    return found


_USES = {
    (on, alive): Use(here=True, on=on, removed=not alive) for on in (True, False) for alive in (True, False)
}
