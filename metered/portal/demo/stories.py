"""What happens at the demo's customers right now: a bulletin, a heavy job, a held read, orders in every
state.

Written by the same actions that people use, wherever time does not stand in the way.
"""

from __future__ import annotations

import datetime as dt

from metered.accounts.models import Address, User
from metered.fleet.actions import switch_replenishment
from metered.fleet.models import Bulletin, Device
from metered.notify.models import Message
from metered.notify.rendering import render
from metered.orders import actions as orders
from metered.orders import announcements
from metered.orders.models import LineState, Order, OrderLine
from metered.portal.demo import device_changes, heavy_jobs
from metered.portal.demo.parcels import working_day
from metered.reads import actions as reads
from metered.reads.models import Read
from metered.replenishment.models import PoolForecast
from metered.stock import actions as stock
from metered.stock.models import Pool

BULLETIN_IN = dt.timedelta(weeks=12)
MAILED = 8
ANNOUNCED_AT, SHIPPED_AT, WAITS_AT = "Lakeshore Hospital", "Main St Clinic", "Lakeshore Hospital"


def before_review(now: dt.datetime) -> None:
    """What decisions must know of: announced volume, and a printer whose replenishment is off."""
    maria = User.objects.get(email="maria.alvarez@northwind.example")
    ray = User.objects.get(email="ray.kowalski@northwind.example")
    _bulletin(now)
    heavy_jobs.announce(maria, now)
    switch_replenishment(
        device=Device.objects.get(name="Chaplain's office"),
        on=False,
        reason="Hardly used; we order by hand",
        actor=ray,
    )
    _held_read(now)
    device_changes.write(now)


def _bulletin(now: dt.datetime) -> None:
    model = Device.objects.filter(model__name="VersaLink C505").select_related("model")[0].model
    Bulletin.objects.create(
        model=model,
        minimum_software="67.59.31",
        from_date=(now + BULLETIN_IN).date(),
        software_url="https://example.com/software",
        instructions="Download the software, unpack it and print the .dlm file to the printer.",
        published_at=now - dt.timedelta(days=3),
    )


def _held_read(now: dt.datetime) -> None:
    """The month's meter of a printer without a connection, with two digits the wrong way round."""
    device = Device.objects.get(name="Physical therapy")
    last = Read.objects.filter(device=device).order_by("-taken_at")[0]
    before = {value.meter_type.code: value.value for value in last.values.select_related("meter_type")}
    typed = _transposed(before["total"] + 310, before["total"])
    reads.enter_read(
        device=device,
        values={"total": typed, "mono": typed},
        taken_at=now - dt.timedelta(hours=20),
        source=Read.Source.CUSTOMER,
        actor=User.objects.get(email="lena.fischer@northwind.example"),
        now=now - dt.timedelta(hours=20),
    )


def _transposed(meant: int, last: int) -> int:
    """`meant` with two neighbouring digits swapped to lie below `last`; else with its last one lost."""
    digits = str(meant)
    swapped = [int(digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :]) for i in range(len(digits) - 1)]
    below = [value for value in swapped if value < last]
    return max(below) if below else int(digits[:-1])


def take_stock(now: dt.datetime) -> None:
    """The university counted its stores this morning and found what the books say."""
    grace = User.objects.get(email="grace.tremblay@mapleridge.example")
    for pool in Pool.objects.filter(account__name="Maple Ridge University").order_by("pk"):
        stock.count(
            pool_id=pool.pk,
            quantity=pool.shelf,
            cause=f"count:{pool.public_id}:stock-taking",
            at=now - dt.timedelta(hours=2),
            actor=grace,
        )


def after_review(now: dt.datetime) -> None:
    """Orders of what the review proposed; one stays announced, one is on its way, and one waits."""
    _earlier_mails(now)
    orders.take_proposals(now=now)
    leaves = now + dt.timedelta(hours=20)
    announced = _order_of(ANNOUNCED_AT, now)
    OrderLine.objects.filter(order=announced).update(release_at=leaves)
    Order.objects.filter(pk=announced.pk).update(release_at=leaves)
    _on_its_way(_order_of(SHIPPED_AT, now), now)
    _waits_for_a_read(now)


def _earlier_mails(now: dt.datetime) -> None:
    """What the last orders' people were told, as the outbox keeps it: sent on the days of the orders."""
    past = Order.objects.filter(origin=Order.Origin.AUTOMATIC, placed_at__lt=now - dt.timedelta(days=1))
    for order in past.order_by("-placed_at")[:MAILED]:
        announcements.announce(order)
        sent(f"order_announced:{order.public_id}", order.placed_at)
        for shipment in order.shipments.select_related("order__address"):
            announcements.tell_shipped(shipment)
            sent(f"order_shipped:{shipment.public_id}", shipment.shipped_at)


def sent(event: str, at: dt.datetime) -> None:
    """What was told then is in the outbox as sent then."""
    for message in Message.objects.filter(event=event):
        mail = render(message)
        Message.objects.filter(pk=message.pk).update(
            status=Message.Status.SENT,
            created_at=at,
            due_at=at,
            sent_at=at,
            attempts=1,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
        )


def _order_of(name: str, now: dt.datetime) -> Order:
    """The address's announced order; where nothing was due, one for what runs out first there."""
    found: Order | None = Order.objects.filter(
        address__name=name, origin=Order.Origin.AUTOMATIC, placed_at=now
    ).first()
    if found is not None:
        return found
    address = Address.objects.get(name=name)
    pool = _soonest(address, now)
    forecast = PoolForecast.objects.get(pool=pool)
    why = {**(forecast.decision or {}), "rule": "ship", "quantity": 1, "with": []}
    slot_ids = [slot["slot"] for slot in why.get("slots", [])[:1]]
    return orders.place(
        account_id=pool.account_id,
        contract_id=pool.contract_id,
        address_id=pool.address_id,
        origin=Order.Origin.AUTOMATIC,
        placed_at=now,
        release_at=now,
        lines=[orders.Wanted(pool, 1, slot_ids, None, why)],
    )


def _soonest(address: Address, now: dt.datetime) -> Pool:
    """The pool of the address that needs a unit first and has none coming."""
    free: Pool = (
        Pool.objects.filter(
            address=address,
            on_the_way=0,
            positions__runs_out_at__isnull=False,
            positions__device__state__received_at__gt=now - dt.timedelta(days=3),
        )
        .order_by("shelf", "positions__runs_out_at")
        .select_related("supply")[0]
    )
    return free


def _on_its_way(order: Order, now: dt.datetime) -> None:
    placed = now - dt.timedelta(days=2, hours=3)
    Order.objects.filter(pk=order.pk).update(placed_at=placed, release_at=placed)
    OrderLine.objects.filter(order=order).update(release_at=placed)
    order.refresh_from_db()
    orders.release_now(order=order)
    orders.ship(
        order=order,
        carrier="UPS",
        tracking="1Z8R4F390342118806",
        expected_on=now.date() + dt.timedelta(days=working_day(now.date(), 2)),
        shipped_at=now - dt.timedelta(hours=26),
        tell=True,
    )


def _waits_for_a_read(now: dt.datetime) -> None:
    """Somebody wants more than sixty days need: what is above the limit waits for a read (domain rule 18)."""
    pool = _soonest(Address.objects.get(name=WAITS_AT), now)
    order = orders.place(
        account_id=pool.account_id,
        contract_id=pool.contract_id,
        address_id=pool.address_id,
        origin=Order.Origin.CUSTOMER,
        placed_by=User.objects.get(email="ray.kowalski@northwind.example"),
        placed_at=now - dt.timedelta(hours=5),
        reference="PO 77310",
        lines=[orders.Wanted(pool, 4, list(pool.positions.values_list("slot_id", flat=True)[:1]))],
    )
    order.lines.update(state=LineState.AWAITING_READ)
