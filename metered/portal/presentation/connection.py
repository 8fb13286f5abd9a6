"""How a device is connected, whether it gets through, and what helps. Pure: rows and the clock in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.fleet.software import is_below
from metered.lib import wording
from metered.portal.presentation.contact import contact
from metered.portal.presentation.readers import behind_silent_agent
from metered.portal.presentation.refusals import is_refused, way_out, why_refused
from metered.reads.judge import AGENT_LEADS

if TYPE_CHECKING:
    from metered.portal.queries.agents import Reader


@dataclass(frozen=True)
class Step:
    """One thing to try."""

    title: str
    text: str
    url: str = ""
    action: str = ""


@dataclass(frozen=True)
class Check:
    """A "check now". `waits`: the page asks again by itself; `may`: it can be asked (again)."""

    kind: str
    title: str
    text: str
    waits: bool
    may: bool


@dataclass(frozen=True)
class Connection:
    public_id: str
    label: str
    title: str
    serial: str
    state: str
    """removed, manual, refused, never, new, silent, part or fine"""
    heading: str
    kind: str
    """good, warn, bad or empty, as tags have it"""
    text: str
    facts: list[tuple[str, str]]
    steps: list[Step]
    meanwhile: str
    check: Check | None
    agent_url: str
    """The page of the agent that reads it, for who may see that."""


def connection(
    device: Any,
    latest: Any,
    bulletin: Any,
    asked: Any,
    now: dt.datetime,
    *,
    may_check: bool,
    reader: Reader | None = None,
) -> Connection:
    """`latest`: reads.queries.LatestLevels or None; `asked`: the last ConnectionCheck or None; `reader`: the
    agent that reported it last."""
    state, kind, heading, text = _state(device, latest, bulletin, now)
    if state == "silent" and reader is not None and reader.silent_since is not None:
        text = f"{behind_silent_agent(reader, now)} {text}"
    listens = state not in ("removed", "manual")
    return Connection(
        public_id=device.public_id,
        label=device.label,
        title=device.name or device.model.name,
        serial=device.serial,
        state=state,
        heading=heading,
        kind=kind,
        text=text,
        facts=_facts(device, latest, bulletin, reader, now),
        steps=_steps(device, latest, bulletin, state, reader),
        meanwhile=_meanwhile(state),
        check=check(device, asked, bulletin, now, may=may_check) if listens else None,
        agent_url=reverse("agent", args=[reader.public_id]) if reader and reader.public_id else "",
    )


def _state(device: Any, latest: Any, bulletin: Any, now: dt.datetime) -> tuple[str, str, str, str]:
    """State, kind, heading and what it means."""
    name = {"device": device.name or device.model.name}
    if device.removed_at:
        text = _("Nothing is sent or read for it any more. Its history stays.")
        return "removed", "", _("%(device)s was taken out of use") % name, text
    if device.path == "manual":
        text = _("You send its meters when they are due; we work out from the pages printed what it needs.")
        return "manual", "", _("%(device)s is read by hand") % name, text
    heard = latest.received_at if latest else None
    if latest and is_refused(latest.refused_at, heard, latest.agent_at):
        why = why_refused(latest.refused_reason, bulletin, wording.local(now).date())
        text = _("%(when)s: %(why)s Until it gets through again we estimate its use.") % {
            "when": wording.stamp(latest.refused_at, zone=True),
            "why": why,
        }
        return "refused", "bad", _("The last report of %(device)s was refused") % name, text
    said = contact(heard, device.path, device.installed_on, now)
    if heard is None:
        text = _(
            "We don't know its levels yet. Its supplies are not sent by themselves before it was heard of."
        )
        state = "never" if said.silent_days else "new"
        return state, said.kind, _("%(device)s has never reported") % name, text
    if said.silent_days:
        heading = ngettext(
            "%(device)s has been silent for %(n)s day",
            "%(device)s has been silent for %(n)s days",
            said.silent_days,
        ) % {**name, "n": wording.grouped(said.silent_days)}
        return "silent", said.kind, heading, _silence(said.silent_days)
    if not latest.complete:
        text = _("Part of it did not answer last time. What is missing is not guessed: it stands open.")
        return "part", "warn", _("Part of %(device)s does not answer") % name, text
    text = _("Nothing to do here. It was last heard of %(ago)s.") % {"ago": wording.ago(heard, now)}
    return "fine", "good", _("%(device)s reports as it should") % name, text


def _silence(days: int) -> str:
    text = _("Supplies go on being sent by our estimate, which grows less sure each day.")
    if days >= settings.SILENT_STAFF_DAYS:
        more = _("It stands on our own list too: we call you if we can help.")
        return f"{text} {more}"
    if days < settings.SILENT_ALERT_DAYS:
        more = _("A weekend or a short cut of the network does no harm.")
        return f"{text} {more}"
    return text


def _facts(
    device: Any, latest: Any, bulletin: Any, reader: Reader | None, now: dt.datetime
) -> list[tuple[str, str]]:
    paths = {
        "direct": _("It reports by itself"),
        "agent": _("A device agent reads it"),
        "manual": _("Its meters are read by hand"),
    }
    models = {
        "reports_levels": _("Reports its levels and meters"),
        "reports_pages_only": _("Reports its meters; what is left is worked out from the pages printed"),
        "manual_reads": _("Can't report: its meters are read by hand"),
        "not_eligible": _("Can't report, and can't be replenished automatically"),
    }
    both = latest is not None and latest.direct_at is not None and latest.agent_at is not None
    told = _("It reports by itself, and a device agent reads it too") if both else paths.get(device.path, "")
    facts = [
        (_("Connection"), told),
        (_("This model"), models.get(device.model.eligibility, "")),
    ]
    if latest is None:
        return [*facts, (_("Last contact"), _("never"))]
    heard = _("never")
    if latest.received_at:
        heard = _("%(when)s (%(ago)s)") % {
            "when": wording.stamp(latest.received_at, zone=True),
            "ago": wording.ago(latest.received_at, now),
        }
    facts += [
        (_("Last contact"), heard),
        *_by_path(latest, reader, now, both=both),
        (_("Heard then"), _heard(len(latest.levels), len(latest.meters)) if latest.received_at else ""),
        (_("Software"), _software(latest.software, bulletin)),
        (_("On your network"), latest.host),
    ]
    if is_refused(latest.refused_at, latest.received_at, latest.agent_at):
        facts.append((_("Last attempt"), _("refused, %(when)s") % {"when": wording.stamp(latest.refused_at)}))
    if latest.refused_count:
        times = ngettext("%(n)s time so far", "%(n)s times so far", latest.refused_count)
        facts.append((_("Refused"), times % {"n": wording.grouped(latest.refused_count)}))
    return [(name, value) for name, value in facts if value]


def _by_path(latest: Any, reader: Reader | None, now: dt.datetime, *, both: bool) -> list[tuple[str, str]]:
    """When it was heard of by which way; of one way alone the last contact says it all."""
    facts = []
    if latest.agent_at and reader is not None and reader.name:
        facts.append((_("Device agent"), f"{reader.name}, {wording.ago(latest.agent_at, now)}"))
    elif both:
        facts.append((_("By a device agent"), wording.ago(latest.agent_at, now)))
    if both:
        facts.append((_("By itself"), wording.ago(latest.direct_at, now)))
        if now - latest.agent_at < AGENT_LEADS:
            text = _("The agent's: levels and meters are taken from it while it reads the device.")
            facts.append((_("Which counts"), text))
    return facts


def _software(has: str, bulletin: Any) -> str:
    if not has or bulletin is None:
        return has
    values = {"has": has, "needs": bulletin.minimum_software, "date": wording.full_day(bulletin.from_date)}
    if is_below(has, bulletin.minimum_software):
        return _("%(has)s; at least %(needs)s is needed from %(date)s on") % values
    return _("%(has)s, new enough") % values


def _heard(levels: int, meters: int) -> str:
    said = [
        ngettext("%(n)s level", "%(n)s levels", levels) % {"n": levels} if levels else "",
        ngettext("%(n)s meter", "%(n)s meters", meters) % {"n": meters} if meters else "",
    ]
    return ", ".join(part for part in said if part)


def _steps(device: Any, latest: Any, bulletin: Any, state: str, reader: Reader | None = None) -> list[Step]:
    """What to try, the likeliest first; nothing where nothing is wrong."""
    if state in ("removed", "fine"):
        return []
    if state == "manual":
        return _by_hand(device)
    if state == "refused":
        return _refused(latest, bulletin)
    if state == "part":
        return [
            Step(
                _("Look whether a part is open or missing"),
                _("A door, a tray or a cartridge that is out answers nothing until it is back in its place."),
            ),
            Step(
                _("Wait for the next report"),
                _("In a long job it leaves questions unanswered; usually the next report is whole."),
            ),
        ]
    steps = []
    if reader is not None and reader.silent_since is not None:
        steps.append(
            Step(
                _("Begin with the device agent"),
                _("See that its computer runs and reaches the internet: its devices come back with it."),
                reverse("agent", args=[reader.public_id]) if reader.public_id else "",
                _("See the agent") if reader.public_id else "",
            )
        )
    steps += [
        Step(
            _("Leave it switched on"),
            _("A device that is switched off at night or by a power strip can't report."),
        ),
        Step(
            _("Switch its power saver off if it goes on being silent"),
            _("Some leave the network while they sleep. Sleep does no harm where they still answer."),
        ),
        Step(
            _("See that it is on your network"),
            _("Its cable is in or its Wi-Fi is joined, and a test page from your PC comes out."),
        ),
    ]
    if device.path == "agent":
        steps += [
            Step(
                _("See that the computer with the device agent is running"),
                _("Are all of your devices silent? Then it is that computer or its way to the internet."),
            ),
            Step(
                _("See that the agent knows the device"),
                _("A device with a new address on your network has to be found by the agent again."),
            ),
        ]
        return steps
    steps.append(
        Step(
            _("Let it reach us"),
            _("Your firewall must let it open https addresses; a proxy has to be set on the device itself."),
        )
    )
    software = latest.software if latest else ""
    if bulletin is not None and is_below(software, bulletin.minimum_software):
        steps.insert(0, _update(bulletin))
    else:
        steps.append(
            Step(_("Update its software"), _("Old software is the most common reason after the network."))
        )
    steps.append(_agent_step())
    return steps


def _by_hand(device: Any) -> list[Step]:
    steps = [
        Step(
            _("Send its meters when they are due"),
            _("They stand in the device's own menu, often under “Meter” or “Usage”, or on its usage page."),
        )
    ]
    if device.model.eligibility in ("reports_levels", "reports_pages_only"):
        steps.append(
            Step(
                _("Or connect it"),
                _("This model can report by itself or through a device agent on a PC of yours. Call us."),
            )
        )
    return steps


def _refused(latest: Any, bulletin: Any) -> list[Step]:
    reason = latest.refused_reason
    if reason == "software_below_minimum":
        steps = [_update(bulletin)]
        return [*steps, _agent_step()] if bulletin is None or bulletin.agent_is_way_out else steps
    title = _("Let its connection use TLS 1.2") if reason == "tls_below_minimum" else _("Write to support")
    steps = [Step(title, way_out(reason, instructions="", by_agent=False))]
    return [*steps, _agent_step()] if reason == "tls_below_minimum" else steps


def _update(bulletin: Any) -> Step:
    title = _("Update its software")
    if bulletin is None:
        return Step(title, _("Its maker's support page has the newest one for this model."))
    text = bulletin.instructions.strip() or _("It needs at least %(needs)s.") % {
        "needs": bulletin.minimum_software
    }
    url = bulletin.software_url
    return Step(title, text, url, _("Get the software") if url else "")


def _agent_step() -> Step:
    return Step(
        _("Or let a device agent report for it"),
        _("One PC on your network does it for up to 2,000 printers, whatever software they have."),
        reverse("guide_chapter", args=["agent"]),
        _("How an agent is set up"),
    )


def _meanwhile(state: str) -> str:
    if state in ("removed", "fine"):
        return ""
    if state == "manual":
        return _("Its last reads stand on its page.")
    return _("Until it works again, send its meters by hand: then our estimate stays close.")


def check(device: Any, asked: Any, bulletin: Any, now: dt.datetime, *, may: bool) -> Check:
    """What stands in the card of "check now"."""
    if asked is None:
        text = _("We wait for its next report and say here what was heard. %(how)s") % {
            "how": _sooner(device)
        }
        return Check("", _("Is it working now?"), text, False, may)
    if not asked.outcome:
        text = _("Asked by %(who)s %(ago)s. %(how)s") % {
            "who": asked.asked_by,
            "ago": wording.ago(asked.asked_at, now),
            "how": _sooner(device),
        }
        # A day without an answer is one: it may be asked anew.
        return Check(
            "", _("Waiting for its next report"), text, True, may and (now - asked.asked_at).days >= 1
        )
    when = wording.stamp(asked.answered_at, zone=True)
    if asked.outcome == "accepted":
        return Check("good", _("Heard and accepted"), _accepted(asked, when), False, may)
    if asked.outcome == "refused":
        why = why_refused(asked.reason, bulletin, wording.local(now).date())
        text = _("%(when)s: it reached us, and %(why)s") % {"when": when, "why": why}
        return Check("bad", _("Heard, but refused"), text, False, may)
    text = _("From %(asked)s to %(when)s it did not reach us.") % {
        "asked": wording.stamp(asked.asked_at),
        "when": when,
    }
    return Check("warn", _("Nothing was heard"), text, False, may)


def _sooner(device: Any) -> str:
    if device.path == "agent":
        return _("An agent reads its devices several times a day. To hear sooner, start the agent anew.")
    return _("Most devices report once a day. To hear sooner, switch it off and on again.")


def _accepted(asked: Any, when: str) -> str:
    values = {
        "when": when,
        "what": _heard(asked.levels or 0, asked.meters or 0) or _("its name only"),
        "software": asked.software,
    }
    text = _("%(when)s: %(what)s.") % values
    if asked.software:
        text = _("%(when)s: %(what)s, software %(software)s.") % values
    if asked.complete is False:
        text = f"{text} {_('Part of it did not answer.')}"
    return text
