"""At release everything is checked again under lock; what may not leave is cancelled with its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from metered.fleet.actions import remove_device, switch_replenishment
from metered.fleet.models import Supply
from metered.orders import actions, releasing
from metered.orders.models import Order, OrderLine
from metered.replenishment.models import AddressReview, Proposal
from metered.stock import actions as stock
from tests import factories as make
from tests.orders.scene import LATER, Scene, announced, on_the_way, propose, scene, states
from tests.threads import at_once, fine, while_open


def later() -> dt.datetime:
    return timezone.now() + LATER


@pytest.mark.django_db
def test_it_is_released_when_its_time_is_over_and_not_before() -> None:
    made = scene()
    order = announced(made)
    assert order.release_at is not None
    assert actions.release_due(now=order.release_at - dt.timedelta(seconds=1)) == 0
    assert states(order) == ["placed", "placed"]
    assert actions.release_due(now=order.release_at) == 1
    assert states(order) == ["released", "released"] and on_the_way(made) == [1, 1]
    assert actions.release_due(now=later()) == 0


def removed(made: Scene) -> None:
    remove_device(device=made.device)


def switched_off(made: Scene) -> None:
    switch_replenishment(device=made.device, on=False)


def suspended(made: Scene) -> None:
    made.contract.status = "suspended"
    made.contract.save()


def ended(made: Scene) -> None:
    made.contract.status = "ended"
    made.contract.save()


def retired(made: Scene) -> None:
    made.address.retired_at = timezone.now()
    made.address.save()


def refused(made: Scene) -> None:
    made.address.refused_reason = "The dock is closed for works."
    made.address.save()


def over(made: Scene) -> None:
    made.contract.ends_on = timezone.now().date() - dt.timedelta(days=1)
    made.contract.save()


def not_begun(made: Scene) -> None:
    made.contract.starts_on = timezone.now().date() + dt.timedelta(days=30)
    made.contract.save()


def left_out(made: Scene) -> None:
    made.contract.included_kinds = ["drum"]
    made.contract.save()


def given_up(made: Scene) -> None:
    Supply.objects.filter(pk__in=[pool.supply_id for pool in made.pools]).update(active=False)


def slots_off(made: Scene) -> None:
    made.device.slots.update(replenished=False)


def moved(made: Scene) -> None:
    made.device.address = make.address(made.address.account)
    made.device.save()


def under_another_contract(made: Scene) -> None:
    made.device.contract = make.contract(made.address.account)
    made.device.save()


def other_supply(made: Scene) -> None:
    made.device.slots.update(supply=make.supply())


CHANGES: list[tuple[Callable[[Scene], None], str]] = [
    (removed, "The device was removed."),
    (switched_off, "Automatic replenishment was switched off."),
    (suspended, "The contract is no longer active."),
    (ended, "The contract is no longer active."),
    (retired, "The address is no longer in use."),
    (refused, "The dock is closed for works."),
    (over, "The contract is no longer active."),
    (not_begun, "The contract is no longer active."),
    (left_out, "The contract does not include it."),
    (given_up, "This supply is no longer sent."),
    (slots_off, "Automatic replenishment was switched off."),
    (moved, "No device here uses it any more."),
    (under_another_contract, "No device here uses it any more."),
    (other_supply, "No device here uses it any more."),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("change", "because"), CHANGES)
def test_what_may_not_leave_any_more_is_cancelled_and_off_the_way(
    change: Callable[[Scene], None], because: str
) -> None:
    made = scene()
    order = announced(made)
    change(made)
    actions.release_due(now=later())
    assert states(order) == ["cancelled", "cancelled"] and on_the_way(made) == [0, 0]
    assert {line.closed_reason for line in order.lines.all()} == {because}
    closed = Proposal.objects.all()
    assert {(row.status, row.closed_reason) for row in closed} == {("closed", because)}


def closed(order: Order) -> set[str]:
    """Why its lines were closed, after nothing of it could leave."""
    assert set(states(order)) == {"cancelled"} and not order.shipments.exists()
    return {line.closed_reason for line in order.lines.all()}


@pytest.mark.django_db
@pytest.mark.parametrize(("change", "because"), CHANGES)
def test_what_was_released_is_checked_once_more_when_it_is_shipped(
    change: Callable[[Scene], None], because: str
) -> None:
    made = scene()
    order = announced(made)
    actions.release_due(now=later())
    change(made)
    assert actions.ship(order=order, carrier="UPS") is None
    assert closed(order) == {because} and on_the_way(made) == [0, 0]


@pytest.mark.django_db
def test_a_line_for_two_devices_leaves_while_one_of_them_is_in_use() -> None:
    made = scene(colours=1)
    twin = make.device(made.address, contract=made.contract, model=made.device.model, replenishment="on")
    slot = make.slot(twin, "toner", "black", "1.1", supply=made.pools[0].supply)
    propose(made.pools[0], made.slots[0], slot, quantity=2)
    actions.take_proposals()
    order = OrderLine.objects.get().order
    remove_device(device=made.device)
    actions.release_due(now=later())
    assert states(order) == ["released"]
    remove_device(device=twin)
    assert actions.ship(order=order, carrier="UPS") is None
    assert closed(order) == {"The device was removed."}


@pytest.mark.django_db
def test_one_order_that_fails_does_not_keep_the_others_waiting(caplog: pytest.LogCaptureFixture) -> None:
    bad, good = scene(colours=1), scene(colours=1)
    first, second = announced(bad), announced(good)
    removed(bad)
    # More arrived than was ordered, by a posting that knows no order: nothing is left to be cancelled.
    stock.receive(pool_id=bad.pools[0].pk, quantity=1, cause="odd", origin="staff")
    assert actions.release_due(now=later()) == 1
    assert (states(first), states(second)) == (["placed"], ["released"])
    assert "waits for the next sweep" in caplog.text


@pytest.mark.django_db
def test_staff_cut_an_announcement_short() -> None:
    made, sam = scene(), make.user("sam@example.com")
    order = announced(made)
    assert actions.release_now(order=order, actor=sam) == 2
    assert states(order) == ["released", "released"]
    assert actions.release_now(order=order, actor=sam) == 0


@pytest.mark.django_db(transaction=True)
def test_released_by_many_at_once_and_removed_meanwhile_the_books_balance() -> None:
    scenes = [scene(colours=2) for _ in range(5)]
    orders = [announced(made) for made in scenes]
    at = later()

    def work(number: int) -> None:
        if number % 2:
            remove_device(device=scenes[number // 2].device)
        else:
            actions.release_due(now=at)

    fine(at_once(10, work))
    actions.release_due(now=at)
    for made, order in zip(scenes, orders, strict=True):
        assert states(order) in (["released"] * 2, ["cancelled"] * 2)
        assert on_the_way(made) == ([1, 1] if states(order)[0] == "released" else [0, 0])


def by_hand(made: Scene) -> Order:
    return actions.place(
        account_id=made.address.account_id,
        contract_id=made.contract.pk,
        address_id=made.address.pk,
        origin="customer",
        lines=[actions.Wanted(pool=made.pools[0], quantity=1)],
    )


@pytest.mark.django_db
@pytest.mark.parametrize(("change", "because"), [CHANGES[n] for n in (2, 3, 4, 5, 6, 7)])
def test_what_a_person_ordered_is_held_to_contract_and_address(
    change: Callable[[Scene], None], because: str
) -> None:
    made = scene()
    order = by_hand(made)
    actions.release_now(order=order)
    change(made)
    assert actions.ship(order=order, carrier="UPS") is None
    assert closed(order) == {because}


@pytest.mark.django_db
@pytest.mark.parametrize("change", [removed, switched_off, left_out, given_up, moved])
def test_what_a_person_ordered_needs_no_device(change: Callable[[Scene], None]) -> None:
    made = scene()
    order = by_hand(made)
    change(made)
    assert actions.release_now(order=order) == 1
    actions.ship(order=order, carrier="UPS")
    assert states(order) == ["shipped"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("change", "because"), CHANGES[:6])
def test_nothing_is_released_past_who_changes_what_it_depends_on(
    change: Callable[[Scene], None], because: str
) -> None:
    made = scene()
    order = announced(made)
    release = while_open(lambda: change(made), lambda: actions.release_due(now=later()))
    # It waits for a device; an address or a contract in somebody's hands is left to the next sweep.
    assert release.waited or states(order) == ["placed", "placed"]
    actions.release_due(now=later())
    assert states(order) == ["cancelled", "cancelled"] and on_the_way(made) == [0, 0]
    assert {line.closed_reason for line in order.lines.all()} == {because}


@pytest.mark.django_db(transaction=True)
def test_two_releases_do_not_wait_for_each_other() -> None:
    first, second = announced(scene()), announced(scene())
    other = while_open(
        lambda: releasing._release_one(first.pk, later()), lambda: actions.release_due(now=later())
    )
    assert (other.result, other.waited) == (1, False)
    assert states(first) == states(second) == ["released", "released"]


@pytest.mark.django_db
def test_what_a_person_cancels_is_held_back_and_what_a_rule_cancels_is_not() -> None:
    made, now = scene(colours=2), timezone.now()
    order = announced(made)
    first, second = order.lines.order_by("pk")
    actions.cancel_line(line=first, because="They have plenty.", now=now)
    removed(made)
    actions.release_due(now=later())
    held = dict(Proposal.objects.values_list("pk", "held_until"))
    assert held == {first.proposal_id: now + actions.HOLD, second.proposal_id: None}


@pytest.mark.django_db
def test_what_a_person_ordered_and_another_cancels_is_looked_at_again() -> None:
    made = scene()
    order = by_hand(made)
    AddressReview.objects.all().delete()
    actions.cancel_line(line=order.lines.get(), because="no")
    assert AddressReview.objects.get().address == made.address
