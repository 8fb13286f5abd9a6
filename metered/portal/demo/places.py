"""What is to be done at the demo's addresses: counts that are asked for, days when nobody is there."""

from __future__ import annotations

import datetime as dt

from metered.accounts.address_actions import close_address
from metered.accounts.models import Address, User
from metered.stock import actions as stock
from metered.stock.models import CountRequest, Pool

CLOSED_IN, CLOSED_FOR = dt.timedelta(days=40), dt.timedelta(days=5)


def write(now: dt.datetime) -> None:
    """After the history: the contracts' cadence asks, support asks once, and a clinic closes for days."""
    stock.ask_due_counts(now=now - dt.timedelta(days=1))
    for name, because in (
        ("Main St Clinic", CountRequest.Because.STAFF),
        ("Lakeshore Hospital", CountRequest.Because.UNSURE),
    ):
        pools = Pool.objects.filter(address__name=name).order_by("counted_at", "pk")[:4]
        ids = list(pools.values_list("pk", flat=True))
        stock.ask_count(pool_ids=ids, because=because, at=now - dt.timedelta(hours=3))
    starts = (now + CLOSED_IN).date()
    close_address(
        address=Address.objects.get(name="Main St Clinic"),
        starts_on=starts,
        ends_on=starts + CLOSED_FOR,
        reason="Between the years",
        actor=User.objects.get(email="maria.alvarez@northwind.example"),
    )
