"""What stock tests share: a pool, and the sums that its ledger says it must have."""

from __future__ import annotations

from metered.accounts.models import Address
from metered.fleet.models import Supply
from metered.stock.actions import pool_for
from metered.stock.models import Entry, Pool
from tests import factories as make


def pool_of(address: Address | None = None, supply: Supply | None = None) -> Pool:
    """A pool at the address (one of a new account) for the supply (a new black toner)."""
    address = address or make.address(make.account())
    contract = address.account.contracts.first() or make.contract(address.account)
    return pool_for(
        account_id=address.account_id,
        contract_id=contract.pk,
        address_id=address.pk,
        supply_id=(supply or make.supply()).pk,
    )


def sums(pool: Pool) -> tuple[int, int]:
    """(shelf, on the way) worked out from the ledger alone, without what the pool's row says.

    Right as long as nothing arrived that nobody expected.
    """
    shelf = on_the_way = 0
    for entry in Entry.objects.filter(pool=pool).order_by("pk"):
        shelf += entry.shelf_change
        if entry.kind == Entry.Kind.EXPECT:
            on_the_way += entry.quantity
        elif entry.kind in (Entry.Kind.CANCEL, Entry.Kind.RECEIVE):
            on_the_way -= entry.quantity
    return shelf, on_the_way
