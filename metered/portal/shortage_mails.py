"""Early warning: what runs out before anything can arrive is told at once, with the urgent order prepared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from metered.accounts.queries import desk, recipients_for_system
from metered.fleet.models import Slot
from metered.notify.actions import post
from metered.replenishment.models import Shortage
from metered.replenishment.shortages import claim_untold_for_system, mark_told


def tell_of_shortages(*, now: dt.datetime | None = None) -> int:
    """Mails those who order for an address, and the support desk, once of each shortage; each address alone.

    A shortage is a row: whoever claims it tells, so that running twice tells once. Returns how many
    addresses.
    """
    now = now or timezone.now()
    told = 0
    while True:
        with transaction.atomic():
            rows = claim_untold_for_system()
            if not rows:
                return told
            _tell(rows)
            mark_told(rows, now)
            told += 1


def _tell(rows: Sequence[Shortage]) -> None:
    address = rows[0].address
    devices = _devices(rows)
    values = {
        "account_name": address.account.name,
        "address_name": address.name,
        "lines": [
            {
                "supply": row.pool.supply.name,
                "reorder_number": row.pool.supply.reorder_number,
                "devices": [devices[pk] for pk in row.slot_ids if pk in devices],
                "empty_on": row.runs_out_on.isoformat(),
                "arrives_on": row.arrives_on.isoformat(),
            }
            for row in rows
        ],
        "item_count": len(rows),
        "urgent_days": settings.URGENT_LEAD_DAYS,
    }
    event = f"shortage:{'-'.join(str(row.pk) for row in rows[:8])}"
    order = "/orders/new/?" + urlencode({"urgent": "1", "address": address.public_id})
    post(
        event=event,
        to=recipients_for_system(address.account_id, address_id=address.pk),
        template="shortage",
        values=values | {"order_path": order, "for_desk": False},
    )
    post(
        event=f"desk:{event}",
        to=desk(),
        template="shortage",
        values=values | {"order_path": "/admin/replenishment/shortage/?state=open", "for_desk": True},
    )


def _devices(rows: Sequence[Shortage]) -> dict[int, str]:
    ids = [pk for row in rows for pk in row.slot_ids]
    slots = Slot.objects.filter(pk__in=ids).select_related("device__model")
    return {slot.pk: slot.device.label for slot in slots}
