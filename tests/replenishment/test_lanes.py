"""How long parcels take: what regions, countries and the fleet say, and what a decision makes of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.utils import timezone

from metered.fleet.models import Device
from metered.reads.sender import Sender
from metered.replenishment import actions
from metered.replenishment.lane_rows import days_of, learn_lanes
from metered.replenishment.lanes import FLEET, LONGEST, Lane, days_in, late, region_of
from metered.replenishment.models import AddressReview, DeliveryLane, PoolForecast
from metered.replenishment.what_if import what_if_for_system
from tests.replenishment.fleets import decline, tell

PROMISED = 5


def came(**days: int) -> list[int]:
    """Parcels by working days: came(d2=10, d7=1)."""
    counts = [0] * (LONGEST + 1)
    for day, parcels in days.items():
        counts[int(day[1:])] = parcels
    return counts


def test_without_parcels_the_promise_holds() -> None:
    assert days_in(["US 14", "DE 80", "HK"], {}, PROMISED) == {"US 14": 5, "DE 80": 5, "HK": 5}


def test_a_few_parcels_do_not_move_a_lane_and_many_do() -> None:
    few, many = came(d9=4), came(d9=60)
    assert days_in(["US 14"], {"US 14": few, "US": few, FLEET: few}, PROMISED) == {"US 14": 5}
    assert days_in(["US 14"], {"US 14": many, "US": many, FLEET: many}, PROMISED) == {"US 14": 9}


def test_a_region_is_believed_beside_a_country_and_a_country_beside_the_fleet() -> None:
    fast, slow = came(d2=400), came(d9=100)
    everything = [a + b for a, b in zip(fast, slow, strict=True)]
    known = {FLEET: everything, "US": fast, "US 14": fast, "DE": slow, "DE 80": slow}
    found = days_in(["US 14", "US 99", "US", "DE 80", "DE 10"], known, PROMISED)
    assert found == {"US 14": 2, "US 99": 2, "US": 2, "DE 80": 9, "DE 10": 9}


def test_where_nothing_came_yet_the_next_wider_lane_speaks() -> None:
    known = {FLEET: came(d3=500), "DE": came(d8=500)}
    assert days_in(["DE 80", "FR 75"], known, PROMISED) == {"DE 80": 8, "FR 75": 3}


def test_one_lane_of_a_fleet_is_as_before() -> None:
    """What replay.py learns: the same formula without regions."""
    lane = Lane((3, 5))
    for days in [2] * 30 + [3] * 50 + [6] * 7 + [70]:
        lane.learn(days)
        share = np.cumsum(lane.counts)
        believed = share + 40 * np.where(np.arange(share.size) >= lane.promised, 1.0, 0.85)
        assert lane.days() == max(int(np.argmax(believed >= 0.88 * (share[-1] + 40) - 1e-9)), 1)


@pytest.mark.parametrize(
    ("address", "region"),
    [
        (("US", "NY", "14604-1234"), "US 14"),
        (("GB", "", "sw1a 1aa"), "GB SW"),
        (("DE", "BY", "80331"), "DE 80"),
        (("IE", "D", ""), "IE-D"),
        (("HK", "", ""), "HK"),
        (("IS", "", "1"), "IS"),
    ],
)
def test_a_region_is_the_beginning_of_a_postal_code(address: tuple[str, str, str], region: str) -> None:
    assert region_of(*address) == region


def test_late_is_what_took_longer_than_promised() -> None:
    assert late(came(d5=6, d6=1, d60=1), PROMISED) == 0.25
    assert late(came(), PROMISED) == 0


@pytest.mark.django_db
def test_lanes_add_up() -> None:
    assert learn_lanes([("US 14", 2), ("US 14", 2), ("US 10", 3)]) == 3
    assert learn_lanes([("US 14", 2), ("US", 4), ("US 14", 500)]) == 3
    assert learn_lanes([]) == 0
    found = dict(DeliveryLane.objects.values_list("region", "counts"))
    assert found == {
        "US 14": came(d2=3, d60=1),
        "US 10": came(d3=1),
        "US": came(d2=3, d3=1, d4=1, d60=1),
        FLEET: came(d2=3, d3=1, d4=1, d60=1),
    }


def look(device: Device) -> Any:
    AddressReview.objects.update(due_at=timezone.now() - dt.timedelta(days=1))
    assert actions.review_addresses() == 1
    black = device.slots.get(colorant="black").supply
    return PoolForecast.objects.get(pool__supply=black, pool__address=device.address).decision


def test_a_slow_lane_orders_earlier_than_a_fast_one(
    device: Device, who: Sender, settings: LazySettings
) -> None:
    settings.REPLENISHMENT_LEAD_DAYS = PROMISED
    # A hundred parcels to this address's region, and none to any other.
    address = device.address
    assert address.current
    region = region_of(address.country, address.subdivision, address.current.postal_code)
    tell(who, *decline(device, days=30, start=(60, 95, 95, 95), end=(32, 90, 90, 90)))
    actions.fold_batches()

    learn_lanes([(region, 2)] * 100)
    fast = look(device)
    assert (fast["rule"], fast["lead_days"]) == ("enough", 2)
    careful = what_if_for_system(device, timezone.now(), safety_days=20)
    assert {(item.now["lead_days"], item.then["lead_days"]) for item in careful} == {(2, 22)}

    DeliveryLane.objects.all().delete()
    learn_lanes([(region, 25)] * 100)
    slow = look(device)
    assert (slow["rule"], slow["lead_days"]) == ("ship", 25)
    assert slow["arrives_by"] > fast["arrives_by"]


@pytest.mark.django_db
def test_a_lane_follows_the_promise_until_it_knows_better(settings: LazySettings) -> None:
    assert days_of({"US 14"}, 5) == {"US 14": 5}
    assert days_of({"US 14"}, 7) == {"US 14": 7}
    assert days_of(set(), 7) == {}
