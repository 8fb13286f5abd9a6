"""People order: from a cart, up to the limit at once, each form once (domain rules 18 and 19)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.models import Address, User
from metered.fleet.models import Contract, Slot
from metered.fleet.policy import Use, may_be_sent
from metered.lib.errors import Refused
from metered.orders import announcements
from metered.orders.leaving import in_words, open_from
from metered.orders.models import Cart, LineState, Order, OrderLine
from metered.orders.placing import Wanted, place
from metered.orders.policy import room as room_below
from metered.orders.policy import waits_for, within
from metered.orders.queries import heard_on_for_system, lately_for_system
from metered.orders.weighing import weighed
from metered.replenishment.offers import Offer, offers_for_system
from metered.stock.models import Pool

ONCE = "order_placed_once"


@dataclass(frozen=True)
class Asked:
    """Units of a pool that a person wants, for one device or (None) for whichever needs it first."""

    pool_id: int
    quantity: int
    device_id: int | None = None


@dataclass(frozen=True)
class _Ground:
    """What all lines of one form stand on, read under the address's lock."""

    address: Address
    contracts: Mapping[int, Contract]
    pools: Mapping[int, Pool]
    slots: Mapping[int, list[Slot]]
    """Pool → the slots there that can use it, the emptiest first."""
    offers: Mapping[int, Offer]
    heard_on: Mapping[int, dt.date]
    urgent: bool
    once: uuid.UUID
    now: dt.datetime


def order_by_hand(
    *,
    account_id: int,
    address_id: int,
    once: uuid.UUID,
    asked: Sequence[Asked],
    actor: User,
    urgent: bool = False,
    anyway: bool = False,
    reference: str = "",
    cost_centre: str = "",
    now: dt.datetime | None = None,
) -> list[Order]:
    """Places what a person asked for: an order for each contract, usually one. Ends the cart it came from.

    The same `once` again, at the same moment or later, gives the same orders and places nothing. Up to the
    limit the units are released at once (or when the address opens); the rest waits for a read, a count or
    staff. `urgent`: somebody is out now: the shelf is taken for empty, so at least one unit leaves.

    Raises Refused: nothing_ordered, other_pool, not_fitting (of what can't be sent, and why), and
    already_ordered when the same was ordered for the same device lately and nobody said `anyway`.
    """
    now = now or timezone.now()
    if before := _placed(account_id, once):
        return before
    try:
        with transaction.atomic():
            return _place(
                account_id, address_id, once, asked, actor, urgent, anyway, reference, cost_centre, now
            )
    except IntegrityError as error:
        if ONCE not in str(error):
            raise
        return _placed(account_id, once)


def _placed(account_id: int, once: uuid.UUID) -> list[Order]:
    return list(Order.objects.filter(account_id=account_id, once=once).order_by("pk"))


def _place(
    account_id: int,
    address_id: int,
    once: uuid.UUID,
    asked: Sequence[Asked],
    actor: User,
    urgent: bool,
    anyway: bool,
    reference: str,
    cost_centre: str,
    now: dt.datetime,
) -> list[Order]:
    if not asked:
        raise Refused(_("There is nothing on this order."), code="nothing_ordered")
    ground = _ground(account_id, address_id, [item.pool_id for item in asked], urgent, once, now)
    room = {pool_id: _room(ground, pool_id) for pool_id in ground.pools}
    wanted: dict[int, list[Wanted]] = defaultdict(list)
    for item in sorted(asked, key=lambda item: (item.pool_id, item.device_id or 0)):
        pool = ground.pools[item.pool_id]
        wanted[pool.contract_id] += _lines(ground, item, room, anyway)
    made = []
    opens = None if urgent else open_from(ground.address, now)
    for contract_id, lines in sorted(wanted.items()):
        order = place(
            account_id=account_id,
            contract_id=contract_id,
            address_id=address_id,
            origin=Order.Origin.EMERGENCY if urgent else Order.Origin.CUSTOMER,
            lines=lines,
            placed_by=actor,
            placed_at=now,
            reference=reference,
            cost_centre=cost_centre,
            once=once,
        )
        _go_on(order, opens)
        announcements.tell_placed(order, actor)
        made.append(order)
    Cart.objects.filter(account_id=account_id, user=actor, address_id=address_id, once=once).delete()
    return made


def _ground(
    account_id: int,
    address_id: int,
    pool_ids: Sequence[int],
    urgent: bool,
    once: uuid.UUID,
    now: dt.datetime,
) -> _Ground:
    addresses = Address.objects.select_for_update(no_key=True, of=("self",)).select_related("current")
    address = addresses.filter(pk=address_id, account_id=account_id).first()
    rows = Pool.objects.filter(pk__in=pool_ids, account_id=account_id, address_id=address_id)
    pools = {pool.pk: pool for pool in rows.select_related("supply").order_by("pk")}
    if address is None or set(pool_ids) - set(pools):
        raise Refused(_("A supply on it is for another address or contract."), code="other_pool")
    contract_ids = sorted({pool.contract_id for pool in pools.values()})
    contracts = {
        row.pk: row
        for row in Contract.objects.select_for_update(no_key=True).filter(pk__in=contract_ids).order_by("pk")
    }
    # Read under the locks: what somebody else has just ordered here is on the way already.
    offers = offers_for_system(address_id, now)
    return _Ground(
        address,
        contracts,
        pools,
        _slots(pools, offers),
        offers,
        heard_on_for_system(address_id),
        urgent,
        once,
        now,
    )


def _slots(pools: Mapping[int, Pool], offers: Mapping[int, Offer]) -> dict[int, list[Slot]]:
    by_key: dict[tuple[int, int, int], int] = {
        (pool.contract_id, pool.address_id, pool.supply_id): pool.pk for pool in pools.values()
    }
    place_of = {slot_id: number for offer in offers.values() for number, slot_id in enumerate(offer.slot_ids)}
    found: dict[int, list[Slot]] = defaultdict(list)
    standing = Slot.objects.filter(
        device__address_id__in={key[1] for key in by_key},
        device__removed_at=None,
        supply_id__in={key[2] for key in by_key},
    ).select_related("device")
    for slot in sorted(standing, key=lambda slot: (place_of.get(slot.pk, len(place_of)), slot.pk)):
        pool_id = by_key.get((slot.device.contract_id, slot.device.address_id, slot.supply_id or 0))
        if pool_id is not None:
            found[pool_id].append(slot)
    return found


def _room(ground: _Ground, pool_id: int) -> int:
    offer, pool = ground.offers.get(pool_id), ground.pools[pool_id]
    return room_below(
        offer.need if offer else 0,
        pool.shelf,
        pool.on_the_way,
        suggested=offer.suggested if offer else 0,
        urgent=ground.urgent,
    )


def _lines(ground: _Ground, item: Asked, room: dict[int, int], anyway: bool) -> list[Wanted]:
    """The part of an item that leaves, and the part that waits; what is used up is taken from `room`."""
    pool = ground.pools[item.pool_id]
    slots = [
        slot
        for slot in ground.slots.get(pool.pk, [])
        if item.device_id is None or slot.device_id == item.device_id
    ]
    contract = ground.contracts[pool.contract_id]
    uses = [Use(here=True, on=True) for _slot in slots]
    barred = may_be_sent(contract, ground.address, pool.supply, uses, ground.now.date())
    if barred:
        said = _("%(supply)s can't be ordered: %(why)s") % {
            "supply": pool.supply.name,
            "why": in_words(barred, ground.address),
        }
        raise Refused(said, code="not_fitting")
    chosen = [slot.pk for slot in slots[: max(item.quantity, 1)]]
    if not anyway and lately_for_system(pool.pk, chosen, ground.now, but=ground.once):
        said = _("The same was ordered for the same device in the last %(days)s days.") % {
            "days": settings.ORDER_AGAIN_DAYS
        }
        raise Refused(said, code="already_ordered")
    sent, rest = within(item.quantity, room[pool.pk])
    limit_now = room[pool.pk]
    room[pool.pk] -= sent
    need = ground.offers[pool.pk].need if pool.pk in ground.offers else 0
    found = []
    if sent:
        found.append(Wanted(pool, sent, chosen, weighed=weighed(pool, need, limit_now, "")))
    if rest:
        asks = _asks(ground, pool, slots)
        held = weighed(pool, need, limit_now, asks) | {"held": True}
        found.append(Wanted(pool, rest, chosen, weighed=held))
    return found


def _asks(ground: _Ground, pool: Pool, slots: Sequence[Slot]) -> str:
    heard = [ground.heard_on[slot.device_id] for slot in slots if slot.device_id in ground.heard_on]
    return waits_for(
        pool.counted_at.date() if pool.counted_at else None,
        min(heard) if len(heard) == len(slots) and heard else None,
        ground.now.date(),
        count_days=settings.COUNT_WHEN_ORDERING_DAYS,
        silent_days=settings.SILENT_ALERT_DAYS,
    )


def _go_on(order: Order, opens: dt.datetime | None) -> None:
    """Each line's first step: what is within the limit leaves, or leaves when the address opens."""
    for line in OrderLine.objects.filter(order=order).order_by("pk"):
        what = line.weighed or {}
        if what.get("held"):
            state = LineState.AWAITING_READ if what["asks"] else LineState.IN_REVIEW
            OrderLine.objects.filter(pk=line.pk).update(state=state)
        elif opens is not None:
            OrderLine.objects.filter(pk=line.pk).update(release_at=opens)
        else:
            OrderLine.objects.filter(pk=line.pk).update(state=LineState.RELEASED)
    if opens is not None:
        Order.objects.filter(pk=order.pk).update(release_at=opens)
