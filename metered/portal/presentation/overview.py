"""The overview in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.lib import wording
from metered.portal.presentation import agents
from metered.portal.presentation.contact import contact
from metered.portal.presentation.devices import label
from metered.portal.presentation.forecast import days_until
from metered.portal.presentation.refusals import way_out, why_refused
from metered.portal.presentation.slots import slot_name
from metered.portal.presentation.stock import because, by
from metered.reads.presentation import heading as reads_heading

if TYPE_CHECKING:
    from metered.portal.queries.agents import Silent
    from metered.portal.queries.forecasts import Coverage, Short
    from metered.portal.queries.overview import Needs, Outdated
    from metered.reads.due import Summary

HORIZON_DAYS = 30
URGENT_DAYS = 7
SHORT = 4
"""So many devices that may run out of something are named one by one."""


@dataclass(frozen=True)
class Need:
    """One thing that needs somebody: what, why, and the one thing to do about it."""

    kind: str
    """bad or warn"""
    title: str
    text: str
    url: str
    action: str


def heading(coverage: Coverage, devices: int, heard: int) -> str:
    """Are we covered? Covered for the next 30 days, except one device."""
    if not devices:
        return _("Your supplies will be watched from here")
    if not coverage.known and not heard:
        return _("Nothing known yet: no device has reported")
    uncovered = len(coverage.devices)
    values = {"days": HORIZON_DAYS, "n": wording.grouped(uncovered)}
    if not uncovered:
        return _("Covered for the next %(days)s days everywhere") % values
    if uncovered >= devices:
        return _("Not covered for the next %(days)s days") % values
    if uncovered == 1:
        return _("Covered for the next %(days)s days, except one device") % values
    return (
        ngettext(
            "Covered for the next %(days)s days, except %(n)s device",
            "Covered for the next %(days)s days, except %(n)s devices",
            uncovered,
        )
        % values
    )


def needs(found: Needs, coverage: Coverage, now: dt.datetime) -> list[Need]:
    """Worst first: what may run out, who is refused or silent, software, held reads."""
    outdated = {item.public_id: item for item in found.outdated if item.count == 1}
    told = {row["public_id"] for row in found.silent}
    today = wording.local(now).date()
    short: dict[int, list[Short]] = {}
    for item in coverage.short:
        short.setdefault(item.device_id, []).append(item)
    rows = [_short(items, now) for items in list(short.values())[:SHORT]]
    rest = len(short) - len(rows)
    if rest:
        title = ngettext(
            "%(n)s more device may run out of something", "%(n)s more devices may run out of something", rest
        )
        text = _("Nothing that would arrive in time is on the way.")
        rows.append(
            Need("warn", title % {"n": wording.grouped(rest)}, text, reverse("devices"), _("See them"))
        )
    rows += [_refused(row, today) for row in found.refused]
    rest = found.refused_count - len(found.refused)
    if rest > 0:
        title = ngettext(
            "The last report of %(n)s more device was refused",
            "The last reports of %(n)s more devices were refused",
            rest,
        )
        rows.append(
            Need(
                "bad",
                title % {"n": wording.grouped(rest)},
                _("Until they get through again we estimate their use from the past."),
                reverse("devices") + "?state=refused",
                _("See them"),
            )
        )
    rows += [_silent_agent(item, now) for item in found.silent_agents[:SHORT]]
    rest = len(found.silent_agents) - SHORT
    if rest > 0:
        title = ngettext("%(n)s more device agent is silent", "%(n)s more device agents are silent", rest)
        url = reverse("agents") if found.silent_agents[0].public_id else reverse("devices") + "?state=silent"
        rows.append(Need("bad", title % {"n": wording.grouped(rest)}, "", url, _("See them")))
    rows += _agents(found.agents, now)
    rows += [_silent(row, outdated.get(row["public_id"]), now) for row in found.silent]
    rest = found.silent_count - len(found.silent)
    if rest > 0:
        title = ngettext("%(n)s more device stopped reporting", "%(n)s more devices stopped reporting", rest)
        rows.append(
            Need(
                "warn",
                title % {"n": wording.grouped(rest)},
                _("We estimate their use from the past until they are heard of again."),
                reverse("devices") + "?state=silent&sort=contact",
                _("See them"),
            )
        )
    rows += [
        _software(item, today) for item in found.outdated if item.count > 1 or item.public_id not in told
    ]
    rows += _reads_due(found.reads_due, today)
    rows += [_held(row) for row in found.held]
    rows += [_count(row, today) for row in found.counts]
    rest = found.counts[0]["in_all"] - len(found.counts) if found.counts else 0
    if rest > 0:
        title = ngettext(
            "%(n)s more address is asked to count its shelves",
            "%(n)s more addresses are asked to count their shelves",
            rest,
        )
        text = _("What is really there decides what we send.")
        rows.append(Need("warn", title % {"n": wording.grouped(rest)}, text, reverse("stock"), _("See them")))
    rows += [_left_over(row) for row in found.left_over[:SHORT]]
    rest = len(found.left_over) - SHORT
    if rest > 0:
        title = ngettext(
            "Something is left over at %(n)s more address",
            "Something is left over at %(n)s more addresses",
            rest,
        )
        rows.append(Need("warn", title % {"n": wording.grouped(rest)}, "", reverse("returns"), _("See them")))
    rest = found.held_count - len(found.held)
    if rest > 0:
        title = ngettext("%(n)s more read needs a second look", "%(n)s more reads need a second look", rest)
        rows.append(
            Need("warn", title % {"n": wording.grouped(rest)}, "", reverse("devices"), _("See the devices"))
        )
    return sorted(rows, key=lambda need: need.kind != "bad")


def _count(row: dict[str, Any], today: dt.date) -> Need:
    title = ngettext("Count %(n)s supply at %(address)s", "Count %(n)s supplies at %(address)s", row["n"]) % {
        "n": wording.grouped(row["n"]),
        "address": row["pool__address__name"],
    }
    text = _("%(why)s Please count %(by)s.") % {
        "why": because(row["because"]),
        "by": by(row["due_on"], today),
    }
    if row["due_on"] < today:
        text = _("%(why)s It %(was_due)s.") % {
            "why": because(row["because"]),
            "was_due": by(row["due_on"], today),
        }
    url = reverse("stock_at", args=[row["pool__address__public_id"]])
    return Need("warn", title, text, url, _("Count stock"))


def _left_over(row: dict[str, Any]) -> Need:
    title = ngettext(
        "%(n)s unit is left over at %(address)s", "%(n)s units are left over at %(address)s", row["units"]
    ) % {"n": wording.grouped(row["units"]), "address": row["address__name"]}
    text = _("No device there uses them any more. The return stands filled in.")
    return Need("warn", title, text, reverse("returns"), _("Settle it"))


def _device_url(public_id: str) -> str:
    return reverse("device", args=[public_id])


def _short(items: Sequence[Short], now: dt.datetime) -> Need:
    """One device: its first supply to run out decides, the others are named with it."""
    item = items[0]
    names = list(dict.fromkeys(wording.within(slot_name(each.kind, each.colorant)) for each in items))
    values = {"device": label(item.name, item.model), "supply": _and(names)}
    days = days_until(item.runs_out, now)
    if item.kind == "waste" and len(names) == 1:
        now_text = _("The %(supply)s of %(device)s may be full now")
        soon_text = _("The %(supply)s of %(device)s is likely full in %(days)s")
    else:
        now_text = _("%(device)s may be out of %(supply)s now")
        soon_text = _("%(device)s likely runs out of %(supply)s in %(days)s")
    title = (now_text if days < 1 else soon_text) % {**values, "days": wording.days(days)}
    today = wording.local(now).date()
    text = {
        "off": _("Its supplies are not sent automatically, and none is on the shelf or on the way."),
        "starting": _("Its supplies are sent automatically once its use is known; none is on the shelf yet."),
    }.get(item.barred, _("None is on the shelf or on the way yet. We look at it at every report."))
    if item.next is not None and item.arrives_on is not None:
        text = _("The next one is on order %(number)s and should arrive %(when)s.") % {
            "number": item.next.number,
            "when": wording.on(item.arrives_on, today),
        }
    kind = "bad" if days < URGENT_DAYS else "warn"
    return Need(kind, title, text, _device_url(item.public_id), _("See why"))


def _and(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return _("%(list)s and %(last)s") % {"list": ", ".join(names[:-1]), "last": names[-1]}


def _refused(row: dict[str, Any], today: dt.date) -> Need:
    bulletin, reason = row["bulletin"], row["state__refused_reason"]
    why = why_refused(reason, bulletin, today)
    name = label(row["name"], row["model__name"])
    title = _("%(device)s: its last report was refused") % {"device": name}
    out = way_out(reason, instructions="", by_agent=bulletin is None or bulletin.agent_is_way_out)
    text = f"{why[:1].upper()}{why[1:]} {out}"
    return Need("bad", title, text, _device_url(row["public_id"]), _("See how to fix"))


def _silent_agent(item: Silent, now: dt.datetime) -> Need:
    """One agent in the place of all devices behind it."""
    values = {"agent": item.name, "span": wording.since(item.since, now), "n": wording.grouped(item.devices)}
    if not item.name:
        title = _("The device agent that reads your printers has been silent for %(span)s") % values
    elif item.ever:
        title = _("The device agent %(agent)s has been silent for %(span)s") % values
    else:
        title = _("The device agent %(agent)s has enrolled and never reported") % values
    text = (
        ngettext(
            "%(n)s device is heard of through it. Until it is back we estimate its use.",
            "%(n)s devices are heard of through it. Until it is back we estimate their use.",
            item.devices,
        )
        % values
        if item.devices
        else _("No device was heard of through it yet.")
    )
    if item.public_id:
        return Need("bad", title, text, reverse("agent", args=[item.public_id]), _("See what helps"))
    return Need("bad", title, text, reverse("devices") + "?path=agent&sort=contact", _("See the devices"))


def _agents(rows: Sequence[dict[str, Any]], now: dt.datetime) -> list[Need]:
    """What else is the matter with device agents; the silent ones are told already."""
    found = []
    for row in rows:
        if agents.is_silent(row, now):
            continue
        for trouble in agents.troubles(row, now)[:1]:
            url = reverse("agent", args=[row["public_id"]])
            found.append(Need(trouble.kind, trouble.title, trouble.text, url, _("See what to do")))
    rest = len(found) - SHORT
    if rest > 0:
        title = ngettext(
            "%(n)s more device agent needs a look", "%(n)s more device agents need a look", rest
        ) % {"n": wording.grouped(rest)}
        return [*found[:SHORT], Need("warn", title, "", reverse("agents"), _("See them"))]
    return found


def _silent(row: dict[str, Any], outdated: Outdated | None, now: dt.datetime) -> Need:
    heard = contact(row["state__received_at"], row["path"], row["installed_on"], now)
    name = label(row["name"], row["model__name"])
    if row["state__received_at"] is None:
        title = _("%(device)s has never reported") % {"device": name}
        text = _("We don't know its levels yet. Connect it, or let a device agent on your network read it.")
    else:
        title = _("%(device)s stopped reporting %(ago)s") % {
            "device": name,
            "ago": wording.ago(row["state__received_at"], now),
        }
        text = _("Until it is heard of again we estimate its use from the past.")
    if outdated is not None:
        text = _(
            "Its software %(has)s is below the minimum %(needs)s. "
            "Until it is updated we estimate its use from the past."
        ) % {"has": outdated.software, "needs": outdated.minimum}
    return Need(heard.kind or "warn", title, text, _device_url(row["public_id"]), _("See how to fix"))


def _software(item: Outdated, today: dt.date) -> Need:
    values = {
        "has": item.software,
        "needs": item.minimum,
        "date": wording.full_day(item.from_date),
        "model": item.model,
        "n": wording.grouped(item.count),
        "device": label(item.name, item.model),
    }
    past = item.from_date <= today
    if item.count == 1:
        title = _("%(device)s needs newer software") % values
        text = _("It has %(has)s and needs at least %(needs)s.") % values
        url = _device_url(item.public_id)
    else:
        title = ngettext(
            "%(n)s %(model)s needs newer software", "%(n)s %(model)s need newer software", item.count
        )
        title %= values
        text = _("They need at least %(needs)s.") % values
        url = reverse("software")
    when = (
        _("Since %(date)s their own reports are refused.")
        if past
        else _("From %(date)s their own reports are refused.")
    )
    if item.count == 1:
        when = (
            _("Since %(date)s its own reports are refused.")
            if past
            else _("From %(date)s its own reports are refused.")
        )
    return Need("bad" if past else "warn", title, f"{text} {when % values}", url, _("See how to fix"))


def _held(row: dict[str, Any]) -> Need:
    name = label(row["device__name"], row["device__model__name"])
    title = _("A meter read of %(device)s needs a second look") % {"device": name}
    day = wording.full_day(wording.local(row["taken_at"]).date())
    note = row["note"]
    text = note[:1].upper() + note[1:] if note else _("It does not fit what the device printed before.")
    text = _("Read on %(day)s. %(why)s") % {"day": day, "why": text}
    return Need("warn", title, text, _device_url(row["device__public_id"]) + "#reads", _("See the read"))


def _reads_due(found: Summary, today: dt.date) -> list[Need]:
    """3 meter reads are due by 25 November, with the first devices by address."""
    if not found.count or found.first is None:
        return []
    places: dict[str, list[str]] = {}
    for address, name in found.names:
        places.setdefault(address, []).append(name)
    text = " · ".join(
        _("%(address)s: %(devices)s") % {"address": address, "devices": ", ".join(names)}
        for address, names in places.items()
    )
    rest = found.count - len(found.names)
    if rest > 0:
        more = ngettext("and %(n)s more", "and %(n)s more", rest) % {"n": wording.grouped(rest)}
        text = f"{text}, {more}"
    kind = "bad" if found.first < today else "warn"
    return [Need(kind, reads_heading(found, today), text, reverse("reads_due"), _("Enter reads"))]


def quiet_line(devices: int, heard: int) -> str:
    """What stands where nothing needs anybody."""
    if not devices:
        return _("No devices yet. As soon as devices belong to your contract, what needs you stands here.")
    if not heard:
        return _("No device has reported yet. Once they do, you see here what needs you, and nothing else.")
    return _("Nothing needs you today. We watch the levels and send what is due.")


def supplies_link(count: int) -> str:
    return ngettext("The one supply", "All %(n)s supplies", count) % {"n": wording.grouped(count)}


__all__: Sequence[str] = ("Need", "heading", "needs", "quiet_line", "supplies_link")
