"""What tests of orders share: a device with slots, its pools, and proposals for them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from metered.accounts.models import Address
from metered.fleet.models import Contract, Device, Slot
from metered.orders import actions
from metered.orders.models import Order, OrderLine, Shipment
from metered.replenishment.models import Proposal
from metered.stock.actions import pool_for
from metered.stock.models import Entry, Pool
from tests import factories as make

REASON: dict[str, Any] = {
    "rule": "ship",
    "supply": {"kind": "toner", "colorant": "black", "name": "Black toner", "reorder_number": "006R01828"},
    "quantity": 1,
    "shelf": 0,
    "on_the_way": 0,
    "slots": [],
}
LATER = dt.timedelta(days=2)
"""Longer than any announcement."""


@dataclass
class Scene:
    """A device that is replenished, with a slot, a supply and a pool for each of its colours."""

    device: Device
    slots: list[Slot]
    pools: list[Pool]

    @property
    def address(self) -> Address:
        return self.device.address

    @property
    def contract(self) -> Contract:
        return self.device.contract


def scene(address: Address | None = None, *, colours: int = 2, contract: Contract | None = None) -> Scene:
    address = address or make.address(make.account())
    device = make.device(address, contract=contract, replenishment="on")
    toners = make.toners(device.model)[:colours]
    slots = [
        make.slot(device, "toner", toner.colorant, f"1.{number}", supply=toner)
        for number, toner in enumerate(toners)
    ]
    pools = [
        pool_for(
            account_id=address.account_id,
            contract_id=device.contract_id,
            address_id=address.pk,
            supply_id=toner.pk,
        )
        for toner in toners
    ]
    return Scene(device, slots, pools)


def propose(pool: Pool, *slots: Slot, quantity: int = 1) -> Proposal:
    return Proposal.objects.create(
        account_id=pool.account_id,
        contract_id=pool.contract_id,
        address_id=pool.address_id,
        pool=pool,
        quantity=quantity,
        slot_ids=[slot.pk for slot in slots],
        reason=REASON | {"quantity": quantity},
    )


def propose_all(made: Scene, quantity: int = 1) -> list[Proposal]:
    return [propose(pool, slot, quantity=quantity) for pool, slot in zip(made.pools, made.slots, strict=True)]


def announced(made: Scene, quantity: int = 1) -> Order:
    """The automatic order for all pools of the scene, announced and not yet released."""
    propose_all(made, quantity)
    assert actions.take_proposals() == 1
    order: Order = Order.objects.filter(address=made.address, contract=made.contract).latest("pk")
    return order


def released(made: Scene, quantity: int = 1) -> Order:
    order = announced(made, quantity)
    assert actions.release_due(now=timezone.now() + LATER) == 1
    return order


def shipped(order: Order, **values: Any) -> Shipment:
    """The parcel of an order of which something may leave."""
    parcel = actions.ship(order=order, carrier="UPS", **values)
    assert parcel is not None
    return parcel


def states(order: Order) -> list[str]:
    return list(order.lines.order_by("pk").values_list("state", flat=True))


def lines(order: Order) -> list[OrderLine]:
    return list(order.lines.order_by("pk"))


def on_the_way(made: Scene) -> list[int]:
    """By pool, and proof that it is what the ledger says."""
    rows = list(Pool.objects.filter(pk__in=[pool.pk for pool in made.pools]).order_by("pk"))
    for row in rows:
        entries = Entry.objects.filter(pool=row)
        signs = {"expect": 1, "cancel": -1, "receive": -1}
        assert row.on_the_way == sum(signs.get(entry.kind, 0) * entry.quantity for entry in entries)
    return [row.on_the_way for row in rows]


def shelf(made: Scene) -> list[int]:
    ids = [pool.pk for pool in made.pools]
    return list(Pool.objects.filter(pk__in=ids).order_by("pk").values_list("shelf", flat=True))
