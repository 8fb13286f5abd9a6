"""The viewer's devices, and which of them are silent."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet

from metered.accounts.access import Viewer
from metered.fleet.models import Device
from metered.reads.queries import silent


def in_use(viewer: Viewer) -> QuerySet[Device]:
    """The devices the viewer may see that were not removed."""
    rows: QuerySet[Device] = Device.objects.visible_to(viewer).filter(removed_at=None)
    return rows


def silent_since(now: dt.datetime, days: int) -> Q:
    """Devices that should have reported within `days` and did not (domain rule 8)."""
    return silent(dt.timedelta(days=days), now=now)
