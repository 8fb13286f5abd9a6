"""Heavy jobs that the demo's customers announced: one that is coming, and one that was called off."""

from __future__ import annotations

import datetime as dt
import uuid

from metered.accounts.models import User
from metered.fleet.models import Device
from metered.replenishment.job_actions import Announced, announce_job, withdraw_job


def announce(actor: User, now: dt.datetime) -> None:
    here = Device.objects.filter(account__name="Northwind Clinics", removed_at=None)
    records = here.get(name="Medical records")
    day = now.date()
    announce_job(
        announced=Announced(
            [records],
            starts_on=day + dt.timedelta(days=9),
            ends_on=day + dt.timedelta(days=11),
            pages=9000,
            note="Charts for the yearly audit",
        ),
        once=uuid.uuid4(),
        actor=actor,
    )
    dropped = announce_job(
        announced=Announced(
            [records],
            starts_on=day + dt.timedelta(days=20),
            ends_on=day + dt.timedelta(days=24),
            pages=4000,
            note="Letters to all patients",
        ),
        once=uuid.uuid4(),
        actor=actor,
    )
    withdraw_job(job=dropped, actor=actor)
