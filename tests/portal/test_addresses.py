"""Addresses on pages: each country's form, what an edit does to orders, what keeps one in use."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.accounts import address_actions
from metered.accounts.models import Address
from metered.accounts.queries import stamp_of
from metered.fleet import actions as fleet
from metered.lib.errors import Refused
from metered.notify.models import Message
from metered.orders import actions as orders
from metered.orders.models import Order
from metered.portal.address_actions import retire_address
from metered.stock import actions as stock
from tests import factories
from tests.orders.scene import Scene, announced, scene, shipped
from tests.threads import while_open

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> factories.Cast:
    return factories.cast()


@pytest.fixture
def made(cast: factories.Cast) -> Scene:
    return scene(cast.main_st, contract=cast.contract)


@pytest.fixture
def ana(client: Client, cast: factories.Cast) -> Client:
    client.force_login(cast.ana)
    return client


def text(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def form(address: Address | None = None, **more: str) -> dict[str, str]:
    return {
        "name": address.name if address else "Dock",
        "country": "US",
        "recipient": "Northwind",
        "lines": "2 New St",
        "city": "Rochester",
        "region": "NY",
        "postal_code": "14604",
        "time_zone": "America/New_York",
        "seen": stamp_of(Address.objects.get(pk=address.pk)) if address else "",
    } | more


def path(address: Address, what: str = "") -> str:
    return f"/addresses/{address.public_id}/{what}"


def test_the_list_says_what_ships_there(ana: Client, made: Scene) -> None:
    announced(made)
    page = text(ana.get("/addresses/"))
    assert "Main St 1 Main St, Rochester, NY 14604, United States 1 device 1 order" in page
    assert "Harbor St" in page and "Add an address" in page


def test_one_address_with_devices_orders_and_closed_dates(ana: Client, made: Scene) -> None:
    order = announced(made)
    page = text(ana.get(path(made.address)))
    assert order.number in page and made.device.label in page and "Rochester, NY 14604" in page


def test_an_edit_says_before_and_does_after(ana: Client, made: Scene) -> None:
    order = announced(made)
    before = text(ana.get(path(made.address, "edit/")))
    assert "This order has not been shipped and will be sent to the changed address:" in before
    assert order.number in before
    answer = ana.post(path(made.address, "edit/"), form(made.address), follow=True)
    assert f"Main St is changed. {order.number} will be sent there." in text(answer)
    assert "2 New St" in text(ana.get(f"/orders/{order.public_id}/"))
    orders.release_now(order=order)
    parcel = shipped(order)
    ana.post(path(made.address, "edit/"), form(made.address, lines="3 Newer St"))
    assert "2 New St" in parcel.to.lines
    assert "3 Newer St" not in text(ana.get(f"/orders/{order.public_id}/"))
    assert "No order waits to be sent there." in text(ana.get(path(made.address, "edit/")))


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(ana: Client, cast: factories.Cast) -> None:
    wrong = form(cast.main_st, postal_code="90210", phone="ask Ana", delivery_note="Dock 4", name="")
    answer = ana.post(path(cast.main_st, "edit/"), wrong)
    said = text(answer)
    assert "This does not lie in New York." in said and "This is no phone number in United States" in said
    assert "Give it a name" in said
    assert 'value="90210"' in answer.content.decode() and "Dock 4" in said and "2 New St" in said
    assert Address.objects.get(pk=cast.main_st.pk).current_id == cast.main_st.current_id


def test_somebody_elses_change_is_shown_beside_ones_own(ana: Client, cast: factories.Cast) -> None:
    mine = form(cast.main_st, lines="4 My St", city="Pittsford", postal_code="14534")
    address_actions.edit_address(
        address=cast.main_st,
        name="Main St",
        time_zone="America/New_York",
        subdivision="NY",
        wording={
            "recipient": "Northwind", "lines": "3 Their St", "city": "Rochester", "region": "NY",
            "postal_code": "14604", "country": "US", "contact": "", "phone": "", "delivery_note": "",
        },
        seen=None,
        actor=cast.ben,
    )  # fmt: skip
    answer = ana.post(path(cast.main_st, "edit/"), mine)
    said = text(answer)
    assert "Ben changed this address while you were typing" in said
    assert "3 Their St" in said and "4 My St" in said and "Save mine instead" in said
    page = answer.content.decode()
    assert 'value="Pittsford"' in page
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen
    assert ana.post(path(cast.main_st, "edit/"), mine | {"seen": seen[1]}).status_code == 302
    now = Address.objects.select_related("current").get(pk=cast.main_st.pk)
    assert now.current is not None and now.current.lines == "4 My St"


def test_without_javascript_a_country_brings_its_fields_and_keeps_what_was_typed(ana: Client) -> None:
    typed = form(country="DE", reload="1", contact="Ms. Braun")
    page = ana.post("/addresses/new/", typed).content.decode()
    assert page.index('name="postal_code"') < page.index('name="city"') and 'name="region"' not in page
    assert "Europe/Berlin" in page and 'value="Ms. Braun"' in page and "2 New St" in page
    assert not Address.objects.filter(name="Dock").exists()


@pytest.mark.parametrize(
    ("values", "zone", "subdivision"),
    [
        ({"region": "CA", "city": "Fresno", "postal_code": "93650", "time_zone": ""},
         "America/Los_Angeles", "CA"),
        ({"country": "DE", "postal_code": "10115", "city": "Berlin", "time_zone": ""}, "Europe/Berlin", ""),
        ({"country": "HK", "region": "Kowloon", "city": "", "time_zone": ""}, "Asia/Hong_Kong", ""),
        ({"country": "SG", "postal_code": "546080", "time_zone": ""}, "Asia/Singapore", ""),
        ({"country": "CA", "region": "BC", "postal_code": "V8X 3X4", "time_zone": "America/Creston"},
         "America/Creston", "BC"),
    ],
)  # fmt: skip
def test_an_address_is_added(ana: Client, values: dict[str, str], zone: str, subdivision: str) -> None:
    answer = ana.post("/addresses/new/", form() | values, follow=True)
    assert "Dock is added." in text(answer)
    made = Address.objects.get(name="Dock")
    assert (made.time_zone, made.subdivision, made.country) == (
        zone,
        subdivision,
        values.get("country", "US"),
    )
    # Shown on every page that names it, whatever fields its country has.
    assert ana.get("/addresses/").status_code == ana.get(path(made, "edit/")).status_code == 200


@pytest.mark.parametrize("country", ["ZZ", "", "../us", "US\x00", "usa"])
def test_no_country_is_said(ana: Client, country: str) -> None:
    answer = ana.post("/addresses/new/", form(country=country))
    assert answer.status_code == 200 and not Address.objects.filter(name="Dock").exists()
    assert ana.post("/addresses/new/", form(country=country, reload="1")).status_code == 200


def test_a_zone_of_another_country_is_not_taken(ana: Client) -> None:
    ana.post("/addresses/new/", form(time_zone="Europe/Berlin"))
    assert not Address.objects.filter(name="Dock").exists()


def test_where_addresses_have_no_region_the_known_one_stays_with_the_town(
    ana: Client, cast: factories.Cast
) -> None:
    berlin = factories.address(
        cast.northwind, "Berlin", country="DE", subdivision="BE", time_zone="Europe/Berlin"
    )
    same = {"country": "DE", "postal_code": "14604", "city": "Rochester", "time_zone": "Europe/Berlin"}
    ana.post(path(berlin, "edit/"), form(berlin, **same))
    assert Address.objects.get(pk=berlin.pk).subdivision == "BE"
    ana.post(path(berlin, "edit/"), form(berlin, **same | {"postal_code": "80331", "city": "München"}))
    assert Address.objects.get(pk=berlin.pk).subdivision == ""


def test_a_limited_owner_adds_no_address(client: Client, cast: factories.Cast) -> None:
    factories.member(cast.northwind, cast.charlie, "owner", cast.main_st)
    client.force_login(cast.charlie)
    client.post("/account/switch/", {"account": cast.northwind.public_id})
    assert client.get("/addresses/new/").status_code == 403
    assert "Add an address" not in text(client.get("/addresses/"))
    assert client.post(path(cast.main_st, "edit/"), form(cast.main_st)).status_code == 302


def test_others_see_and_change_nothing(client: Client, cast: factories.Cast) -> None:
    client.force_login(cast.vera)
    page = text(client.get(path(cast.main_st)))
    assert "Change it" not in page and "Retire it" not in page and "Add closed dates" not in page


def test_what_still_needs_an_address_is_named(ana: Client, made: Scene) -> None:
    order = announced(made)
    page = text(ana.get(path(made.address, "retire/")))
    assert "Main St is still needed" in page and made.device.label in page and order.number in page
    assert "Retire the address" not in page
    said = text(ana.post(path(made.address, "retire/"), follow=True))
    assert "Devices still ship there." in said
    fleet.remove_device(device=made.device)
    assert "An order that has not been shipped" in text(ana.post(path(made.address, "retire/"), follow=True))
    for line in order.lines.all():
        orders.cancel_line(line=line, because="test")
    stock.count(pool_id=made.pools[0].pk, quantity=2, cause="c")
    page = text(ana.get(path(made.address, "retire/")))
    assert "Retire Main St?" in page and "1 supply still stands on its shelf." in page
    assert "nothing is sent there any more" in text(ana.post(path(made.address, "retire/"), follow=True))
    assert Address.objects.get(pk=made.address.pk).retired_at is not None
    assert "Retired on" in text(ana.get(path(made.address)))
    assert ana.get(path(made.address, "edit/")).status_code == 404
    assert ana.get(f"/stock/{made.address.public_id}/").status_code == 404
    assert Message.objects.filter(event=f"address_retired:{made.address.public_id}").count() == 1


def test_closed_dates_are_added_checked_and_removed(ana: Client, cast: factories.Cast) -> None:
    first = timezone.localdate() + dt.timedelta(days=5)
    url = path(cast.main_st, "closed-dates/")
    wrong = ana.post(
        url, {"starts_on": first, "ends_on": first - dt.timedelta(days=1), "reason": "Inventory"}
    )
    assert (
        "The last day lies before the first." in text(wrong) and 'value="Inventory"' in wrong.content.decode()
    )
    assert "Enter a valid date" in text(ana.post(url, {"starts_on": "soon", "ends_on": ""}))
    said = text(ana.post(url, {"starts_on": first, "ends_on": first, "reason": "Inventory"}, follow=True))
    assert "Kept:" in said and "Inventory" in said
    assert "Closed from" in text(ana.get("/addresses/"))
    closure = cast.main_st.closures.get()
    for wrong_id in ("x", "9" * 30, "-1"):
        ana.post(url, {"remove": wrong_id})
    assert cast.main_st.closures.exists()
    ana.post(url, {"remove": str(closure.pk)})
    assert not cast.main_st.closures.exists()


def test_an_account_without_addresses(client: Client, cast: factories.Cast) -> None:
    other = factories.account("New")
    factories.member(other, cast.ana, "owner")
    client.force_login(cast.ana)
    client.post("/account/switch/", {"account": other.public_id})
    assert "Begin with the first one." in text(client.get("/addresses/"))
    assert client.get("/addresses/new/").status_code == 200


def test_queries_stay_flat(ana: Client, made: Scene, cast: factories.Cast) -> None:
    announced(made)
    address_actions.close_address(
        address=made.address, starts_on=timezone.localdate(), ends_on=timezone.localdate()
    )
    urls = ["/addresses/", path(made.address), path(made.address, "edit/"), path(made.address, "retire/")]

    def count(url: str) -> int:
        ana.get(url)
        with CaptureQueriesContext(connection) as caught:
            assert ana.get(url).status_code == 200
        return len(caught)

    few = {url: count(url) for url in urls}
    for n in range(30):
        factories.address(cast.northwind, f"A{n}")
        announced_here = scene(cast.main_st, contract=cast.contract, colours=1)
        orders.place(
            account_id=cast.northwind.pk, contract_id=cast.contract.pk, address_id=cast.main_st.pk,
            origin=Order.Origin.CUSTOMER, lines=[orders.Wanted(announced_here.pools[0], 1)],
        )  # fmt: skip
    assert {url: count(url) for url in urls} == few
    assert "and 19 more" in text(ana.get(path(made.address, "edit/")))


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_placed_at_this_moment_is_seen() -> None:
    cast = factories.cast()
    made = scene(cast.main_st, contract=cast.contract, colours=1)
    fleet.remove_device(device=made.device)

    def place() -> None:
        orders.place(
            account_id=cast.northwind.pk, contract_id=cast.contract.pk, address_id=cast.main_st.pk,
            origin=Order.Origin.CUSTOMER, lines=[orders.Wanted(made.pools[0], 1)],
        )  # fmt: skip

    second = while_open(place, lambda: retire_address(address=cast.main_st))
    assert second.waited and isinstance(second.result, Refused) and second.result.code == "orders_open"
