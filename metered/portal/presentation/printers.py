"""What a printer model can do, in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.fleet.naming import Found, Name
from metered.fleet.software import is_below, version_key
from metered.lib import wording
from metered.lib.markdown import is_allowed

LEVELS, PAGES, MANUAL = "reports_levels", "reports_pages_only", "manual_reads"


@dataclass(frozen=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True)
class Answer:
    """An answer in a sentence, what it means, and what to do. `kind`: good, warn, bad or empty."""

    title: str
    text: str
    kind: str
    todo: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Row:
    """A model on the page of eligibility."""

    name: str
    answer: Answer
    note: str
    """What a bulletin asks of it; empty without one."""
    check_url: str


def counted(found: Found) -> str:
    """That there are more than are shown; empty when all are."""
    if found.total <= len(found.fits):
        return ""
    return _("The first %(shown)s of %(total)s. Type more of the name to find yours.") % {
        "shown": len(found.fits),
        "total": wording.grouped(found.total),
    }


def full_name(name: Name) -> str:
    return f"{name.vendor} {name.name}"


def rows(
    found: Found, eligible: Mapping[int, str], bulletins: Mapping[int, Any], today: dt.date
) -> list[Row]:
    """The models that were found, each with its answer."""
    return [
        Row(
            name=full_name(name),
            answer=eligibility(eligible[name.key]),
            note=_bulletin_note(bulletins.get(name.key), today),
            check_url=f"{reverse('can_report')}?{urlencode({'model': full_name(name)})}",
        )
        for name in found.fits
    ]


def eligibility(kind: str) -> Answer:
    """Domain rule 7 in a customer's words."""
    if kind == LEVELS:
        return Answer(
            _("Yes. It reports how full its supplies are."),
            _("We see what is left in each cartridge and send the next one before it runs out."),
            "good",
        )
    if kind == PAGES:
        return Answer(
            _("Yes. It reports the pages it printed."),
            _("It does not say how full its supplies are; we work that out from the pages."),
            "good",
        )
    if kind == MANUAL:
        return Answer(
            _("Yes, with meter reads that you enter."),
            _("It reports nothing by itself. You enter its meters, and we work out what it needs from them."),
            "warn",
        )
    return Answer(
        _("No. Supplies are not sent automatically for it."),
        _("You order its supplies yourself, here or by phone."),
        "bad",
    )


def _bulletin_note(bulletin: Any, today: dt.date) -> str:
    if bulletin is None:
        return ""
    values = {"needs": bulletin.minimum_software, "date": wording.full_day(bulletin.from_date)}
    if bulletin.from_date > today:
        return _("From %(date)s it must have software %(needs)s or later to report by itself.") % values
    return _("Since %(date)s it must have software %(needs)s or later to report by itself.") % values


def choices(found: Found, version: str) -> list[Link]:
    """The models to choose from, as links that ask the same question about each."""
    return [
        Link(
            full_name(name),
            f"{reverse('can_report')}?{urlencode({'model': full_name(name), 'version': version})}",
        )
        for name in (found.fits or found.near)
    ]


def unknown(typed: str, found: Found) -> Answer:
    """Nothing, or more than one, is called so."""
    if found.fits:
        return Answer(
            _("Which one is it?"), _("More than one model is called so. Choose yours below."), "warn"
        )
    if found.near:
        return Answer(
            _("We know no model called %(name)s.") % {"name": typed},
            _("Is it one of these? The name stands on the front of the printer or on its information page."),
            "warn",
        )
    return Answer(
        _("We know no model called %(name)s.") % {"name": typed},
        _("Look for the name on the front of the printer, and leave out words such as “printer”."
          " If it is right, ask support: not every model is in our list yet."),
        "warn",
        links=(Link(_("Ask support"), reverse("support")),),
    )  # fmt: skip


def countdown(date: dt.date, today: dt.date) -> str:
    """in 84 days; tomorrow; today; 3 days ago."""
    away = (date - today).days
    if away == 0:
        return _("today")
    if away == 1:
        return _("tomorrow")
    if away < 0:
        return ngettext("%(n)s day ago", "%(n)s days ago", -away) % {"n": wording.grouped(-away)}
    return ngettext("in %(n)s day", "in %(n)s days", away) % {"n": wording.grouped(away)}


def can_report(
    *, name: str, kind: str, version: str, bulletin: Any, today: dt.date, path: str = ""
) -> Answer:
    """May it still report, until when, and what to do (domain rule 9).

    `path` is how the device reports where that is known: an agent's reports are always accepted.
    """
    values = {"name": name, "version": version}
    if path == "agent":
        return Answer(
            _("Yes. A device agent reports for it."),
            _("What a device agent sends is accepted, whatever software %(name)s has.") % values,
            "good",
        )
    if path == "manual" or kind not in (LEVELS, PAGES):
        return Answer(
            _("%(name)s does not report by itself.") % values,
            _("No software changes that. Enter its meters by hand, or ask support what it can do."),
            "",
            links=(
                Link(_("Is my printer eligible?"), f"{reverse('eligibility')}?{urlencode({'search': name})}"),
            ),
        )
    if bulletin is None:
        return Answer(
            _("Yes. %(name)s may go on reporting.") % values,
            _("No minimum software is announced for it."),
            "good",
        )
    values |= {
        "needs": bulletin.minimum_software,
        "date": wording.full_day(bulletin.from_date),
        "when": countdown(bulletin.from_date, today),
    }
    ahead = bulletin.from_date > today
    if not version or not version_key(version):
        text = (
            _("From %(date)s (%(when)s), %(name)s needs software %(needs)s or later to report by itself.")
            if ahead
            else _("Since %(date)s, %(name)s needs software %(needs)s or later to report by itself.")
        )
        return Answer(
            _("That depends on its software version."),
            text % values,
            "warn",
            (_("The version stands on the printer's information page or in its web page, often as"
               " “system software” or “firmware”."),),
            _links(bulletin),
        )  # fmt: skip
    if not is_below(version, bulletin.minimum_software):
        return Answer(
            _("Yes. Its software is new enough."),
            _("%(name)s has %(version)s; %(needs)s or later is needed from %(date)s.") % values
            if ahead
            else _("%(name)s has %(version)s; %(needs)s or later is needed since %(date)s.") % values,
            "good",
        )
    if ahead:
        return Answer(
            _("Only until %(date)s: update needed, %(when)s at the latest.") % values
            if (bulletin.from_date - today).days <= 1
            else _("Only until %(date)s. Update needed.") % values,
            _("%(name)s has %(version)s and needs %(needs)s or later. The date is %(when)s; from then on what"
              " it sends by itself is refused.") % values,
            "warn",
            _todo(bulletin),
            _links(bulletin),
        )  # fmt: skip
    return Answer(
        _("No. Its software is too old since %(date)s.") % values,
        _("%(name)s has %(version)s and needs %(needs)s or later. What it sends by itself is refused until it"
          " is updated. Your supplies go on being sent by our estimate.") % values,
        "bad",
        _todo(bulletin),
        _links(bulletin),
    )  # fmt: skip


def _todo(bulletin: Any) -> tuple[str, ...]:
    first = bulletin.instructions.strip() or _("Update its software.")
    if not bulletin.agent_is_way_out:
        return (first,)
    return (
        first,
        _(
            "Or let a device agent report for it: one computer on your network reports for up to 2,000"
            " printers."
        ),
    )


def _links(bulletin: Any) -> tuple[Link, ...]:
    links = []
    if bulletin.software_url and is_allowed(bulletin.software_url):
        links.append(Link(_("Get the software"), bulletin.software_url))
    if bulletin.agent_is_way_out:
        links.append(Link(_("How a device agent works"), reverse("guide_chapter", args=["connection"])))
    return tuple(links)


def announced(bulletin: Any) -> str:
    """The sentence on the first page about what comes next."""
    return _("From %(date)s, printers on older software can no longer deliver meters and supply levels.") % {
        "date": wording.full_day(bulletin.from_date)
    }


def near(found: Found) -> list[Link]:
    """Names that are nearly so, each as a search of its own."""
    return [
        Link(full_name(name), f"{reverse('eligibility')}?{urlencode({'search': full_name(name)})}")
        for name in found.near
    ]


def not_yours() -> Answer:
    """The same for a serial of somebody else's and for one that nobody has."""
    return Answer(
        _("We know no device of yours with this serial number."),
        _("Look at the label on the printer: O and 0, I and 1 are easily confused. If it is right, the device"
          " may not be in your account, or at an address that you don't see."),
        "warn",
        links=(Link(_("Your devices"), reverse("devices")),),
    )  # fmt: skip


def no_model() -> Answer:
    return Answer(_("Which model is it?"), _("A version alone says nothing: each model has its own."), "warn")
