"""Support hours as people say them: in the hours' own zone, and in the viewer's where that differs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from babel.core import Locale, UnknownLocaleError
from babel.dates import get_timezone_name
from django.utils import dates
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from metered.lib import wording
from metered.lib.hours import Hours, Span, State


@dataclass(frozen=True)
class Help:
    """Is somebody there? `yours`: the same moment on the viewer's own clock, empty where that is the same."""

    open: bool
    text: str
    yours: str
    until: dt.datetime | None


def in_words(hours: Hours) -> str:
    """Monday to Friday, 7:30 to 19:00 Eastern Time."""
    spans = "; ".join(_span(span) for span in hours.spans)
    return _("%(hours)s %(zone)s") % {"hours": spans, "zone": zone_name(hours)}


def zone_name(hours: Hours) -> str:
    """Eastern Time, as the language calls it."""
    try:
        locale = Locale.parse(to_locale(get_language() or "en"))
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return str(get_timezone_name(hours.zone, zone_variant="generic", locale=locale))


def help_now(hours: Hours, found: State, now: dt.datetime, viewer_zone: dt.tzinfo | None) -> Help:
    """Open now until 19:00 Eastern Time; your time 01:00 CET. `viewer_zone` None: not known."""
    if found.until is None:
        return Help(False, _("Closed now"), "", None)
    there = found.until.astimezone(hours.zone)
    values = {"time": f"{there:%H:%M}", "zone": zone_name(hours), "day": wording.long_day(there.date())}
    away = (there.date() - now.astimezone(hours.zone).date()).days
    if found.open and away <= 1:
        text = _("Open now until %(time)s %(zone)s") % values
    elif found.open:
        text = _("Open now")
    elif away == 0:
        text = _("Closed now; opens today at %(time)s %(zone)s") % values
    elif away == 1:
        text = _("Closed now; opens tomorrow at %(time)s %(zone)s") % values
    else:
        text = _("Closed now; opens on %(day)s at %(time)s %(zone)s") % values
    return Help(found.open, text, _yours(found.until, there, viewer_zone), found.until)


def _yours(until: dt.datetime, there: dt.datetime, viewer_zone: dt.tzinfo | None) -> str:
    if viewer_zone is None:
        return ""
    here = until.astimezone(viewer_zone)
    if here.utcoffset() == there.utcoffset():
        return ""
    values = {"time": f"{here:%H:%M} {here.tzname()}", "day": str(dates.WEEKDAYS[here.weekday()])}
    if here.date() == there.date():
        return _("your time %(time)s") % values
    return _("your time %(day)s %(time)s") % values


def _span(span: Span) -> str:
    return _("%(days)s, %(opens)s to %(closes)s") % {
        "days": _days(span.days),
        "opens": f"{span.opens.hour}:{span.opens:%M}",
        "closes": "24:00" if span.closes == dt.time() else f"{span.closes.hour}:{span.closes:%M}",
    }


def _days(days: tuple[int, ...]) -> str:
    names = [str(dates.WEEKDAYS[day]) for day in days]
    if len(days) > 2 and days == tuple(range(days[0], days[-1] + 1)):
        return _("%(first)s to %(last)s") % {"first": names[0], "last": names[-1]}
    return ", ".join(names)
