"""What comes of registrations, after they were answered: fleet says whether one matches, accounts mails."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.utils import timezone

from metered.accounts import joining
from metered.fleet.queries import device_of_for_system

logger = logging.getLogger(__name__)


def take_registrations(*, now: dt.datetime | None = None) -> int:
    """Answers every registration that is due, one transaction each. Returns how many were looked at.

    Run twice at once, no row is taken twice; what fails is tried again later and stops nobody else's.
    """
    now = now or timezone.now()
    looked_at = 0
    while (public_id := _take_one(now)) is not None:
        looked_at += bool(public_id)
    return looked_at


def forget() -> None:
    """What was typed long ago is not kept."""
    joining.forget(now=timezone.now())


def _take_one(now: dt.datetime) -> str | None:
    taken = ""
    try:
        with transaction.atomic():
            row = joining.next_due(now)
            if row is None:
                return None
            taken = row.public_id
            device = device_of_for_system(row.serial, row.place)
            joining.answer(registration=row, account=device.account if device else None, now=now)
    except Exception:
        if not taken:
            raise
        logger.exception("registration %s could not be answered; it is tried again", taken)
        joining.failed(public_id=taken, now=now)
    return taken
