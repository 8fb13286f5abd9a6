"""What people are told about an order: one outbox row per person and event."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.conf import settings
from django.utils import translation

from metered.accounts.models import MailKind
from metered.accounts.queries import Recipient, recipients_for_system
from metered.notify.actions import post
from metered.orders.models import Order, OrderLine, Shipment
from metered.replenishment.explain import in_one_sentence


def _by_language(order: Order) -> dict[str, list[Recipient]]:
    people: dict[str, list[Recipient]] = defaultdict(list)
    for person in recipients_for_system(order.account_id, address_id=order.address_id, kind=MailKind.ORDERS):
        people[person.language or settings.LANGUAGE_CODE].append(person)
    return people


def _line(line: OrderLine, units: int) -> dict[str, Any]:
    devices = sorted({str(slot.device.label) for slot in line.slots.all()})
    return {
        "quantity": units,
        "supply": line.supply.name,
        "reorder_number": line.supply.reorder_number,
        "devices": devices,
        "why": in_one_sentence(line.reason) if line.reason else "",
    }


def announce(order: Order) -> None:
    """Tells the address's orderers what will leave, when and why (domain rule 21)."""
    lines = list(
        order.lines.select_related("supply")
        .prefetch_related("slots__device__model")
        .order_by("supply__reorder_number")
    )
    for language, people in _by_language(order).items():
        with translation.override(language):
            values = {
                "order_number": order.number,
                "address_name": order.address.name,
                "lines": [_line(line, line.quantity) for line in lines],
                "item_count": sum(line.quantity for line in lines),
                "release_at": order.release_at.isoformat() if order.release_at else None,
                "order_path": f"/orders/{order.public_id}/",
            }
        post(event=f"order_announced:{order.public_id}", to=people, template="order_announced", values=values)


def tell_shipped(shipment: Shipment) -> None:
    """Tells the address's orderers what is on its way."""
    order = shipment.order
    parcel = list(
        shipment.lines.select_related("line__supply")
        .prefetch_related("line__slots__device__model")
        .order_by("pk")
    )
    for language, people in _by_language(order).items():
        with translation.override(language):
            values = {
                "order_number": order.number,
                "address_name": order.address.name,
                "lines": [_line(item.line, item.quantity) for item in parcel],
                "item_count": sum(item.quantity for item in parcel),
                "carrier": shipment.carrier,
                "tracking": shipment.tracking,
                "expected_on": shipment.expected_on.isoformat() if shipment.expected_on else None,
                "order_path": f"/orders/{order.public_id}/",
            }
        post(event=f"order_shipped:{shipment.public_id}", to=people, template="order_shipped", values=values)
