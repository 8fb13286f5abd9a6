"""A person's messages to support, and what they may be about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from metered.accounts.access import Viewer
from metered.fleet.models import Device
from metered.lib import keyset
from metered.orders.models import Order
from metered.portal.models import SupportMessage

NEWEST = keyset.by_time("written_at")


@dataclass(frozen=True)
class Topic:
    """An order or a device that the viewer may see."""

    kind: str
    public_id: str
    label: str
    address_id: int | None

    @property
    def name(self) -> str:
        """As it stands in an address: order:abc."""
        return f"{self.kind}:{self.public_id}"

    @property
    def path(self) -> str:
        return f"/{self.kind}s/{self.public_id}/"


def topic(viewer: Viewer, name: str) -> Topic | None:
    """``order:<public id>`` or ``device:<public id>``; None for anything else and for what is not theirs."""
    kind, _, public_id = name.partition(":")
    if not (public_id.isascii() and public_id.isalnum()):
        return None
    if kind == "order":
        order: Any = Order.objects.visible_to(viewer).filter(public_id=public_id).first()
        return Topic(kind, public_id, order.number, order.address_id) if order else None
    if kind == "device":
        rows = Device.objects.visible_to(viewer).select_related("model")
        device: Any = rows.filter(public_id=public_id).first()
        if device is None:
            return None
        return Topic(kind, public_id, f"{device.label} ({device.serial})"[:200], device.address_id)
    return None


def mine(viewer: Viewer) -> QuerySet[SupportMessage]:
    """What this person wrote for this account; without those about addresses they may no longer see."""
    rows: QuerySet[SupportMessage] = SupportMessage.objects.filter(
        account_id=viewer.account_id, user_id=viewer.user_id
    )
    if viewer.address_ids is not None:
        rows = rows.filter(Q(address=None) | Q(address_id__in=viewer.address_ids))
    return rows


def history(viewer: Viewer, *, after: str = "", before: str = "") -> keyset.Page:
    """A page of them, newest first."""
    rows = mine(viewer).values("id", "public_id", "about_label", "text", "written_at", "answered_at")
    return keyset.page(rows, NEWEST, after=after, before=before, size=20)


def one(viewer: Viewer, public_id: str) -> SupportMessage | None:
    return mine(viewer).filter(public_id=public_id).first()
