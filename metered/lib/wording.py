"""Dates, spans and numbers as people say them, in the viewer's zone and language.

Django's date filters cost more than the rest of a long list together; these are plain string work.
"""

from __future__ import annotations

import datetime as dt

from babel import Locale, UnknownLocaleError
from django.utils import dates, timezone
from django.utils.formats import get_format
from django.utils.translation import get_language, ngettext, pgettext, to_locale
from django.utils.translation import gettext as _

SMALL_MONTHS = {"es", "fr"}


def local(moment: dt.datetime) -> dt.datetime:
    """The moment in the viewer's zone."""
    return timezone.localtime(moment)


def grouped(number: int) -> str:
    """1234567 → 1,234,567."""
    return f"{number:,}".replace(",", str(get_format("THOUSAND_SEPARATOR")))


def tenths(number: float) -> str:
    """1.25 → 1.2, with the sign of the language: 1,2."""
    return f"{number:.1f}".replace(".", str(get_format("DECIMAL_SEPARATOR")))


def short_month(month: int) -> str:
    """Nov; in languages that write months small, nov."""
    name = str(dates.MONTHS_3[month])
    return name if (get_language() or "")[:2] in SMALL_MONTHS else name.title()


def day(date: dt.date, today: dt.date | None = None) -> str:
    """20 Nov, and 20 Nov 2025 when `today` is given and in another year."""
    if today is not None and date.year != today.year:
        return pgettext("short date", "%(day)s %(month)s %(year)s") % {
            "day": date.day,
            "month": short_month(date.month),
            "year": date.year,
        }
    return pgettext("short date", "%(day)s %(month)s") % {"day": date.day, "month": short_month(date.month)}


def full_day(date: dt.date) -> str:
    """20 November 2026."""
    return _("%(day)s %(month)s %(year)s") % {
        "day": date.day,
        "month": str(dates.MONTHS[date.month]),
        "year": date.year,
    }


def month_day(date: dt.date) -> str:
    """20 November."""
    return pgettext("full date", "%(day)s %(month)s") % {
        "day": date.day,
        "month": str(dates.MONTHS[date.month]),
    }


def long_day(date: dt.date) -> str:
    """Friday 20 November."""
    return _("%(weekday)s %(day)s %(month)s") % {
        "weekday": str(dates.WEEKDAYS[date.weekday()]),
        "day": date.day,
        "month": str(dates.MONTHS[date.month]),
    }


def week_day(date: dt.date) -> str:
    """Wed 25 Nov."""
    return pgettext("short date", "%(weekday)s %(day)s %(month)s") % {
        "weekday": str(dates.WEEKDAYS_ABBR[date.weekday()]),
        "day": date.day,
        "month": short_month(date.month),
    }


def clock(moment: dt.datetime, *, zone: bool = False) -> str:
    """14:05, or 14:05 EST."""
    here = local(moment)
    return f"{here:%H:%M} {here.tzname()}" if zone else f"{here:%H:%M}"


def stamp(moment: dt.datetime, *, zone: bool = False) -> str:
    """20 Nov 2026, 06:02."""
    here = local(moment)
    date = pgettext("short date", "%(day)s %(month)s %(year)s") % {
        "day": here.day,
        "month": short_month(here.month),
        "year": here.year,
    }
    return _("%(date)s, %(time)s") % {"date": date, "time": clock(moment, zone=zone)}


def at(moment: dt.datetime, now: dt.datetime) -> str:
    """today at 14:05 EST, tomorrow at 14:05 EST, on Monday 23 November at 14:05 EST."""
    away = (local(moment).date() - local(now).date()).days
    time = clock(moment, zone=True)
    if away == 0:
        return _("today at %(time)s") % {"time": time}
    if away == 1:
        return _("tomorrow at %(time)s") % {"time": time}
    return _("on %(day)s at %(time)s") % {"day": long_day(local(moment).date()), "time": time}


def on(date: dt.date, today: dt.date) -> str:
    """today, tomorrow, yesterday, on Monday 23 November."""
    away = (date - today).days
    named = {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}
    if away in named:
        return named[away]
    if abs(away) > 300:
        return _("on %(date)s") % {"date": full_day(date)}
    return _("on %(date)s") % {"date": long_day(date)}


def days(count: float) -> str:
    """1 day, 12 days; never below 0."""
    whole = max(0, round(count))
    return ngettext("%(n)s day", "%(n)s days", whole) % {"n": grouped(whole)}


def since(moment: dt.datetime, now: dt.datetime) -> str:
    """5 minutes, 2 hours, 9 days: how long ago, in one unit."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 3600:
        minutes = max(1, seconds // 60)
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    if seconds < 86400:
        hours = seconds // 3600
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return days(seconds // 86400)


def ago(moment: dt.datetime, now: dt.datetime) -> str:
    """2 hours ago."""
    return _("%(span)s ago") % {"span": since(moment, now)}


def within(name: str) -> str:
    """A name within a sentence: Waste container → waste container; in German it stays as it is."""
    return name if (get_language() or "")[:2] == "de" else name[:1].lower() + name[1:]


def country(code: str) -> str:
    """DE → Germany; an unknown code stays as it is."""
    try:
        locale = Locale.parse(to_locale(get_language() or "en"))
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return str(locale.territories.get(code, code))
