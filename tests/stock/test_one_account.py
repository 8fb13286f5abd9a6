"""A pool stands at an address and under a contract of its own account; the database holds it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from metered.orders.models import Order
from metered.stock.models import Pool
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("foreign", ["address", "contract"])
def test_nothing_is_sent_across_accounts(foreign: str) -> None:
    mine, other = factories.account(), factories.account()
    rows = {"address": factories.address(mine), "contract": factories.contract(mine)}
    others = {"address": factories.address(other), "contract": factories.contract(other)}
    mixed = rows | {foreign: others[foreign]}
    supply = factories.supply()
    Pool.objects.create(account=mine, supply=supply, **rows)
    with pytest.raises(IntegrityError, match="same_account"), transaction.atomic():
        Pool.objects.create(account=mine, supply=supply, **mixed)
    with pytest.raises(IntegrityError, match="same_account"), transaction.atomic():
        Order.objects.create(account=mine, number="SO-1", origin="customer", **mixed)
