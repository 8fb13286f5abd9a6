"""When supplies run out, in words. Pure: forecasts and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from metered.lib import wording

FAR_DAYS = 365
"""Beyond a year a forecast says no more than that."""


@dataclass(frozen=True, slots=True)
class RunOut:
    """When what is in a slot runs out: the 10 %, 50 % and 90 % points."""

    slot_id: int
    device_id: int
    pool_id: int | None
    kind: str
    colorant: str
    sure: dt.datetime
    middle: dt.datetime
    likely: dt.datetime


def days_until(moment: dt.datetime, now: dt.datetime) -> float:
    """Days from now, not below 0."""
    return max(0.0, (moment - now).total_seconds() / 86400)


def run_out_text(run_out: RunOut, now: dt.datetime) -> str:
    """about 9 days; may be out now; over a year."""
    days = days_until(run_out.middle, now)
    if days < 1:
        return _("may be out now")
    if days > FAR_DAYS:
        return _("over a year")
    return _("about %(days)s") % {"days": wording.days(days)}


def range_text(run_out: RunOut, now: dt.datetime) -> str:
    """27 Nov to 2 Dec: from the day we are sure of to the likely one."""
    today = wording.local(now).date()
    first, last = wording.local(run_out.sure).date(), wording.local(run_out.likely).date()
    if days_until(run_out.sure, now) > FAR_DAYS:
        return _("over a year from now")
    first = max(first, today)
    if last <= first:
        return wording.day(first, today)
    if days_until(run_out.likely, now) > 2 * FAR_DAYS:
        return _("%(day)s or much later") % {"day": wording.day(first, today)}
    return _("%(first)s to %(last)s") % {"first": wording.day(first, today), "last": wording.day(last, today)}
