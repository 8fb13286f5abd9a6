"""One order as its page shows it. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from metered.lib import wording
from metered.orders.carriers import tracking_url
from metered.orders.presentation import State, held_until, items, line_state, order_state, swatch
from metered.replenishment.explain import explain, in_one_sentence

if TYPE_CHECKING:
    from metered.orders.queries import Whole


@dataclass(frozen=True)
class Line:
    name: str
    reorder_number: str
    swatch: str
    quantity: int
    state: State
    devices: list[tuple[str, str]]
    """(public id, label) of the devices it is meant for."""
    because: str
    """The reason in one sentence."""
    why: Any
    closed_reason: str
    notes: list[str]
    """What is to be known of it: why it waits, what may run out while it is held."""
    public_id: str
    may_cancel: bool


@dataclass(frozen=True)
class Parcel:
    title: str
    carrier: str
    tracking: str
    tracking_url: str
    contents: list[str]
    to: list[str]
    public_id: str
    arrived: bool
    items: list[tuple[int, str, int]]
    """(shipment line, what, how many) of each thing in it."""


@dataclass(frozen=True)
class Report:
    """Something that was wrong, and what came of it."""

    text: str
    note: str
    state: State
    answer: str
    replacement: tuple[str, str] | None
    """(public id, number) of the order that makes it good."""


@dataclass(frozen=True)
class Sheet:
    public_id: str
    number: str
    heading: str
    sub: str
    state: State
    address: str
    to: list[str]
    lines: list[Line]
    parcels: list[Parcel]
    entries: list[dict[str, str]]
    """For components/timeline.html."""
    reference: str
    cost_centre: str
    contract: str
    short: bool
    """Few enough lines to show every reason at once."""
    announced: bool
    """Something of it can still be held back."""
    held: bool
    announced_lines: list[tuple[str, str]]
    """(public id, what) of each line that can be held back."""
    cancellable: list[tuple[str, str]]
    """The same of each line that can still be cancelled."""
    reports: list[Report]
    may_report: bool
    replaces: tuple[str, str] | None
    """(public id, number) of the order that this one makes good."""
    origin: str


def sheet(whole: Whole, now: dt.datetime) -> Sheet:
    order = whole.order
    automatic = order.origin == "automatic"
    held = held_until(order.held_at, order.release_at, now)
    shipped = {item.line_id for items in whole.contents.values() for item in items}
    found = order_state((line.state for line in whole.lines), automatic=automatic, held=held)
    return Sheet(
        public_id=order.public_id,
        number=order.number,
        heading=_heading(whole, found, now),
        sub=_sub(whole),
        state=found,
        address=order.address.name,
        to=lines_of(order.address.current),
        lines=[_line(line, shipped, now) for line in whole.lines],
        parcels=[_parcel(whole, parcel, now) for parcel in whole.parcels],
        entries=_timeline(whole, found, now),
        reference=order.reference,
        cost_centre=order.cost_centre,
        contract=order.contract.number,
        short=len(whole.lines) <= 2,
        announced=any(line.automatic and line.state == "placed" for line in whole.lines),
        held=any(
            line.state == "placed" and held_until(line.held_at, line.release_at, now) for line in whole.lines
        ),
        announced_lines=[
            (line.public_id, _what(line)) for line in whole.lines if line.automatic and line.state == "placed"
        ],
        cancellable=[(line.public_id, _what(line)) for line in whole.lines if _may_cancel(line, shipped)],
        reports=[_report(problem) for problem in whole.problems],
        may_report=any(parcel.delivered_at for parcel in whole.parcels),
        replaces=_replaces(whole),
        origin=order.origin,
    )


def _what(line: Any) -> str:
    return f"{line.quantity} × {line.supply.name} ({line.supply.reorder_number})"


def _may_cancel(line: Any, shipped: set[int]) -> bool:
    return line.state in ("placed", "awaiting_read", "in_review", "released") and line.pk not in shipped


def _replaces(whole: Whole) -> tuple[str, str] | None:
    if whole.replaces is None:
        return None
    order = whole.replaces.line.order
    return order.public_id, order.number


def _report(problem: Any) -> Report:
    said = {
        "wrong": _("%(n)s × %(supply)s was the wrong supply"),
        "damaged": _("%(n)s × %(supply)s came damaged"),
        "defective": _("%(n)s × %(supply)s does not work"),
        "missing": _("%(n)s × %(supply)s was missing"),
    }[problem.kind] % {"n": problem.quantity, "supply": problem.line.supply.name}
    states = {
        "open": State("open", _("We look at it"), "warn"),
        "replaced": State("replaced", _("Replaced"), "good"),
        "closed": State("closed", _("Answered"), ""),
    }
    order = problem.replacement
    return Report(
        text=said,
        note=problem.note,
        state=states[problem.status],
        answer=problem.answer,
        replacement=(order.public_id, order.number) if order is not None else None,
    )


def lines_of(version: Any) -> list[str]:
    """An address as it stands on a parcel, a line each."""
    if version is None:
        return []
    country = "" if version.country == "US" else wording.country(version.country)
    return [
        part for part in (version.recipient, *version.lines.splitlines(), version.one_line, country) if part
    ]


def _heading(whole: Whole, found: State, now: dt.datetime) -> str:
    number = whole.order.number
    today = wording.local(now).date()
    open_parcels = [parcel for parcel in whole.parcels if parcel.delivered_at is None]
    expected = [parcel.expected_on for parcel in open_parcels if parcel.expected_on]
    if found.code in ("announced", "held") and whole.order.release_at:
        if whole.order.release_at <= now:
            return _("%(number)s leaves shortly") % {"number": number}
        if found.code == "held":
            until = wording.long_day(wording.local(whole.order.release_at).date())
            return _("%(number)s is held until %(when)s") % {"number": number, "when": until}
        return _("%(number)s leaves %(when)s") % {
            "number": number,
            "when": wording.at(whole.order.release_at, now),
        }
    if found.code in ("shipped", "part") and expected:
        word = (
            _("%(number)s arrives %(when)s")
            if max(expected) >= today
            else _("%(number)s was to arrive %(when)s")
        )
        return word % {"number": number, "when": wording.on(max(expected), today)}
    if found.code == "delivered":
        arrived = [parcel.delivered_at for parcel in whole.parcels if parcel.delivered_at]
        if arrived:
            when = wording.on(wording.local(max(arrived)).date(), today)
            return _("%(number)s arrived %(when)s") % {"number": number, "when": when}
    said = {
        "placed": _("%(number)s was placed"),
        "announced": _("%(number)s was announced"),
        "awaiting_read": _("%(number)s waits for a meter read"),
        "in_review": _("We are looking at %(number)s"),
        "released": _("%(number)s is being packed"),
        "part": _("Part of %(number)s is on its way"),
        "shipped": _("%(number)s is on its way"),
        "delivered": _("%(number)s arrived"),
        "cancelled": _("%(number)s was cancelled"),
        "declined": _("%(number)s was declined"),
    }
    return said[found.code] % {"number": number}


def _sub(whole: Whole) -> str:
    order = whole.order
    total = items(sum(line.quantity for line in whole.lines))
    if order.origin == "replaced":
        return _("Replacement without charge · %(items)s to %(address)s") % {
            "items": total,
            "address": order.address.name,
        }
    if order.origin == "automatic":
        return _("Automatic · %(items)s to %(address)s") % {"items": total, "address": order.address.name}
    who = str(order.placed_by) if order.placed_by else _("Support")
    word = (
        _("%(who)s, urgent · %(items)s to %(address)s")
        if order.origin == "emergency"
        else _("%(who)s · %(items)s to %(address)s")
    )
    return word % {"who": who, "items": total, "address": order.address.name}


def _line(line: Any, shipped: set[int], now: dt.datetime) -> Line:
    held = held_until(line.held_at, line.release_at, now)
    devices = {slot.device.public_id: str(slot.device.label) for slot in line.slots.all()}
    return Line(
        name=line.supply.name,
        reorder_number=line.supply.reorder_number,
        swatch=swatch(line.supply.kind, line.supply.colorant),
        quantity=line.quantity,
        state=line_state(line.state, automatic=line.automatic, held=held),
        devices=sorted(devices.items(), key=lambda pair: pair[1]),
        because=in_one_sentence(line.reason) if line.reason else "",
        why=explain(line.reason) if line.reason else None,
        closed_reason=line.closed_reason,
        notes=_notes(line, held, now),
        public_id=line.public_id,
        may_cancel=_may_cancel(line, shipped),
    )


def _notes(line: Any, held: dt.datetime | None, now: dt.datetime) -> list[str]:
    """Why a line waits, and what may happen meanwhile."""
    if line.state in ("awaiting_read", "in_review"):
        what = line.weighed or {}
        found = []
        if "need" in what:
            found.append(
                _(
                    "It is above the limit: %(need)s needed within %(days)s days, %(shelf)s on your shelf,"
                    " %(coming)s on the way."
                )
                % {
                    "need": what["need"],
                    "days": what["days"],
                    "shelf": what["shelf"],
                    "coming": what["on_the_way"],
                }
            )
        waits = {
            "count": _("It leaves by itself once a count of your shelf explains it."),
            "read": _("It leaves by itself once a meter read explains it."),
        }
        if line.state == "in_review":
            found.append(_("We look at it and write to you."))
        else:
            found.append(waits.get(what.get("asks", ""), _("It leaves once a count or a read explains it.")))
        return found
    if line.state == "placed" and line.automatic:
        risk = may_run_out(line.reason, held or now)
        return [risk] if held and risk else []
    return []


def may_run_out(reason: Any, until: dt.datetime) -> str:
    """What may happen in the machines when a line leaves only at `until`; empty when nothing is known to."""
    slots = (reason or {}).get("slots") or []
    known = [slot for slot in slots if slot.get("runs_out")]
    if not known:
        return ""
    first = min(known, key=lambda slot: str(slot["runs_out"][0]))
    early = dt.date.fromisoformat(str(first["runs_out"][0])[:10])
    days = -(-settings.REPLENISHMENT_LEAD_DAYS * 7 // 5)
    if early > (until + dt.timedelta(days=days)).date():
        return _("It should last until then.")
    values = {"device": first.get("label") or _("The device"), "day": wording.long_day(early)}
    if (reason.get("supply") or {}).get("kind") == "waste":
        return _("%(device)s may be full from %(day)s on, before it can arrive.") % values
    return _("%(device)s may run out from %(day)s on, before it can arrive.") % values


def _parcel(whole: Whole, parcel: Any, now: dt.datetime) -> Parcel:
    today = wording.local(now).date()
    if parcel.delivered_at:
        title = _("Arrived %(when)s") % {"when": wording.on(wording.local(parcel.delivered_at).date(), today)}
    elif parcel.expected_on and parcel.expected_on >= today:
        title = _("Arrives %(when)s") % {"when": wording.on(parcel.expected_on, today)}
    else:
        title = _("Left %(when)s") % {"when": wording.on(wording.local(parcel.shipped_at).date(), today)}
    contents = []
    for item in whole.contents[parcel.pk]:
        text = f"{item.quantity} × {item.line.supply.name}"
        if parcel.delivered_at and item.delivered != item.quantity:
            text = _("%(text)s (%(n)s arrived)") % {"text": text, "n": item.delivered}
        contents.append(text)
    return Parcel(
        title=title,
        carrier=parcel.carrier,
        tracking=parcel.tracking,
        tracking_url=tracking_url(parcel.carrier, parcel.tracking),
        contents=contents,
        to=lines_of(parcel.to),
        public_id=parcel.public_id,
        arrived=parcel.delivered_at is not None,
        items=[
            (item.pk, f"{item.line.supply.name} ({item.line.supply.reorder_number})", item.quantity)
            for item in whole.contents[parcel.pk]
        ],
    )


def _timeline(whole: Whole, found: State, now: dt.datetime) -> list[dict[str, str]]:
    order = whole.order
    automatic = order.origin == "automatic"
    placed = _("Decided and announced") if automatic else _("Placed")
    entries = [_entry(placed, wording.stamp(order.placed_at, zone=True))]
    for parcel in whole.parcels:
        by = " · ".join(part for part in (parcel.carrier, parcel.tracking) if part)
        entries.append(_entry(_("Left our warehouse"), wording.stamp(parcel.shipped_at, zone=True), by))
        if parcel.delivered_at:
            entries.append(_entry(_("Arrived"), wording.stamp(parcel.delivered_at, zone=True)))
    for line in whole.lines:
        if line.state in ("cancelled", "declined"):
            word = _("Declined: %(what)s") if line.state == "declined" else _("Cancelled: %(what)s")
            what = f"{line.quantity} × {line.supply.name}"
            entries.append(_entry(word % {"what": what}, "", line.closed_reason, state="bad"))
    ahead = {
        "announced": _leaves(order.release_at, now),
        "held": _leaves(order.release_at, now, held=True),
        "placed": _entry(_("Leaves after a last check"), state="next"),
        "awaiting_read": _entry(_("Goes on once the meter read is in"), state="next"),
        "in_review": _entry(_("Goes on once support has looked at it"), state="next"),
        "released": _entry(_("Being packed"), state="next"),
        "part": _entry(_("The rest is being packed"), state="next"),
    }
    if found.code in ahead:
        entries.append(ahead[found.code])
    elif found.code == "shipped":
        expected = [
            parcel.expected_on for parcel in whole.parcels if parcel.expected_on and not parcel.delivered_at
        ]
        entries.append(
            _entry(_("Arrives"), wording.long_day(max(expected)) if expected else "", state="next")
        )
    return entries


def _leaves(release_at: dt.datetime | None, now: dt.datetime, *, held: bool = False) -> dict[str, str]:
    text = _("Unless somebody holds it, or its device is removed before that.")
    if held:
        text = _("Unless somebody lets it go earlier, or its device is removed before that.")
    if release_at is None or release_at <= now:
        return _entry(_("Leaves shortly"), "", text, state="next")
    return _entry(_("Leaves %(when)s") % {"when": wording.at(release_at, now)}, "", text, state="next")


def _entry(title: str, when: str = "", text: str = "", state: str = "") -> dict[str, str]:
    return {"title": title, "when": when, "text": text, "state": state}
