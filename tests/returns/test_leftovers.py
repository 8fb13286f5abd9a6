"""A device is removed: what was ordered for it stops, and what it leaves behind is to be returned."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from metered.accounts.actions import state
from metered.accounts.models import Fact
from metered.fleet import actions as fleet
from metered.lib.errors import Refused
from metered.notify.models import Message
from metered.orders import actions as orders
from metered.orders.models import Order
from metered.returns import actions
from metered.returns.models import Leftover
from tests import factories as make
from tests.orders.scene import announced, on_the_way, released, shelf, states
from tests.returns.scene import Scene, file, person_of, stocked

pytestmark = pytest.mark.django_db


def removed(made: Scene) -> None:
    fleet.remove_device(device=made.device)
    actions.take_facts()


def open_now() -> list[Leftover]:
    return list(Leftover.objects.filter(state="open").order_by("pool_id"))


def test_what_a_removed_device_leaves_is_found_once_and_told_once() -> None:
    made = stocked(2)
    person_of(made, "owner")
    removed(made)
    assert [row.pool_id for row in open_now()] == [pool.pk for pool in made.pools]
    assert {row.device_id for row in open_now()} == {made.device.pk}
    assert actions.take_facts() == 0 and actions.look_for_leftovers() == 0
    assert (actions.remind(), actions.remind()) == (1, 0)
    assert Message.objects.filter(template="leftovers").count() == 1
    assert actions.remind(now=timezone.now() + dt.timedelta(days=7, minutes=1)) == 1
    told = Message.objects.filter(template="leftovers").order_by("pk")
    assert [message.values["reminder"] for message in told] == [False, True]


def test_what_another_device_uses_is_not_left_over() -> None:
    made = stocked(2)
    other = make.device(made.address, model=made.device.model, contract=made.contract)
    make.slot(other, supply=made.pools[0].supply)
    removed(made)
    assert [row.pool_id for row in open_now()] == [made.pools[1].pk]


def test_a_contract_that_ends_leaves_all_of_its_shelves() -> None:
    made = stocked(1)
    type(made.contract).objects.filter(pk=made.contract.pk).update(status="ended")
    state(kind=Fact.Kind.CONTRACT_CHANGED, account_id=made.address.account_id, public_id="c")
    assert actions.take_facts() >= 1
    assert [(row.pool_id, row.device_id) for row in open_now()] == [(pool.pk, None) for pool in made.pools]


def test_a_return_settles_it_and_its_withdrawal_opens_it_again() -> None:
    made = stocked(2)
    removed(made)
    given = file(made, {made.pools[0].supply_id: 2})
    assert [row.pool_id for row in open_now()] == [made.pools[1].pk]
    actions.withdraw(made=given)
    assert len(open_now()) == 2


def test_a_parcel_that_arrives_afterwards_is_found_at_night() -> None:
    made = stocked(1)
    order = released(made)
    parcel = orders.ship(order=order, carrier="UPS")
    assert parcel is not None
    removed(made)
    given = file(made, {pool.supply_id: 1 for pool in made.pools})
    assert given.state == "confirmed" and open_now() == []
    orders.deliver(shipment=parcel)
    assert actions.look_for_leftovers() == 2


def test_staff_give_it_to_a_compatible_device_elsewhere() -> None:
    made, sam = stocked(2), make.user("sam@example.com", is_staff=True)
    there = make.address(made.address.account, "Harbour")
    other = make.device(there, model=made.device.model, contract=made.contract)
    make.slot(other, supply=made.pools[0].supply)
    stranger = make.device(there)
    removed(made)
    row = open_now()[0]
    with pytest.raises(Refused) as refused:
        actions.assign(leftover=row, device=stranger, actor=sam)
    assert refused.value.code == "not_compatible"
    actions.assign(leftover=row, device=other, actor=sam)
    assert shelf(made) == [0, 2]
    assert other.address.pools.get(supply=made.pools[0].supply).shelf == 2
    with pytest.raises(Refused) as again:
        actions.assign(leftover=row, device=other, actor=sam)
    assert again.value.code == "settled"


def test_none_is_left_after_all() -> None:
    made = stocked(2)
    removed(made)
    actions.none_left(leftover=open_now()[0], once="a")
    assert shelf(made) == [0, 2] and len(open_now()) == 1


def test_what_was_ordered_for_it_stops() -> None:
    made = stocked(1)
    order = announced(made)
    fleet.remove_device(device=made.device)
    assert orders.stop_removed() == 2 and orders.stop_removed() == 0
    assert states(order) == ["cancelled", "cancelled"] and on_the_way(made) == [0, 0]
    assert str(order.lines.all()[0].closed_reason) == "The device was removed."


def test_a_line_by_hand_stops_too_and_one_for_a_standing_device_goes_on() -> None:
    made = stocked(1)
    other = make.device(made.address, model=made.device.model, contract=made.contract)
    slot = make.slot(other, supply=made.pools[1].supply)
    order = orders.place(
        account_id=made.address.account_id,
        contract_id=made.contract.pk,
        address_id=made.address.pk,
        origin=Order.Origin.CUSTOMER,
        lines=[
            orders.Wanted(made.pools[0], 1, [made.slots[0].pk]),
            orders.Wanted(made.pools[1], 1, [made.slots[1].pk, slot.pk]),
        ],
    )
    orders.release_now(order=order)
    fleet.remove_device(device=made.device)
    assert orders.ship(order=order, carrier="UPS") is not None
    assert states(order) == ["cancelled", "shipped"]
