"""Illegal steps are impossible, not only hidden: the database refuses every pair that the table lacks."""

from __future__ import annotations

import itertools

import pytest
from django.db import IntegrityError, transaction

from metered.orders.actions import Wanted, place
from metered.orders.models import STEPS, UNSHIPPED, LineState, OrderLine
from tests.orders.scene import scene

LEGAL = {
    ("placed", "awaiting_read"),
    ("placed", "in_review"),
    ("placed", "released"),
    ("placed", "cancelled"),
    ("placed", "declined"),
    ("awaiting_read", "in_review"),
    ("awaiting_read", "released"),
    ("awaiting_read", "cancelled"),
    ("awaiting_read", "declined"),
    ("in_review", "awaiting_read"),
    ("in_review", "released"),
    ("in_review", "cancelled"),
    ("in_review", "declined"),
    ("released", "shipped"),
    ("released", "cancelled"),
    ("shipped", "delivered"),
}
"""Domain rule 19, written down a second time on purpose."""


def test_the_table_is_the_domains() -> None:
    assert {(old, new) for old, news in STEPS.items() for new in news} == LEGAL
    assert {state for pair in LEGAL for state in pair} == set(LineState.values)
    assert {old for old, new in LEGAL if new in ("cancelled", "declined")} == set(UNSHIPPED)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new"), [pair for pair in itertools.product(LineState.values, repeat=2) if pair[0] != pair[1]]
)
def test_every_step_and_no_other(old: str, new: str) -> None:
    made = scene(colours=1)
    order = place(
        account_id=made.address.account_id,
        contract_id=made.contract.pk,
        address_id=made.address.pk,
        origin="customer",
        lines=[Wanted(pool=made.pools[0], quantity=1)],
    )
    line = OrderLine.objects.create(
        order=order,
        account_id=order.account_id,
        pool=made.pools[0],
        supply=made.pools[0].supply,
        quantity=1,
        automatic=False,
        state=old,
    )
    if (old, new) in LEGAL:
        assert OrderLine.objects.filter(pk=line.pk).update(state=new) == 1
        return
    with pytest.raises(IntegrityError, match="can not become"), transaction.atomic():
        OrderLine.objects.filter(pk=line.pk).update(state=new)
    line.refresh_from_db()
    assert line.state == old


@pytest.mark.django_db
def test_a_state_that_nobody_knows_is_refused() -> None:
    made = scene(colours=1)
    order = place(
        account_id=made.address.account_id,
        contract_id=made.contract.pk,
        address_id=made.address.pk,
        origin="customer",
        lines=[Wanted(pool=made.pools[0], quantity=1)],
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        order.lines.update(state="lost")
