"""Device agents in words: how each is, what is the matter, and what to do. Pure: rows and the clock in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.fleet.software import is_below
from metered.lib import wording
from metered.portal.presentation.contact import Contact, contact
from metered.portal.presentation.devices import label


@dataclass(frozen=True)
class Trouble:
    """What is the matter with an agent. `kind`: warn or bad; `tag`: the same in two or three words."""

    kind: str
    tag: str
    title: str
    text: str


@dataclass(frozen=True)
class AgentRow:
    """A row of the list."""

    public_id: str
    name: str
    host: str
    tag: str
    kind: str
    devices: str
    version: str
    outdated: bool
    spool: str
    refused: str


@dataclass(frozen=True)
class Refusal:
    """A report that an agent keeps because it was refused: which, why, and the one thing to do."""

    serial: str
    why: str
    todo: str
    url: str = ""
    action: str = ""


@dataclass(frozen=True)
class Waiting:
    """What has become of a code: waits, enrolled, or gone."""

    state: str
    title: str
    text: str


@dataclass(frozen=True)
class DeviceRow:
    public_id: str
    label: str
    serial: str
    where: str
    contact: Contact
    path: str
    """When it was heard of by which way, where there are two."""


@dataclass(frozen=True)
class Sheet:
    """One agent's page."""

    public_id: str
    name: str
    heading: str
    tag: str
    kind: str
    troubles: list[Trouble]
    helps: list[tuple[str, str]]
    """(title, text) of what to try, the likeliest first."""
    waiting: Waiting | None
    facts: list[tuple[str, str]]
    said: list[tuple[str, str]]
    refusals: list[Refusal]
    refusals_more: str
    devices: str
    revoked: bool
    has_key: bool


SHOWN_REFUSALS = 20


# --- how it is ---------------------------------------------------------------------------------------


def is_silent(row: Mapping[str, Any], now: dt.datetime) -> bool:
    """As reads.agents counts it: who holds a good key and was not heard of for so long."""
    return bool(row["has_key"] and row["heard_at"] <= now - settings.AGENT_SILENT_AFTER)


def troubles(row: Mapping[str, Any], now: dt.datetime) -> list[Trouble]:
    """Worst first; none for an agent that is well, that was revoked, or that waits to enrol.

    `row`: values of queries.agents.
    """
    if row["revoked_at"]:
        return []
    name = {"agent": row["name"]}
    if not row["has_key"]:
        if row["enrolled_at"] is None:
            return []
        title = _("%(agent)s can't report: its key was taken back") % name
        text = _("Enrol it again with a new code, or revoke it if it is not needed any more.")
        return [Trouble("bad", _("Locked out"), title, text)]
    if is_silent(row, now):
        return [_silent(row, now)]
    found = [_outdated(row), _spooled(row, now), _refused(row)]
    return [trouble for trouble in found if trouble is not None]


def _silent(row: Mapping[str, Any], now: dt.datetime) -> Trouble:
    name = {"agent": row["name"], "span": wording.since(row["heard_at"], now)}
    tag = _("Silent for %(span)s") % name
    if row["state__received_at"] is None:
        title = _("%(agent)s has enrolled and never reported") % name
        text = _("See that its program is running, and that it may open https connections to this portal.")
        return Trouble("bad", tag, title, text)
    title = _("%(agent)s has been silent for %(span)s") % name
    return Trouble("bad", tag, title, _("Until it is back we estimate the use of the devices behind it."))


def _outdated(row: Mapping[str, Any]) -> Trouble | None:
    has, needs = row["state__version"] or "", settings.MINIMUM_AGENT_VERSION
    if not is_below(has, needs):
        return None
    values = {"agent": row["name"], "has": has, "needs": needs}
    return Trouble(
        "warn",
        _("Needs an update"),
        _("%(agent)s needs a newer version") % values,
        _("It has %(has)s, and at least %(needs)s is needed. Its reports are accepted meanwhile.") % values,
    )


def _spooled(row: Mapping[str, Any], now: dt.datetime) -> Trouble | None:
    oldest = spool_oldest(row["state__status"])
    if oldest is None or oldest > now - settings.AGENT_SILENT_AFTER:
        return None
    values = {"agent": row["name"], "span": wording.since(oldest, now)}
    return Trouble(
        "warn",
        _("Reports wait"),
        _("%(agent)s has reports that wait since %(span)s") % values,
        _("It reaches us, and can't send all of them yet. None is lost: they are kept on its computer."),
    )


def _refused(row: Mapping[str, Any]) -> Trouble | None:
    count = len(refused_items(row["state__status"]))
    if not count:
        return None
    title = ngettext(
        "One report of %(agent)s was refused", "%(n)s reports of %(agent)s were refused", count
    ) % {"agent": row["name"], "n": wording.grouped(count)}
    tag = ngettext("%(n)s refused", "%(n)s refused", count) % {"n": wording.grouped(count)}
    return Trouble("warn", tag, title, _("They are kept on its computer until the reason is settled."))


def refused_items(status: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return list((status or {}).get("refused") or [])


def spool_oldest(status: Mapping[str, Any] | None) -> dt.datetime | None:
    text = (status or {}).get("spool_oldest")
    return dt.datetime.fromisoformat(text) if text else None


def _tag(row: Mapping[str, Any], found: Sequence[Trouble], now: dt.datetime) -> tuple[str, str]:
    """Text and kind of the tag that says how an agent is."""
    if row["revoked_at"]:
        day = wording.full_day(wording.local(row["revoked_at"]).date())
        return _("Revoked on %(day)s") % {"day": day}, ""
    if found:
        return found[0].tag, found[0].kind
    if not row["has_key"]:
        return _("Not enrolled yet"), ""
    if row["state__received_at"] is None:
        return _("Enrolled, has not reported yet"), ""
    return _("Reporting, %(ago)s") % {"ago": wording.ago(row["state__received_at"], now)}, "good"


def _helps(row: Mapping[str, Any], now: dt.datetime) -> list[tuple[str, str]]:
    """What to try with an agent that is silent, too old, or can't get rid of what it read."""
    steps: list[tuple[str, str]] = []
    if not row["has_key"]:
        return steps
    if is_silent(row, now):
        on = _("Is the computer %(host)s on?") % {"host": row["host"]} if row["host"] else ""
        steps += [
            (
                on or _("Is its computer on?"),
                _("It has to run day and night, and be on the network of the printers."),
            ),
            (
                _("Ask the agent itself"),
                _("Type “metered-agent check” there: it says in words what is wrong."),
            ),
            (
                _("Was something changed?"),
                _("A new firewall or proxy is the most common cause. It must let https to us through."),
            ),
        ]
    elif _spooled(row, now) is not None:
        steps.append(
            (
                _("Ask the agent itself"),
                _("Type “metered-agent status” there: it says what waits, and what we answered."),
            )
        )
    if _outdated(row) is not None:
        steps.append(
            (
                _("Update it"),
                _("The way it was installed. Its configuration, its key and what it keeps stay as they are."),
            )
        )
    return steps


# --- the list ----------------------------------------------------------------------------------------


def heading(rows: Sequence[Mapping[str, Any]], now: dt.datetime) -> str:
    """`rows`: all agents that were not revoked."""
    if not rows:
        return _("No device agent reads your printers yet")
    ill = sum(1 for row in rows if troubles(row, now))
    if not ill:
        return ngettext("Your device agent is well", "Your %(n)s device agents are well", len(rows)) % {
            "n": wording.grouped(len(rows))
        }
    if ill == len(rows) == 1:
        return _("Your device agent needs a look")
    return ngettext(
        "%(n)s of your %(all)s device agents needs a look",
        "%(n)s of your %(all)s device agents need a look",
        ill,
    ) % {"n": wording.grouped(ill), "all": wording.grouped(len(rows))}


def row(found: Mapping[str, Any], now: dt.datetime) -> AgentRow:
    ill = troubles(found, now)
    tag, kind = _tag(found, ill, now)
    status = found["state__status"]
    refused = len(refused_items(status))
    return AgentRow(
        public_id=found["public_id"],
        name=found["name"],
        host=found["host"],
        tag=tag,
        kind=kind,
        devices=wording.grouped(found["devices"]),
        version=found["state__version"] or "",
        outdated=is_below(found["state__version"] or "", settings.MINIMUM_AGENT_VERSION),
        spool=_spool(status, now) or "–",
        refused=wording.grouped(refused) if refused else "–",
    )


def _spool(status: Mapping[str, Any] | None, now: dt.datetime) -> str:
    """1,200 since 2 days ago; nothing; empty when it is not known."""
    count = (status or {}).get("spooled")
    if count is None:
        return ""
    if not count:
        return _("nothing")
    oldest = spool_oldest(status)
    values = {"n": wording.grouped(count), "span": wording.since(oldest, now) if oldest else ""}
    return _("%(n)s, the oldest for %(span)s") % values if oldest else str(values["n"])


# --- one agent ---------------------------------------------------------------------------------------


def sheet(found: Mapping[str, Any], now: dt.datetime, *, may_order: bool) -> Sheet:
    """`found`: queries.agents.one."""
    ill = troubles(found, now)
    tag, kind = _tag(found, ill, now)
    items = refused_items(found["state__status"])
    rest = len(items) - SHOWN_REFUSALS
    return Sheet(
        public_id=found["public_id"],
        name=found["name"],
        heading=_heading(found, ill),
        tag=tag,
        kind=kind,
        troubles=ill,
        helps=_helps(found, now) if ill else [],
        waiting=waiting(found["code"], now) if not found["has_key"] and not found["revoked_at"] else None,
        facts=_facts(found, now),
        said=_said(found, now),
        refusals=[refusal(item, may_order=may_order) for item in items[:SHOWN_REFUSALS]],
        refusals_more=ngettext("and %(n)s more", "and %(n)s more", rest) % {"n": wording.grouped(rest)}
        if rest > 0
        else "",
        devices=devices_heading(found["devices"]),
        revoked=found["revoked_at"] is not None,
        has_key=found["has_key"],
    )


def _heading(found: Mapping[str, Any], ill: Sequence[Trouble]) -> str:
    if ill:
        return ill[0].title
    name = {"agent": found["name"]}
    if found["revoked_at"]:
        return _("%(agent)s was revoked") % name
    if not found["has_key"]:
        return _("%(agent)s has not enrolled yet") % name
    if found["state__received_at"] is None:
        return _("%(agent)s has enrolled and starts to report") % name
    return _("%(agent)s reports as it should") % name


def _facts(found: Mapping[str, Any], now: dt.datetime) -> list[tuple[str, str]]:
    heard = found["state__received_at"]
    facts = [
        (_("Computer"), found["host"]),
        (_("Last contact"), _moment(heard, now) if heard else _("never")),
        (_("Version"), _version(found["state__version"] or "")),
        (_("Enrolled"), wording.stamp(found["enrolled_at"], zone=True) if found["enrolled_at"] else ""),
    ]
    last = found["silence"]
    if last:
        values = {"since": wording.stamp(last["since"]), "until": wording.stamp(last["ended_at"])}
        facts.append((_("Last silence"), _("%(since)s to %(until)s") % values))
    return [(name, value) for name, value in facts if value]


def _moment(moment: dt.datetime, now: dt.datetime) -> str:
    return _("%(when)s (%(ago)s)") % {
        "when": wording.stamp(moment, zone=True),
        "ago": wording.ago(moment, now),
    }


def _version(has: str) -> str:
    needs = settings.MINIMUM_AGENT_VERSION
    if is_below(has, needs):
        return _("%(has)s; at least %(needs)s is needed") % {"has": has, "needs": needs}
    return has


def _said(found: Mapping[str, Any], now: dt.datetime) -> list[tuple[str, str]]:
    """What it says of itself; empty for one that says nothing."""
    status = found["state__status"]
    if not status:
        return []
    said = [
        (_("Printers that it reads"), _number(status.get("devices"))),
        (_("Of these do not answer"), _number(status.get("silent"))),
        (_("Reports that wait to be sent"), _spool(status, now)),
        (_("Reports that it gave up"), _number(status.get("dropped"))),
        (_("Reports that were refused"), _number(len(refused_items(status)))),
        (_("Said"), wording.ago(found["state__status_at"], now) if found["state__status_at"] else ""),
    ]
    return [(name, value) for name, value in said if value]


def _number(value: int | None) -> str:
    if value is None:
        return ""
    return wording.grouped(value) if value else _("none")


def refusal(item: Mapping[str, Any], *, may_order: bool) -> Refusal:
    """Why a report was refused, and what to do about it; `may_order`: who may ask for devices."""
    serial, reason = item.get("serial") or "", item["reason"]
    # Of a batch that the agent could send no smaller.
    reason = {"malformed_batch": "malformed_report", "too_large": "malformed_report"}.get(reason, reason)
    add = (reverse("device_add") + (f"?serial={serial}" if serial.isalnum() else ""), _("Ask to add it"))
    no = ("", "")
    why, todo, link = {
        "unknown_serial": (
            _("No device of yours has this serial number."),
            _("Is it a printer of your contract? Ask us to add it. Is it another? Exclude it in the agent."),
            add if may_order else no,
        ),
        "device_removed": (
            _("This device was taken out of use."),
            _("Does it still print? Ask us to add it again. Else exclude it in the agent, or switch it off."),
            add if may_order else no,
        ),
        "missing_serial": (
            _("The printer tells no serial number."),
            _("Set it in the printer's own menu, or name it for its address in the agent's configuration."),
            no,
        ),
        "malformed_report": (
            _("What the printer answered contradicts itself."),
            _("Update the agent and the printer's software. If that does not help, write to support."),
            (reverse("support_write"), _("Write to support")),
        ),
    }.get(
        reason,
        (
            _("We could not accept it."),
            _("Write to support, and have its serial number ready."),
            (reverse("support_write"), _("Write to support")),
        ),
    )
    return Refusal(serial or _("without a serial number"), why, todo, *link)


def devices_heading(count: int) -> str:
    if not count:
        return _("No device was reported by it yet")
    return ngettext(
        "%(n)s device was last reported by it", "%(n)s devices were last reported by it", count
    ) % {"n": wording.grouped(count)}


def device_row(found: Mapping[str, Any], now: dt.datetime) -> DeviceRow:
    """`found`: a row of queries.agents.devices."""
    direct, by_agent = found["state__direct_at"], found["state__agent_at"]
    path = ""
    if direct and by_agent:
        path = _("by this agent %(agent)s, by itself %(direct)s") % {
            "agent": wording.ago(by_agent, now),
            "direct": wording.ago(direct, now),
        }
    return DeviceRow(
        public_id=found["public_id"],
        label=label(found["name"], found["model__name"]),
        serial=found["serial"],
        where=" · ".join(part for part in (found["address__name"], found["place"]) if part),
        contact=contact(found["state__received_at"], found["path"], found["installed_on"], now),
        path=path,
    )


# --- enrolling ---------------------------------------------------------------------------------------


def waiting(code: Mapping[str, Any] | None, now: dt.datetime) -> Waiting:
    """What has become of the last code. `code`: queries.agents.code; None: none was made."""
    if code is not None and code["used_at"]:
        on = code["agent__host"]
        text = _("At %(time)s, on the computer %(host)s.") if on else _("At %(time)s.")
        time = wording.clock(code["used_at"], zone=True)
        said = _("Within the hour its devices stand on its page.")
        return Waiting("enrolled", _("It has enrolled"), f"{text % {'time': time, 'host': on}} {said}")
    if code is None or code["withdrawn_at"] or code["expires_at"] <= now:
        return Waiting(
            "gone", _("There is no code to enrol with now"), _("A code holds for an hour. Make a new one.")
        )
    return Waiting(
        "waits",
        _("Waiting for it to enrol"),
        _("The code holds until %(time)s, once. We keep no copy: if it is lost, make a new one.")
        % {"time": wording.clock(code["expires_at"], zone=True)},
    )


def holds(expires_at: dt.datetime) -> str:
    return _("Good until %(time)s, for one agent, once.") % {"time": wording.clock(expires_at, zone=True)}


def command(code: str) -> str:
    """What is typed on the agent's computer."""
    return f"metered-agent enroll {code}"


def revoking(found: Mapping[str, Any]) -> list[str]:
    """What revoking means, in sentences."""
    count = found["devices"]
    said = [_("Whatever it sends from now on is refused. Its program can be removed from its computer.")]
    if count:
        said.append(
            ngettext(
                "The %(n)s device that it reported stays yours, with all its history.",
                "The %(n)s devices that it reported stay yours, with all their history.",
                count,
            )
            % {"n": wording.grouped(count)}
        )
        said.append(
            _(
                "What no other agent reads and does not report by itself is not heard of any more;"
                " supplies for it are sent by estimate."
            )
        )
    else:
        said.append(_("No device is heard of through it."))
    said.append(_("It can't be undone; you can enrol the same computer again with a new code."))
    return said
