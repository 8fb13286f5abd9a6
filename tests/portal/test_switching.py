"""Switching between one's accounts: to the same list where there is one, and never to another site."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories
from tests.portal.world import World, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> World:
    return world()


@pytest.fixture
def ana(here: World, client: Client) -> Client:
    factories.member(here.cast.harbor_press, here.cast.ana, "viewer")
    client.force_login(here.cast.ana)
    return client


@pytest.mark.parametrize("path", ["/", "/devices/", "/supplies/", "/orders/"])
def test_every_list_says_where_it_is_and_switching_returns_to_it(ana: Client, here: World, path: str) -> None:
    assert f'<input type="hidden" name="next" value="{path}">' in ana.get(path).content.decode()
    switched = ana.post("/account/switch/", {"account": here.cast.northwind.public_id, "next": path})
    assert switched.status_code == 302 and switched["Location"] == path


def test_what_only_one_account_has_leads_to_the_overview(ana: Client, here: World) -> None:
    for path in (f"/devices/{here.press.public_id}/", "/admin/", "/account/switch/", "", "nonsense"):
        switched = ana.post("/account/switch/", {"account": here.cast.northwind.public_id, "next": path})
        assert switched["Location"] == "/", path
