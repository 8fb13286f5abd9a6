"""A count is the truth of its moment: what it had in it moves nothing, in any order of posting."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

import pytest

from metered.stock import actions
from metered.stock.models import Entry, Pool
from tests.stock.ledger import pool_of, sums

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def state(pool: Pool) -> tuple[int, int]:
    pool.refresh_from_db()
    assert sums(pool) == (pool.shelf, pool.on_the_way)
    return pool.shelf, pool.on_the_way


@pytest.mark.parametrize("early", [dt.timedelta(0), HOUR], ids=["as it was counted", "before"])
def test_what_happened_before_the_count_is_in_it(early: dt.timedelta) -> None:
    pool = pool_of()
    actions.expect(pool_id=pool.pk, quantity=2, cause="o", origin="automatic", at=NOON - 9 * HOUR)
    actions.count(pool_id=pool.pk, quantity=3, cause="n", at=NOON)
    at = NOON - early
    entries = [
        actions.receive(pool_id=pool.pk, quantity=2, cause="d", origin="automatic", at=at),
        actions.install(pool_id=pool.pk, quantity=1, cause="i", at=at),
        # More than is there now, and still no refusal: it was there then.
        actions.set_aside(pool_id=pool.pk, quantity=7, cause="r", at=at),
    ]
    assert [(entry.quantity, entry.shelf_change) for entry in entries] == [(2, 0), (1, 0), (7, 0)]
    assert state(pool) == (3, 0)


def test_what_happened_after_the_count_moves_the_shelf() -> None:
    pool = pool_of()
    actions.count(pool_id=pool.pk, quantity=3, cause="n", at=NOON)
    actions.install(pool_id=pool.pk, quantity=1, cause="i", at=NOON + HOUR)
    assert state(pool) == (2, 0)


def test_an_older_count_is_kept_and_the_newer_one_stands() -> None:
    pool = pool_of()
    actions.count(pool_id=pool.pk, quantity=3, cause="n", at=NOON)
    late = actions.count(pool_id=pool.pk, quantity=8, cause="late", at=NOON - HOUR)
    assert (late.quantity, late.shelf_change) == (8, 0)
    assert state(pool) == (3, 0) and pool.counted_at == NOON


def test_a_count_posted_late_leaves_what_came_since() -> None:
    pool = pool_of()
    actions.receive(pool_id=pool.pk, quantity=4, cause="d", origin="automatic", at=NOON + HOUR)
    actions.install(pool_id=pool.pk, quantity=1, cause="i", at=NOON + 2 * HOUR)
    entry = actions.count(pool_id=pool.pk, quantity=2, cause="n", at=NOON)
    pool.refresh_from_db()
    assert (pool.shelf, entry.shelf_change) == (5, 2)


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_posting_does_not_matter(seed: int) -> None:
    pool = pool_of()
    postings: list[Callable[[], Entry]] = [
        lambda: actions.count(pool_id=pool.pk, quantity=9, cause="first", at=NOON - 9 * HOUR),
        lambda: actions.install(pool_id=pool.pk, quantity=2, cause="i1", at=NOON - 5 * HOUR),
        lambda: actions.receive(pool_id=pool.pk, quantity=6, cause="d1", origin="staff", at=NOON - 4 * HOUR),
        lambda: actions.count(pool_id=pool.pk, quantity=5, cause="last", at=NOON),
        lambda: actions.install(pool_id=pool.pk, quantity=1, cause="i2", at=NOON + HOUR),
        lambda: actions.receive(pool_id=pool.pk, quantity=3, cause="d2", origin="staff", at=NOON + 2 * HOUR),
        lambda: actions.install(pool_id=pool.pk, quantity=2, cause="i3", at=NOON + 3 * HOUR),
    ]
    random.Random(seed).shuffle(postings)
    for post in postings:
        post()
    pool.refresh_from_db()
    assert pool.shelf == 5 - 1 + 3 - 2
    assert pool.shelf == sum(Entry.objects.filter(pool=pool).values_list("shelf_change", flat=True))
