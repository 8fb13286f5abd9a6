"""What tests of returns share: a shelf that parcels filled, and returns of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from metered.accounts.models import User
from metered.orders import actions as orders
from metered.orders.models import Order
from metered.returns import actions
from metered.returns.filing import Filled
from metered.returns.models import Return
from metered.stock.models import Entry, Pool
from tests import factories as make
from tests.orders.scene import Scene, released, scene, shipped

__all__ = ["Scene", "books", "delivered", "file", "filled", "person_of", "sent", "stocked"]


def stocked(units: int = 3, **fields: Any) -> Scene:
    """A scene whose shelves hold `units` of each supply, shipped and delivered by an order."""
    made = scene(**fields)
    delivered(made, units)
    return made


def delivered(made: Scene, units: int) -> Order:
    order = released(made, units)
    orders.deliver(shipment=shipped(order))
    return order


def sent(made: Scene, units: int) -> None:
    """The same by hand, of any size and without mails."""
    order = orders.place(
        account_id=made.address.account_id,
        contract_id=made.contract.pk,
        address_id=made.address.pk,
        origin=Order.Origin.CUSTOMER,
        lines=[orders.Wanted(pool, units) for pool in made.pools],
    )
    order.lines.update(state="released")
    parcel = orders.ship(order=order, carrier="UPS", tell=False)
    assert parcel is not None
    orders.deliver(shipment=parcel)


def person_of(made: Scene, role: str = "orderer") -> User:
    person = make.user(f"{role}-{uuid.uuid4().hex[:6]}@example.com", "Ana Ruiz")
    make.member(made.address.account, person, role)
    return person


def filled(units: Mapping[int, int], **fields: Any) -> Filled:
    values: dict[str, Any] = {"boxes": 1, "weight_kg": Decimal("4.0"), "contact": "Ana Ruiz"}
    return Filled(units=units, **(values | fields))


def file(
    made: Scene, units: Mapping[int, int] | None = None, *, actor: User | None = None, **fields: Any
) -> Return:
    """Files a return of these units by supply, by default one of the first supply, by an orderer."""
    about: dict[str, Any] = {
        name: fields.pop(name) for name in ("once", "filed_at", "email") if name in fields
    }
    return actions.file_return(
        account_id=made.address.account_id,
        address=made.address,
        filled=filled(units if units is not None else {made.pools[0].supply_id: 1}, **fields),
        once=about.pop("once", uuid.uuid4()),
        actor=actor or person_of(made),
        **about,
    )


SHELF = {
    Entry.Kind.RECEIVE: 1,
    Entry.Kind.ADJUST: 1,
    Entry.Kind.PUT_BACK: 1,
    Entry.Kind.INSTALL: -1,
    Entry.Kind.SET_ASIDE: -1,
}
LEAVING = {Entry.Kind.SET_ASIDE: 1, Entry.Kind.PUT_BACK: -1, Entry.Kind.TAKE_BACK: -1}


def books(pool: Pool) -> tuple[int, int]:
    """(shelf, leaving), and proof that both are the ledger's sums."""
    pool.refresh_from_db()
    entries = list(Entry.objects.filter(pool=pool))
    assert pool.shelf == sum(entry.shelf_change for entry in entries)
    assert pool.leaving == sum(LEAVING.get(Entry.Kind(e.kind), 0) * e.quantity for e in entries)
    return pool.shelf, pool.leaving


DAY = dt.timedelta(days=1)
