"""Locks are taken upstream to downstream: address, contract, order, line, pool; the devices and slots that a
line is for after the line (nobody who holds a device waits for an order).
"""

from __future__ import annotations

from dataclasses import dataclass

from metered.accounts.models import Address
from metered.fleet.models import Contract
from metered.orders.models import Order


@dataclass(frozen=True)
class Locked:
    """An order with what it is held to, all of it locked: who changes one of them waits for us."""

    order: Order
    contract: Contract
    address: Address


def lock(order_id: int, *, skip_locked: bool = False) -> Locked | None:
    """Locks an order, address and contract first. None when another has one of them (`skip_locked`)."""
    where = Order.objects.values_list("address_id", "contract_id").get(pk=order_id)
    addresses = Address.objects.select_for_update(no_key=True, skip_locked=skip_locked, of=("self",))
    address = addresses.select_related("current").filter(pk=where[0]).first()
    contracts = Contract.objects.select_for_update(no_key=True, skip_locked=skip_locked)
    contract = contracts.filter(pk=where[1]).first() if address else None
    orders = Order.objects.select_for_update(skip_locked=skip_locked)
    order = orders.filter(pk=order_id).first() if contract else None
    return Locked(order, contract, address) if order and contract and address else None
