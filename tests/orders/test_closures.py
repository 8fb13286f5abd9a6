"""An address has closed dates: no automatic order is released into them (domain rule 21)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings

from metered.accounts.models import ActivityEntry, AddressClosure
from metered.orders import actions, policy
from metered.orders.models import Order, OrderLine
from tests import factories as make
from tests.orders.scene import Scene, announced, scene, states

NEW_YORK = ZoneInfo("America/New_York")
# A Monday, without a holiday in the two weeks after it; in New York it is still Sunday evening.
EARLY = dt.datetime(2026, 10, 19, 1, 30, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 10, 19, 16, 0, tzinfo=dt.UTC)


def day(number: int, month: int = 10) -> dt.date:
    return dt.date(2026, month, number)


def waiting(at: dt.datetime, *closed: tuple[dt.date, dt.date]) -> tuple[Scene, Order]:
    """An order whose announcement is over at `at`, for an address with these closed dates."""
    made = scene()
    order = announced(made)
    OrderLine.objects.update(release_at=at)
    Order.objects.update(release_at=at)
    for starts_on, ends_on in closed:
        AddressClosure.objects.create(address=made.address, starts_on=starts_on, ends_on=ends_on)
    return made, order


def leaves(order: Order) -> dt.datetime:
    order.refresh_from_db()
    assert order.release_at
    assert set(order.lines.values_list("release_at", flat=True)) == {order.release_at}
    return order.release_at


@pytest.fixture(autouse=True)
def lane(settings: LazySettings) -> None:
    settings.REPLENISHMENT_LEAD_DAYS = 3


@pytest.mark.django_db
def test_what_would_leave_on_a_closed_day_leaves_after_the_last() -> None:
    _, order = waiting(NOON, (day(19), day(21)))
    actions.release_due(now=NOON)
    assert states(order) == ["placed", "placed"]
    assert leaves(order) == NOON + dt.timedelta(days=3)
    assert actions.release_due(now=NOON + dt.timedelta(days=1)) == 0
    assert actions.release_due(now=NOON + dt.timedelta(days=3)) == 1
    assert states(order) == ["released", "released"]


@pytest.mark.django_db
def test_what_would_arrive_on_a_closed_day_leaves_later() -> None:
    # From Monday it takes until Thursday, from Tuesday until Friday, from Wednesday until Monday.
    _, order = waiting(NOON, (day(22), day(23)))
    actions.release_due(now=NOON)
    assert leaves(order) == NOON + dt.timedelta(days=2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "closed",
    [(day(16), day(18)), (day(20), day(21)), (day(23), day(30))],
    ids=["over", "open again on arrival", "closed after arrival"],
)
def test_other_closed_days_hold_nothing_up(closed: tuple[dt.date, dt.date]) -> None:
    _, order = waiting(NOON, closed)
    actions.release_due(now=NOON)
    assert states(order) == ["released", "released"] and leaves(order) == NOON


@pytest.mark.django_db
def test_the_day_is_the_addresss_own() -> None:
    _, order = waiting(EARLY, (day(18), day(18)))
    actions.release_due(now=EARLY)
    assert states(order) == ["placed", "placed"]
    assert leaves(order).astimezone(NEW_YORK) == dt.datetime(2026, 10, 19, 21, 30, tzinfo=NEW_YORK)


@pytest.mark.django_db
def test_the_time_of_day_stays_when_the_clocks_change() -> None:
    _, order = waiting(NOON, (day(19), day(1, 11)))
    actions.release_due(now=NOON)
    assert leaves(order).astimezone(NEW_YORK) == dt.datetime(2026, 11, 2, 12, 0, tzinfo=NEW_YORK)


@pytest.mark.django_db
def test_it_is_on_the_log_once() -> None:
    _, order = waiting(NOON, (day(19), day(21)))
    for _ in range(2):
        actions.release_due(now=NOON)
    assert ActivityEntry.objects.filter(verb="postponed", public_id=order.public_id).count() == 1


@pytest.mark.django_db
def test_another_addresss_closed_dates_are_its_own() -> None:
    made, order = waiting(NOON)
    other = make.address(made.address.account)
    AddressClosure.objects.create(address=other, starts_on=day(19), ends_on=day(21))
    actions.release_due(now=NOON)
    assert states(order) == ["released", "released"]


@pytest.mark.django_db
def test_staff_may_release_it_all_the_same() -> None:
    _, order = waiting(NOON, (day(19), day(21)))
    actions.release_due(now=NOON)
    assert actions.release_now(order=order) == 2


def test_who_is_closed_for_years_is_asked_again() -> None:
    forever = [(day(1), dt.date(2040, 1, 1))]
    found = policy.leaves_on(day(19), forever, lambda leaving: leaving)
    assert found == day(19) + dt.timedelta(days=policy.FARTHEST)
