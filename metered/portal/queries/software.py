"""Which devices have software that a bulletin does not let report any more (domain rule 9)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from metered.accounts.access import Viewer
from metered.fleet.models import Bulletin, Device
from metered.fleet.queries import published_bulletins_for_system
from metered.fleet.serials import serial_key
from metered.fleet.software import is_below
from metered.lib import keyset
from metered.portal.queries.devices_in_use import in_use
from metered.portal.queries.refusals import last_attempt_refused

ORDER = keyset.Order("by", read=dt.date.fromisoformat, write=lambda day: day.isoformat())
"""The nearest date first."""


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; every part may be empty."""

    search: str = ""
    address: str = ""
    bulletin: str = ""

    def __bool__(self) -> bool:
        return bool(self.search or self.address or self.bulletin)


@dataclass(frozen=True)
class Group:
    """A bulletin and how many of the viewer's devices it concerns."""

    bulletin: Bulletin
    count: int


def bulletins_by_model(now: dt.datetime) -> dict[int, Bulletin]:
    """The published bulletins by the id of their model."""
    return {row.model_id: row for row in published_bulletins_for_system(now).select_related("model")}


def concerned(rows: QuerySet[Device], bulletins: Mapping[int, Bulletin]) -> QuerySet[Device]:
    """Those of the devices that a bulletin concerns: they report by themselves, with software below its
    minimum, or were refused for it. One query for the versions that are there; the rows are the caller's.
    """
    own = rows.filter(path=Device.Path.DIRECT, model_id__in=bulletins)
    versions = own.exclude(state__software=None).values_list("model_id", "state__software").distinct()
    below: dict[int, list[str]] = {}
    for model_id, software in versions.order_by():
        if is_below(software, bulletins[model_id].minimum_software):
            below.setdefault(model_id, []).append(software)
    where = last_attempt_refused() & Q(state__refused_reason="software_below_minimum")
    for model_id, found in below.items():
        where |= Q(model_id=model_id, state__software__in=found)
    return own.filter(where)


def groups(viewer: Viewer, bulletins: Mapping[int, Bulletin]) -> list[Group]:
    """The bulletins that concern the viewer's devices, the nearest date first."""
    if not bulletins:
        return []
    counted = concerned(in_use(viewer), bulletins).order_by().values("model_id").annotate(n=Count("id"))
    found = [Group(bulletins[row["model_id"]], row["n"]) for row in counted]
    return sorted(found, key=lambda group: (group.bulletin.from_date, group.bulletin.pk))


def narrowed(viewer: Viewer, bulletins: Mapping[int, Bulletin], wanted: Wanted) -> QuerySet[Any, Any]:
    """The work list: a row per device, prepared for presentation.software.row."""
    rows = in_use(viewer)
    if wanted.address:
        rows = rows.filter(address__public_id=wanted.address)
    if wanted.bulletin:
        rows = rows.filter(model__bulletins__public_id=wanted.bulletin)
    for word in wanted.search.split():
        where = Q(name__icontains=word) | Q(place__icontains=word) | Q(model__name__icontains=word)
        if key := serial_key(word):
            where |= Q(serial_key__contains=key)
        rows = rows.filter(where)
    found: QuerySet[Any, Any] = (
        concerned(rows, bulletins)
        .annotate(by=F("model__bulletins__from_date"))
        .values(
            "id", "public_id", "name", "place", "serial", "model_id", "model__name", "model__vendor",
            "address__name", "state__software", "state__received_at", "state__refused_at",
            "state__agent_at",
            "state__refused_reason", "by",
        )
    )  # fmt: skip
    return found


def page(
    viewer: Viewer,
    bulletins: Mapping[int, Bulletin],
    wanted: Wanted,
    *,
    after: str = "",
    before: str = "",
) -> keyset.Page:
    return keyset.page(narrowed(viewer, bulletins, wanted), ORDER, after=after, before=before)


def every(viewer: Viewer, bulletins: Mapping[int, Bulletin], wanted: Wanted) -> list[dict[str, Any]]:
    """The whole list, for a file."""
    return list(narrowed(viewer, bulletins, wanted).order_by("by", "address__name", "name", "serial"))


def concerned_for_system(bulletin: Bulletin) -> QuerySet[Device]:
    """Every customer's devices that the bulletin concerns."""
    rows: QuerySet[Device] = Device.objects.filter(removed_at=None)
    return concerned(rows, {bulletin.model_id: bulletin})
