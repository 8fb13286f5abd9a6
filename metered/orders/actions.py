"""The only writer of orders.

Locks are taken upstream to downstream: address, contract, order, line, pool; the devices and slots that a
line is for after the line (nobody who holds a device waits for an order).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import Address, User
from metered.fleet.models import Contract
from metered.lib.errors import Refused
from metered.lib.wake import wake
from metered.orders import announcements
from metered.orders.leaving import open_from, refusal_of
from metered.orders.models import LineState, Order, OrderLine, Shipment, ShipmentLine
from metered.replenishment import actions as replenishment
from metered.replenishment.models import Proposal
from metered.stock import actions as stock
from metered.stock.models import Pool

HOLD = dt.timedelta(days=7)
"""How long “not now” holds an announced order (domain rule 21), and a cancelled one stays away."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """A line to be: units for one pool, the slots they are meant for, and why."""

    pool: Pool
    quantity: int
    slot_ids: Sequence[int] = ()
    proposal: Proposal | None = None
    reason: Mapping[str, Any] | None = field(default=None)


def next_number() -> str:
    """The next order number, such as SO-20418. A number that was drawn is never given again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_order_number')")
        return f"SO-{cursor.fetchone()[0]}"


@transaction.atomic
def place(
    *,
    account_id: int,
    contract_id: int,
    address_id: int,
    origin: str,
    lines: Iterable[Wanted],
    placed_by: User | None = None,
    placed_at: dt.datetime | None = None,
    release_at: dt.datetime | None = None,
    reference: str = "",
    cost_centre: str = "",
) -> Order:
    """Places an order of at least one line; its units are on the way from now on.

    Raises Refused(nothing_ordered) without lines, Refused(other_pool) for a pool of another address or
    contract, and IntegrityError when an automatic line would be
    a second unshipped one of its pool.
    """
    wanted = sorted(lines, key=lambda line: line.pool.pk)
    if not wanted:
        raise Refused(_("There is nothing on this order."), code="nothing_ordered")
    if any((line.pool.contract_id, line.pool.address_id) != (contract_id, address_id) for line in wanted):
        raise Refused(_("A supply on it is for another address or contract."), code="other_pool")
    order = Order.objects.create(
        number=next_number(),
        account_id=account_id,
        contract_id=contract_id,
        address_id=address_id,
        origin=origin,
        placed_by=placed_by,
        placed_at=placed_at or timezone.now(),
        release_at=release_at,
        reference=reference,
        cost_centre=cost_centre,
    )
    automatic = origin == Order.Origin.AUTOMATIC
    for item in wanted:
        line = OrderLine.objects.create(
            order=order,
            account_id=account_id,
            pool=item.pool,
            supply_id=item.pool.supply_id,
            quantity=item.quantity,
            automatic=automatic,
            proposal=item.proposal,
            reason=item.reason,
            release_at=release_at,
        )
        line.slots.add(*item.slot_ids)
        stock.expect(
            pool_id=item.pool.pk,
            quantity=item.quantity,
            cause=f"order:{line.public_id}",
            origin=origin,
            at=order.placed_at,
        )
    log(
        actor=placed_by,
        account_id=account_id,
        address_id=address_id,
        verb="placed",
        kind="order",
        public_id=order.public_id,
        after={"number": order.number, "lines": len(wanted)},
    )
    return order


def take_proposals(*, now: dt.datetime | None = None) -> int:
    """Makes one announced order per address and contract of the open proposals. Returns how many orders.

    Each address is its own transaction, claimed by its row: two workers never make two orders of one
    address's proposals, and one that dies leaves them open for the next.
    """
    made, last = 0, 0
    while (address_id := _waiting_after(last)) is not None:
        last = address_id
        try:
            made += _take_address(address_id, now or timezone.now())
        except Exception:
            # One address that can't be ordered for must not keep all the others waiting.
            logger.exception("proposals of address %s wait for the next sweep", address_id)
    return made


def _waiting_after(address_id: int) -> int | None:
    waiting = Proposal.objects.filter(status=Proposal.Status.OPEN, address_id__gt=address_id)
    return waiting.order_by("address_id").values_list("address_id", flat=True).first()


@transaction.atomic
def _take_address(address_id: int, now: dt.datetime) -> int:
    address = (
        Address.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(pk=address_id)
        .first()
    )
    if address is None:
        return 0
    made = 0
    by_contract: dict[int, list[Proposal]] = {}
    for proposal in replenishment.claim_proposals(address_id=address.pk):
        by_contract.setdefault(proposal.contract_id, []).append(proposal)
    for contract_id, proposals in sorted(by_contract.items()):
        order = place(
            account_id=address.account_id,
            contract_id=contract_id,
            address_id=address.pk,
            origin=Order.Origin.AUTOMATIC,
            placed_at=now,
            release_at=now + settings.ANNOUNCEMENT,
            lines=[
                Wanted(
                    pool=proposal.pool,
                    quantity=proposal.quantity,
                    slot_ids=proposal.slot_ids,
                    proposal=proposal,
                    reason=proposal.reason,
                )
                for proposal in proposals
            ],
        )
        announcements.announce(order)
        made += 1
    return made


def release_due(*, now: dt.datetime | None = None) -> int:
    """Releases the automatic orders whose announcement time is over. Returns how many it looked at.

    One whose address is closed today, or on the day on which it would usually arrive, waits (domain rule 21).
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
    lines = OrderLine.objects.filter(state=LineState.PLACED, automatic=True, release_at__lte=now)
    return (
        lines.exclude(order_id__in=but)
        .order_by("release_at", "order_id")
        .values_list("order_id", flat=True)
        .first()
    )


@dataclass(frozen=True)
class Locked:
    """An order with what it is held to, all of it locked: who changes one of them waits for us."""

    order: Order
    contract: Contract
    address: Address


def _lock(order_id: int, *, skip_locked: bool = False) -> Locked | None:
    """Locks an order, address and contract first. None when another has one of them (`skip_locked`)."""
    where = Order.objects.values_list("address_id", "contract_id").get(pk=order_id)
    addresses = Address.objects.select_for_update(no_key=True, skip_locked=skip_locked, of=("self",))
    address = addresses.select_related("current").filter(pk=where[0]).first()
    contracts = Contract.objects.select_for_update(no_key=True, skip_locked=skip_locked)
    contract = contracts.filter(pk=where[1]).first() if address else None
    orders = Order.objects.select_for_update(skip_locked=skip_locked)
    order = orders.filter(pk=order_id).first() if contract else None
    return Locked(order, contract, address) if order and contract and address else None


@transaction.atomic
def _release_one(order_id: int, now: dt.datetime) -> bool:
    locked = _lock(order_id, skip_locked=True)
    if locked is None:
        return False
    order = locked.order
    due = order.lines.filter(state=LineState.PLACED, automatic=True, release_at__lte=now)
    opens = open_from(locked.address, now)
    if opens is None:
        _release_lines(locked, due, now)
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


def _release_lines(locked: Locked, lines: QuerySet[OrderLine], now: dt.datetime) -> int:
    """Releases those lines of a locked order that may leave, and cancels the others (domain rule 26).

    Returns how many may.
    """
    released = 0
    for line in lines.select_for_update(of=("self",)).select_related("order", "supply").order_by("pk"):
        refusal = refusal_of(line, locked.contract, locked.address, now.date())
        if refusal:
            _close(line, refusal, left=line.quantity)
        else:
            OrderLine.objects.filter(pk=line.pk).update(state=LineState.RELEASED)
            released += 1
    return released


@transaction.atomic
def release_now(*, order: Order, actor: User | None = None) -> int:
    """Staff release what waits: an announcement is cut short, a held line is let go. Returns how many lines.

    Lines that may not leave any more are cancelled with the reason.
    """
    locked = _lock(order.pk)
    assert locked is not None
    waiting = [LineState.PLACED, LineState.AWAITING_READ, LineState.IN_REVIEW]
    released = _release_lines(locked, locked.order.lines.filter(state__in=waiting), timezone.now())
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


def _close(line: OrderLine, because: str, *, left: int, not_before: dt.datetime | None = None) -> None:
    """Ends a line of which `left` units have not been shipped: those are not on the way any more.

    A line of which something has left is no longer cancelled: it counts as shipped, without the rest.
    """
    whole = left == line.quantity
    state = LineState.CANCELLED if whole else LineState.SHIPPED
    OrderLine.objects.filter(pk=line.pk).update(state=state, closed_reason=because)
    stock.cancel(
        pool_id=line.pool_id,
        quantity=left,
        cause=f"cancel:{line.public_id}",
        origin=line.order.origin,
        note=because,
    )
    if line.proposal_id is not None:
        replenishment.close_proposals(proposal_ids=[line.proposal_id], because=because, not_before=not_before)
    else:
        replenishment.look_again(address_ids=[line.order.address_id])
    if not whole:
        _deliver_if_all_arrived(line)


def _deliver_if_all_arrived(line: OrderLine) -> None:
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
    _close(locked, because, left=locked.quantity - gone, not_before=(now or timezone.now()) + HOLD)
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
def hold(*, order: Order, actor: User | None = None, now: dt.datetime | None = None) -> dt.datetime:
    """The customer says “not now”: an announced order waits `HOLD` (domain rule 21). Returns until when.

    Refused when nothing of it is announced any more. Saying it again starts the time anew.
    """
    now = now or timezone.now()
    _announce_anew(order, release_at=now + HOLD, held_at=now, verb="held", actor=actor)
    return now + HOLD


@transaction.atomic
def resume(*, order: Order, actor: User | None = None, now: dt.datetime | None = None) -> None:
    """Undoes “not now”: the order leaves with the next release. Refused like `hold`."""
    _announce_anew(order, release_at=now or timezone.now(), held_at=None, verb="resumed", actor=actor)
    wake("orders.release")


def _announce_anew(
    order: Order, *, release_at: dt.datetime, held_at: dt.datetime | None, verb: str, actor: User | None
) -> None:
    locked = Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
    if not locked.lines.filter(state=LineState.PLACED, automatic=True).update(release_at=release_at):
        raise Refused(_("It is being packed already."), code="already_released")
    before = locked.release_at
    Order.objects.filter(pk=locked.pk).update(release_at=release_at, held_at=held_at)
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb=verb,
        kind="order",
        public_id=locked.public_id,
        before=before.isoformat() if before else None,
        after=release_at.isoformat(),
    )


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
    held = _lock(order.pk)
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
                _close(line, refusal, left=left)
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
) -> None:
    """A parcel arrived, whole or with `quantities` (shipment line id → units). Twice changes nothing.

    What arrived goes from on the way to the shelf; what is missing is no longer on the way.
    """
    at = delivered_at or timezone.now()
    order = Order.objects.select_for_update().get(pk=shipment.order_id)
    locked = Shipment.objects.select_for_update().get(pk=shipment.pk)
    if locked.delivered_at is not None:
        return
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
                origin=order.origin,
                at=at,
                actor=actor,
            )
        if units < item.quantity:
            # Else it would be on the way for ever, and nothing would be sent instead.
            stock.cancel(
                pool_id=item.line.pool_id,
                quantity=item.quantity - units,
                cause=f"missing:{locked.public_id}:{item.line.public_id}",
                origin=order.origin,
                note=_("It did not arrive."),
            )
    Shipment.objects.filter(pk=locked.pk).update(delivered_at=at)
    for line in order.lines.filter(state=LineState.SHIPPED):
        _deliver_if_all_arrived(line)
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
