"""What the public pages know of printer models, and the signed-in person's own devices by serial."""

from __future__ import annotations

import datetime as dt
from typing import Any

from metered.accounts.access import Viewer
from metered.fleet.models import Bulletin, Device, PrinterModel
from metered.fleet.naming import Found, Name, find
from metered.fleet.queries import published_bulletins_for_system
from metered.fleet.serials import serial_key


def find_models_for_system(typed: str) -> tuple[Found, dict[int, str]]:
    """What `typed` may mean among the operator's models, and the eligibility of each; one query."""
    rows: Any = PrinterModel.objects.values_list("pk", "vendor", "name", "eligibility")
    names, eligible = [], {}
    for pk, vendor, name, eligibility in rows:
        names.append(Name(pk, vendor, name))
        eligible[pk] = eligibility
    return find(typed, names), eligible


def bulletins_for_system(model_ids: list[int], now: dt.datetime) -> dict[int, Bulletin]:
    """The published bulletin of each of these models that has one."""
    rows = published_bulletins_for_system(now).filter(model_id__in=model_ids)
    return {row.model_id: row for row in rows}


def next_bulletin_for_system(now: dt.datetime) -> Bulletin | None:
    """The published one whose date comes next; None when no date lies ahead."""
    rows = published_bulletins_for_system(now).filter(from_date__gt=now.date())
    return rows.order_by("from_date", "pk").first()


def own_device(viewer: Viewer, serial: str) -> Any | None:
    """The viewer's device of that serial, with its model and what it last said; None for anybody else's."""
    rows = Device.objects.visible_to(viewer).filter(serial_key=serial_key(serial), removed_at=None)
    return rows.select_related("model", "state").first()
