"""The history, and one order."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from metered.accounts.actions import word_address
from metered.lib import wording
from metered.orders import actions
from metered.orders.models import Order, OrderLine
from tests import factories
from tests.portal.world import World, automatic_order, pool_of, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> World:
    return world()


@pytest.fixture
def ana(here: World, client: Client) -> Client:
    client.force_login(here.cast.ana)
    return client


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return " ".join(response.content.decode().split())


def numbers(client: Client, query: str = "") -> list[str]:
    return [row.number for row in client.get(f"/orders/{query}").context["rows"]]


def test_the_history_is_newest_first_with_state_and_arrival(ana: Client, here: World) -> None:
    assert numbers(ana) == [here.announced.number, here.shipped.number, here.delivered.number]
    html = page(ana, "/orders/")
    for text in ("Announced", "Shipped", "Delivered", "leaves ", "arrives "):
        assert text in html


def test_orders_are_found(ana: Client, here: World) -> None:
    number = here.shipped.number
    reorder = OrderLine.objects.get(order=here.shipped).supply.reorder_number
    Order.objects.filter(pk=here.shipped.pk).update(reference="PO 4711")
    for search in (number, number.lower(), number.split("-")[1], reorder, "1z999", "4711"):
        assert numbers(ana, f"?search={search}") == [number], search
    assert numbers(ana, "?search=nothing") == []
    assert "No order fits" in page(ana, "/orders/?search=nothing")


@pytest.mark.parametrize(
    ("query", "which"),
    [
        ("?state=open", ["announced"]),
        ("?state=shipped", ["shipped"]),
        ("?state=delivered", ["delivered"]),
        ("?state=cancelled", []),
        ("?origin=automatic", ["announced", "shipped", "delivered"]),
        ("?origin=customer", []),
        ("?state=nonsense", ["announced", "shipped", "delivered"]),
    ],
)
def test_orders_are_filtered(ana: Client, here: World, query: str, which: list[str]) -> None:
    assert numbers(ana, query) == [getattr(here, name).number for name in which]


def test_orders_are_filtered_by_address(ana: Client, here: World) -> None:
    assert numbers(ana, f"?address={here.cast.harbor_st.public_id}") == []
    assert len(numbers(ana, f"?address={here.cast.main_st.public_id}")) == 3


def test_the_history_pages_without_gaps(ana: Client, here: World) -> None:
    slot = here.front_desk.slots.get(kind="waste")
    moment = timezone.now() - dt.timedelta(days=400)
    for _number in range(110):
        actions.place(
            account_id=here.cast.northwind.pk,
            contract_id=here.front_desk.contract_id,
            address_id=here.cast.main_st.pk,
            origin="customer",
            lines=[actions.Wanted(pool=pool_of(slot), quantity=2)],
            placed_by=here.cast.ana,
            placed_at=moment,
        )
    path, seen = "", []
    for _page in range(3):
        response = ana.get(f"/orders/{path}")
        seen += [row.number for row in response.context["rows"]]
        path = response.context["older"]
    assert path == "" and len(seen) == len(set(seen)) == 113


def test_an_empty_history_says_how_it_begins(client: Client) -> None:
    cast = factories.cast()
    client.force_login(cast.ana)
    assert "No orders yet" in page(client, "/orders/")


def test_an_announced_order_says_when_it_leaves_and_why(ana: Client, here: World) -> None:
    html = page(ana, f"/orders/{here.announced.public_id}/")
    assert f"{here.announced.number} leaves " in html
    assert "It likely runs out between " in html
    assert "Why yellow ships on " in html and "1 in 33" in html
    assert "for <a" in html and "Front desk · VersaLink C7130" in html
    assert "Rochester NY 14604" in html


def test_a_shipped_order_keeps_the_address_it_left_with(ana: Client, here: World) -> None:
    word_address(
        address=here.cast.main_st, recipient="Northwind", lines="9 New St", city="Buffalo", region="NY",
        postal_code="14201", country="US",
    )  # fmt: skip
    html = page(ana, f"/orders/{here.shipped.public_id}/")
    assert "1Z999" in html and "UPS" in html
    assert "Rochester NY 14604" in html and "Buffalo" not in html
    assert f"{here.shipped.number} arrives " in html
    assert "Buffalo NY 14201" in page(ana, f"/orders/{here.announced.public_id}/")


def test_a_delivered_order_says_when_it_arrived(ana: Client, here: World) -> None:
    html = page(ana, f"/orders/{here.delivered.public_id}/")
    assert f"{here.delivered.number} arrived on " in html


def test_a_cancelled_line_says_why(ana: Client, here: World) -> None:
    line = OrderLine.objects.get(order=here.announced)
    actions.cancel_line(line=line, because="The device was removed.")
    html = page(ana, f"/orders/{here.announced.public_id}/")
    assert f"{here.announced.number} was cancelled" in html
    assert "The device was removed." in html


def test_a_held_order_says_until_when(ana: Client, here: World) -> None:
    paths = [
        f"/orders/{here.announced.public_id}/", "/orders/", "/", f"/devices/{here.front_desk.public_id}/",
    ]  # fmt: skip
    assert all("Announced" in page(ana, path) and "Held until " not in page(ana, path) for path in paths)
    until = wording.local(actions.hold(order=here.announced, actor=here.cast.ana))
    tag = f'<span class="tag warn">Held until {wording.week_day(until.date())}</span>'
    html = page(ana, paths[0])
    assert f"{here.announced.number} is held until " in html
    # The order's tag, and its line's.
    assert html.count(tag) == 2
    assert all(tag in page(ana, path) and "Announced" not in page(ana, path) for path in paths)


def test_what_was_held_and_is_due_leaves_shortly(ana: Client, here: World) -> None:
    actions.hold(order=here.announced, actor=here.cast.ana)
    past = timezone.now() - dt.timedelta(minutes=1)
    Order.objects.filter(pk=here.announced.pk).update(release_at=past)
    OrderLine.objects.filter(order=here.announced).update(release_at=past)
    html = page(ana, f"/orders/{here.announced.public_id}/")
    assert f"{here.announced.number} leaves shortly" in html and "Held" not in html


def test_half_shipped_orders_are_told_as_that(ana: Client, here: World) -> None:
    order = automatic_order(
        here.front_desk, here.front_desk.slots.get(colorant="cyan"), release_at=timezone.now()
    )
    OrderLine.objects.filter(order=order).update(quantity=3, state="released")
    line = OrderLine.objects.get(order=order)
    actions.ship(order=order, carrier="UPS", quantities={line.pk: 1})
    html = page(ana, f"/orders/{order.public_id}/")
    assert "1 × " in html and "3 × " in html


def test_times_stand_in_the_viewers_zone(ana: Client, here: World) -> None:
    here.cast.ana.time_zone = "Europe/Berlin"
    here.cast.ana.save()
    html = page(ana, f"/orders/{here.announced.public_id}/")
    assert " CET" in html or " CEST" in html


def test_somebody_elses_order_looks_like_a_missing_one(client: Client, here: World) -> None:
    client.force_login(here.cast.charlie)
    assert client.get(f"/orders/{here.announced.public_id}/").status_code == 404
    assert client.get("/orders/0000000000000000/").status_code == 404
    assert numbers(client) == []


def test_a_person_limited_to_another_address_does_not_see_it(client: Client, here: World) -> None:
    dora = factories.user("dora@example.com")
    factories.member(here.cast.northwind, dora, "orderer", here.cast.harbor_st)
    client.force_login(dora)
    assert client.get(f"/orders/{here.announced.public_id}/").status_code == 404
    assert numbers(client) == []


def test_htmx_gets_the_list_alone(ana: Client) -> None:
    html = ana.get("/orders/", headers={"HX-Request": "true"}).content.decode()
    assert html.strip().startswith("<section") and "<html" not in html
