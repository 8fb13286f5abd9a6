"""Reading what the pages for ordering show: what fits an address, and what a person's cart holds for it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Sum

from metered.accounts.access import Viewer
from metered.accounts.models import Address
from metered.accounts.queries import addresses
from metered.fleet.models import Contract, Device, Slot
from metered.fleet.policy import may_go
from metered.orders.leaving import in_words, open_from
from metered.orders.models import Cart, CartLine, OrderLine
from metered.orders.policy import room, within
from metered.orders.queries import lately_for_system
from metered.replenishment.offers import Offer, offers_for_system, working_day_after
from metered.stock.models import Pool
from metered.stock.queries import count_is_stale


@dataclass(frozen=True)
class Row:
    """One supply that may be ordered for the address."""

    pool: Pool
    offer: Offer
    devices: list[Device]
    """Those there that can use it."""
    in_cart: int
    room: int
    """Units that would leave at once."""
    stale: bool
    """Its last count is older than what ordering asks for."""


@dataclass(frozen=True)
class Page:
    """What one address can order; with `device`, what that device takes."""

    address: Address
    device: Device | None
    urgent: bool
    rows: list[Row]
    refused: str
    """Why nothing at all may be sent there; empty when it may."""
    arrives_on: dt.date
    """When it is there at the earliest: the usual days, or the urgent ones."""
    opens_on: dt.date | None
    """The address is closed until then."""
    reference: str
    cost_centre: str


@dataclass(frozen=True)
class Line:
    """One line of the cart, split at the limit."""

    pool: Pool
    device: Device | None
    quantity: int
    sent: int
    waits: int
    offer: Offer | None
    fits: bool
    stale: bool
    lately: list[OrderLine]
    """What was ordered of the same for the same device."""


@dataclass(frozen=True)
class Review:
    cart: Cart
    lines: list[Line]
    arrives_on: dt.date
    opens_on: dt.date | None
    refused: str
    shown: str
    """Names what is shown: a cart that was changed meanwhile has another."""


@dataclass(frozen=True)
class Waiting:
    """A cart that was left: its address and how many items."""

    address: Address
    items: int
    urgent: bool = False
    ids: list[int] = field(default_factory=list)


def address_of(viewer: Viewer, public_id: str) -> Address | None:
    """An address in use that the viewer is admitted to."""
    return addresses(viewer).filter(public_id=public_id).first()


def device_of(viewer: Viewer, public_id: str) -> Device | None:
    """A device in use that the viewer may see."""
    rows = Device.objects.visible_to(viewer).filter(public_id=public_id, removed_at=None)
    found: Device | None = rows.select_related("model", "address").first()
    return found


def carts(viewer: Viewer) -> list[Waiting]:
    """The person's carts that hold something, the newest first."""
    rows = Cart.objects.visible_to(viewer).filter(user_id=viewer.user_id, address__retired_at=None)
    found = rows.select_related("address").annotate(items=Sum("lines__quantity")).filter(items__gt=0)
    return [Waiting(cart.address, cart.items, cart.urgent) for cart in found.order_by("-updated_at", "pk")]


def page(viewer: Viewer, address: Address, device: Device | None, *, urgent: bool, now: dt.datetime) -> Page:
    """What may be ordered for an address, the first to run out on top."""
    offers = offers_for_system(address.pk, now)
    ids = [pool_id for pool_id, offer in offers.items() if not offer.barred]
    users = _devices(address, device)
    cart = Cart.objects.filter(account_id=viewer.account_id, user_id=viewer.user_id, address=address).first()
    in_cart: dict[int, int] = defaultdict(int)
    if cart is not None:
        mine = cart.lines.filter(device=device) if device else cart.lines.all()
        for pool_id, quantity in mine.values_list("pool_id", "quantity"):
            in_cart[pool_id] += quantity
    pools = Pool.objects.visible_to(viewer).filter(pk__in=ids).select_related("supply", "contract")
    rows = [
        Row(
            pool,
            offers[pool.pk],
            users[pool.contract_id, pool.supply_id],
            in_cart[pool.pk],
            _room(pool, offers[pool.pk], urgent),
            count_is_stale(pool, now),
        )
        for pool in pools
        if (pool.contract_id, pool.supply_id) in users
    ]
    rows.sort(key=lambda row: (-row.offer.suggested, _runs_out(row.offer), row.pool.supply.reorder_number))
    return Page(
        address=address,
        device=device,
        urgent=urgent,
        rows=rows,
        refused=_refused(viewer, address, now),
        arrives_on=_arrives(address, urgent, now),
        opens_on=_opens(address, urgent, now),
        reference=cart.reference if cart else "",
        cost_centre=cart.cost_centre if cart else "",
    )


def review(viewer: Viewer, address: Address, now: dt.datetime) -> Review | None:
    """The person's cart for an address as it would be placed; None when there is nothing in it."""
    cart = (
        Cart.objects.visible_to(viewer)
        .filter(user_id=viewer.user_id, address=address)
        .select_related("address__current")
        .first()
    )
    if cart is None:
        return None
    rows = list(
        cart.lines.select_related("pool__supply", "device__model").order_by("pool_id", "device_id", "pk")
    )
    if not rows:
        return None
    offers = offers_for_system(address.pk, now)
    left = {
        row.pool_id: _room(row.pool, offers[row.pool_id], cart.urgent)
        for row in rows
        if row.pool_id in offers
    }
    lines = []
    for row in rows:
        offer = offers.get(row.pool_id)
        sent, waits = within(row.quantity, left.get(row.pool_id, 0))
        left[row.pool_id] = left.get(row.pool_id, 0) - sent
        lines.append(
            Line(
                pool=row.pool,
                device=row.device,
                quantity=row.quantity,
                sent=sent,
                waits=waits,
                offer=offer,
                fits=offer is not None and not offer.barred,
                stale=count_is_stale(row.pool, now),
                lately=_lately(row, offer, now),
            )
        )
    return Review(
        cart=cart,
        lines=lines,
        arrives_on=_arrives(address, cart.urgent, now),
        opens_on=_opens(address, cart.urgent, now),
        refused=_refused(viewer, address, now),
        shown=shown(cart, rows),
    )


def shown(cart: Cart, rows: Sequence[CartLine]) -> str:
    """A short name for what a cart holds."""
    what = [f"{row.pool_id}.{row.device_id or 0}.{row.quantity}" for row in rows]
    return "-".join([*what, "u" if cart.urgent else ""])


def _lately(row: CartLine, offer: Offer | None, now: dt.datetime) -> list[OrderLine]:
    if row.device_id is not None:
        slots = list(
            Slot.objects.filter(device_id=row.device_id, supply_id=row.pool.supply_id).values_list(
                "pk", flat=True
            )
        )
    else:
        slots = offer.slot_ids if offer else []
    return lately_for_system(row.pool_id, slots[: max(row.quantity, 1)], now)


def _devices(address: Address, device: Device | None) -> dict[tuple[int, int], list[Device]]:
    """(contract, supply) → the devices there that take it, each once."""
    here = Device.objects.filter(address=address, removed_at=None)
    if device is not None:
        here = here.filter(pk=device.pk)
    standing = {each.pk: each for each in here.select_related("model")}
    slots = Slot.objects.filter(device__in=here, supply__isnull=False)
    found: dict[tuple[int, int], dict[int, Device]] = defaultdict(dict)
    for device_id, supply_id in slots.order_by("device__name", "device_id", "position").values_list(
        "device_id", "supply_id"
    ):
        user = standing.get(device_id)
        if user is not None:
            found[user.contract_id, supply_id or 0][device_id] = user
    return {both: list(users.values()) for both, users in found.items()}


def _room(pool: Pool, offer: Offer, urgent: bool) -> int:
    return room(offer.need, pool.shelf, pool.on_the_way, suggested=offer.suggested, urgent=urgent)


def _runs_out(offer: Offer) -> str:
    slots = offer.reason.get("slots") or [{}]
    return str((slots[0].get("runs_out") or ["9999"])[0])


def _refused(viewer: Viewer, address: Address, now: dt.datetime) -> str:
    """Why no contract may send anything there."""
    contracts = list(Contract.objects.filter(devices__address=address, devices__removed_at=None).distinct())
    barred = [may_go(contract, address, now.date()) for contract in contracts]
    if barred and all(barred):
        return in_words(barred[0], address)
    return ""


def _arrives(address: Address, urgent: bool, now: dt.datetime) -> dt.date:
    today = now.date()
    closures = list(address.closures.filter(ends_on__gte=today).values_list("starts_on", "ends_on"))
    days = settings.URGENT_LEAD_DAYS if urgent else settings.REPLENISHMENT_LEAD_DAYS
    start = now if urgent else open_from(address, now) or now
    return working_day_after(address.country, start.date(), days, closures)


def _opens(address: Address, urgent: bool, now: dt.datetime) -> dt.date | None:
    opens = None if urgent else open_from(address, now)
    return opens.date() if opens else None
