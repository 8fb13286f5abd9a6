"""Parcels leave and arrive."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.lib.errors import Refused
from metered.orders import announcements
from metered.orders.closing import close, deliver_if_all_arrived
from metered.orders.leaving import refusal_of
from metered.orders.locking import lock
from metered.orders.models import LineState, Order, OrderLine, Problem, Shipment, ShipmentLine
from metered.orders.placing import ledger_origin
from metered.orders.problems import file_missing
from metered.replenishment import actions as replenishment
from metered.stock import actions as stock


@transaction.atomic
def ship(
    *,
    order: Order,
    carrier: str,
    tracking: str = "",
    expected_on: dt.date | None = None,
    quantities: Mapping[int, int] | None = None,
    shipped_at: dt.datetime | None = None,
    actor: User | None = None,
    tell: bool = True,
) -> Shipment | None:
    """A parcel leaves with all that is released, or with `quantities` (line id → units).

    The parcel keeps the address as it is worded now. What may not be sent any more is closed with its
    reason (domain rule 26); None when nothing else was left. Raises Refused when nothing is released, when
    more would be shipped than is open, or when a line of `quantities` may not be sent any more.
    """
    shipped_at = shipped_at or timezone.now()
    held = lock(order.pk)
    assert held is not None
    locked, contract, address = held.order, held.contract, held.address
    lines = list(
        locked.lines.select_for_update(of=("self",))
        .select_related("order", "supply")
        .filter(state=LineState.RELEASED)
        .order_by("pk")
    )
    gone = dict(
        ShipmentLine.objects.filter(line__in=lines).values_list("line_id").annotate(units=Sum("quantity"))
    )
    parcel: list[tuple[OrderLine, int]] = []
    closed = False
    for line in lines:
        left = line.quantity - gone.get(line.pk, 0)
        units = left if quantities is None else quantities.get(line.pk, 0)
        if units > left or units < 0:
            raise Refused(_("More would be shipped than is open on the line."), code="too_many")
        if not units:
            continue
        refusal = refusal_of(line, contract, address, shipped_at.date())
        if refusal:
            if quantities is None:
                close(line, refusal, left=left)
                closed = True
                continue
            raise Refused(refusal, code="not_shippable")
        parcel.append((line, units))
    if not parcel and closed:
        # Kept, not raised: a line that stayed released would keep its pool from ever being sent to again.
        return None
    if not parcel:
        raise Refused(_("Nothing on this order is ready to be shipped."), code="nothing_released")
    if address.current_id is None:
        raise Refused(_("The address has no wording yet."), code="no_address")
    shipment = Shipment.objects.create(
        account_id=locked.account_id,
        order=locked,
        to_id=address.current_id,
        carrier=carrier,
        tracking=tracking,
        shipped_at=shipped_at,
        expected_on=expected_on,
    )
    for line, units in parcel:
        ShipmentLine.objects.create(shipment=shipment, line=line, quantity=units)
        if units + gone.get(line.pk, 0) == line.quantity:
            OrderLine.objects.filter(pk=line.pk).update(state=LineState.SHIPPED)
            if line.proposal_id is not None:
                replenishment.close_proposals(proposal_ids=[line.proposal_id], because="shipped")
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="shipped",
        kind="order",
        public_id=locked.public_id,
        after={"number": locked.number, "carrier": carrier, "tracking": tracking},
    )
    if tell:
        announcements.tell_shipped(shipment)
    return shipment


@transaction.atomic
def deliver(
    *,
    shipment: Shipment,
    quantities: Mapping[int, int] | None = None,
    delivered_at: dt.datetime | None = None,
    actor: User | None = None,
    tell: bool = False,
    once: uuid.UUID | None = None,
) -> list[Problem]:
    """A parcel arrived, whole or with `quantities` (shipment line id → units). Twice changes nothing.

    What arrived goes from on the way to the shelf; what is missing is no longer on the way. `tell`: its
    people hear of it, since none of them said so. `once`: a customer said it with this form, and what is
    missing is reported with it. Returns those reports.
    """
    at = delivered_at or timezone.now()
    held = lock(shipment.order_id)
    assert held is not None
    order, missing = held.order, []
    locked = Shipment.objects.select_for_update().get(pk=shipment.pk)
    if locked.delivered_at is not None:
        return []
    for item in locked.lines.select_related("line").order_by("line__pool_id"):
        units = item.quantity if quantities is None else quantities.get(item.pk, 0)
        if not 0 <= units <= item.quantity:
            raise Refused(_("More arrived than was shipped?"), code="too_many")
        ShipmentLine.objects.filter(pk=item.pk).update(delivered=units)
        if units:
            stock.receive(
                pool_id=item.line.pool_id,
                quantity=units,
                cause=f"delivery:{locked.public_id}:{item.line.public_id}",
                origin=ledger_origin(order.origin),
                at=at,
                actor=actor,
            )
        if units < item.quantity:
            # Else it would be on the way for ever, and nothing would be sent instead.
            stock.cancel(
                pool_id=item.line.pool_id,
                quantity=item.quantity - units,
                cause=f"missing:{locked.public_id}:{item.line.public_id}",
                origin=ledger_origin(order.origin),
                note=_("It did not arrive."),
            )
            missing.append((item.line, item.quantity - units))
    Shipment.objects.filter(pk=locked.pk).update(delivered_at=at)
    for line in order.lines.filter(state=LineState.SHIPPED):
        deliver_if_all_arrived(line)
    replenishment.look_again(address_ids=[order.address_id])
    log(
        actor=actor,
        account_id=order.account_id,
        address_id=order.address_id,
        verb="delivered",
        kind="order",
        public_id=order.public_id,
        after={"number": order.number},
    )
    if tell:
        announcements.tell_delivered(locked)
    if once is None or not missing:
        return []
    found = [
        file_missing(locked=held, line=line, quantity=units, once=once, actor=actor)
        for line, units in missing
    ]
    announcements.tell_reported(order, found, actor)
    return found
