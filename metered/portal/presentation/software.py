"""The work list of bulletins in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.fleet.software import is_below
from metered.lib import wording
from metered.portal.presentation.devices import label
from metered.portal.presentation.refusals import is_refused

if TYPE_CHECKING:
    from metered.portal.queries.software import Group


@dataclass(frozen=True)
class Deadline:
    """A bulletin as a card: what it asks, by when, how."""

    public_id: str
    kind: str
    title: str
    when: str
    countdown: str
    todo: str
    by_agent: str
    url: str


@dataclass(frozen=True, slots=True)
class Work:
    public_id: str
    label: str
    serial: str
    where: str
    has: str
    needs: str
    todo: str
    by: str
    countdown: str
    kind: str
    refused: bool
    url: str


def countdown(from_date: dt.date, today: dt.date) -> tuple[str, str]:
    """The days that are left, and the tag's kind."""
    left = (from_date - today).days
    if left <= 0:
        return _("Refused since then") if left < 0 else _("Refused from today on"), "bad"
    text = ngettext("%(n)s day left", "%(n)s days left", left) % {"n": wording.grouped(left)}
    return text, "bad" if left <= 7 else "warn" if left <= 30 else ""


def heading(groups: Sequence[Group], today: dt.date) -> str:
    """The answer to: what must I update, and by when?"""
    count = sum(group.count for group in groups)
    if not count:
        return _("No device needs newer software")
    first = groups[0].bulletin.from_date
    values = {"n": wording.grouped(count), "date": wording.full_day(first)}
    if first <= today:
        text = ngettext(
            "%(n)s device needs newer software now",
            "%(n)s devices need newer software, the first of them now",
            count,
        )
        return text % values
    text = ngettext(
        "%(n)s device needs newer software before %(date)s",
        "%(n)s devices need newer software, the first before %(date)s",
        count,
    )
    return text % values


def deadline(group: Group, today: dt.date) -> Deadline:
    bulletin = group.bulletin
    left, kind = countdown(bulletin.from_date, today)
    title = ngettext(
        "%(n)s %(model)s needs software %(minimum)s or newer",
        "%(n)s %(model)s need software %(minimum)s or newer",
        group.count,
    ) % {
        "n": wording.grouped(group.count),
        "model": bulletin.model.name,
        "minimum": bulletin.minimum_software,
    }
    past = bulletin.from_date <= today
    when = (
        _("Since %(date)s the reports of older software are refused.")
        if past
        else _("From %(date)s the reports of older software are refused.")
    )
    return Deadline(
        public_id=bulletin.public_id,
        kind=kind,
        title=title,
        when=when % {"date": wording.full_day(bulletin.from_date)},
        countdown=left,
        todo=bulletin.instructions.strip() or _("Update the software on each of them."),
        by_agent=agent_text() if bulletin.agent_is_way_out else "",
        url=bulletin.software_url,
    )


def agent_text() -> str:
    return _(
        "Or let a device agent report for them: one PC on your network does it for up to 2,000 printers, and"
        " no printer has to be updated by that day."
    )


def row(device: Mapping[str, Any], bulletins: Mapping[int, Any], today: dt.date) -> Work:
    """`device`: values of queries.software.narrowed."""
    bulletin = bulletins[device["model_id"]]
    left, kind = countdown(bulletin.from_date, today)
    has = device["state__software"] or ""
    if not is_below(has, bulletin.minimum_software):
        # It was refused for what it had then; the portal never kept that report.
        has = _("older")
    refused = is_refused(device["state__refused_at"], device["state__received_at"], device["state__agent_at"])
    todo = _("Update its software")
    if bulletin.agent_is_way_out:
        todo = _("Update its software, or let a device agent report for it")
    return Work(
        public_id=device["public_id"],
        label=label(device["name"], device["model__name"]),
        serial=device["serial"],
        where=" · ".join(part for part in (device["address__name"], device["place"]) if part),
        has=has,
        needs=bulletin.minimum_software,
        todo=todo,
        by=wording.full_day(bulletin.from_date),
        countdown=left,
        kind=kind,
        refused=refused,
        url=bulletin.software_url,
    )


def counted(found: int, whole: int, narrowed: bool) -> str:
    """12 devices, or 3 of 12 devices."""
    every = ngettext("%(n)s device", "%(n)s devices", whole) % {"n": wording.grouped(whole)}
    if narrowed:
        return _("%(found)s of %(every)s") % {"found": wording.grouped(found), "every": every}
    return every


def file_head() -> list[str]:
    return [
        _("Device"), _("Serial"), _("Model"), _("Ships to"), _("Where it stands"), _("Has"), _("Needs"),
        _("By"), _("Days left"), _("Last report refused"), _("What to do"), _("Software"), _("Page"),
    ]  # fmt: skip


def file_row(
    device: Mapping[str, Any], bulletins: Mapping[int, Any], today: dt.date, site_url: str
) -> list[object]:
    """A row of the file; dates as 2027-02-14, so that they sort."""
    bulletin, shown = bulletins[device["model_id"]], row(device, bulletins, today)
    return [
        device["name"] or device["model__name"],
        device["serial"],
        f"{device['model__vendor']} {device['model__name']}",
        device["address__name"],
        device["place"],
        shown.has,
        shown.needs,
        bulletin.from_date.isoformat(),
        max(0, (bulletin.from_date - today).days),
        _("yes") if shown.refused else _("no"),
        shown.todo,
        bulletin.software_url,
        f"{site_url}/devices/{device['public_id']}/",
    ]
