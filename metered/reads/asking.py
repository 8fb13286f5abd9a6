"""Asking for an additional read (domain rule 14). The writer of `ReadRequest`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.fleet.models import Device
from metered.lib.errors import Refused
from metered.reads.models import ReadRequest


@transaction.atomic
def ask_read(
    *,
    device_ids: Iterable[int],
    because: str,
    reason: str,
    due_on: dt.date,
    actor: User | None = None,
    now: dt.datetime | None = None,
) -> list[ReadRequest]:
    """Asks for a read of each device by `due_on`; returns the open requests in the order of the device ids.

    `because`: a `ReadRequest.Because`. Asked again while it is open, the earlier day counts and the first
    reason stays. Removed devices are left out. Refused: no reason, a day that is over, no device at all.
    """
    now = now or timezone.now()
    if not reason.strip():
        raise Refused(_("Say why the read is needed: the customer reads it."), code="reason")
    if due_on < (now - dt.timedelta(days=1)).date():
        raise Refused(_("That day is over."), code="past")
    if because not in ReadRequest.Because.values:
        raise Refused(_("A read is asked for by support or by an order."), code="because")
    # The lock keeps two that ask at once from making two.
    devices = list(
        Device.objects.select_for_update(no_key=True)
        .filter(pk__in=list(device_ids), removed_at=None)
        .order_by("pk")
    )
    if not devices:
        raise Refused(_("No device is in use that could be read."), code="device")
    open_ones = {
        row.device_id: row
        for row in ReadRequest.objects.filter(
            device_id__in=[device.pk for device in devices], because=because, closed_at=None
        )
    }
    found = []
    for device in devices:
        known = open_ones.get(device.pk)
        if known is None:
            known = ReadRequest.objects.create(
                account_id=device.account_id,
                address_id=device.address_id,
                device=device,
                because=because,
                reason=reason.strip()[:200],
                due_on=due_on,
                asked_at=now,
                asked_by=actor,
            )
        elif due_on < known.due_on:
            known.due_on = due_on
            known.save(update_fields=["due_on"])
        else:
            found.append(known)
            continue
        log(
            actor=actor,
            account_id=device.account_id,
            address_id=device.address_id,
            verb="asked for a read",
            kind="device",
            public_id=device.public_id,
            after={"reason": known.reason, "due_on": due_on.isoformat()},
        )
        found.append(known)
    return found


@transaction.atomic
def withdraw_request(*, request: ReadRequest, actor: User | None = None) -> None:
    """The read is not needed any more. Refused for one that is closed."""
    changed = ReadRequest.objects.filter(pk=request.pk, closed_at=None).update(closed_at=timezone.now())
    if changed != 1:
        raise Refused(_("This is settled already."), code="settled")
    log(
        actor=actor,
        account_id=request.account_id,
        address_id=request.address_id,
        verb="withdrew a read asked for",
        kind="device",
        public_id=request.device.public_id,
        before={"reason": request.reason},
    )
