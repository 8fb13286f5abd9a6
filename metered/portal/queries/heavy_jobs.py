"""Heavy jobs as pages show them: scoped, and a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Window

from metered.accounts.access import Viewer
from metered.accounts.models import Address
from metered.accounts.queries import addresses
from metered.fleet.models import Device
from metered.lib import keyset
from metered.orders.queries import Coming, coming
from metered.portal.queries.devices_in_use import in_use
from metered.replenishment.heavy_offers import Meaning, Plan, meaning_for_system
from metered.replenishment.job_actions import Announced
from metered.replenishment.models import AnnouncedJob

OFFERED = 30
"""So many printers are offered at once; a search finds the others."""

_day = dt.date.fromisoformat
SOONEST = keyset.Order("starts_on", False, _day, dt.date.isoformat)
LATEST = keyset.Order("starts_on", True, _day, dt.date.isoformat)
NAMED = ("public_id", "starts_on", "ends_on", "pages", "colour_pages", "note", "withdrawn_at",
         "address__name", "announced_by__name", "announced_by__email", "devices")  # fmt: skip


def _all(viewer: Viewer) -> QuerySet[AnnouncedJob]:
    rows: QuerySet[AnnouncedJob] = AnnouncedJob.objects.visible_to(viewer)
    return rows


def ahead(viewer: Viewer, today: dt.date) -> QuerySet[AnnouncedJob]:
    """Those that are coming or run, neither over nor withdrawn."""
    return _all(viewer).filter(withdrawn_at=None, ends_on__gte=today)


def page(viewer: Viewer, which: str, today: dt.date, *, after: str, before: str) -> keyset.Page:
    """`which`: "past" for those over or withdrawn, the last first; else those ahead, the next first."""
    over = Q(ends_on__lt=today) | Q(withdrawn_at__isnull=False)
    rows = _all(viewer).filter(over) if which == "past" else ahead(viewer, today)
    counted = rows.annotate(devices=Count("parts", filter=Q(parts__cancelled_at=None)))
    order = LATEST if which == "past" else SOONEST
    return keyset.page(counted.values("id", *NAMED), order, after=after, before=before)


def next_ahead(viewer: Viewer, today: dt.date, most: int) -> list[dict[str, Any]]:
    """The first of those ahead, for a line on the overview."""
    rows: QuerySet[Any, Any] = ahead(viewer, today).order_by("starts_on", "id")
    return list(rows.values("public_id", "starts_on", "ends_on", "pages", "address__name", "note")[:most])


def job(viewer: Viewer, public_id: str) -> AnnouncedJob | None:
    rows = _all(viewer).filter(public_id=public_id)
    return rows.select_related("address", "announced_by").first()


def devices_of(viewer: Viewer, row: AnnouncedJob) -> list[Device]:
    """Its printers that still stand; of one that was withdrawn those that it was last announced for."""
    last = row.parts.order_by("-pk").values_list("cancelled_at", flat=True).first()
    of_job = in_use(viewer).filter(
        heavy_jobs__in=row.parts.filter(cancelled_at=last), address_id=row.address_id
    )
    return list(of_job.select_related("model").order_by("name", "serial").distinct())


def admitted(viewer: Viewer) -> list[Address]:
    return list(addresses(viewer))


@dataclass(frozen=True)
class Offered:
    devices: Sequence[Device]
    more: int
    """How many beside them fit the search."""


def offered(viewer: Viewer, address: Address, chosen: Iterable[str], search: str) -> Offered:
    """The printers to choose from: the chosen ones first, then those that the search finds."""
    here = in_use(viewer).filter(address=address).select_related("model")
    picked = list(here.filter(public_id__in=list(chosen)).order_by("name", "serial"))
    rest = here.exclude(pk__in=[row.pk for row in picked])
    for word in search.split():
        rest = rest.filter(
            Q(name__icontains=word) | Q(place__icontains=word) | Q(model__name__icontains=word)
            | Q(serial__icontains=word)
        )  # fmt: skip
    counted = rest.annotate(in_all=Window(Count("pk")))
    found = list(counted.order_by("name", "serial")[:OFFERED])
    more = found[0].in_all - len(found) if found else 0
    return Offered([*picked, *found], more)


def chosen_devices(viewer: Viewer, address: Address, chosen: Iterable[str]) -> list[Device]:
    rows = in_use(viewer).filter(address=address, public_id__in=list(chosen))
    return list(rows.select_related("model", "address").order_by("name", "serial"))


def meaning(
    announced: Announced, now: dt.datetime, today: dt.date, *, instead_of: AnnouncedJob | None = None
) -> Meaning:
    """What a job means for the address of its printers."""
    plan = Plan(announced.shares(), announced.starts_on, announced.ends_on, announced.coverage)
    address_id = announced.devices[0].address_id
    return meaning_for_system(
        address_id, plan, now, today=today, instead_of=instead_of.pk if instead_of else None
    )


def on_the_way(viewer: Viewer, found: Meaning) -> list[Coming]:
    """What is ordered or shipped of the supplies that a job takes."""
    return coming(viewer, [supply.pool_id for supply in found.supplies])
