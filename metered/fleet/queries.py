"""Reading what is known of models, and which devices there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import QuerySet

from metered.fleet.models import Bulletin, Device


def published_bulletins_for_system(now: dt.datetime) -> QuerySet[Bulletin]:
    """The bulletins that count at `now` (domain rule 9): nobody hears of one before it is published.

    They are the operator's and the same for every account.
    """
    rows: QuerySet[Bulletin] = Bulletin.objects.filter(published_at__lte=now)
    return rows


def device_ids_for_system(serials: Sequence[str] | None = None) -> list[tuple[int, str]]:
    """(id, serial) of all devices that stand somewhere, in the order of id; of these serials when given."""
    rows = Device.objects.filter(removed_at=None).order_by("pk")
    if serials is not None:
        rows = rows.filter(serial__in=serials)
    return list(rows.values_list("pk", "serial"))


def claim_untold_bulletin_for_system(now: dt.datetime) -> Bulletin | None:
    """The next bulletin whose publication or last move nobody was told of, locked (SKIP LOCKED).

    Mark it with `actions.mark_bulletin_told` in the same transaction.
    """
    rows = published_bulletins_for_system(now).filter(told_at=None)
    return rows.select_for_update(of=("self",), skip_locked=True).select_related("model").first()


def bulletin_for_model_for_system(model_id: int, now: dt.datetime) -> Bulletin | None:
    """The bulletin that counts for a model at `now`; None without one."""
    return published_bulletins_for_system(now).filter(model_id=model_id).first()
