"""Lines end before they are shipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.lib.errors import Refused
from metered.orders.models import LineState, Order, OrderLine, ShipmentLine
from metered.orders.placing import ledger_origin
from metered.replenishment import actions as replenishment
from metered.stock import actions as stock

HOLD = dt.timedelta(days=7)
"""How long “not now” holds an announced order (domain rule 21), and a cancelled one stays away."""


def close(
    line: OrderLine,
    because: str,
    *,
    left: int,
    not_before: dt.datetime | None = None,
    as_: LineState = LineState.CANCELLED,
) -> None:
    """Ends a line of which `left` units have not been shipped: those are not on the way any more.

    A line of which something has left is no longer cancelled: it counts as shipped, without the rest.
    """
    whole = left == line.quantity
    state = as_ if whole else LineState.SHIPPED
    OrderLine.objects.filter(pk=line.pk).update(state=state, closed_reason=because)
    stock.cancel(
        pool_id=line.pool_id,
        quantity=left,
        cause=f"cancel:{line.public_id}",
        origin=ledger_origin(line.order.origin),
        note=because,
    )
    if line.proposal_id is not None:
        replenishment.close_proposals(proposal_ids=[line.proposal_id], because=because, not_before=not_before)
    else:
        replenishment.look_again(address_ids=[line.order.address_id])
    if not whole:
        deliver_if_all_arrived(line)


def deliver_if_all_arrived(line: OrderLine) -> None:
    if not ShipmentLine.objects.filter(line=line, shipment__delivered_at=None).exists():
        OrderLine.objects.filter(pk=line.pk).update(state=LineState.DELIVERED)


@transaction.atomic
def cancel_line(
    *, line: OrderLine, because: str, actor: User | None = None, now: dt.datetime | None = None
) -> None:
    """Cancels what of a line has not been shipped. Refused once all of it has left.

    Replenishment proposes nothing for its pool for `HOLD`.
    """
    order = Order.objects.select_for_update().get(pk=line.order_id)
    locked = OrderLine.objects.select_for_update(of=("self",)).select_related("order").get(pk=line.pk)
    if locked.state in (LineState.CANCELLED, LineState.DECLINED):
        return
    gone = locked.shipped.aggregate(units=Sum("quantity"))["units"] or 0
    if locked.state in (LineState.SHIPPED, LineState.DELIVERED) or gone == locked.quantity:
        raise Refused(_("It has been shipped already."), code="already_shipped")
    # Else the next look at the address would order the same again, whatever the person said.
    close(locked, because, left=locked.quantity - gone, not_before=(now or timezone.now()) + HOLD)
    log(
        actor=actor,
        account_id=order.account_id,
        address_id=order.address_id,
        verb="cancelled",
        kind="order line",
        public_id=locked.public_id,
        after={"number": order.number, "because": because},
    )


@transaction.atomic
def cancel_lines(*, order: Order, line_ids: Collection[str], because: str, actor: User | None = None) -> int:
    """A customer cancels lines (public ids) before they are shipped, all or none. Returns how many.

    Refused when none is chosen, or something of one of them has left.
    """
    lines = list(order.lines.filter(public_id__in=list(line_ids)).order_by("pk"))
    if not lines:
        raise Refused(_("Choose what to cancel."), code="nothing_chosen")
    for line in lines:
        if ShipmentLine.objects.filter(line=line).exists():
            raise Refused(_("It has been shipped already."), code="already_shipped")
        cancel_line(line=line, because=because, actor=actor)
    return len(lines)
