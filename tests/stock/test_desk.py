"""Counts and adjustments at the desk: sent twice they count once, and what is refused leaves nothing."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from metered.stock import actions
from metered.stock.models import Entry, Pool
from tests import factories
from tests.access_world import signed_in
from tests.stock.ledger import pool_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    return signed_in(factories.user("sam@example.com", is_staff=True, is_superuser=True))


def once(desk: Client, path: str) -> str:
    found = re.search(r'type="hidden" name="once" value="([^"]+)"', desk.get(path).content.decode())
    assert found
    return found[1]


def shelf(pool: Pool) -> int:
    pool.refresh_from_db()
    return pool.shelf


def test_an_adjustment_sent_twice_counts_once(desk: Client) -> None:
    pool = pool_of()
    path = f"/admin/stock/pool/{pool.pk}/adjust/"
    form = {"quantity": 3, "note": "found in the cellar", "once": once(desk, path)}
    for _ in range(2):
        assert desk.post(path, form).status_code == 302
    assert shelf(pool) == 3 and Entry.objects.count() == 1
    desk.post(path, form | {"once": once(desk, path)})
    assert shelf(pool) == 6


def test_a_count_sent_twice_counts_once(desk: Client) -> None:
    pool = pool_of()
    path = f"/admin/stock/pool/{pool.pk}/count/"
    form = {"quantity": 3, "note": "Ana, by phone", "once": once(desk, path)}
    desk.post(path, form)
    actions.install(pool_id=pool.pk, quantity=1, cause="i")
    desk.post(path, form)
    assert shelf(pool) == 2


def test_a_form_that_does_not_say_which_one_it_is_posts_nothing(desk: Client) -> None:
    pool = pool_of()
    answer = desk.post(f"/admin/stock/pool/{pool.pk}/adjust/", {"quantity": 3, "note": "n"})
    assert answer.status_code == 200 and not Entry.objects.exists()


def test_a_form_with_a_mistake_stays_the_same_one(desk: Client) -> None:
    path = f"/admin/stock/pool/{pool_of().pk}/adjust/"
    name = once(desk, path)
    answer = desk.post(path, {"quantity": "many", "note": "n", "once": name}).content.decode()
    assert f'value="{name}"' in answer
