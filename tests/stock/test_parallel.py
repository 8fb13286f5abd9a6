"""Postings at the same moment: sums stay the ledger's, a cause counts once, nothing goes below nothing."""

from __future__ import annotations

import pytest

from metered.lib.errors import Refused
from metered.stock import actions
from metered.stock.models import Entry, Pool
from tests import factories as make
from tests.stock.ledger import pool_of, sums
from tests.threads import at_once, fine

pytestmark = pytest.mark.django_db(transaction=True)


def test_parallel_postings_keep_the_sums_equal_to_the_ledger() -> None:
    pool = pool_of()
    actions.count(pool_id=pool.pk, quantity=1000, cause="start")

    def work(number: int) -> None:
        for step in range(8):
            cause = f"{number}-{step}"
            actions.expect(pool_id=pool.pk, quantity=2, cause=f"e{cause}", origin="automatic")
            actions.receive(pool_id=pool.pk, quantity=1, cause=f"r{cause}", origin="automatic")
            actions.install(pool_id=pool.pk, quantity=3, cause=f"i{cause}")

    fine(at_once(8, work))
    pool.refresh_from_db()
    assert (pool.shelf, pool.on_the_way) == sums(pool) == (1000 + 64 - 192, 64)


def test_the_same_cause_from_twenty_at_once_counts_once() -> None:
    pool = pool_of()
    made = fine(
        at_once(20, lambda _: actions.expect(pool_id=pool.pk, quantity=2, cause="one", origin="automatic").pk)
    )
    pool.refresh_from_db()
    assert len(set(made)) == 1 and pool.on_the_way == 2 and Entry.objects.count() == 1


def test_the_last_unit_is_returned_once() -> None:
    pool = pool_of()
    actions.set_aside(pool_id=pool.pk, quantity=3, cause="start")
    results = at_once(
        10, lambda number: actions.take_back(pool_id=pool.pk, quantity=1, cause=f"r{number}").pk
    )
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(result, Refused) for result in refused)
    pool.refresh_from_db()
    assert (len(refused), pool.leaving) == (7, 0)
    assert sums(pool) == (0, 0)


def test_twenty_at_once_make_one_pool() -> None:
    address = make.address(make.account())
    contract, supply = make.contract(address.account), make.supply()
    ids = fine(
        at_once(
            20,
            lambda _: (
                actions.pool_for(
                    account_id=address.account_id,
                    contract_id=contract.pk,
                    address_id=address.pk,
                    supply_id=supply.pk,
                ).pk
            ),
        )
    )
    assert len(set(ids)) == 1 == Pool.objects.count()
