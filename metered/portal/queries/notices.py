"""Notices that are shown, and who has put which away. They are the same for everybody."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from metered.portal.models import Dismissal, Notice, Subscription

BANNERS = 2
"""More than so many at once would push the page away; the rest stands on the page of notices."""


def notices_for_system(now: dt.datetime) -> QuerySet[Notice]:
    """Those that have begun and not ended: the next date first, then the newest."""
    rows: QuerySet[Notice] = Notice.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), starts_at__lte=now)
    return rows.order_by(F("act_by").asc(nulls_last=True), "-starts_at", "-id")


def over_for_system(now: dt.datetime) -> QuerySet[Notice]:
    """Those that have ended, the last one first."""
    rows: QuerySet[Notice] = Notice.objects.filter(ends_at__lte=now, starts_at__lt=F("ends_at"))
    return rows.order_by("-ends_at", "-id")


def notice_for_system(public_id: str, now: dt.datetime) -> Notice | None:
    """One that is shown, or was; None before it begins."""
    return Notice.objects.filter(public_id=public_id, starts_at__lte=now).first()


def banners_for_system(now: dt.datetime, *, user_id: int | None, put_away: frozenset[str]) -> list[Notice]:
    """What stands on top of a page for this person: one query.

    `put_away`: names (`name_of`) that a browser without a sign-in remembers.
    """
    rows = notices_for_system(now).filter(banner=True)
    if user_id is not None:
        read = Dismissal.objects.filter(notice=OuterRef("pk"), user_id=user_id, revision=OuterRef("revision"))
        return list(rows.filter(~Exists(read))[:BANNERS])
    return [row for row in rows[:20] if name_of(row) not in put_away][:BANNERS]


def name_of(notice: Notice) -> str:
    """A notice as it is worded now: another wording has another name."""
    return f"{notice.public_id}.{notice.revision}"


def subscription_by_key_for_system(key: str) -> Subscription | None:
    """Who asked for updates with this key; None for an unknown one."""
    return Subscription.objects.filter(key=key).first() if key else None


def subscription_for_system(public_id: str) -> Subscription | None:
    return Subscription.objects.filter(public_id=public_id).first()
