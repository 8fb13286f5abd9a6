"""Early warning: what will run out before anything can arrive is noticed, told once, and ends."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from metered.accounts.models import Membership
from metered.fleet.models import Device
from metered.notify.models import Message
from metered.orders.models import Order, OrderLine
from metered.portal.shortage_mails import tell_of_shortages
from metered.reads.sender import Sender
from metered.replenishment import actions
from metered.replenishment.models import AddressReview, Shortage
from metered.replenishment.shortage import short
from metered.stock import actions as stock
from metered.stock.models import Pool
from tests import factories
from tests.replenishment.fleets import decline, tell

REASON: dict[str, Any] = {
    "rule": "ship",
    "arrives_by": "2026-12-07",
    "shelf": 0,
    "believed_shelf": 0.0,
    "on_the_way": 0,
    "slots": [
        {"slot": 1, "runs_out": ["2026-11-30", "2026-12-02", "2026-12-05"]},
        {"slot": 2, "runs_out": ["2026-12-01", "2026-12-06", "2026-12-12"]},
        {"slot": 3, "runs_out": ["2026-12-20", "2027-01-06", "2027-01-12"]},
        {"slot": 4, "runs_out": None},
    ],
}


@pytest.mark.parametrize(
    ("change", "day"),
    [
        ({}, "2026-12-02"),
        ({"shelf": 1, "believed_shelf": 1.0}, "2026-12-06"),
        ({"shelf": 2, "believed_shelf": 2.0}, None),
        ({"on_the_way": 2}, None),
        ({"shelf": 2, "believed_shelf": 0.2}, "2026-12-02"),
        ({"rule": "barred"}, None),
        ({"rule": "unknown"}, None),
        ({"rule": "open"}, "2026-12-02"),
        ({"arrives_by": "2026-12-02"}, None),
        ({"slots": []}, None),
    ],
)
def test_when_a_pool_is_short(change: dict[str, Any], day: str | None) -> None:
    found = short(REASON | change)
    assert (found and found.runs_out_on.isoformat()) == day


def test_what_was_sent_since_comes_too_late() -> None:
    assert short(REASON | {"on_the_way": 2}, open_now=True) is not None
    assert short(REASON | {"shelf": 2, "believed_shelf": 2.0}, open_now=True) is None


def look() -> None:
    AddressReview.objects.update(due_at=timezone.now())
    actions.review_addresses()


@pytest.fixture
def low(device: Device, who: Sender) -> Device:
    """Its black toner lasts for a day or two."""
    tell(who, *decline(device, days=30, start=(60, 90, 90, 90), end=(4, 80, 80, 80)))
    actions.fold_batches()
    return device


def black(device: Device) -> Pool:
    pool: Pool = Pool.objects.get(supply=device.slots.get(colorant="black").supply, address=device.address)
    return pool


@pytest.mark.django_db
def test_it_is_noticed_once_told_once_and_ends_when_a_spare_is_there(low: Device) -> None:
    Membership.objects.filter(account=low.account).delete()
    factories.member(low.account, factories.user("owner@example.com"), "owner")
    look()
    look()
    row = Shortage.objects.get()
    assert row.pool == black(low) and row.runs_out_on < row.arrives_on and row.ended_at is None
    assert (tell_of_shortages(), tell_of_shortages()) == (1, 0)
    told = Message.objects.filter(template="shortage")
    assert sorted(message.values["for_desk"] for message in told) == [False, True]
    assert "urgent=1" in told.get(values__for_desk=False).values["order_path"]
    stock.expect(pool_id=row.pool_id, quantity=1, cause="late", origin="automatic")
    look()
    assert Shortage.objects.get().ended_at is None
    stock.receive(pool_id=row.pool_id, quantity=1, cause="came", origin="automatic")
    look()
    assert Shortage.objects.get().ended_at is not None
    assert tell_of_shortages() == 0


@pytest.mark.django_db
def test_what_is_over_before_anybody_was_told_is_not_told(low: Device) -> None:
    look()
    stock.receive(pool_id=black(low).pk, quantity=1, cause="came", origin="automatic")
    look()
    assert tell_of_shortages() == 0 and not Message.objects.filter(template="shortage").exists()


@pytest.mark.django_db
def test_the_desk_orders_it_urgently_once(low: Device, admin_client: Any) -> None:
    look()
    row = Shortage.objects.get()
    page = f"/admin/replenishment/shortage/{row.pk}/"
    assert (
        black(low).supply.reorder_number
        in admin_client.get("/admin/replenishment/shortage/").content.decode()
    )
    for _twice in range(2):
        admin_client.post(f"{page}order/", {})
    order = Order.objects.get()
    assert order.origin == Order.Origin.EMERGENCY
    assert OrderLine.objects.get(order=order).pool_id == row.pool_id
