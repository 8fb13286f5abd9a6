"""The stages as Celery runs them, and what staff see of them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from metered.accounts.actions import state
from metered.accounts.models import Fact
from metered.fleet.actions import switch_replenishment
from metered.fleet.models import Device
from metered.reads.sender import Sender
from metered.replenishment import actions, tasks
from metered.replenishment.models import AddressReview, Position, Proposal
from metered.stock import actions as stock
from metered.stock.models import Pool
from tests import factories
from tests.replenishment.fleets import decline, tell
from tests.stock.ledger import pool_of


@pytest.fixture
def low(device: Device, who: Sender) -> Device:
    for item in decline(device, days=25, start=(60, 90, 90, 90), end=(4, 80, 80, 80)):
        tell(who, item)
    return device


def test_tasks_run_until_nothing_is_left_and_twice_without_harm(low: Device) -> None:
    for _ in range(2):
        tasks.fold()
        tasks.decide()
    assert Position.objects.filter(device=low).count() == 4
    assert Proposal.objects.count() == 1


def test_a_count_at_the_desk_is_weighed_by_the_next_sweep(low: Device, cast: factories.Cast) -> None:
    tasks.fold()
    stock_pool = Pool.objects.get(supply=low.slots.get(colorant="black").supply, address=low.address)
    stock.count(pool_id=stock_pool.pk, quantity=2, cause="before")
    tasks.decide()
    assert not Proposal.objects.exists()
    stock.count(pool_id=stock_pool.pk, quantity=0, cause="desk", origin="staff")
    tasks.decide()
    assert Proposal.objects.get().pool == stock_pool
    assert actions.notice_entries() == 0


def test_only_entries_that_some_state_will_take_are_noticed(low: Device, cast: factories.Cast) -> None:
    tasks.fold()
    tasks.decide()
    elsewhere = pool_of(low.address, factories.supply())
    stock.count(pool_id=elsewhere.pk, quantity=2, cause="unused")
    assert actions.notice_entries() == 0
    used = Pool.objects.get(supply=low.slots.get(colorant="cyan").supply, address=low.address)
    stock.adjust(pool_id=used.pk, quantity=1, cause="a", actor=None, note="found")
    assert actions.notice_entries() == 1
    # One that failed lately waits for its own time.
    later = timezone.now() + dt.timedelta(minutes=30)
    AddressReview.objects.update(due_at=later, failed_at=timezone.now())
    assert actions.notice_entries() == 0
    AddressReview.objects.update(failed_at=None)
    assert actions.notice_entries() == 1
    # Due already: nothing to be said twice.
    assert actions.notice_entries() == 0
    assert AddressReview.objects.get(address=low.address).due_at <= timezone.now()


def test_what_changes_in_fleet_and_accounts_makes_its_addresses_due_once(
    low: Device, cast: factories.Cast
) -> None:
    tasks.fold()
    switch_replenishment(device=low, on=False)
    tasks.take_facts()
    tasks.decide()
    assert not Proposal.objects.exists()
    switch_replenishment(device=low, on=True)
    Device.objects.update(replenishment="on")
    tasks.take_facts()
    assert AddressReview.objects.get(address=low.address).due_at <= timezone.now()
    tasks.decide()
    assert Proposal.objects.filter(address=low.address).exists()
    assert actions.notice_facts() == 0
    # A contract's change has no address of its own: everywhere its customer has devices.
    AddressReview.objects.update(due_at=timezone.now() + dt.timedelta(days=3))
    state(kind=Fact.Kind.CONTRACT_CHANGED, account_id=low.account_id, public_id=low.contract.public_id)
    assert actions.notice_facts() == 1
    assert AddressReview.objects.get(address=low.address).due_at <= timezone.now()


def test_staff_see_forecasts_and_reasons_in_the_admin(
    low: Device, cast: factories.Cast, client: Client
) -> None:
    tasks.fold()
    tasks.decide()
    client.force_login(cast.sam)
    for model in (
        "proposal", "poolforecast", "position", "devicerate", "addressreview", "heavyjob", "supplystats",
        "fleetstats", "nightrun",
    ):  # fmt: skip
        assert client.get(f"/admin/replenishment/{model}/").status_code == 200, model
    page = client.get(f"/admin/replenishment/proposal/{Proposal.objects.get().pk}/change/")
    assert b"Why black ships on" in page.content


def test_staff_have_an_address_weighed_now(low: Device, cast: factories.Cast, client: Client) -> None:
    tasks.fold()
    tasks.decide()
    review = AddressReview.objects.get()
    client.force_login(cast.sam)
    answer = client.post(
        "/admin/replenishment/addressreview/", {"action": "look_now", "_selected_action": [review.pk]}
    )
    assert answer.status_code == 302
    assert AddressReview.objects.get().due_at < review.due_at


def test_a_look_that_fails_waits_for_its_own_time(low: Device, cast: factories.Cast) -> None:
    tasks.fold()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$;"
            " CREATE TRIGGER poisoned BEFORE INSERT ON replenishment_proposal"
            " FOR EACH ROW EXECUTE FUNCTION poisoned()"
        )
    pool = Pool.objects.get(supply=low.slots.get(colorant="black").supply, address=low.address)
    stock.count(pool_id=pool.pk, quantity=0, cause="desk")
    tasks.decide()
    review = AddressReview.objects.get()
    assert review.failed_at and review.due_at > timezone.now()
    assert actions.notice_entries() == 0
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER poisoned ON replenishment_proposal")
    actions.review_addresses(now=review.due_at)
    assert AddressReview.objects.get().failed_at is None
    assert Proposal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_count_is_weighed_by_a_worker_that_has_no_transaction_of_its_own() -> None:
    """As in a worker: tests usually run inside one transaction, which hides what needs its own."""
    address = factories.address(factories.account())
    model = factories.printer_model()
    device = factories.device(address, model=model)
    supply = factories.supply(fits=model)
    factories.slot(device, supply=supply)
    stock.count(pool_id=pool_of(address, supply).pk, quantity=2, cause="desk")
    tasks.decide()
    assert AddressReview.objects.get(address=address).reviewed_at is not None
    # A device that never reported has no state to take the count: it must not be found for ever.
    assert actions.notice_entries() == 0
