"""Who is told of a bulletin, and when (domain rule 9)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from metered.accounts.queries import Recipient, recipients_for_system
from metered.fleet.actions import mark_bulletin_told
from metered.fleet.models import Bulletin, Device
from metered.fleet.queries import claim_untold_bulletin_for_system, published_bulletins_for_system
from metered.notify.actions import post
from metered.portal.queries.software import concerned_for_system

DAYS_BEFORE = (30, 7, 1)

DAYS_BACK = 3
"""What was to be told on a day on which this did not run is made up for, this many days back."""

NAMED = 20
"""A mail names at most so many devices."""


def reminder(announced_on: dt.date, from_date: dt.date, today: dt.date) -> int:
    """Which of DAYS_BEFORE is to be said today; 0 for none. Pure.

    One that fell on or before the day of the last announcement is not said again: it was said then.
    """
    left = (from_date - today).days
    for before in DAYS_BEFORE:
        due = from_date - dt.timedelta(days=before)
        if before - DAYS_BACK < left <= before and left >= 1 and announced_on < due:
            return before
    return 0


def tell_of_bulletins(*, now: dt.datetime | None = None) -> int:
    """Mails everybody whom a publication or a moved date concerns; returns how many mails are new."""
    now = now or timezone.now()
    told = 0
    while True:
        with transaction.atomic():
            bulletin = claim_untold_bulletin_for_system(now)
            if bulletin is None:
                return told
            event = "moved" if bulletin.moves else "published"
            told += _tell(bulletin, event, f"{event}{bulletin.moves or ''}", now)
            mark_bulletin_told(bulletin=bulletin, at=now)


def remind_of_bulletins(*, now: dt.datetime | None = None) -> int:
    """The reminders 30, 7 and 1 days before; returns how many mails are new. Safe to run twice."""
    now = now or timezone.now()
    told = 0
    for bulletin in published_bulletins_for_system(now).select_related("model").order_by("pk"):
        announced = bulletin.moved_at or bulletin.published_at
        assert announced is not None
        before = reminder(_day(announced), bulletin.from_date, _day(now))
        if before:
            # After a move the reminders count anew.
            told += _tell(bulletin, "soon", f"{bulletin.moves}in{before}", now)
    return told


def _day(moment: dt.datetime) -> dt.date:
    """The day by which reports are refused (reads.ingest)."""
    return moment.astimezone(dt.UTC).date()


def _tell(bulletin: Bulletin, event: str, name: str, now: dt.datetime) -> int:
    """Each person once of each occasion (`name`), and of the devices that they may see."""
    accounts: dict[int, list[Device]] = defaultdict(list)
    rows = concerned_for_system(bulletin).select_related("model", "address", "account")
    for device in rows.order_by("account_id", "address__name", "name", "pk"):
        accounts[device.account_id].append(device)
    told = 0
    for devices in accounts.values():
        for person, theirs in _people(devices).items():
            told += _post(bulletin, person, theirs, event, name, now)
    return told


def _people(devices: Sequence[Device]) -> dict[Recipient, list[Device]]:
    """The people of one account, each with the devices that they may see."""
    found: dict[Recipient, list[Device]] = defaultdict(list)
    reading: dict[int, list[Recipient]] = {}
    for device in devices:
        if device.address_id not in reading:
            reading[device.address_id] = recipients_for_system(
                device.account_id, address_id=device.address_id
            )
        for person in reading[device.address_id]:
            found[person].append(device)
    return found


def _post(
    bulletin: Bulletin,
    person: Recipient,
    devices: Sequence[Device],
    event: str,
    name: str,
    now: dt.datetime,
) -> int:
    return post(
        event=f"bulletin:{bulletin.public_id}:{devices[0].account.public_id}:{name}",
        to=[person],
        template="bulletin",
        values={
            "event": event,
            "model": bulletin.model.name,
            "minimum": bulletin.minimum_software,
            "from_on": bulletin.from_date.isoformat(),
            "days_left": max(0, (bulletin.from_date - _day(now)).days),
            "count": len(devices),
            "devices": [f"{device.label} ({device.address.name})" for device in devices[:NAMED]],
            "more": max(len(devices) - NAMED, 0),
            "by_agent": bulletin.agent_is_way_out,
            "software_link": bulletin.software_url,
            "list_path": f"/devices/software/?bulletin={bulletin.public_id}",
        },
    )
