"""What people at the demo's customers have just done by hand: something came damaged, and a cart was left."""

from __future__ import annotations

import datetime as dt
import uuid

from metered.accounts.models import User
from metered.orders import actions as orders
from metered.orders.models import LineState, OrderLine
from metered.stock.models import Pool

ACCOUNT = "Northwind Clinics"


def write(now: dt.datetime) -> None:
    """One unit of the last delivery came damaged and is replaced; a cart for the same address waits."""
    maria = User.objects.get(email="maria.alvarez@northwind.example")
    line = (
        OrderLine.objects.filter(account__name=ACCOUNT, state=LineState.DELIVERED)
        .select_related("order")
        .order_by("-order__placed_at", "-pk")
        .first()
    )
    if line is None:
        return
    orders.report_problem(
        order=line.order,
        reported=[orders.Reported(line.public_id, "damaged", 1, "The box was wet; the cartridge leaks.")],
        once=uuid.uuid4(),
        actor=maria,
    )
    pool = Pool.objects.filter(address=line.order.address, positions__isnull=False).order_by("pk").first()
    if pool is not None:
        orders.fill_cart(
            account_id=line.account_id,
            address_id=line.order.address_id,
            user=maria,
            asked=[orders.Asked(pool.pk, 1)],
            reference="PO 77402",
        )
