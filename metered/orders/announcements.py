"""What people are told about an order: one outbox row per person and event."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise

from metered.accounts.models import MailKind, User
from metered.accounts.queries import Recipient, recipients_for_system
from metered.notify.actions import post
from metered.orders import tokens
from metered.orders.models import Order, OrderLine, Problem, Shipment
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
        for person in people:
            # Each with a link of their own: it says who said “not now”.
            own = values | {"not_now_path": f"/orders/not-now/{tokens.make(order, person.email)}/"}
            post(
                event=f"order_announced:{order.public_id}",
                to=[person],
                template="order_announced",
                values=own,
            )


def _orderer(order: Order, actor: User | None) -> list[Recipient]:
    """The person who did it, or else who ordered, as a recipient; without anybody: the address's orderers."""
    person = actor or order.placed_by
    if person is None or not person.is_active or person.is_staff:
        person = order.placed_by
    if person is None or not person.is_active:
        return recipients_for_system(order.account_id, address_id=order.address_id)
    account = order.account
    return [
        Recipient(
            person.email,
            person.name,
            person.language or account.language,
            person.time_zone or account.time_zone,
        )
    ]


def _post(
    event: str, people: list[Recipient], template: str, order: Order, lines: list[tuple[OrderLine, int]],
    **more: Any,
) -> None:  # fmt: skip
    for person in people:
        with translation.override(person.language or settings.LANGUAGE_CODE):
            values = {
                "order_number": order.number,
                "address_name": order.address.name,
                "lines": [_line(line, units) for line, units in lines],
                "item_count": sum(units for _line_, units in lines),
                "order_path": f"/orders/{order.public_id}/",
                **{key: str(value) if isinstance(value, Promise) else value for key, value in more.items()},
            }
        post(event=event, to=[person], template=template, values=values)


def _rows(order: Order, **chosen: Any) -> list[OrderLine]:
    rows = order.lines.filter(**chosen).select_related("supply").prefetch_related("slots__device__model")
    return list(rows.order_by("supply__reorder_number", "pk"))


def tell_placed(order: Order, actor: User) -> None:
    """Confirms an order to the person who placed it: what leaves, and what waits for what."""
    rows = _rows(order)
    held = [line for line in rows if line.state in ("awaiting_read", "in_review")]
    sent = [line for line in rows if line not in held]
    _post(
        f"order_placed:{order.public_id}",
        _orderer(order, actor),
        "order_placed",
        order,
        [(line, line.quantity) for line in sent],
        held_count=sum(line.quantity for line in held),
        waits_for_count=any((line.weighed or {}).get("asks") == "count" for line in held),
        waits_for_read=any((line.weighed or {}).get("asks") == "read" for line in held),
        urgent=order.origin == Order.Origin.EMERGENCY,
        placed_at=order.placed_at.isoformat(),
        release_at=order.release_at.isoformat() if order.release_at else None,
    )


def tell_of_held(order: Order, line: OrderLine, *, because: str) -> None:
    """A line that waited was released, or declined with a reason: told to the person who ordered."""
    row = _rows(order, pk=line.pk)[0]
    declined = row.state == "declined"
    _post(
        f"order_{'declined' if declined else 'released'}:{row.public_id}",
        _orderer(order, None),
        "order_declined" if declined else "order_released",
        order,
        [(row, row.quantity)],
        because=because,
    )


def tell_reported(order: Order, problems: list[Problem], actor: User | None) -> None:
    """Confirms a report of what was wrong, and says whether replacements are on their way."""
    if not problems:
        return
    found = [(line, problem.quantity) for problem in problems for line in _rows(order, pk=problem.line_id)]
    replaced = [problem.replacement.number for problem in problems if problem.replacement is not None]
    _post(
        f"problem_reported:{problems[0].public_id}",
        _orderer(order, actor),
        "problem_reported",
        order,
        found,
        replaced_by=", ".join(replaced),
        all_replaced=len(replaced) == len(problems),
    )


def tell_answered(problem: Problem, replacement: Order | None) -> None:
    """Staff answered a report: with a replacement, or in words."""
    order = problem.line.order
    _post(
        f"problem_answered:{problem.public_id}",
        _orderer(order, problem.reported_by),
        "problem_answered",
        order,
        [(line, problem.quantity) for line in _rows(order, pk=problem.line_id)],
        replaced_by=replacement.number if replacement else "",
        answer=problem.answer,
    )


def tell_delivered(shipment: Shipment) -> None:
    """Tells the address's orderers that a parcel arrived, and what to do when something is not right."""
    order = shipment.order
    parcel = shipment.lines.select_related("line__supply").prefetch_related("line__slots__device__model")
    _post(
        f"order_delivered:{shipment.public_id}",
        recipients_for_system(order.account_id, address_id=order.address_id),
        "order_delivered",
        order,
        [(item.line, item.delivered) for item in parcel.order_by("pk") if item.delivered],
        report_path=f"/orders/{order.public_id}/problem/",
    )


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
