"""The list of devices. A page costs the same few queries for five devices and for two thousand."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Case, F, Func, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Concat, Lower

from metered.accounts.access import Viewer
from metered.fleet.models import Device
from metered.fleet.serials import serial_key
from metered.lib import keyset
from metered.portal.queries.devices_in_use import in_use, silent_since
from metered.portal.queries.forecasts import FAR, soonest_run_out
from metered.portal.queries.refusals import last_attempt_refused

LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

ORDERS: dict[str, keyset.Order] = {
    "": keyset.by_time("runs_out", descending=False),
    "name": keyset.Order("called"),
    "contact": keyset.by_time("heard", descending=False),
    "model": keyset.Order("of_model"),
}
"""The words of the list's sorting."""


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; every part may be empty."""

    search: str = ""
    address: str = ""
    state: str = ""
    path: str = ""

    def __bool__(self) -> bool:
        return bool(self.search or self.address or self.state or self.path)


class _Low(Func):
    """Whether a level of the array is low, empty, or at most 10 %: reads.levels.LevelState.is_low, in SQL."""

    template = (
        "EXISTS (SELECT 1 FROM unnest(%(expressions)s) AS level"
        " WHERE level BETWEEN 0 AND 100 OR level IN (-4, -5))"
    )
    output_field = BooleanField()


def narrowed(viewer: Viewer, wanted: Wanted, now: dt.datetime) -> QuerySet[Device]:
    rows = in_use(viewer)
    if wanted.address:
        rows = rows.filter(address__public_id=wanted.address)
    if wanted.path:
        rows = rows.filter(path=wanted.path)
    if wanted.state == "silent":
        rows = rows.filter(silent_since(now, settings.SILENT_WARN_DAYS))
    elif wanted.state == "refused":
        rows = rows.filter(last_attempt_refused())
    elif wanted.state == "low":
        rows = rows.filter(_Low(F("state__levels")))
    for word in wanted.search.split():
        where = (
            Q(name__icontains=word)
            | Q(place__icontains=word)
            | Q(model__name__icontains=word)
            | Q(model__vendor__icontains=word)
        )
        if key := serial_key(word):
            where |= Q(serial_key__contains=key)
        rows = rows.filter(where)
    return rows


def count(viewer: Viewer, wanted: Wanted, now: dt.datetime) -> int:
    return narrowed(viewer, wanted, now).count()


def page(
    viewer: Viewer, wanted: Wanted, now: dt.datetime, *, sort: str = "", after: str = "", before: str = ""
) -> keyset.Page:
    """A page of devices with what they last said; prepared for presentation.devices.row."""
    order = ORDERS.get(sort, ORDERS[""])
    rows = narrowed(viewer, wanted, now)
    if order.field == "called":
        called = Case(
            When(name="", then=F("model__name")), default=Concat(F("name"), Value(" "), F("model__name"))
        )
        rows = rows.annotate(called=Lower(called))
    elif order.field == "heard":
        rows = rows.annotate(heard=Coalesce("state__received_at", Value(LONG_AGO)))
    elif order.field == "of_model":
        rows = rows.annotate(of_model=Lower(Concat(F("model__vendor"), Value(" "), F("model__name"))))
    else:
        rows = rows.annotate(runs_out=Coalesce(soonest_run_out(), Value(FAR)))
    values: QuerySet[Any, dict[str, Any]] = rows.values(
        "id", "public_id", "name", "place", "serial", "path", "installed_on", "replenishment",
        "model__name", "model__vendor", "address__name",
        "state__slot_keys", "state__levels", "state__received_at", order.field,
    )  # fmt: skip
    return keyset.page(values, order, after=after, before=before)
