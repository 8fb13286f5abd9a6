"""What arrived teaches the lane to its region, each parcel once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from metered.orders import actions
from metered.orders.models import Order, Shipment, TimedParcel
from metered.replenishment.models import DeliveryLane
from tests import factories as make
from tests.orders.scene import announced, scene, shipped
from tests.replenishment.test_concurrency import at_once

# A Monday, without a holiday in the two weeks after it.
MONDAY = dt.datetime(2026, 10, 19, 16, 0, tzinfo=dt.UTC)
NOW = MONDAY + dt.timedelta(days=30)


def arrived(
    after: int, *, at: dt.datetime = MONDAY, postal_code: str = "14604", **quantities: Any
) -> Shipment:
    """A parcel of an automatic order that left on Monday and arrived so many days later."""
    order = announced(scene(make.address(make.account(), postal_code=postal_code)))
    actions.release_now(order=order)
    parcel = shipped(order, shipped_at=at)
    actions.deliver(shipment=parcel, delivered_at=at + dt.timedelta(days=after), **quantities)
    return parcel


def lanes() -> dict[str, dict[int, int]]:
    """Region → parcels by days."""
    rows = DeliveryLane.objects.values_list("region", "counts")
    return {region: {day: n for day, n in enumerate(counts) if n} for region, counts in rows}


@pytest.mark.django_db
def test_working_days_from_the_evening_before_it_left() -> None:
    arrived(0)
    arrived(3)
    arrived(7, postal_code="02210")
    assert actions.time_parcels(now=NOW) == 3
    assert lanes() == {
        "US 14": {1: 1, 4: 1},
        "US 02": {6: 1},
        "US": {1: 1, 4: 1, 6: 1},
        "*": {1: 1, 4: 1, 6: 1},
    }


@pytest.mark.django_db
def test_a_parcel_counts_once() -> None:
    arrived(2)
    assert actions.time_parcels(now=NOW) == 1
    assert actions.time_parcels(now=NOW) == 0
    assert lanes()["US 14"] == {3: 1}


@pytest.mark.django_db(transaction=True)
def test_a_parcel_counts_once_for_two_who_count_at_once() -> None:
    """With every parcel taught that was found, instead of those that were marked, this was seen to fail."""
    for _ in range(3):
        arrived(2)
    at_once(2, lambda: actions.time_parcels(now=NOW))
    assert actions.time_parcels(now=NOW) == 0
    assert TimedParcel.objects.count() == 3
    assert lanes()["*"] == {3: 3}


@pytest.mark.django_db
def test_a_part_at_a_time_counts_all() -> None:
    for _ in range(3):
        arrived(2)
    assert [actions.time_parcels(now=NOW, most=2) for _ in range(3)] == [2, 1, 0]
    assert lanes()["*"] == {3: 3}


@pytest.mark.django_db
def test_what_says_nothing_of_the_lane_is_left_out() -> None:
    by_hand = arrived(2)
    Order.objects.filter(pk=by_hand.order_id).update(origin="customer")
    arrived(2, quantities={})
    arrived(2, at=NOW - dt.timedelta(days=200))
    assert actions.time_parcels(now=NOW) == 0
    assert lanes() == {}
