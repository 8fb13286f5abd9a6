"""Buttons at the desk: what is refused leaves nothing, and what was done meanwhile is said."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from metered.orders import actions
from metered.orders.models import Shipment
from tests import factories
from tests.access_world import signed_in
from tests.orders.scene import on_the_way, released, scene, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    return signed_in(factories.user("sam@example.com", is_staff=True, is_superuser=True))


def test_a_cancellation_that_is_refused_halfway_leaves_the_order_whole(desk: Client) -> None:
    made = scene(colours=2)
    order = released(made)
    last = order.lines.order_by("pk").last()
    assert last
    # Not offered any more; whoever had the page open before presses all the same.
    actions.ship(order=order, carrier="UPS", quantities={last.pk: 1})
    answer = desk.post(f"/admin/orders/order/{order.pk}/cancel/", {"because": "They have plenty."})
    assert answer.status_code == 302
    assert [str(said) for said in get_messages(answer.wsgi_request)] == [
        "There is nothing left to do here: it was done meanwhile."
    ]
    assert sorted(states(order)) == ["released", "shipped"] and on_the_way(made) == [1, 1]


def test_a_parcel_marked_as_shipped_twice_leaves_once(desk: Client) -> None:
    order = released(scene())
    for _ in range(2):
        assert desk.post(f"/admin/orders/order/{order.pk}/ship/", {"carrier": "UPS"}).status_code == 302
    assert Shipment.objects.count() == 1
