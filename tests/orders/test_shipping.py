"""Parcels: whole or in parts, with the address as it was then; what arrives is on the shelf."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from metered.accounts.actions import word_address
from metered.fleet.actions import remove_device
from metered.lib.errors import Refused
from metered.notify.models import Message
from metered.orders import actions
from metered.orders.models import Shipment, ShipmentLine
from metered.replenishment.models import Proposal
from tests import factories as make
from tests.orders.scene import lines, on_the_way, propose_all, released, scene, shelf, shipped, states
from tests.threads import at_once, while_open


@pytest.mark.django_db
def test_everything_that_is_released_leaves_in_one_parcel() -> None:
    made, sam = scene(), make.user("sam@example.com")
    order = released(made, 2)
    parcel = shipped(order, tracking="1Z", expected_on=dt.date(2026, 11, 25), actor=sam)
    assert states(order) == ["shipped", "shipped"] and on_the_way(made) == [2, 2]
    assert [(item.line, item.quantity) for item in parcel.lines.order_by("pk")] == [
        (line, 2) for line in lines(order)
    ]
    assert (parcel.to, parcel.carrier, parcel.tracking) == (made.address.current, "UPS", "1Z")
    assert {row.status for row in Proposal.objects.all()} == {"closed"}
    with pytest.raises(Refused) as refused:
        actions.ship(order=order, carrier="UPS")
    assert refused.value.code == "nothing_released" and Shipment.objects.count() == 1


@pytest.mark.django_db
def test_what_left_is_told_to_the_addresss_people_once() -> None:
    cast = make.cast()
    order = released(scene(cast.main_st))
    parcel = shipped(order, tracking="1Z", expected_on=dt.date(2026, 11, 25))
    mails = Message.objects.filter(event=f"order_shipped:{parcel.public_id}").order_by("email")
    assert [mail.email for mail in mails] == ["ana@example.com", "ben@example.com"]
    assert (mails[0].values["tracking"], mails[0].values["expected_on"]) == ("1Z", "2026-11-25")


@pytest.mark.django_db
def test_nothing_leaves_before_it_is_released() -> None:
    made = scene()
    propose_all(made)
    actions.take_proposals()
    order = made.address.account.orders.get()
    with pytest.raises(Refused) as refused:
        actions.ship(order=order, carrier="UPS")
    assert refused.value.code == "nothing_released" and states(order) == ["placed", "placed"]


@pytest.mark.django_db
def test_a_line_may_leave_in_parts_and_never_more_than_is_open() -> None:
    made = scene(colours=1)
    order = released(made, 3)
    (line,) = lines(order)
    actions.ship(order=order, carrier="UPS", quantities={line.pk: 1})
    assert states(order) == ["released"]
    for units in (3, -1):
        with pytest.raises(Refused) as refused:
            actions.ship(order=order, carrier="UPS", quantities={line.pk: units})
        assert refused.value.code == "too_many"
    with pytest.raises(Refused) as refused:
        actions.ship(order=order, carrier="UPS", quantities={line.pk: 0})
    assert refused.value.code == "nothing_released"
    rest = shipped(order)
    assert [item.quantity for item in rest.lines.all()] == [2] and states(order) == ["shipped"]


@pytest.mark.django_db
def test_what_arrives_is_on_the_shelf_and_the_line_is_delivered_with_its_last_parcel() -> None:
    made = scene(colours=1)
    order = released(made, 3)
    (line,) = lines(order)
    first = shipped(order, quantities={line.pk: 1})
    second = shipped(order)
    actions.deliver(shipment=second)
    assert (states(order), shelf(made), on_the_way(made)) == (["shipped"], [2], [1])
    actions.deliver(shipment=first)
    assert (states(order), shelf(made), on_the_way(made)) == (["delivered"], [3], [0])
    actions.deliver(shipment=first)
    assert (shelf(made), on_the_way(made)) == ([3], [0]), "twice changes nothing"


@pytest.mark.django_db
def test_what_did_not_arrive_is_no_longer_on_the_way() -> None:
    made = scene()
    order = released(made, 2)
    parcel = shipped(order)
    short, missing = parcel.lines.order_by("pk")
    actions.deliver(shipment=parcel, quantities={short.pk: 1})
    assert (states(order), shelf(made), on_the_way(made)) == (["delivered"] * 2, [1, 0], [0, 0])
    missing.refresh_from_db()
    assert (missing.quantity, missing.delivered) == (2, 0)
    propose_all(made)


@pytest.mark.django_db
@pytest.mark.parametrize("units", [-1, 3])
def test_more_than_was_shipped_can_not_arrive(units: int) -> None:
    made = scene(colours=1)
    parcel = shipped(released(made, 2))
    with pytest.raises(Refused) as refused:
        actions.deliver(shipment=parcel, quantities={parcel.lines.get().pk: units})
    assert refused.value.code == "too_many"
    parcel.refresh_from_db()
    assert parcel.delivered_at is None and shelf(made) == [0]


@pytest.mark.django_db
def test_a_parcel_keeps_the_address_it_left_with_and_an_unshipped_line_follows_the_new_one() -> None:
    made = scene()
    order = released(made)
    first, second = lines(order)
    parcel = shipped(order, quantities={first.pk: 1})
    before = parcel.to
    after = word_address(
        address=made.address, recipient="New", lines="9 Oak", city="Albany", region="NY", country="US"
    )
    rest = shipped(order)
    parcel.refresh_from_db()
    assert (parcel.to, rest.to) == (before, after)
    assert [item.line for item in rest.lines.all()] == [second]


@pytest.mark.django_db
def test_the_rest_of_a_line_is_given_up_when_its_device_is_gone() -> None:
    made = scene(colours=1)
    order = released(made, 3)
    (line,) = lines(order)
    parcel = shipped(order, quantities={line.pk: 1})
    remove_device(device=made.device)
    with pytest.raises(Refused, match="The device was removed"):
        actions.ship(order=order, carrier="UPS", quantities={line.pk: 1})
    assert (states(order), on_the_way(made)) == (["released"], [3])
    assert actions.ship(order=order, carrier="UPS") is None
    assert (states(order), on_the_way(made)) == (["shipped"], [1])
    actions.deliver(shipment=parcel)
    assert (states(order), on_the_way(made), shelf(made)) == (["delivered"], [0], [1])


@pytest.mark.django_db
def test_the_rest_given_up_after_the_first_part_arrived_ends_the_line() -> None:
    made = scene()
    order = released(made, 3)
    first, _second = lines(order)
    actions.deliver(shipment=shipped(order, quantities={first.pk: 1}))
    actions.cancel_line(line=first, because="enough")
    assert states(order) == ["delivered", "released"]
    assert (on_the_way(made), shelf(made)) == ([0, 3], [1, 0])


@pytest.mark.django_db
def test_of_two_devices_lines_only_the_one_in_use_leaves() -> None:
    cast = make.cast()
    stays, goes = scene(cast.main_st), scene(cast.main_st, contract=cast.contract)
    propose_all(stays)
    propose_all(goes)
    actions.take_proposals()
    order = cast.northwind.orders.get()
    actions.release_now(order=order)
    remove_device(device=goes.device)
    parcel = shipped(order)
    assert {item.line.pool for item in parcel.lines.all()} == set(stays.pools)
    assert on_the_way(goes) == [0, 0] and on_the_way(stays) == [1, 1]
    assert sorted(states(order)) == ["cancelled", "cancelled", "shipped", "shipped"]


@pytest.mark.django_db
def test_the_database_keeps_parcels_sane() -> None:
    made = scene(colours=1)
    parcel = shipped(released(made, 2))
    item = parcel.lines.get()
    for name, change in (
        ("delivered_not_more_than_shipped", {"delivered": 3}),
        ("shipment_quantity_positive", {"quantity": 0}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            ShipmentLine.objects.filter(pk=item.pk).update(**change)
    with pytest.raises(IntegrityError, match="shipment_line_once"), transaction.atomic():
        ShipmentLine.objects.create(shipment=parcel, line=item.line, quantity=1)
    with pytest.raises(IntegrityError, match="delivered_after_shipped"), transaction.atomic():
        Shipment.objects.update(delivered_at=parcel.shipped_at - dt.timedelta(days=1))


@pytest.mark.django_db(transaction=True)
def test_shipped_by_many_at_once_it_leaves_once() -> None:
    made = scene()
    order = released(made, 2)
    results = at_once(8, lambda _: shipped(order).pk)
    assert sum(isinstance(result, int) for result in results) == 1 == Shipment.objects.count()
    assert all(isinstance(result, int | Refused) for result in results)
    assert sum(ShipmentLine.objects.values_list("quantity", flat=True)) == 4


@pytest.mark.django_db(transaction=True)
def test_delivered_by_many_at_once_it_arrives_once() -> None:
    made = scene()
    parcel = shipped(released(made, 2))
    at_once(8, lambda _: actions.deliver(shipment=parcel))
    assert (shelf(made), on_the_way(made)) == ([2, 2], [0, 0])


@pytest.mark.django_db(transaction=True)
def test_a_parcel_that_is_made_while_its_device_is_removed_waits_and_is_refused() -> None:
    made = scene()
    order = released(made)
    parcel = while_open(
        lambda: remove_device(device=made.device), lambda: actions.ship(order=order, carrier="UPS")
    )
    assert parcel.waited and parcel.result is None and not Shipment.objects.exists()
    assert states(order) == ["cancelled", "cancelled"] and on_the_way(made) == [0, 0]


@pytest.mark.django_db(transaction=True)
def test_a_device_that_is_removed_while_its_parcel_is_made_waits_for_it() -> None:
    made = scene()
    order = released(made)
    removal = while_open(
        lambda: actions.ship(order=order, carrier="UPS"), lambda: remove_device(device=made.device)
    )
    made.device.refresh_from_db()
    assert removal.waited and made.device.removed_at is not None
    assert states(order) == ["shipped", "shipped"]


@pytest.mark.django_db(transaction=True)
def test_two_who_ship_the_same_order_make_one_parcel() -> None:
    made = scene()
    order = released(made)
    second = while_open(
        lambda: actions.ship(order=order, carrier="UPS"), lambda: actions.ship(order=order, carrier="UPS")
    )
    assert second.waited and isinstance(second.result, Refused)
    assert second.result.code == "nothing_released" and Shipment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_cancelled_while_it_is_shipped_stays_shipped() -> None:
    made = scene(colours=1)
    order = released(made)
    second = while_open(
        lambda: actions.ship(order=order, carrier="UPS"),
        lambda: actions.cancel_line(line=lines(order)[0], because="no"),
    )
    assert isinstance(second.result, Refused) and second.result.code == "already_shipped"
    assert states(order) == ["shipped"] and on_the_way(made) == [1]
