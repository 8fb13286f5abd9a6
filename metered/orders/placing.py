"""Orders are placed: by a person, or of what replenishment proposes."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import Address, User
from metered.lib.errors import Refused
from metered.orders import announcements
from metered.orders.models import Order, OrderLine
from metered.replenishment import actions as replenishment
from metered.replenishment.models import Proposal
from metered.stock import actions as stock
from metered.stock.models import Pool

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """A line to be: units for one pool, the slots they are meant for, and why."""

    pool: Pool
    quantity: int
    slot_ids: Sequence[int] = ()
    proposal: Proposal | None = None
    reason: Mapping[str, Any] | None = field(default=None)
    weighed: Mapping[str, Any] | None = None
    """What it was weighed against when a person ordered it."""


def ledger_origin(origin: str) -> str:
    """How the ledger calls an order's origin. A replacement is the operator's doing: the forecast must not
    take it for a customer who found the shelf empty.
    """
    return "staff" if origin == Order.Origin.REPLACED else origin


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
    once: uuid.UUID | None = None,
) -> Order:
    """Places an order of at least one line; its units are on the way from now on.

    `once`: the form it comes from; a second order of the same form and contract is an IntegrityError.

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
        once=once,
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
            weighed=item.weighed,
            weighed_at=order.placed_at if item.weighed else None,
        )
        line.slots.add(*item.slot_ids)
        stock.expect(
            pool_id=item.pool.pk,
            quantity=item.quantity,
            cause=f"order:{line.public_id}",
            origin=ledger_origin(origin),
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
