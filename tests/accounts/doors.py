"""What tests of registering share."""

from __future__ import annotations

import datetime as dt
import re

from django.utils import timezone

from metered.accounts import joining
from metered.accounts.models import Registration
from metered.notify.models import Message
from metered.notify.rendering import render
from metered.portal.registrations import take_registrations


def register(email: str, serial: str, place: str = "14604", name: str = "New Person") -> Registration:
    joining.register(serial=serial, place=place, name=name, email=email, language="en")
    return Registration.objects.latest("pk")


def taken(email: str, serial: str, place: str = "14604", *, now: dt.datetime | None = None) -> Registration:
    """A registration that was answered."""
    made = register(email, serial, place)
    take_registrations(now=now or timezone.now() + dt.timedelta(seconds=1))
    made.refresh_from_db()
    return made


def mails(email: str) -> list[str]:
    """The templates that were posted to the address, in order."""
    return list(Message.objects.filter(email=email).order_by("pk").values_list("template", flat=True))


def link(email: str) -> str:
    """The path of the newest mail's one link."""
    text = render(Message.objects.filter(email=email).latest("pk")).text
    found = re.search(r"https?://[^/\s]+(/\S+)", text)
    assert found, text
    return found.group(1)
