"""Retiring an address: what still needs it is known to later stages than the one that owns it."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from metered.accounts import address_actions as accounts
from metered.accounts.models import Address, User
from metered.fleet.models import Device
from metered.lib.errors import Refused
from metered.orders.models import UNSHIPPED, OrderLine


@transaction.atomic
def retire_address(*, address: Address, actor: User | None = None) -> bool:
    """Takes an address out of use. False: it was already.

    Refused(devices_ship_here) and Refused(orders_open) while something is to be sent there. Its row is locked
    against rows that name it: a device or an order that comes at this moment is seen, or comes after.
    """
    locked = Address.objects.select_for_update(of=("self",)).select_related("current").get(pk=address.pk)
    if locked.retired_at is not None:
        return False
    if Device.objects.filter(address=locked, removed_at=None).exists():
        text = _("Devices still ship there. Have them moved or removed first.")
        raise Refused(text, code="devices_ship_here")
    if OrderLine.objects.filter(order__address=locked, state__in=UNSHIPPED).exists():
        text = _(
            "An order that has not been shipped is to go there. Cancel it, or wait until it has arrived."
        )
        raise Refused(text, code="orders_open")
    return accounts.retire_address(address=locked, actor=actor)
