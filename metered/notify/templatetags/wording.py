"""Dates and times in templates as `metered.lib.wording` says them; Django's formats know one order only."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils.translation import gettext as _

from metered.lib import wording

register = template.Library()


@register.filter
def in_words(value: dt.date | dt.datetime) -> str:
    """Saturday 21 November, 10:30 EST; a date without a time is the day alone."""
    if not isinstance(value, dt.datetime):
        return wording.long_day(value)
    day = wording.long_day(wording.local(value).date())
    return _("%(date)s, %(time)s") % {"date": day, "time": wording.clock(value, zone=True)}


@register.filter
def day_in_words(value: dt.date | dt.datetime) -> str:
    """Saturday 21 November: of a moment, its day."""
    return wording.long_day(wording.local(value).date() if isinstance(value, dt.datetime) else value)


@register.filter
def full_day(value: dt.date) -> str:
    """21 November 2026."""
    return wording.full_day(value)


@register.filter
def short(value: dt.datetime) -> str:
    """20 Nov 2026, 06:02 EST."""
    return wording.stamp(value, zone=True)
