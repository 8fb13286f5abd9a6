"""What can be changed about a device, and what was asked for, in words. Pure: rows and the clock in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from metered.fleet.switching import bar
from metered.lib import wording
from metered.portal.presentation.devices import label


@dataclass(frozen=True)
class Switch:
    """Automatic replenishment of one device: what it is, what it means, what can be done."""

    state: str
    on: bool
    text: str
    barred: str
    """Why it can't be switched on; empty when it can, or is on."""
    action: str
    """The button's words; empty where there is nothing to press."""


def switch(device: Any) -> Switch:
    """`device` with its contract and model."""
    on = device.replenishment != "off"
    code, why = bar(device)
    if on and not code:
        return _switched_on(device)
    if on:
        return Switch(_("Nothing is sent at the moment"), True, why, "", _("Switch it off"))
    reason = device.replenishment_reason
    text = _("Nothing is sent by itself for this device. You order what it needs.")
    if reason:
        text = _("Nothing is sent by itself for this device: %(reason)s") % {"reason": reason}
    elif device.model.colour and not code:
        text = _(
            "Colour devices begin when somebody switches it on. Until then you order what this device needs."
        )
    more = {
        "device_removed": _("It would have to be in use again first."),
        "contract_inactive": _("Call us about the contract; the number stands at the foot of the page."),
        "not_eligible": _("Order its supplies as you need them."),
    }
    barred = f"{why} {more[code]}" if code else ""
    return Switch(_("Switched off"), False, text, barred, "" if code else _("Switch it on"))


def _switched_on(device: Any) -> Switch:
    if device.replenishment == "starting":
        text = _("It starts once its use is known: after its first report.")
        if device.path == "manual" or device.model.eligibility == "manual_reads":
            text = _("It starts once its use is known: after two meter reads.")
        text = _("%(when)s You are told by mail when it does.") % {"when": text}
        return Switch(_("Starts soon"), True, text, "", _("Switch it off"))
    text = _("We watch its levels and send what is due before it runs out.")
    return Switch(_("Switched on"), True, text, "", _("Switch it off"))


def means(on: bool) -> list[str]:
    """What switching it on or off means, said before."""
    if on:
        return [
            _("We send what it needs before it runs out, together with what your other devices there need."),
            _("You are told a day before anything leaves, and can say “not now”."),
            _("It starts once its use is known: after its first report, or two meter reads."),
            _("It costs nothing more, and you can switch it off again."),
        ]
    return [
        _("Nothing is sent by itself any more for this device; you order what it needs."),
        _("What has left our warehouse arrives; announced lines that only this device needs are not sent."),
        _("The people who order for this address are told by mail."),
        _("It can be switched on again at any time."),
    ]


@dataclass(frozen=True)
class RequestRow:
    what: str
    detail: str
    device: str
    """Public id; empty for a device that was to be added."""
    label: str
    serial: str
    asked: str
    state: str
    kind: str
    reason: str


STATES = {"open": "info", "done": "good", "declined": "bad"}


def request_row(row: Mapping[str, Any], now: dt.datetime) -> RequestRow:
    """`row`: values of queries.device_changes.requests."""
    who = row["asked_by__name"] or row["asked_by__email"]
    asked = _("%(who)s, %(when)s") % {"who": who, "when": wording.stamp(row["asked_at"])}
    named = row["model_name"] or _("New device")
    if row["device__public_id"]:
        named = label(row["device__name"], row["device__model__name"])
    return RequestRow(
        what=_what(row["kind"], row["to_address__name"] or "", row["address__name"] or ""),
        detail=row["note"],
        device=row["device__public_id"] or "",
        label=named,
        serial=row["serial"] or row["device__serial"] or "",
        asked=asked,
        state=_decided(row["state"], row["decided_at"]),
        kind=STATES[row["state"]],
        reason=row["reason"],
    )


def _what(kind: str, to: str, address: str) -> str:
    if kind == "move":
        return _("Move it to %(address)s") % {"address": to} if to else _("Move it to another address")
    if kind == "add":
        return _("Add it at %(address)s") % {"address": address} if address else _("Add it")
    return _("Take it out of use") if kind == "remove" else _("Correct its serial number")


def _decided(state: str, at: dt.datetime | None) -> str:
    if at is None:
        return _("Waits for us")
    date = {"date": wording.day(wording.local(at).date())}
    return (_("Declined on %(date)s") if state == "declined" else _("Done on %(date)s")) % date


def waiting(rows: Iterable[Any], now: dt.datetime) -> list[str]:
    """What was asked for a device and waits, a sentence each."""
    return [
        _("%(what)s: asked by %(who)s %(ago)s, we have not decided yet.")
        % {
            "what": _what(row.kind, row.to_address.name if row.to_address else "", ""),
            "who": row.asked_by,
            "ago": wording.ago(row.asked_at, now),
        }
        for row in rows
    ]


def asked_heading(rows: int) -> str:
    return _("What became of the changes you asked for") if rows else _("No change was asked for yet")


def change_text(kind: str) -> tuple[str, str]:
    """Heading and explanation of a form."""
    return {
        "move": (
            _("Where does it go?"),
            _("Its supplies are sent to the new address once we have made the change."),
        ),
        "remove": (
            _("It leaves you?"),
            _(
                "Once we have made the change, nothing more is sent for it and no reads are asked for. Its"
                " unused supplies are to be returned: they stay ours until they are used."
            ),
        ),
        "serial": (
            _("Which serial number is right?"),
            _("Reports are known by the serial number: with a wrong one, none of them reach this device."),
        ),
    }[kind]
