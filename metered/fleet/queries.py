"""Reading what is known of models."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from metered.fleet.models import Bulletin


def published_bulletins_for_system(now: dt.datetime) -> QuerySet[Bulletin]:
    """The bulletins that count at `now` (domain rule 9): nobody hears of one before it is published.

    They are the operator's and the same for every account.
    """
    rows: QuerySet[Bulletin] = Bulletin.objects.filter(published_at__lte=now)
    return rows
