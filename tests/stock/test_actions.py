"""The ledger: what each posting does to shelf and on the way, and that its cause counts once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from metered.lib.errors import Refused
from metered.stock import actions
from metered.stock.models import Entry, Pool
from tests import factories as make
from tests.stock.ledger import pool_of, sums

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def expect(pool: Pool, quantity: int, cause: str = "o1") -> Entry:
    return actions.expect(pool_id=pool.pk, quantity=quantity, cause=cause, origin="automatic", at=NOW)


def state(pool: Pool) -> tuple[int, int]:
    """(shelf, on the way), and proof that both are the ledger's sums."""
    pool.refresh_from_db()
    assert sums(pool) == (pool.shelf, pool.on_the_way)
    return pool.shelf, pool.on_the_way


def test_a_pool_is_made_once() -> None:
    pool = pool_of()
    again = actions.pool_for(
        account_id=pool.account_id,
        contract_id=pool.contract_id,
        address_id=pool.address_id,
        supply_id=pool.supply_id,
    )
    assert again == pool and Pool.objects.count() == 1


def test_what_was_ordered_is_on_the_way_and_then_on_the_shelf() -> None:
    pool = pool_of()
    expect(pool, 3)
    assert state(pool) == (0, 3)
    actions.receive(pool_id=pool.pk, quantity=2, cause="d1", origin="automatic", at=NOW)
    assert state(pool) == (2, 1)


def test_cancelled_units_do_not_come() -> None:
    pool = pool_of()
    expect(pool, 3)
    actions.cancel(pool_id=pool.pk, quantity=3, cause="c1", origin="automatic", note="closed")
    assert state(pool) == (0, 0)


def test_more_than_is_on_the_way_cannot_be_cancelled() -> None:
    pool = pool_of()
    expect(pool, 1)
    with pytest.raises(Refused) as refused:
        actions.cancel(pool_id=pool.pk, quantity=2, cause="c1", origin="automatic")
    assert refused.value.code == "not_on_the_way"
    assert state(pool) == (0, 1) and Entry.objects.count() == 1


def test_what_nobody_expected_arrives_all_the_same() -> None:
    pool = pool_of()
    expect(pool, 1)
    actions.receive(pool_id=pool.pk, quantity=4, cause="d1", origin="customer")
    pool.refresh_from_db()
    assert (pool.shelf, pool.on_the_way) == (4, 0)


def test_an_install_takes_from_the_shelf_and_never_below_nothing() -> None:
    pool = pool_of()
    actions.count(pool_id=pool.pk, quantity=1, cause="n1", at=NOW)
    first = actions.install(pool_id=pool.pk, quantity=1, cause="i1")
    second = actions.install(pool_id=pool.pk, quantity=1, cause="i2")
    assert (first.shelf_change, second.shelf_change) == (-1, 0)
    assert first.origin == Entry.Origin.DEVICE
    assert state(pool) == (0, 0)


def test_a_count_far_from_expected_is_accepted_and_its_difference_stays_visible() -> None:
    pool = pool_of()
    actions.count(pool_id=pool.pk, quantity=2, cause="n1", at=NOW)
    entry = actions.count(pool_id=pool.pk, quantity=9, cause="n2", at=NOW + dt.timedelta(days=1))
    assert (entry.quantity, entry.shelf_change) == (9, 7)
    assert state(pool) == (9, 0)
    assert pool.counted_at == NOW + dt.timedelta(days=1)


def test_a_count_that_was_sent_late_does_not_make_the_last_count_older() -> None:
    pool = pool_of()
    actions.count(pool_id=pool.pk, quantity=2, cause="n1", at=NOW)
    actions.count(pool_id=pool.pk, quantity=2, cause="n0", at=NOW - dt.timedelta(days=5))
    pool.refresh_from_db()
    assert pool.counted_at == NOW


def test_what_is_set_aside_leaves_the_shelf_and_only_that_can_be_taken_back() -> None:
    pool = pool_of()
    actions.count(pool_id=pool.pk, quantity=3, cause="n1", at=NOW)
    actions.set_aside(pool_id=pool.pk, quantity=2, cause="r1")
    assert state(pool) == (1, 0) and pool.leaving == 2
    actions.take_back(pool_id=pool.pk, quantity=1, cause="t1")
    assert state(pool) == (1, 0) and pool.leaving == 1
    for post in (actions.take_back, actions.put_back):
        with pytest.raises(Refused) as refused:
            post(pool_id=pool.pk, quantity=2, cause="t2")
        assert refused.value.code == "not_set_aside"
    actions.put_back(pool_id=pool.pk, quantity=1, cause="b1")
    assert state(pool) == (2, 0) and pool.leaving == 0


def test_units_that_the_ledger_did_not_know_of_can_be_set_aside() -> None:
    pool = pool_of()
    actions.count(pool_id=pool.pk, quantity=1, cause="n1", at=NOW)
    entry = actions.set_aside(pool_id=pool.pk, quantity=3, cause="r1")
    assert (entry.shelf_change, state(pool), pool.leaving) == (-1, (0, 0), 3)


def test_what_was_set_aside_before_a_count_is_not_in_it() -> None:
    pool = pool_of()
    actions.count(pool_id=pool.pk, quantity=4, cause="n1", at=NOW)
    entry = actions.set_aside(pool_id=pool.pk, quantity=2, cause="r1", at=NOW - dt.timedelta(days=1))
    assert (entry.shelf_change, state(pool), pool.leaving) == (0, (4, 0), 2)


def test_an_adjustment_needs_its_reason_and_stops_at_nothing() -> None:
    pool, staff = pool_of(), make.user("sam@example.com")
    with pytest.raises(Refused) as refused:
        actions.adjust(pool_id=pool.pk, quantity=1, cause="a1", actor=staff, note="")
    assert refused.value.code == "no_reason"
    entry = actions.adjust(pool_id=pool.pk, quantity=3, cause="a2", actor=staff, note="found in the cellar")
    assert (entry.actor, entry.origin, state(pool)) == (staff, Entry.Origin.STAFF, (3, 0))
    actions.adjust(pool_id=pool.pk, quantity=-3, cause="a3", actor=staff, note="drowned there")
    with pytest.raises(Refused, match="less on the shelf"):
        actions.adjust(pool_id=pool.pk, quantity=-1, cause="a4", actor=staff, note="again")
    assert state(pool) == (0, 0)


POSTINGS: dict[str, Callable[[int], Entry]] = {
    "expect": lambda pool: actions.expect(pool_id=pool, quantity=2, cause="same", origin="automatic"),
    "cancel": lambda pool: actions.cancel(pool_id=pool, quantity=2, cause="same", origin="automatic"),
    "receive": lambda pool: actions.receive(pool_id=pool, quantity=2, cause="same", origin="automatic"),
    "install": lambda pool: actions.install(pool_id=pool, quantity=2, cause="same"),
    "count": lambda pool: actions.count(pool_id=pool, quantity=2, cause="same"),
    "set_aside": lambda pool: actions.set_aside(pool_id=pool, quantity=2, cause="same"),
    "put_back": lambda pool: actions.put_back(pool_id=pool, quantity=2, cause="same"),
    "take_back": lambda pool: actions.take_back(pool_id=pool, quantity=2, cause="same"),
    "adjust": lambda pool: actions.adjust(pool_id=pool, quantity=2, cause="same", actor=None, note="n"),
}


@pytest.mark.parametrize("kind", POSTINGS)
def test_the_same_cause_twice_changes_nothing(kind: str) -> None:
    pool = pool_of()
    expect(pool, 5, "before")
    actions.count(pool_id=pool.pk, quantity=8, cause="shelf", at=NOW)
    actions.set_aside(pool_id=pool.pk, quantity=3, cause="aside")
    first = POSTINGS[kind](pool.pk)
    assert first.kind == kind
    once = (*state(pool), pool.leaving)
    assert once != (5, 5, 3)
    assert POSTINGS[kind](pool.pk) == first
    assert (*state(pool), pool.leaving) == once
    assert Entry.objects.filter(cause="same").count() == 1


@pytest.mark.parametrize("kind", POSTINGS)
def test_what_only_the_desk_knows_of_wakes_replenishment(
    kind: str, django_capture_on_commit_callbacks: Any
) -> None:
    """Of all else, whoever posts it says so."""
    pool = pool_of()
    expect(pool, 5, "before")
    actions.adjust(pool_id=pool.pk, quantity=8, cause="shelf", actor=None, note="n")
    actions.set_aside(pool_id=pool.pk, quantity=3, cause="aside")
    with django_capture_on_commit_callbacks() as said:
        POSTINGS[kind](pool.pk)
        POSTINGS[kind](pool.pk)
    assert len(said) == (1 if kind in ("count", "adjust", "set_aside", "put_back") else 0)


def test_every_kind_of_posting_is_tried_above() -> None:
    assert set(POSTINGS) == set(Entry.Kind.values)


def test_a_cause_belongs_to_one_pool_only() -> None:
    first, second = pool_of(), pool_of()
    expect(first, 2)
    with pytest.raises(IntegrityError, match="cause"), transaction.atomic():
        expect(second, 2)
    assert state(second) == (0, 0)


@pytest.mark.parametrize("sql", ["UPDATE stock_entry SET quantity = 9", "DELETE FROM stock_entry"])
def test_the_ledger_can_not_be_edited(sql: str) -> None:
    pool = pool_of()
    expect(pool, 2)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert state(pool) == (0, 2)


@pytest.mark.parametrize("column", ["shelf", "on_the_way"])
def test_the_database_knows_no_negative_stock(column: str) -> None:
    pool = pool_of()
    with pytest.raises(IntegrityError), transaction.atomic():
        Pool.objects.filter(pk=pool.pk).update(**{column: -1})


@pytest.mark.parametrize(
    ("kind", "quantity"), [("expect", 0), ("receive", -1), ("install", 0), ("count", -1), ("take_back", 0)]
)
def test_the_database_refuses_entries_that_move_nothing_or_backwards(kind: str, quantity: int) -> None:
    pool = pool_of()
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.create(
            account_id=pool.account_id,
            pool=pool,
            kind=kind,
            quantity=quantity,
            shelf_change=0,
            cause="x",
            origin="staff",
            at=timezone.now(),
        )


def test_a_pool_is_of_its_accounts_contract_address_and_supply_once() -> None:
    pool = pool_of()
    with pytest.raises(IntegrityError, match="pool_once"), transaction.atomic():
        Pool.objects.create(
            account_id=pool.account_id,
            contract_id=pool.contract_id,
            address_id=pool.address_id,
            supply_id=pool.supply_id,
        )
