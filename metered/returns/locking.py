"""Locks in the order of CONTRIBUTING.md: address, return, line, pool."""

from __future__ import annotations

from metered.accounts.models import Address
from metered.returns.models import Return


def lock(return_id: int, *, skip_locked: bool = False) -> Return | None:
    """Locks a return, its address first; None when another has it (`skip_locked`) or it isn't there."""
    address_id = Return.objects.filter(pk=return_id).values_list("address_id", flat=True).first()
    if address_id is not None:
        rows = Address.objects.select_for_update(no_key=True, skip_locked=skip_locked, of=("self",))
        if rows.filter(pk=address_id).first() is None:
            return None
    found: Return | None = (
        Return.objects.select_for_update(skip_locked=skip_locked, of=("self",))
        .select_related("account", "address__current", "filed_by")
        .filter(pk=return_id)
        .first()
    )
    return found
