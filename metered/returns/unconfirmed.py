"""Somebody who is not signed in returns supplies: their form counts once they use the link mailed to them.

Which customer it is about is found out later, so that no answer tells whether a number is known.
"""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.links import sign, signed
from metered.accounts.models import Account, Address
from metered.fleet.models import Contract, Device
from metered.fleet.places import typed_serial
from metered.fleet.serials import serial_key
from metered.lib.errors import Refused
from metered.lib.wake import wake
from metered.returns import announcements
from metered.returns.filing import Filled, file_return
from metered.returns.models import Return, Unconfirmed

LINK_HOLDS = dt.timedelta(hours=72)
PURPOSE = "return"


@transaction.atomic
def ask(*, known_as: str, email: str, language: str, filled: dict[str, Any]) -> Unconfirmed:
    """Keeps the form. `filled`: plain JSON: units (supply id as text → units), boxes, weight_kg, contact,
    phone, note, pick_up (lines), country."""
    row = Unconfirmed.objects.create(
        known_as=known_as[:64], email=email.lower(), language=language, filled=filled
    )
    wake("returns.unconfirmed")
    return row


def take_unconfirmed(*, now: dt.datetime | None = None) -> int:
    """Mails each form's link, or that nothing matched. Each once, whoever takes it; returns how many."""
    taken = 0
    while _take_one(now or timezone.now()):
        taken += 1
    return taken


@transaction.atomic
def _take_one(now: dt.datetime) -> bool:
    row = (
        Unconfirmed.objects.select_for_update(skip_locked=True)
        .filter(taken_at=None)
        .order_by("made_at", "pk")
        .first()
    )
    if row is None:
        return False
    row.account, row.address = _whose(row.known_as)
    row.taken_at = now
    if row.account is None:
        row.outcome = Unconfirmed.Outcome.UNMATCHED
        announcements.mail_no_match(row)
    else:
        row.outcome, row.expires_at = Unconfirmed.Outcome.MATCHED, now + LINK_HOLDS
        announcements.mail_link(row, f"/returns/confirm/{sign(PURPOSE, row.public_id)}/")
    row.save()
    return True


def _whose(known_as: str) -> tuple[Account | None, Address | None]:
    """The account with that customer number, or of the device with that serial, and the device's address."""
    account = Account.objects.filter(number__iexact=known_as.strip()).first()
    if account is not None:
        return account, None
    key = serial_key(typed_serial(known_as))
    if not key:
        return None, None
    devices = Device.objects.filter(serial_key=key).exclude(contract__status=Contract.Status.ENDED)
    # One in use before one that was removed: its supplies are what comes back.
    device = devices.order_by("-removed_at").select_related("account", "address").first()
    if device is None:
        return None, None
    return device.account, device.address if device.address.retired_at is None else None


def by_token(token: str, now: dt.datetime) -> Unconfirmed | None:
    """The form of a mailed link; None for one that is not ours. Whether it still holds, its row says."""
    public_id = signed(PURPOSE, token)
    if not public_id:
        return None
    rows = Unconfirmed.objects.select_related("account", "filed")
    row: Unconfirmed | None = rows.filter(public_id=public_id, outcome=Unconfirmed.Outcome.MATCHED).first()
    return row


@transaction.atomic
def use_link(*, token: str, now: dt.datetime | None = None) -> Return:
    """Files the return of a mailed link. Twice gives the same return. Raises Refused(unknown, expired)."""
    now = now or timezone.now()
    found = by_token(token, now)
    if found is None:
        raise Refused(_("This link is not one of ours."), code="unknown")
    row = Unconfirmed.objects.select_for_update(of=("self",)).select_related("account").get(pk=found.pk)
    filed: Return | None = row.filed
    if filed is not None:
        return filed
    assert row.account is not None and row.expires_at is not None
    if row.expires_at <= now:
        raise Refused(_("This link holds for three days, and those are over."), code="expired")
    form = row.filled
    weight = form.get("weight_kg")
    made = file_return(
        account_id=row.account.pk,
        address=row.address,
        filled=Filled(
            units={int(pk): int(units) for pk, units in form["units"].items()},
            boxes=int(form["boxes"]),
            weight_kg=None if weight is None else Decimal(str(weight)),
            contact=form["contact"],
            phone=form.get("phone", ""),
            note=form.get("note", ""),
        ),
        once=uuid.uuid5(uuid.NAMESPACE_URL, f"return:{row.public_id}"),
        actor=None,
        email=row.email,
        pick_up=form.get("pick_up", ""),
        country=form.get("country", ""),
        filed_at=now,
    )
    row.filed = made
    row.save(update_fields=["filed"])
    return made
