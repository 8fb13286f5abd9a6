"""One device to be changed, and what was asked for."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from metered.accounts.access import Viewer
from metered.accounts.models import Address
from metered.fleet.models import Device, DeviceRequest
from metered.lib import keyset

ORDER = keyset.by_time("asked_at")


def device(viewer: Viewer, public_id: str) -> Device | None:
    """The viewer's device, also a removed one, with model, contract and address."""
    rows = Device.objects.visible_to(viewer).filter(public_id=public_id)
    found: Device | None = rows.select_related("model", "contract", "address").first()
    return found


def address(viewer: Viewer, public_id: str) -> Address | None:
    """An address in use that the viewer may see."""
    found: Address | None = (
        Address.objects.visible_to(viewer).filter(public_id=public_id, retired_at=None).first()
    )
    return found


def open_requests(viewer: Viewer, of: Device) -> QuerySet[DeviceRequest]:
    """What was asked for this device and is not decided yet."""
    rows: QuerySet[DeviceRequest] = DeviceRequest.objects.visible_to(viewer)
    return rows.filter(device=of, state="open").select_related("to_address", "asked_by").order_by("asked_at")


def requests(viewer: Viewer, *, after: str = "", before: str = "") -> keyset.Page:
    """What was asked for, newest first; prepared for presentation.device_changes.request_row."""
    rows: QuerySet[Any, Any] = DeviceRequest.objects.visible_to(viewer).values(
        "id", "public_id", "kind", "state", "reason", "serial", "model_name", "note", "asked_at",
        "decided_at", "asked_by__name", "asked_by__email", "device__public_id", "device__name",
        "device__serial", "device__model__name", "address__name", "to_address__name",
    )  # fmt: skip
    return keyset.page(rows, ORDER, after=after, before=before)
