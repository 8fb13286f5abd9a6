"""The people of an account, a page at a time: the same few queries for five and for two thousand."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower, NullIf

from metered.accounts import people_queries
from metered.accounts.access import Viewer
from metered.accounts.models import Invitation, JoinRequest, Membership
from metered.lib import keyset
from metered.portal.presentation import people as words

BY_NAME = keyset.Order("sort")
SHOWN = 50
"""So many invitations and requests are shown at once, the newest and the oldest of them."""


@dataclass(frozen=True)
class People:
    rows: list[words.MemberRow]
    newer: str
    older: str
    count: int
    """Of the whole account."""
    found: int
    """Of those asked for."""


def _rows(viewer: Viewer, search: str) -> QuerySet[Any, Any]:
    rows = Membership.objects.visible_to(viewer)
    if search:
        rows = rows.filter(Q(user__name__icontains=search) | Q(user__email__icontains=search))
    return rows


def people(
    viewer: Viewer, now: dt.datetime, *, search: str = "", after: str = "", before: str = ""
) -> People:
    called = Coalesce(NullIf("user__name", Value("")), "user__email", output_field=CharField())
    values = (
        _rows(viewer, search)
        .annotate(sort=Lower(called))
        .values(
            "id", "public_id", "sort", "role", "limited", "user_id", "user__name", "user__email",
            "user__last_login", "user__is_active",
        )
    )  # fmt: skip
    page = keyset.page(values, BY_NAME, after=after, before=before)
    names: dict[int, list[str]] = defaultdict(list)
    through = Membership.addresses.through.objects.filter(membership_id__in=[row["id"] for row in page.rows])
    for member_id, name in through.order_by("address__name").values_list("membership_id", "address__name"):
        names[member_id].append(name)
    count = _rows(viewer, "").count()
    return People(
        rows=[
            words.member_row(
                public_id=row["public_id"],
                name=row["user__name"],
                email=row["user__email"],
                role=row["role"],
                limited=row["limited"],
                addresses=names[row["id"]],
                last_login=row["user__last_login"],
                active=row["user__is_active"],
                you=row["user_id"] == viewer.user_id,
                now=now,
            )
            for row in page.rows
        ],
        newer=page.newer,
        older=page.older,
        count=count,
        found=_rows(viewer, search).count() if search else count,
    )


def invitations(viewer: Viewer, now: dt.datetime) -> tuple[list[words.InvitationRow], int]:
    """The open invitations, newest first, and how many are left out."""
    rows = people_queries.open_invitations(viewer)
    shown = [
        words.invitation_row(
            public_id=row.public_id,
            email=row.email,
            role=row.role,
            limited=row.limited,
            addresses=[address.name for address in row.addresses.all()],
            invited_by=str(row.invited_by) if row.invited_by else "",
            sent_at=row.sent_at,
            expires_at=row.expires_at,
            now=now,
        )
        for row in rows[:SHOWN]
    ]
    return shown, rows.count() - len(shown)


def requests(viewer: Viewer) -> tuple[list[JoinRequest], int]:
    """Who asks to join, longest first, and how many are left out."""
    rows = people_queries.open_requests(viewer)
    shown = list(rows[:SHOWN])
    return shown, rows.count() - len(shown)


def invitation(viewer: Viewer, public_id: str) -> Invitation | None:
    return people_queries.open_invitations(viewer).filter(public_id=public_id).first()


def join_request(viewer: Viewer, public_id: str) -> JoinRequest | None:
    return people_queries.open_requests(viewer).filter(public_id=public_id).first()


def join_requests_waiting(viewer: Viewer) -> int:
    """How many ask to join; 0 for who may not decide about them."""
    if not viewer.may("manage") or viewer.address_ids is not None:
        return 0
    return people_queries.open_requests(viewer).count()
