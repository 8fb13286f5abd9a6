"""What the demo's customers send back: a printer was taken out of use, and its supplies go back bit by bit.

Written by the same actions that people use; only the past's moments are set by hand.
"""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Mapping
from decimal import Decimal

from metered.accounts.models import User
from metered.fleet.actions import add_device, remove_device
from metered.fleet.models import Device, PrinterModel, Slot, Supply
from metered.notify.models import Message
from metered.orders import actions as orders
from metered.orders.models import Order
from metered.portal.demo.parcels import working_day
from metered.portal.demo.stories import sent
from metered.returns import actions
from metered.returns.models import Receipt, Return
from metered.stock.actions import pool_for

PLACE = "Main St Clinic"
MODEL = "CX725de"
SENT = {"black": 34, "cyan": 8, "magenta": 6, "yellow": 6}
"""Units that were shipped for the printer that is gone; nobody else at the address takes them."""

DAY = dt.timedelta(days=1)


def write(now: dt.datetime) -> None:
    """A return in each state, one of somebody who was not signed in, and what is left over."""
    maria = User.objects.get(email="maria.alvarez@northwind.example")
    sam = User.objects.filter(is_staff=True).order_by("pk")[0]
    device = _printer(now)
    units = _sent_there(device, maria, now)
    desk = Desk(device, maria, sam, now)

    closed = desk.file({units["black"]: 2}, days=58)
    desk.came(closed, {units["black"]: 2}, days=50)
    desk.close(closed, days=49)

    fewer = desk.file({units["cyan"]: 3}, days=40)
    desk.came(fewer, {units["cyan"]: 2}, days=33, condition="opened", note="The seal of one box was cut.")
    desk.close(fewer, days=31, because="Two of three came. The third counts as on your shelf again.")

    rejected = desk.file({Supply.objects.get(reorder_number="3010C002").pk: 2}, days=27)
    desk.reject(
        rejected, "These were not sent by us; please give them back to where you bought them.", days=25
    )

    dropped = desk.file({units["yellow"]: 2}, days=21)
    actions.withdraw(made=dropped, actor=maria)
    desk.mailed(20)
    Return.objects.filter(pk=dropped.pk).update(closed_at=now - 20 * DAY)

    counting = desk.file({units["magenta"]: 3, units["yellow"]: 1}, days=9, boxes=2)
    receipt = desk.came(counting, {units["magenta"]: 2}, days=2, note="One box of two has arrived so far.")
    actions.add_photo(receipt=receipt, content=_picture(), actor=sam)

    under_way = desk.file({units["cyan"]: 1}, days=4)
    actions.hand_over(made=under_way, actor=maria, at=now - 1 * DAY)

    pallet = desk.file({units["black"]: 22}, days=5, boxes=22, pounds=286)
    desk.accept(
        pallet,
        pick_up_on=now.date() + dt.timedelta(days=working_day(now.date(), 3)),
        carrier="Lakes Freight",
        days=2,
    )

    desk.file({units["yellow"]: 1}, days=1)
    desk.file({units["magenta"]: 40}, days=5, boxes=12, pounds=160)
    desk.unsigned({units["cyan"]: 1}, days=2)

    remove_device(device=device, at=now - 3 * DAY, actor=sam)
    actions.take_facts(now=now)


class Desk:
    """Who files and who decides, at which moments before now."""

    def __init__(self, device: Device, customer: User, staff: User, now: dt.datetime) -> None:
        self.device, self.customer, self.staff, self.now = device, customer, staff, now
        self.known = set(Message.objects.values_list("pk", flat=True))

    def mailed(self, days: float) -> None:
        """What was told since the last time was sent so many days ago."""
        for message in Message.objects.exclude(pk__in=self.known):
            sent(message.event, self.now - days * DAY)
            self.known.add(message.pk)

    def file(self, units: Mapping[int, int], *, days: int, boxes: int = 1, pounds: int = 9) -> Return:
        made = actions.file_return(
            account_id=self.device.account_id,
            address=self.device.address,
            filled=actions.Filled(
                units=units,
                boxes=boxes,
                weight_kg=(Decimal(pounds) * Decimal("0.4536")).quantize(Decimal("0.1")),
                contact="Maria Alvarez",
                phone="+1 585 555 0112",
            ),
            once=uuid.uuid4(),
            actor=self.customer,
            filed_at=self.now - days * DAY,
        )
        self.mailed(days)
        return made

    def unsigned(self, units: Mapping[int, int], *, days: int) -> None:
        """By somebody at the reception who has no sign-in."""
        actions.file_return(
            account_id=self.device.account_id,
            address=None,
            filled=actions.Filled(
                units=units, boxes=1, weight_kg=Decimal("3.5"), contact="Reception", phone="+1 585 555 0119"
            ),
            once=uuid.uuid4(),
            actor=None,
            email="reception@northwind.example",
            pick_up="Northwind Clinics\n88 Main St E, ground floor\nRochester NY 14604",
            country="US",
            filed_at=self.now - days * DAY,
        )
        self.mailed(days)

    def accept(self, made: Return, *, pick_up_on: dt.date, carrier: str, days: int) -> None:
        actions.decide(
            made=made,
            accepted={line.public_id: line.quantity for line in made.lines.all()},
            reasons={},
            pick_up_on=pick_up_on,
            carrier=carrier,
            actor=self.staff,
            now=self.now - days * DAY,
        )
        self.mailed(days)

    def reject(self, made: Return, why: str, *, days: int) -> None:
        actions.decide(
            made=made,
            accepted={},
            reasons={line.public_id: why for line in made.lines.all()},
            actor=self.staff,
            now=self.now - days * DAY,
        )
        self.mailed(days)

    def came(
        self, made: Return, units: Mapping[int, int], *, days: int, condition: str = "sealed", note: str = ""
    ) -> Receipt:
        actions.hand_over(made=made, actor=self.customer, at=self.now - (days + 4) * DAY)
        receipt = actions.receive(
            made=made,
            counted=[actions.Counted(supply, n, condition) for supply, n in units.items()],
            once=uuid.uuid4(),
            boxes=1,
            note=note,
            received_at=self.now - days * DAY,
            actor=self.staff,
        )
        self.mailed(days)
        return receipt

    def close(self, made: Return, *, days: int, because: str = "") -> None:
        actions.close(made=made, because=because, actor=self.staff)
        Return.objects.filter(pk=made.pk).update(closed_at=self.now - days * DAY)
        self.mailed(days)


def _printer(now: dt.datetime) -> Device:
    """A printer that Northwind had at the clinic until three days ago."""
    neighbour = Device.objects.filter(account__name="Northwind Clinics", address__name=PLACE).order_by("pk")[
        0
    ]
    model = PrinterModel.objects.get(name__endswith=MODEL)
    device = add_device(
        contract=neighbour.contract,
        address=neighbour.address,
        model=model,
        serial="75284410932",
        installed_on=(now - 400 * DAY).date(),
        name="Dermatology",
        place="2nd floor, room 208",
    )
    for n, fit in enumerate(
        model.fits.filter(supply__kind="toner").select_related("supply").order_by("pk"), 1
    ):
        Slot.objects.create(
            account_id=device.account_id, device=device, kind="toner", colorant=fit.supply.colorant,
            code=f"1.{n}", position=n, name=fit.supply.name, supply=fit.supply,
        )  # fmt: skip
    return device


def _sent_there(device: Device, actor: User, now: dt.datetime) -> dict[str, int]:
    """Colour → supply of what was ordered for it by hand, once and too much."""
    slots = {slot.colorant: slot for slot in device.slots.select_related("supply")}
    wanted, found = [], {}
    for colour, units in SENT.items():
        slot = slots[colour]
        assert slot.supply is not None
        pool = pool_for(
            account_id=device.account_id,
            contract_id=device.contract_id,
            address_id=device.address_id,
            supply_id=slot.supply.pk,
        )
        wanted.append(orders.Wanted(pool, units, [slot.pk]))
        found[colour] = slot.supply.pk
    order = orders.place(
        account_id=device.account_id,
        contract_id=device.contract_id,
        address_id=device.address_id,
        origin=Order.Origin.CUSTOMER,
        placed_by=actor,
        placed_at=now - 121 * DAY,
        reference="PO 70118",
        lines=wanted,
    )
    orders.release_now(order=order)
    shipment = orders.ship(
        order=order, carrier="UPS", tracking="1Z8R4F390340017745", expected_on=(now - 117 * DAY).date(),
        shipped_at=now - 119 * DAY, tell=False,
    )  # fmt: skip
    assert shipment is not None
    orders.deliver(shipment=shipment, delivered_at=now - 117 * DAY)
    return found


def _picture() -> bytes:
    """A photograph of a carton on a table, as far as a demo needs one."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (960, 720), "#d9dde1")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 470, 960, 720), fill="#b9a58a")
    draw.polygon([(220, 260), (620, 240), (760, 300), (360, 330)], fill="#d8b98a")
    draw.polygon([(220, 260), (360, 330), (360, 600), (220, 510)], fill="#a8824f")
    draw.polygon([(360, 330), (760, 300), (760, 550), (360, 600)], fill="#c39b64")
    draw.polygon([(420, 253), (480, 250), (610, 311), (550, 316)], fill="#efe6d2")
    draw.polygon([(550, 316), (610, 311), (610, 380), (550, 386)], fill="#efe6d2")
    draw.rectangle((420, 430, 520, 520), fill="#f7f7f4")
    for n in range(12):
        draw.rectangle((430 + n * 7, 440, 432 + n * 7 + n % 3, 480), fill="#222222")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()
