"""What a person means to order, kept until it is placed (domain rule 19)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.fleet.models import Slot
from metered.lib.errors import Refused
from metered.orders.by_hand import Asked
from metered.orders.models import Cart, CartLine, Order
from metered.stock import actions as stock
from metered.stock.models import Pool

MOST = 99
"""Units of one line of a cart."""


@transaction.atomic
def fill_cart(
    *,
    account_id: int,
    address_id: int,
    user: User,
    asked: Sequence[Asked],
    urgent: bool = False,
    device_id: int | None = None,
    reference: str | None = None,
    cost_centre: str | None = None,
) -> Cart:
    """Makes the cart of that person and address hold this; without any line it is gone.

    `device_id`: only the lines for this device are replaced, others stay. `reference` and `cost_centre` None
    leave what is there. Raises Refused(other_pool) for a pool of another address.
    """
    made, _created = Cart.objects.get_or_create(account_id=account_id, user=user, address_id=address_id)
    cart: Cart = Cart.objects.select_for_update().get(pk=made.pk)
    mine = Pool.objects.filter(account_id=account_id, address_id=address_id)
    known = set(mine.filter(pk__in=[item.pool_id for item in asked]).values_list("pk", flat=True))
    if any(item.pool_id not in known or not 0 <= item.quantity <= MOST for item in asked):
        raise Refused(_("A supply on it is for another address or contract."), code="other_pool")
    old = cart.lines.all() if device_id is None else cart.lines.filter(device_id=device_id)
    old.delete()
    CartLine.objects.bulk_create(
        CartLine(cart=cart, pool_id=item.pool_id, device_id=item.device_id, quantity=item.quantity)
        for item in asked
        if item.quantity
    )
    cart.urgent, cart.updated_at = urgent, timezone.now()
    cart.reference = cart.reference if reference is None else reference
    cart.cost_centre = cart.cost_centre if cost_centre is None else cost_centre
    cart.save(update_fields=["urgent", "updated_at", "reference", "cost_centre"])
    return cart


@transaction.atomic
def empty_cart(*, account_id: int, address_id: int, user: User) -> None:
    """Throws away what a person meant to order for that address."""
    Cart.objects.filter(account_id=account_id, address_id=address_id, user=user).delete()


@transaction.atomic
def count_here(
    *,
    account_id: int,
    address_id: int,
    counted: Mapping[int, int],
    once: uuid.UUID,
    actor: User,
    now: dt.datetime | None = None,
) -> int:
    """What a person counted while ordering (pool id → units); the same form again counts nothing again.

    Returns how many pools. Raises Refused(other_pool) for a pool of another address.
    """
    pools = Pool.objects.filter(account_id=account_id, address_id=address_id, pk__in=list(counted))
    found = {pool.pk: pool for pool in pools.order_by("pk")}
    if set(counted) - set(found):
        raise Refused(_("A supply on it is for another address or contract."), code="other_pool")
    for pool_id, pool in found.items():
        entry = stock.count(
            pool_id=pool_id,
            quantity=counted[pool_id],
            cause=f"count:{pool.public_id}:{once.hex}",
            at=now,
            actor=actor,
        )
        log(
            actor=actor,
            account_id=account_id,
            address_id=address_id,
            verb="counted",
            kind="stock",
            public_id=pool.public_id,
            before=pool.shelf,
            after=entry.quantity,
        )
    return len(found)


@transaction.atomic
def order_again(*, order: Order, user: User) -> tuple[Cart | None, list[str]]:
    """Puts what an earlier order held into the person's cart for its address, as far as it still fits there.

    Returns the cart (None when nothing fits any more) and a sentence for everything that is different now.
    """
    told: list[str] = []
    if order.address.retired_at is not None:
        return None, [_("%(address)s is no longer in use.") % {"address": order.address.name}]
    wanted: dict[tuple[int, int | None], int] = {}
    lines = order.lines.select_related("supply").prefetch_related("slots__device__model", "slots__supply")
    for line in lines.order_by("pk"):
        slots = [slot for slot in line.slots.all() if _still_there(slot, order)]
        gone = [slot for slot in line.slots.all() if not _still_there(slot, order)]
        told += [
            _("%(device)s is no longer at %(address)s.")
            % {"device": slot.device.label, "address": order.address.name}
            for slot in gone
        ]
        supply = slots[0].supply if slots else line.supply
        if not slots and line.slots.all():
            told.append(_("%(supply)s was left out.") % {"supply": line.supply.name})
            continue
        if supply is None or not supply.active:
            told.append(_("%(supply)s is no longer sent, and was left out.") % {"supply": line.supply.name})
            continue
        if supply.pk != line.supply_id:
            told.append(
                _("%(new)s is sent instead of %(old)s now.")
                % {"new": supply.reorder_number, "old": line.supply.reorder_number}
            )
        contract_id = slots[0].device.contract_id if slots else order.contract_id
        pool = stock.pool_for(
            account_id=order.account_id,
            contract_id=contract_id,
            address_id=order.address_id,
            supply_id=supply.pk,
        )
        key = (pool.pk, slots[0].device_id if len({slot.device_id for slot in slots}) == 1 else None)
        wanted[key] = min(wanted.get(key, 0) + line.quantity, MOST)
    told = list(dict.fromkeys(told))
    if not wanted:
        return None, told
    cart = fill_cart(
        account_id=order.account_id,
        address_id=order.address_id,
        user=user,
        asked=[Asked(pool_id, quantity, device) for (pool_id, device), quantity in wanted.items()],
        reference=order.reference,
        cost_centre=order.cost_centre,
    )
    return cart, told


def _still_there(slot: Slot, order: Order) -> bool:
    return slot.device.removed_at is None and slot.device.address_id == order.address_id
