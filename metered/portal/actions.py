"""What the portal does by itself: telling people what they should know."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from metered.accounts.models import MailKind
from metered.accounts.queries import recipients_for_system
from metered.fleet.models import Device
from metered.notify.actions import post
from metered.portal.agent_mails import tell_of_agents
from metered.portal.bulletin_mails import remind_of_bulletins, tell_of_bulletins
from metered.portal.shortage_mails import tell_of_shortages
from metered.reads.agents import behind_returned, behind_silent
from metered.reads.queries import silent_for_system

ONE_DAY = dt.timedelta(days=1)
DAYS_BACK = 3
"""A day on which this did not run is made up for, this many days back."""

NAMED = 20
"""A mail names at most so many devices."""


def tell_of_silent_devices(*, now: dt.datetime | None = None) -> int:
    """Mails the people of an address about devices whose silence reached the alert (domain rule 8).

    One mail per address and day, however many devices a broken network took along. The day and the
    address name the event, so that running twice tells nobody twice. Devices behind a silent agent are not
    named: its silence was told (agent_mails). Returns how many mails are new.
    """
    now = now or timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return sum(_tell_of_day(midnight - back * ONE_DAY, now) for back in range(DAYS_BACK))


def _tell_of_day(day: dt.datetime, now: dt.datetime) -> int:
    alert = dt.timedelta(days=settings.SILENT_ALERT_DAYS)
    fell_silent = silent_for_system(alert, now=day, less_than=alert + ONE_DAY)
    # Their owners were told of the agent; what did not come back with it is told a day later.
    left_behind = silent_for_system(alert, now=day).filter(behind_returned(day - 2 * ONE_DAY, day - ONE_DAY))
    found = (fell_silent | left_behind).exclude(behind_silent(now))
    found = found.select_related("state", "model", "address")
    by_address: dict[int, list[Device]] = defaultdict(list)
    for device in found.order_by("address_id", "name", "pk"):
        by_address[device.address_id].append(device)
    return sum(_tell_address(day, devices) for devices in by_address.values())


def _tell_address(day: dt.datetime, devices: list[Device]) -> int:
    address = devices[0].address
    people = recipients_for_system(address.account_id, address_id=address.pk, kind=MailKind.DEVICES)
    told = 0
    for language in sorted({person.language for person in people}):
        with translation.override(language):
            template, values = _values(address.name, devices)
        told += post(
            event=f"silent:{address.public_id}:{day:%Y-%m-%d}",
            to=[person for person in people if person.language == language],
            template=template,
            values=values,
        )
    return told


def _values(address_name: str, devices: list[Device]) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {
        "address_name": address_name,
        "days": settings.SILENT_ALERT_DAYS,
        "advice": _advice({device.path for device in devices}),
    }
    if len(devices) == 1:
        device = devices[0]
        state = getattr(device, "state", None)
        last = state.received_at if state else None
        return "device_silent", values | {
            "device_name": device.label,
            "last_heard_at": last.isoformat() if last else None,
            "device_path": f"/devices/{device.public_id}/",
        }
    return "devices_silent", values | {
        "count": len(devices),
        "devices": [device.label for device in devices[:NAMED]],
        "more": max(len(devices) - NAMED, 0),
        "devices_path": "/devices/?state=silent",
    }


def _advice(paths: set[str]) -> list[str]:
    sentences = [
        _("Leave it switched on; its power saver may stay in use."),
        _("See that it is connected to your network."),
    ]
    if Device.Path.AGENT in paths:
        sentences.append(_("See that the computer with the device agent is running."))
    return sentences


__all__ = [
    "remind_of_bulletins",
    "tell_of_agents",
    "tell_of_bulletins",
    "tell_of_shortages",
    "tell_of_silent_devices",
]
