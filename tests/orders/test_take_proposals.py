"""Proposals become one announced order per address and contract, whatever runs how often at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from metered.notify.models import Message
from metered.orders import actions, placing
from metered.orders.models import Order, OrderLine
from metered.replenishment.models import Proposal
from tests import factories as make
from tests.orders.scene import announced, lines, on_the_way, propose, propose_all, scene, states
from tests.threads import at_once, fine, while_open

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.mark.django_db
def test_the_supplies_of_all_devices_of_an_address_travel_together() -> None:
    cast = make.cast()
    first, second = scene(cast.main_st), scene(cast.main_st, contract=cast.contract)
    elsewhere = scene(cast.harbor_st, contract=cast.contract)
    for made in (first, second, elsewhere):
        propose_all(made, 2)
    assert actions.take_proposals(now=NOW) == 2
    order = Order.objects.get(address=cast.main_st)
    assert (order.account, order.contract, order.origin) == (cast.northwind, first.contract, "automatic")
    assert (order.placed_at, order.release_at, order.placed_by) == (NOW, NOW + settings.ANNOUNCEMENT, None)
    assert [line.pool for line in lines(order)] == sorted(
        first.pools + second.pools, key=lambda pool: pool.pk
    )
    assert Order.objects.get(address=cast.harbor_st).lines.count() == 2
    assert on_the_way(first) == on_the_way(second) == on_the_way(elsewhere) == [2, 2]
    assert actions.take_proposals(now=NOW) == 0


@pytest.mark.django_db
def test_a_line_keeps_the_reason_the_places_and_the_proposal_it_came_from() -> None:
    made = scene(colours=1)
    (proposal,) = propose_all(made, 3)
    actions.take_proposals(now=NOW)
    line = OrderLine.objects.get()
    proposal.refresh_from_db()
    assert (line.proposal, line.reason, line.quantity, line.automatic) == (proposal, proposal.reason, 3, True)
    assert list(line.slots.all()) == made.slots and line.release_at == NOW + settings.ANNOUNCEMENT
    assert proposal.status == "taken"


@pytest.mark.django_db
def test_each_contract_has_its_own_order() -> None:
    account = make.account()
    address, contracts = make.address(account), [make.contract(account) for _ in range(2)]
    for contract in contracts:
        propose_all(scene(address, contract=contract))
    assert actions.take_proposals() == 2
    assert {order.contract for order in Order.objects.all()} == set(contracts)


@pytest.mark.django_db
def test_it_is_announced_to_the_addresss_owners_and_orderers_with_its_reason() -> None:
    cast = make.cast()
    made = scene(cast.main_st)
    order = announced(made)
    mails = Message.objects.filter(event=f"order_announced:{order.public_id}").order_by("email")
    assert [mail.email for mail in mails] == ["ana@example.com", "ben@example.com"]
    values = mails[0].values
    assert (values["order_number"], values["address_name"], values["item_count"]) == (
        order.number,
        "Main St",
        2,
    )
    assert values["order_path"] == f"/orders/{order.public_id}/"
    assert {line["reorder_number"] for line in values["lines"]} == {
        pool.supply.reorder_number for pool in made.pools
    }
    assert all(line["why"] and line["devices"] == [made.device.label] for line in values["lines"])


@pytest.mark.django_db
def test_an_address_that_can_not_be_ordered_for_does_not_keep_the_others_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad, good = scene(colours=1), scene(colours=1)
    assert bad.address.pk < good.address.pk
    # A line that stands already, as a bug or a person with SQL would leave it.
    order = announced(bad)
    Proposal.objects.update(status="closed")
    propose_all(bad)
    propose_all(good)
    assert actions.take_proposals() == 1
    assert Order.objects.filter(address=good.address).count() == 1
    assert list(Order.objects.filter(address=bad.address)) == [order]
    waiting = Proposal.objects.filter(address=bad.address, status="open")
    assert waiting.count() == 1, "it stays for the next sweep"
    assert "wait for the next sweep" in caplog.text


@pytest.mark.django_db
def test_a_pool_is_proposed_for_once_until_its_line_is_shipped_or_given_up() -> None:
    made = scene(colours=1)
    order = announced(made)
    with pytest.raises(IntegrityError, match="proposal_one_per_pool"), transaction.atomic():
        propose_all(made)
    actions.cancel_line(line=lines(order)[0], because="not now")
    assert Proposal.objects.get().status == "closed" and Proposal.objects.get().closed_reason == "not now"
    propose_all(made)
    assert actions.take_proposals() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_workers_make_one_order_per_address_and_one_line_per_pool() -> None:
    account = make.account()
    contract = make.contract(account)
    scenes = [scene(make.address(account), contract=contract, colours=4) for _ in range(6)]
    for made in scenes:
        propose_all(made)
    made_orders = fine(at_once(20, lambda _: actions.take_proposals()))
    assert sum(made_orders) == 6 == Order.objects.count()
    assert OrderLine.objects.count() == 24
    for made in scenes:
        order = Order.objects.get(address=made.address)
        assert [line.pool for line in lines(order)] == made.pools
        assert on_the_way(made) == [1, 1, 1, 1]
    assert not Proposal.objects.exclude(status="taken").exists()


@pytest.mark.django_db(transaction=True)
def test_workers_that_propose_and_take_at_once_leave_one_unshipped_line_per_pool() -> None:
    made = scene(colours=4)

    def work(number: int) -> None:
        for pool, slot in zip(made.pools, made.slots, strict=True):
            try:
                with transaction.atomic():
                    propose(pool, slot)
            except IntegrityError:
                continue
            actions.take_proposals()

    fine(at_once(12, work))
    actions.take_proposals()
    assert OrderLine.objects.count() == 4 and on_the_way(made) == [1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_who_comes_second_neither_waits_nor_makes_a_second_order() -> None:
    made, elsewhere = scene(), scene()
    propose_all(made)
    propose_all(elsewhere)
    second = while_open(
        lambda: placing._take_address(made.address.pk, NOW), lambda: actions.take_proposals(now=NOW)
    )
    assert (second.result, second.waited) == (1, False), "the other address's, at once"
    assert Order.objects.count() == 2 and on_the_way(made) == on_the_way(elsewhere) == [1, 1]


@pytest.fixture
def without_constraints(transactional_db: None) -> Any:
    """The database as it would be without the two indexes and without who claims an address."""
    saved: dict[str, str] = {}
    with connection.cursor() as cursor:
        for name in ("proposal_one_per_pool", "line_one_automatic_per_pool"):
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
            saved[name] = cursor.fetchone()[0]
            cursor.execute(f"DROP INDEX {name}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE replenishment_proposal, orders_orderline CASCADE")
        for definition in saved.values():
            cursor.execute(definition)


def test_without_the_indexes_there_would_be_two(without_constraints: None) -> None:
    """The two tests before hold because of the database: here is what they would have seen."""
    made = scene(colours=1)
    fine(at_once(6, lambda _: propose(made.pools[0], made.slots[0])))
    assert Proposal.objects.count() == 6
    actions.take_proposals()
    assert OrderLine.objects.filter(pool=made.pools[0], state="placed", automatic=True).count() == 6


@pytest.mark.django_db
def test_a_hold_and_its_undoing_move_the_release(settings: Any) -> None:
    made, ana = scene(), make.user("ana@example.com")
    order = announced(made)
    until = actions.hold(order=order, actor=ana, now=timezone.now())
    assert actions.release_due(now=until - dt.timedelta(seconds=1)) == 0
    assert states(order) == ["placed", "placed"]
    actions.resume(order=order, actor=ana)
    assert actions.release_due() == 1
    assert states(order) == ["released", "released"]
