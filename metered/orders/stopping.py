"""Lines for devices that were removed stop at once, whoever ordered them (domain rules 26 and 31)."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum

from metered.accounts.actions import log
from metered.lib.said import said
from metered.orders.closing import close
from metered.orders.leaving import gone_with_its_devices
from metered.orders.locking import lock
from metered.orders.models import UNSHIPPED, OrderLine

logger = logging.getLogger(__name__)

_Uses = OrderLine.slots.through


def _stopped() -> QuerySet[OrderLine]:
    """Unshipped lines that are meant for devices, all of which were removed."""
    uses = _Uses.objects.filter(orderline=OuterRef("pk"))
    rows: QuerySet[OrderLine] = OrderLine.objects.filter(
        Exists(uses), ~Exists(uses.filter(slot__device__removed_at=None)), state__in=UNSHIPPED
    )
    return rows


def stop_removed() -> int:
    """Closes what was ordered for devices that were removed since; returns how many lines.

    Each order in its own transaction; a sweep finds what a lost message left. What has left already is the
    carrier's, and its parcel stays on the way.
    """
    stopped = 0
    orders = list(_stopped().order_by("order_id").values_list("order_id", flat=True).distinct())
    for order_id in orders:
        try:
            stopped += _stop(order_id)
        except Exception:
            logger.exception("order %s waits for the next sweep", order_id)
    return stopped


@transaction.atomic
def _stop(order_id: int) -> int:
    locked = lock(order_id, skip_locked=True)
    if locked is None:
        return 0
    lines = locked.order.lines.select_for_update(of=("self",)).select_related("order", "supply")
    closed = 0
    for line in lines.filter(state__in=UNSHIPPED).order_by("pk"):
        # Asked again under lock: a removed device never comes back, but a line may have been shipped.
        if not gone_with_its_devices(line):
            continue
        gone = line.shipped.aggregate(units=Sum("quantity"))["units"] or 0
        close(line, said("The device was removed."), left=line.quantity - gone)
        closed += 1
    if closed:
        log(
            actor=None,
            account_id=locked.order.account_id,
            address_id=locked.order.address_id,
            verb="stopped",
            kind="order",
            public_id=locked.order.public_id,
            after={"number": locked.order.number, "lines": closed},
        )
    return closed
