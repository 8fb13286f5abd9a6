"""Somebody wants to know whether a device gets through: the next contact is written down for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.fleet.models import Device
from metered.lib.errors import Refused
from metered.reads.models import ConnectionCheck

GIVEN_UP_AFTER = dt.timedelta(days=1)
"""Asked again after this, an unanswered check ends with "nothing was heard" and a new one begins."""


@transaction.atomic
def ask_for_contact(*, device: Device, actor: User, now: dt.datetime | None = None) -> ConnectionCheck:
    """Waits for the device's next contact. One that waits already is kept, so that asking twice asks once.

    Refused for a removed device, and for one that is read by hand.
    """
    now = now or timezone.now()
    if device.removed_at is not None:
        raise Refused(_("This device was removed."), code="device_removed")
    if device.path == Device.Path.MANUAL:
        raise Refused(_("This device is read by hand: it never reports."), code="by_hand")
    waiting = ConnectionCheck.objects.filter(device=device, outcome="")
    waiting.filter(asked_at__lt=now - GIVEN_UP_AFTER).update(outcome="nothing", answered_at=now)
    try:
        with transaction.atomic():
            asked = ConnectionCheck.objects.create(
                account_id=device.account_id, device=device, asked_by=actor, asked_at=now
            )
    except IntegrityError:
        # Rare enough: it was answered in this very moment.
        every = ConnectionCheck.objects.filter(device=device)
        kept: ConnectionCheck = waiting.first() or every.latest("asked_at")
        return kept
    log(
        actor=actor,
        account_id=device.account_id,
        address_id=device.address_id,
        verb="asked for the next report of",
        kind="device",
        public_id=device.public_id,
    )
    return asked


_SOMEBODY_WAITS = "SELECT EXISTS (SELECT FROM reads_connectioncheck WHERE account_id = %s AND outcome = '')"
_ANSWER = """
WITH known AS (
    SELECT c.id, s.path, s.software, s.complete,
           cardinality(array_remove(s.meters, NULL)) AS meters,
           cardinality(array_remove(s.levels, NULL)) AS levels
    FROM reads_connectioncheck c JOIN reads_devicestate s ON s.device_id = c.device_id
    WHERE c.account_id = %(account)s AND c.outcome = '' AND c.device_id = ANY(%(heard)s)
    ORDER BY c.id
)
UPDATE reads_connectioncheck c SET outcome = 'accepted', answered_at = %(at)s, path = known.path,
    software = known.software, complete = known.complete, meters = known.meters, levels = known.levels
FROM known WHERE c.id = known.id
"""

_ANSWER_REFUSED = """
UPDATE reads_connectioncheck c SET outcome = 'refused', answered_at = %(at)s, reason = refused.reason
FROM unnest(%(devices)s::bigint[], %(reasons)s::text[]) AS refused (device_id, reason)
WHERE c.account_id = %(account)s AND c.outcome = '' AND c.device_id = refused.device_id
"""


def answer(account_id: int, heard: Collection[int], refused: Mapping[int, str], at: dt.datetime) -> None:
    """Writes down what was heard of devices that somebody waits for, in the batch's own transaction.

    `heard`: devices that got through; `refused`: those turned away, with the reason. An account's batches
    come one after the other (ingest's lock), so that two never answer in another order.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SOMEBODY_WAITS, [account_id])
        if not cursor.fetchone()[0]:
            return
        if heard:
            cursor.execute(_ANSWER, {"account": account_id, "heard": sorted(heard), "at": at})
        if refused:
            cursor.execute(
                _ANSWER_REFUSED,
                {
                    "account": account_id,
                    "at": at,
                    "devices": list(refused),
                    "reasons": list(refused.values()),
                },
            )
