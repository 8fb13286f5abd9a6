"""Lines are released: when their announcement is over, or by staff."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.orders.closing import close
from metered.orders.leaving import open_from, refusal_of
from metered.orders.locking import Locked, lock
from metered.orders.models import LineState, Order, OrderLine

logger = logging.getLogger(__name__)


def release_due(*, now: dt.datetime | None = None) -> int:
    """Releases what is announced, or waits for an address to open, once its time is over.

    One whose address is closed today, or on the day on which it would usually arrive, waits (domain rule 21).
    Returns how many orders it looked at.
    """
    looked_at, seen = 0, set[int]()
    while (order_id := _due(now or timezone.now(), but=seen)) is not None:
        try:
            looked_at += _release_one(order_id, now or timezone.now())
        except Exception:
            logger.exception("order %s waits for the next sweep", order_id)
        seen.add(order_id)
    return looked_at


def _due(now: dt.datetime, *, but: set[int]) -> int | None:
    lines = OrderLine.objects.filter(state=LineState.PLACED, release_at__lte=now)
    return (
        lines.exclude(order_id__in=but)
        .order_by("release_at", "order_id")
        .values_list("order_id", flat=True)
        .first()
    )


@transaction.atomic
def _release_one(order_id: int, now: dt.datetime) -> bool:
    locked = lock(order_id, skip_locked=True)
    if locked is None:
        return False
    order = locked.order
    due = order.lines.filter(state=LineState.PLACED, release_at__lte=now)
    opens = open_from(locked.address, now)
    if opens is None:
        release_lines(locked, due, now)
    elif due.update(release_at=opens):
        Order.objects.filter(pk=order.pk).update(release_at=opens)
        log(
            actor=None,
            account_id=order.account_id,
            address_id=order.address_id,
            verb="postponed",
            kind="order",
            public_id=order.public_id,
            before=order.release_at.isoformat() if order.release_at else None,
            after=opens.isoformat(),
        )
    return True


def release_lines(locked: Locked, lines: QuerySet[OrderLine], now: dt.datetime) -> int:
    """Releases those lines of a locked order that may leave, and cancels the others (domain rule 26).

    Returns how many may.
    """
    released = 0
    for line in lines.select_for_update(of=("self",)).select_related("order", "supply").order_by("pk"):
        refusal = refusal_of(line, locked.contract, locked.address, now.date())
        if refusal:
            close(line, refusal, left=line.quantity)
        else:
            OrderLine.objects.filter(pk=line.pk).update(state=LineState.RELEASED)
            released += 1
    return released


@transaction.atomic
def release_now(*, order: Order, actor: User | None = None) -> int:
    """Staff release what waits: an announcement is cut short, a held line is let go. Returns how many lines.

    Lines that may not leave any more are cancelled with the reason.
    """
    locked = lock(order.pk)
    assert locked is not None
    waiting = [LineState.PLACED, LineState.AWAITING_READ, LineState.IN_REVIEW]
    released = release_lines(locked, locked.order.lines.filter(state__in=waiting), timezone.now())
    log(
        actor=actor,
        account_id=order.account_id,
        address_id=order.address_id,
        verb="released",
        kind="order",
        public_id=order.public_id,
        after={"number": order.number, "lines": released},
    )
    return released
