"""Which reads are due, of which devices (domain rule 14)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import (
    Case,
    CharField,
    Count,
    DateField,
    DateTimeField,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models.functions import Cast, Collate, Concat, Least, Lower

from metered.accounts.access import Viewer
from metered.fleet.models import Device
from metered.lib import keyset
from metered.lib.zones import time_zone_or_none
from metered.reads.cutoff import OPENS_DAYS, Due, due
from metered.reads.models import Read, ReadRequest
from metered.reads.queries import silent

ORDER = keyset.Order("sorted", tie="id")
_COUNTS = Q(status__in=["accepted", "held", "confirmed"]) & ~Q(source=Read.Source.ESTIMATE)
"""A read that a person or machine made and that nobody has set aside."""


@dataclass(frozen=True)
class Asked:
    """Why staff or an order want a read of a device besides the contract's."""

    reason: str
    due_on: dt.date
    because: str


def due_devices(viewer: Viewer, now: dt.datetime) -> QuerySet[Any, Any]:
    """The viewer's devices that a person is to read now, with `due_on`: the earlier of the contract's due day
    and of what was asked for.

    Devices without a connection and those silent for SILENT_ALERT_DAYS are due by their contract; connected
    ones read themselves. Any device is due that somebody asked a read of. Two queries, this being one.
    """
    rows: QuerySet[Device] = Device.objects.visible_to(viewer).filter(removed_at=None)
    days = _due_days(rows, now)
    by_hand = Q(path=Device.Path.MANUAL) | silent(dt.timedelta(days=settings.SILENT_ALERT_DAYS), now=now)
    opens: Any = Case(
        *[When(_where(key), then=Value(found.opens)) for key, found in days],
        default=None,
        output_field=DateTimeField(),
    )
    contract_day: Any = Case(
        *[When(_where(key), then=Value(found.on)) for key, found in days],
        default=None,
        output_field=DateField(),
    )
    asked = ReadRequest.objects.filter(device=OuterRef("pk"), closed_at=None).exclude(
        Exists(Read.objects.filter(_COUNTS, device=OuterRef("device"), received_at__gte=OuterRef("asked_at")))
    )
    done = Read.objects.filter(_COUNTS, device=OuterRef("pk"), taken_at__gte=OuterRef("opens"))
    return (
        rows.annotate(opens=opens, contract_day=contract_day)
        .annotate(
            by_contract=Case(
                When(by_hand & Q(opens__isnull=False) & ~Exists(done), then=F("contract_day")),
                default=None,
                output_field=DateField(),
            ),
            asked_on=asked.order_by("due_on").values("due_on")[:1],
        )
        # Without any due day the first is a bare NULL, which PostgreSQL takes for text.
        .annotate(due_on=Least(Cast("by_contract", DateField()), "asked_on"))
        .filter(due_on__isnull=False)
    )


def _due_days(rows: QuerySet[Device], now: dt.datetime) -> list[tuple[tuple[int, str], Due]]:
    """The due day of each contract in each time zone that these devices stand in."""
    found = []
    combinations = (
        rows.exclude(contract__status="ended")
        .values_list(
            "contract_id", "address__time_zone", "contract__read_day", "contract__read_every_months",
            "contract__starts_on", "contract__ends_on",
        )
        .distinct()
        .order_by()
    )  # fmt: skip
    for contract, zone_name, day, every, starts, ends in combinations:
        zone = time_zone_or_none(zone_name) or ZoneInfo("UTC")
        it = due(now, zone=zone, read_day=day, every_months=every, starts_on=starts)
        if it is not None and (ends is None or ends >= it.on):
            found.append(((contract, zone_name), it))
    return found


def _where(key: tuple[int, str]) -> Q:
    return Q(contract_id=key[0], address__time_zone=key[1])


@dataclass(frozen=True)
class Summary:
    """How many reads are due, and the first of the days; `names`: of some of the devices, by address."""

    count: int
    first: dt.date | None
    names: Sequence[tuple[str, str]] = ()


NAMED = 4


def summary(viewer: Viewer, now: dt.datetime, *, named: bool = False) -> Summary:
    """Two queries, also when some of the devices are `named`."""
    rows = due_devices(viewer, now)
    if not named:
        told = rows.aggregate(n=Count("id"), first=Min("due_on"))
        return Summary(told["n"], told["first"])
    found = list(
        rows.annotate(in_all=Window(Count("id")), first=Window(Min("due_on")))
        .order_by("due_on", "address__name", "name", "id")
        .values_list("in_all", "first", "address__name", "name", "model__name")[:NAMED]
    )
    if not found:
        return Summary(0, None)
    names = [(address, name or model) for _n, _first, address, name, model in found]
    return Summary(found[0][0], found[0][1], names)


def due_page(viewer: Viewer, now: dt.datetime, *, after: str = "", before: str = "") -> keyset.Page:
    """Fifty of the due devices by address, then name: id, public_id, due_on and how they are sorted."""
    # Compared byte by byte, so that an address never stands in the middle of another.
    label: Any = Concat(
        Lower("address__name"), Value("\x1f"), Cast("address_id", CharField()), Value("\x1f"),
        Lower("name"), Value("\x1f"), "serial_key",
    )  # fmt: skip
    rows = due_devices(viewer, now).annotate(sorted=Collate(label, "C"))
    return keyset.page(rows.values("id", "public_id", "due_on", "sorted"), ORDER, after=after, before=before)


def requests(viewer: Viewer, device_ids: Sequence[int]) -> dict[int, Asked]:
    """What is asked of these devices, the most pressing first."""
    found: dict[int, Asked] = {}
    rows = ReadRequest.objects.visible_to(viewer).filter(device_id__in=list(device_ids), closed_at=None)
    for row in rows.order_by("due_on", "id"):
        found.setdefault(row.device_id, Asked(row.reason, row.due_on, row.because))
    return found


def one(viewer: Viewer, device: Device, now: dt.datetime) -> list[dict[str, Any]]:
    """The device's row of the grid, empty when no read of it is due: id and due_on."""
    return list(due_devices(viewer, now).filter(pk=device.pk).values("id", "due_on"))


__all__ = ["OPENS_DAYS", "Asked", "Summary", "due_devices", "due_page", "one", "requests", "summary"]
