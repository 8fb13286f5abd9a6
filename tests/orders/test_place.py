"""Placing: a number, lines with their stock on the way, all or nothing."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from metered.accounts.models import ActivityEntry
from metered.lib.errors import Refused
from metered.orders import actions
from metered.orders.actions import Wanted
from metered.orders.models import Order, OrderLine
from metered.stock.models import Entry
from tests import factories as make
from tests.orders.scene import Scene, announced, on_the_way, scene, states
from tests.threads import at_once, fine


def by_hand(made: Scene, *wanted: Wanted, **more: object) -> Order:
    return actions.place(
        account_id=made.address.account_id,
        contract_id=made.contract.pk,
        address_id=made.address.pk,
        origin="customer",
        lines=wanted or [Wanted(pool=pool, quantity=2) for pool in made.pools],
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.django_db
def test_an_order_has_a_number_its_lines_and_their_units_on_the_way() -> None:
    made, ana = scene(), make.user("ana@example.com")
    order = by_hand(made, placed_by=ana, reference="PO 7", cost_centre="12")
    assert order.number.startswith("SO-") and int(order.number[3:]) >= 20001
    assert (order.placed_by, order.reference, order.cost_centre) == (ana, "PO 7", "12")
    assert [
        (line.pool, line.supply, line.quantity, line.state, line.automatic) for line in order.lines.all()
    ] == [(pool, pool.supply, 2, "placed", False) for pool in made.pools]
    assert on_the_way(made) == [2, 2]
    causes = set(Entry.objects.values_list("cause", flat=True))
    assert causes == {f"order:{line.public_id}" for line in order.lines.all()}
    entry = ActivityEntry.objects.order_by("-pk")[0]
    assert (entry.actor, entry.verb, entry.public_id) == (ana, "placed", order.public_id)


@pytest.mark.django_db
def test_nothing_is_not_an_order() -> None:
    made = scene()
    with pytest.raises(Refused) as refused:
        actions.place(
            account_id=made.address.account_id,
            contract_id=made.contract.pk,
            address_id=made.address.pk,
            origin="customer",
            lines=[],
        )
    assert refused.value.code == "nothing_ordered" and not Order.objects.exists()


@pytest.mark.django_db
def test_a_line_for_a_pool_of_somewhere_else_is_refused() -> None:
    made = scene()
    other = scene(make.address(made.address.account), contract=made.contract)
    theirs = scene()
    for stranger in (other, theirs):
        with pytest.raises(Refused) as refused:
            by_hand(made, Wanted(pool=stranger.pools[0], quantity=1))
        assert refused.value.code == "other_pool"
    assert not Order.objects.exists() and on_the_way(other) == on_the_way(theirs) == [0, 0]


@pytest.mark.django_db
def test_when_one_line_fails_nothing_of_the_order_stays() -> None:
    made = scene()
    with pytest.raises(IntegrityError, match="line_quantity_positive"), transaction.atomic():
        by_hand(made, Wanted(pool=made.pools[0], quantity=2), Wanted(pool=made.pools[1], quantity=0))
    assert not Order.objects.exists() and not OrderLine.objects.exists() and not Entry.objects.exists()
    assert on_the_way(made) == [0, 0]


@pytest.mark.django_db
def test_an_automatic_order_must_be_announced() -> None:
    made = scene()
    order = by_hand(made)
    with pytest.raises(IntegrityError, match="order_automatic_is_announced"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(origin="automatic")


@pytest.mark.django_db
def test_hand_orders_for_a_pool_may_stand_beside_an_automatic_line_but_not_a_second_automatic_one() -> None:
    made = scene()
    order = announced(made)
    by_hand(made)
    assert on_the_way(made) == [3, 3]
    line = order.lines.all()[0]
    with pytest.raises(IntegrityError, match="line_one_automatic_per_pool"), transaction.atomic():
        OrderLine.objects.create(
            order=order,
            account_id=order.account_id,
            pool=line.pool,
            supply=line.supply,
            quantity=1,
            automatic=True,
        )
    actions.cancel_line(line=line, because="not needed")
    OrderLine.objects.create(
        order=order,
        account_id=order.account_id,
        pool=line.pool,
        supply=line.supply,
        quantity=1,
        automatic=True,
    )


@pytest.mark.django_db(transaction=True)
def test_numbers_drawn_at_the_same_moment_differ() -> None:
    made = scene()
    numbers = fine(at_once(10, lambda _: by_hand(made).number))
    assert len(set(numbers)) == 10 and on_the_way(made) == [20, 20]


@pytest.mark.django_db
def test_cancelled_lines_are_off_the_way_and_can_not_be_cancelled_once_shipped() -> None:
    made, sam = scene(), make.user("sam@example.com")
    order = by_hand(made)
    first, second = order.lines.order_by("pk")
    actions.cancel_line(line=first, because="ordered twice", actor=sam)
    actions.cancel_line(line=first, because="again", actor=sam)
    assert states(order) == ["cancelled", "placed"] and on_the_way(made) == [0, 2]
    first.refresh_from_db()
    assert first.closed_reason == "ordered twice"
    assert ActivityEntry.objects.filter(verb="cancelled", actor=sam).count() == 1
    actions.release_now(order=order, actor=sam)
    assert states(order) == ["cancelled", "released"]
    actions.ship(order=order, carrier="UPS")
    with pytest.raises(Refused) as refused:
        actions.cancel_line(line=second, because="too late")
    assert refused.value.code == "already_shipped"
    assert states(order) == ["cancelled", "shipped"] and on_the_way(made) == [0, 2]
