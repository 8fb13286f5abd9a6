"""A decision's reason as plain sentences (domain rule 25). Reason data in, words out; no database.

Reason data (kept in `Proposal.reason` and `PoolForecast.decision` as reasons.py says, and as JSON in an order
line's `reason`):

| key | value |
|---|---|
| rule | `ship` due by itself, `along` travels with others, `enough` nothing now, `open` already proposed or ordered, `unknown` use not known yet, `barred` may not be sent, `held` somebody cancelled it |
| barred | with rule `barred`: `contract`, `address`, `kind`, `supply`, `off` (fleet.policy) |
| held_until, held_because | with rule `held`: the moment (ISO) from which it may be proposed again, and what was said when it was cancelled |
| supply | kind, colorant, name, reorder_number |
| quantity, shelf, on_the_way | units; `counted_on` the date of the last count |
| alpha, risk | the risk in force, and the chance to run short before the next delivery could arrive |
| lead_days, ships_on, arrives_by | working days of the lane, the date it leaves, the date a later order would arrive |
| join_days, later_risk | the joining window, and the chance to run short within it |
| slots | the slots it is for, the emptiest first: slot, device (public id), label, state, percent (waste: the space left), use (percent a working day), use_sd (relative), runs_out [q10, q50, q90] as dates or null |
| with | names of the other supplies in the same parcel |
| decided_at, look_again_at | moments (ISO) |
"""  # noqa: E501

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.lib import wording
from metered.lib.said import told

Reason = Mapping[str, Any]
FAR_DAYS = 365


@dataclass(frozen=True)
class Explanation:
    """A card: its heading, rows of (name, value), and a paragraph that says the rule."""

    title: str
    facts: list[tuple[str, str]]
    text: str


def explain(reason: Reason) -> Explanation:
    """The whole card for one decision, also for "nothing now"."""
    return Explanation(title(reason), facts(reason), paragraph(reason))


def in_one_sentence(reason: Reason) -> str:
    """Why something is sent, for mails and lists."""
    slot = _first(reason)
    if reason.get("rule") == "along":
        return _("It would be due soon, and travels in the same parcel.")
    fills = _fills(reason)
    if slot is None or not slot.get("runs_out"):
        if fills:
            return _("It may be full before the next delivery.")
        return _("What is left may not last until the next delivery.")
    early, _middle, late = (_date(d) for d in slot["runs_out"])
    if early == late:
        word = _("It is likely full on %(day)s.") if fills else _("It likely runs out on %(day)s.")
        return word % {"day": wording.day(early)}
    if fills:
        word = _("It is likely full between %(first)s and %(last)s.")
    else:
        word = _("It likely runs out between %(first)s and %(last)s.")
    return word % {"first": wording.day(early), "last": wording.day(late, early)}


def supply_name(supply: Mapping[str, Any]) -> str:
    """yellow, for toner and ink that has a colour; else what it is: drum, waste container."""
    kind, colorant = str(supply.get("kind", "")), str(supply.get("colorant", ""))
    kinds = {
        "toner": _("toner"),
        "ink": _("ink"),
        "waste": _("waste container"),
        "drum": _("drum"),
        "fuser": _("fuser"),
        "staples": _("staples"),
    }
    colours = {
        "black": _("black"),
        "cyan": _("cyan"),
        "magenta": _("magenta"),
        "yellow": _("yellow"),
    }
    if not colorant:
        return kinds.get(kind, _("this part"))
    colour = colours.get(colorant, colorant.replace("_", " "))
    if kind in ("toner", "ink"):
        return colour
    return _("%(colour)s %(part)s") % {"colour": colour, "part": kinds.get(kind, _("part"))}


def title(reason: Reason) -> str:
    """Why yellow ships on Monday; Why no yellow is sent now."""
    name = supply_name(reason.get("supply", {}))
    rule = reason.get("rule")
    if rule in ("ship", "along"):
        if ships_on := reason.get("ships_on"):
            day = wording.long_day(_date(ships_on))
            return _("Why %(supply)s ships on %(day)s") % {"supply": name, "day": day}
        return _("Why %(supply)s ships") % {"supply": name}
    if rule == "open":
        return _("Why no more %(supply)s is sent") % {"supply": name}
    return _("Why no %(supply)s is sent now") % {"supply": name}


def facts(reason: Reason) -> list[tuple[str, str]]:
    """What was known when it was decided."""
    rows: list[tuple[str, str]] = []
    slot = _first(reason)
    if slot is not None:
        rows.append((_("In the machine"), in_machine(reason, slot)))
    shelf = _("On your shelf")
    if counted := reason.get("counted_on"):
        shelf = _("On your shelf, counted %(day)s") % {"day": wording.day(_date(counted))}
    if "shelf" in reason:
        rows.append((shelf, wording.grouped(int(reason["shelf"]))))
        rows.append((_("On the way"), wording.grouped(int(reason.get("on_the_way", 0)))))
    if slot is not None and slot.get("use") is not None:
        rows.append((_("Usual use"), _usual_use(slot)))
    if slot is not None:
        rows.append((_("Full, likely") if _fills(reason) else _("Runs out, likely"), _run_out(slot)))
    if lead := reason.get("lead_days"):
        days = ngettext("up to %(n)s working day", "up to %(n)s working days", lead) % {"n": lead}
        rows.append((_("Delivery takes"), days))
    if again := reason.get("look_again_at"):
        moment = dt.datetime.fromisoformat(again)
        rows.append((_("Looked at again"), wording.week_day(wording.local(moment).date())))
    return rows


def paragraph(reason: Reason) -> str:
    """The rule, with the risk in force, and what travels along."""
    rule, odds = reason.get("rule"), _odds(reason.get("alpha"))
    if rule == "unknown":
        return _("Not known yet: this device has not reported enough to say how long its supplies last.")
    if rule == "barred":
        return _barred(str(reason.get("barred", "")))
    if rule == "held":
        return _held(reason)
    law = (
        _("We ship when there is more than a 1 in %(odds)s chance that it is full before the next delivery.")
        if _fills(reason)
        else _(
            "We ship when there is more than a 1 in %(odds)s chance that it runs out before the next"
            " delivery."
        )
    )
    sentences = [law % {"odds": odds}]
    if rule == "ship" and int(reason.get("shelf", 0)) > 0:
        sentences.append(_("We are not sure that the shelf holds what it should: a count would tell."))
    if rule == "open":
        sentences.append(_("One is being prepared already."))
    elif rule == "enough":
        chance = float(reason.get("risk", 0))
        said = _("less than 1 in 1,000") if chance < 0.001 else _("about 1 in %(n)s") % {"n": _odds(chance)}
        sentences.append(_("Now the chance is %(chance)s.") % {"chance": said})
    elif rule == "along":
        days = reason.get("join_days", 0)
        sentences = [
            ngettext(
                "A parcel leaves for this address anyway, and it would be due within %(n)s day.",
                "A parcel leaves for this address anyway, and it would be due within %(n)s days.",
                days,
            )
            % {"n": days}
        ]
    others = list(dict.fromkeys(str(name) for name in reason.get("with", [])))
    if others and rule in ("ship", "along"):
        sentences.append(_("In the same box: %(names)s.") % {"names": _and(others)})
    return " ".join(sentences)


def _fills(reason: Reason) -> bool:
    """A receptacle: its level is the space left, and it gets full where others run out."""
    return str(reason.get("supply", {}).get("kind")) == "waste"


def _first(reason: Reason) -> Mapping[str, Any] | None:
    slots: Sequence[Mapping[str, Any]] = reason.get("slots") or []
    return slots[0] if slots else None


def _date(value: str) -> dt.date:
    return dt.date.fromisoformat(value[:10])


def _odds(chance: Any) -> str:
    return wording.grouped(max(round(1 / float(chance)), 1)) if chance else "–"


def in_machine(reason: Reason, slot: Mapping[str, Any]) -> str:
    """What the emptiest slot holds: 11%, the emptiest of 3."""
    words = {
        "low": _("low"),
        "empty": _("empty"),
        "some_remaining": _("some remaining"),
        "unknown": _("not reported"),
    }
    if fills := _fills(reason):
        words |= {"low": _("nearly full"), "empty": _("full"), "some_remaining": _("some space left")}
    percent = slot.get("percent")
    value = words.get(str(slot.get("state")), _("not reported"))
    if percent is not None:
        whole = round(float(percent))
        value = _("%(n)s%% full") % {"n": 100 - whole} if fills else _("%(n)s%%") % {"n": whole}
        if slot.get("state") == "estimate":
            value = _("about %(percent)s, by pages") % {"percent": value}
    count = len(reason.get("slots", []))
    if count > 1 and fills:
        return _("%(level)s, the fullest of %(n)s") % {"level": value, "n": count}
    if count > 1:
        return _("%(level)s, the emptiest of %(n)s") % {"level": value, "n": count}
    return value


def _usual_use(slot: Mapping[str, Any]) -> str:
    use = float(slot["use"])
    shown = wording.tenths(use) if use >= 0.1 else "<" + wording.tenths(0.1)
    return _("%(percent)s%% a working day") % {"percent": shown}


def _run_out(slot: Mapping[str, Any]) -> str:
    if not slot.get("runs_out"):
        return _("not known yet")
    early, _middle, late = (_date(d) for d in slot["runs_out"])
    if early == late:
        return wording.day(early)
    if (late - early).days > FAR_DAYS:
        return _("%(day)s or much later") % {"day": wording.day(early)}
    return _("%(first)s to %(last)s") % {"first": wording.day(early), "last": wording.day(late, early)}


def _barred(because: str) -> str:
    return {
        "contract": _("The contract is not active."),
        "address": _("Nothing is sent to this address at present."),
        "off": _("Automatic replenishment is off for the devices that use it."),
        "kind": _("The contract does not include it."),
        "supply": _("This supply is no longer sent."),
    }.get(because, _("It is not sent automatically."))


def _held(reason: Reason) -> str:
    """A cancelled order does not come back by itself the next minute."""
    until = wording.local(dt.datetime.fromisoformat(str(reason["held_until"]))).date()
    because = told(str(reason.get("held_because") or "")).rstrip(".")
    word = (
        _("Held back until %(day)s: cancelled, %(because)s.")
        if because
        else _("Held back until %(day)s: cancelled.")
    )
    return word % {"day": wording.day(until), "because": _("“%(words)s”") % {"words": because}}


def _and(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return _("%(list)s and %(last)s") % {"list": ", ".join(names[:-1]), "last": names[-1]}
