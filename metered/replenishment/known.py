"""What a decision stands on beside the running state: contracts, addresses, supplies, levels as they were
last reported, lanes, and what is proposed already. Rows in, plain values out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
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
_DEVICES = f"""
SELECT d.id, array_to_string(s.levels, ',', '{NEVER}'), d.public_id,
    CASE WHEN d.name = '' THEN m.name ELSE d.name || ' · ' || m.name END
FROM fleet_device d JOIN fleet_printermodel m ON m.id = d.model_id
LEFT JOIN reads_devicestate s ON s.device_id = d.id WHERE d.id = ANY(%s::bigint[])
"""  # noqa: S608
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
    included_kinds: tuple[str, ...]


class _Place(NamedTuple):
    retired_at: dt.datetime | None
    refused_reason: str


def facts(loaded: Loaded, now: dt.datetime) -> Facts:
    """Read what decisions about all loaded pools need."""
    ids = loaded.pools[loaded.pools > 0].tolist()
    with connection.cursor() as cursor:
        cursor.execute(_POOLS, [numbers(ids)])
        rows = cursor.fetchall()
        cursor.execute(_DEVICES, [numbers(loaded.devices.tolist())])
        devices, told = {}, {}
        for pk, codes, public_id, label in cursor.fetchall():
            devices[pk], told[pk] = DeviceFacts(public_id, label), codes
        cursor.execute(_TERMS, [numbers(list({row[2] for row in rows}))])
        contracts = {
            pk: _Terms(status, starts, ends, tuple(kinds))
            for pk, status, starts, ends, kinds in cursor.fetchall()
        }
        places = {*loaded.addresses.tolist(), *(row[3] for row in rows)}
        cursor.execute(_PLACES, [numbers(sorted(places))])
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
    uses, bars = _uses(loaded), _Bars(supplies, now.date())
    pools = {
        pk: PoolFacts(
            pk, account_id, contract_id, address_id, shelf, on_the_way,
            counted_at.date() if counted_at else None,
            described[supply_id],
            bars[contracts[contract_id], addresses[address_id], supply_id, uses[pk]],
            busy, held.get(pk),
        )
        for pk, account_id, contract_id, address_id, supply_id, shelf, on_the_way, counted_at, busy in rows
    }  # fmt: skip
    days = days_of(set(regions.values()), settings.REPLENISHMENT_LEAD_DAYS)
    return Facts(
        pools,
        [devices[pk] for pk in loaded.devices.tolist()],
        _levels(loaded, [told[pk] for pk in loaded.devices.tolist()]),
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


class _Bars(dict[tuple[_Terms, _Place, int, int], str]):
    """What bars a supply under some terms at a place, asked of the law once for all pools that are alike."""

    def __init__(self, supplies: Mapping[int, Supply], today: dt.date) -> None:
        super().__init__()
        self.supplies, self.today = supplies, today

    def __missing__(self, key: tuple[_Terms, _Place, int, int]) -> str:
        terms, place, supply_id, uses = key
        meant_for = [use for bit, use in enumerate(_USES) if uses >> bit & 1]
        self[key] = barred = may_be_sent(terms, place, self.supplies[supply_id], meant_for, self.today)
        return barred


def _levels(loaded: Loaded, told: list[str | None]) -> Ints:
    """Per loaded slot. `told`: each device's codes by the position of the slot; None: it never reported."""
    found = np.full(loaded.slots.size, NEVER, dtype=np.int64)
    counts = np.array([codes.count(",") + 1 if codes else 0 for codes in told], dtype=np.int64)
    codes = np.array(
        ",".join([codes for codes in told if codes]).split(",") if counts.any() else [], dtype=np.int64
    )
    device = np.repeat(np.arange(counts.size), counts)
    place = np.arange(codes.size) - np.repeat(np.cumsum(counts) - counts, counts)
    has_column = place < loaded.slot_at.shape[1]
    rows = loaded.slot_at[device[has_column], place[has_column]]
    found[rows[rows >= 0]] = codes[has_column][rows >= 0]
    return found


_USES = tuple(Use(here=True, on=on, removed=not alive) for on in (False, True) for alive in (False, True))
"""What a slot may be to its pool, which is that of its device's address and contract and its supply."""


def _uses(loaded: Loaded) -> dict[int, int]:
    """Pool → which of _USES its slots are, as bits."""
    sup = loaded.state.supplies
    on, alive = loaded.on[sup.device] & loaded.sent, loaded.state.devices.alive[sup.device]
    bits = np.zeros(loaded.pools.size, dtype=np.int64)
    np.bitwise_or.at(bits, sup.pool, 1 << (2 * on.astype(np.int64) + alive))
    return dict(zip(loaded.pools.tolist(), bits.tolist(), strict=True))
