"""A bulletin comes into force, and its date moves (domain rule 9). Who is told stands in portal."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.fleet.models import Bulletin
from metered.lib.errors import Refused
from metered.lib.wake import wake


@transaction.atomic
def publish_bulletin(*, bulletin: Bulletin) -> None:
    """From now on the bulletin counts, and everybody it concerns is told. Twice changes nothing."""
    if Bulletin.objects.filter(pk=bulletin.pk, published_at=None).update(published_at=timezone.now()):
        wake("fleet.bulletin")


@transaction.atomic
def move_bulletin(*, bulletin: Bulletin, from_date: dt.date) -> None:
    """Reports are refused from another date on; everybody it concerns is told once of each move.

    A draft only takes the date. Refused for a date in the past.
    """
    if from_date < timezone.localdate():
        raise Refused(_("That date is over. Choose today or a later day."), code="date_past")
    locked = Bulletin.objects.select_for_update().get(pk=bulletin.pk)
    if locked.from_date == from_date:
        return
    locked.from_date = from_date
    if locked.published_at is not None:
        locked.moved_at = timezone.now()
        locked.moves += 1
        locked.told_at = None
        wake("fleet.bulletin")
    locked.save(update_fields=["from_date", "moved_at", "moves", "told_at"])


def mark_bulletin_told(*, bulletin: Bulletin, at: dt.datetime) -> None:
    """Everybody whom it concerns was told of its publication or last move: in the transaction that did."""
    Bulletin.objects.filter(pk=bulletin.pk).update(told_at=at)
