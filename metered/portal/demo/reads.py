"""Reads in the demo: one that support asked for, and one that a person entered twice and that waits."""

from __future__ import annotations

import datetime as dt

from metered.accounts.models import User
from metered.fleet.models import Device
from metered.reads import actions
from metered.reads.models import Read


def write(now: dt.datetime) -> None:
    """After the history and the held read of the story."""
    northwind = Device.objects.filter(account__name="Northwind Clinics", removed_at=None).order_by("pk")
    asked = northwind.filter(path="agent").exclude(name="").first()
    if asked is not None:
        actions.ask_read(
            device_ids=[asked.pk],
            because="staff",
            reason="The last report looked odd after the service visit. Please read the counter once.",
            due_on=(now + dt.timedelta(days=3)).date(),
            now=now - dt.timedelta(hours=5),
        )
    _confirmed(now)
    actions.learn_activity(now=now)


def _confirmed(now: dt.datetime) -> None:
    """A month with an event: three times the usual pages, entered again because it is right."""
    device = (
        Device.objects.filter(account__name="Northwind Clinics", path="manual", removed_at=None)
        .exclude(name="Physical therapy")
        .order_by("pk")
        .first()
    )
    last = Read.objects.filter(device=device, source="customer").order_by("-taken_at").first()
    if device is None or last is None:
        return
    values = {row.meter_type.code: row.value for row in last.values.select_related("meter_type")}
    actions.keep_reads(
        typed=[
            actions.Typed(
                device.pk,
                {meter: value + 9000 for meter, value in values.items()},
                now - dt.timedelta(days=1),
                sure=True,
            )
        ],
        actor=User.objects.get(email="lena.fischer@northwind.example"),
        now=now - dt.timedelta(days=1),
    )
