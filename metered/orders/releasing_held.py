"""What waits for a read, a count or staff goes on: released, made smaller, or declined (domain rule 18)."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.lib.errors import Refused
from metered.orders import announcements
from metered.orders.closing import close
from metered.orders.leaving import refusal_of
from metered.orders.locking import Locked, lock
from metered.orders.models import LineState, Order, OrderLine
from metered.orders.policy import limit, within
from metered.orders.weighing import weighed
from metered.replenishment.models import DeviceRate
from metered.replenishment.offers import offers_for_system

HELD = (LineState.AWAITING_READ, LineState.IN_REVIEW)

logger = logging.getLogger(__name__)


def weigh_held(*, now: dt.datetime | None = None) -> int:
    """Weighs again the lines whose count or read has come; returns how many orders it took.

    What it explains is released, the rest goes to staff. Each order is its own transaction.
    """
    taken, seen = 0, set[int]()
    while (order_id := _heard_of(but=seen)) is not None:
        seen.add(order_id)
        try:
            taken += _weigh_order(order_id, now or timezone.now())
        except Exception:
            logger.exception("held lines of order %s wait for the next sweep", order_id)
    return taken


def _answered() -> Q:
    """Lines of which what they wait for came after they were weighed."""
    rates = DeviceRate.objects.filter(
        device__slots__in=OrderLine.slots.through.objects.filter(
            orderline_id=OuterRef(OuterRef("pk"))
        ).values("slot_id"),
        folded_at__gt=OuterRef("weighed_at"),
    )
    return Q(weighed__asks="count", pool__counted_at__gt=F("weighed_at")) | Q(
        Exists(rates), weighed__asks="read"
    )


def _heard_of(*, but: set[int]) -> int | None:
    lines = OrderLine.objects.filter(_answered(), state=LineState.AWAITING_READ)
    return lines.exclude(order_id__in=but).order_by("order_id").values_list("order_id", flat=True).first()


@transaction.atomic
def _weigh_order(order_id: int, now: dt.datetime) -> bool:
    locked = lock(order_id, skip_locked=True)
    if locked is None:
        return False
    offers = offers_for_system(locked.address.pk, now)
    lines = (
        locked.order.lines.filter(_answered(), state=LineState.AWAITING_READ)
        .select_related("order", "supply", "pool")
        .order_by("pk")
    )
    for line in lines:
        offer, pool = offers.get(line.pool_id), line.pool
        pool.refresh_from_db()
        # Its own units are on the way already: they are not held against it.
        room = limit(offer.need if offer else 0, pool.shelf, pool.on_the_way - line.quantity)
        sent, rest = within(line.quantity, room)
        if sent and rest:
            rest_of = _split(line, sent)
        elif rest:
            rest_of = line
        else:
            rest_of = None
        if rest_of is not None:
            _step(rest_of, LineState.IN_REVIEW)
            OrderLine.objects.filter(pk=rest_of.pk).update(
                weighed=weighed(pool, offer.need if offer else 0, room, ""), weighed_at=now
            )
        if sent:
            _release(locked, line, None, now)
    return True


@transaction.atomic
def release_line(*, line: OrderLine, actor: User | None = None, now: dt.datetime | None = None) -> None:
    """Staff let a held line go. Refused when it isn't held, or may not be sent any more."""
    locked, held = _held(line)
    today = (now or timezone.now()).date()
    if refusal := refusal_of(held, locked.contract, locked.address, today):
        raise Refused(refusal, code="not_shippable")
    _release(locked, held, actor, now or timezone.now())


@transaction.atomic
def reduce_line(
    *, line: OrderLine, quantity: int, because: str, actor: User | None = None, now: dt.datetime | None = None
) -> None:
    """Staff send fewer: `quantity` units leave, the rest is declined with the reason.

    Refused when the line isn't held, or the quantity isn't below what was ordered.
    """
    locked, held = _held(line)
    if not 0 < quantity < held.quantity:
        raise Refused(_("Send at least one, and fewer than were ordered."), code="no_less")
    if refusal := refusal_of(held, locked.contract, locked.address, (now or timezone.now()).date()):
        raise Refused(refusal, code="not_shippable")
    rest = _split(held, quantity)
    _decline(locked, rest, because, actor)
    _release(locked, held, actor, now or timezone.now())


@transaction.atomic
def decline_line(*, line: OrderLine, because: str, actor: User | None = None) -> None:
    """Staff say no, with a reason that the customer reads. Refused when the line isn't held."""
    locked, held = _held(line)
    _decline(locked, held, because, actor)


def _held(line: OrderLine) -> tuple[Locked, OrderLine]:
    locked = lock(line.order_id)
    assert locked is not None
    rows = locked.order.lines.select_for_update(of=("self",)).select_related("order", "supply")
    held = rows.get(pk=line.pk)
    if held.state not in HELD:
        raise Refused(_("It does not wait any more."), code="not_held")
    return locked, held


def _step(line: OrderLine, state: LineState) -> None:
    OrderLine.objects.filter(pk=line.pk).update(state=state)


def _split(line: OrderLine, first: int) -> OrderLine:
    """Leaves `first` units on the line and puts the others on one of their own; returns that.

    The ledger expects the same units as before, for the same pool. Only what people ordered is ever held.
    """
    rest = OrderLine.objects.create(
        order=line.order,
        account_id=line.account_id,
        pool_id=line.pool_id,
        supply_id=line.supply_id,
        quantity=line.quantity - first,
        state=line.state,
        automatic=False,
        reason=line.reason,
        weighed=line.weighed,
        weighed_at=line.weighed_at,
    )
    rest.slots.set(line.slots.all())
    OrderLine.objects.filter(pk=line.pk).update(quantity=first)
    line.quantity = first
    return rest


def _release(locked: Locked, line: OrderLine, actor: User | None, now: dt.datetime) -> None:
    if refusal := refusal_of(line, locked.contract, locked.address, now.date()):
        close(line, refusal, left=line.quantity)
        return
    _step(line, LineState.RELEASED)
    _tell(locked.order, line, "released", "", actor)


def _decline(locked: Locked, line: OrderLine, because: str, actor: User | None) -> None:
    if not because.strip():
        raise Refused(_("Say why: the customer reads it."), code="no_reason")
    close(line, because, left=line.quantity, as_=LineState.DECLINED)
    _tell(locked.order, line, "declined", because, actor)


def _tell(order: Order, line: OrderLine, verb: str, because: str, actor: User | None) -> None:
    log(
        actor=actor,
        account_id=order.account_id,
        address_id=order.address_id,
        verb=verb,
        kind="order line",
        public_id=line.public_id,
        after={"number": order.number, "quantity": line.quantity, "because": because},
    )
    announcements.tell_of_held(order, line, because=because)
