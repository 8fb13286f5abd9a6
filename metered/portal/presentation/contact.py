"""When a device was last heard of, in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.lib import wording


@dataclass(frozen=True)
class Contact:
    """A tag's text and kind (good, warn, bad or empty); `silent_days` 0 while it reports as it should."""

    text: str
    kind: str
    silent_days: int = 0


def contact(received_at: dt.datetime | None, path: str, installed_on: dt.date, now: dt.datetime) -> Contact:
    """Reporting, 2 hours ago; Silent for 9 days; Has never reported; Read by hand."""
    if path == "manual":
        return Contact(_("Read by hand"), "")
    if received_at is None:
        days = (wording.local(now).date() - installed_on).days
        if days < settings.SILENT_WARN_DAYS:
            return Contact(_("Has not reported yet"), "")
        return Contact(_("Has never reported"), _kind(days), days)
    days = (now - received_at).days
    if days < settings.SILENT_WARN_DAYS:
        return Contact(_("Reporting, %(ago)s") % {"ago": wording.ago(received_at, now)}, "good")
    text = ngettext("Silent for %(n)s day", "Silent for %(n)s days", days) % {"n": wording.grouped(days)}
    return Contact(text, _kind(days), days)


def _kind(days: int) -> str:
    return "bad" if days >= settings.SILENT_ALERT_DAYS else "warn"
