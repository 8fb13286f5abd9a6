"""One return as its page shows it. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from metered.lib import wording
from metered.orders.carriers import tracking_url
from metered.orders.presentation import swatch
from metered.returns.numbers import spoken
from metered.returns.policy import KG_IN_A_POUND
from metered.returns.presentation import State, boxes, in_a_line, state, units

if TYPE_CHECKING:
    from metered.returns.queries import Whole

POUNDS = frozenset({"US"})
"""Countries in which boxes are weighed in pounds."""


@dataclass(frozen=True)
class Line:
    name: str
    reorder_number: str
    swatch: str
    asked: str
    accepted: str
    """A number, or a dash while nobody decided."""
    received: str
    difference: str
    """What came more or less than was confirmed, in words; empty when nothing did."""
    reason: str
    asks: str
    """Why somebody has to look at it, in words."""


@dataclass(frozen=True)
class Item:
    """What was in the boxes of a receipt, in one condition."""

    text: str
    condition: State
    note: str


@dataclass(frozen=True)
class Arrived:
    title: str
    boxes: str
    note: str
    items: list[Item]
    photos: list[tuple[str, int, int, str]]
    """(public id, width, height, what it shows) of each picture."""


@dataclass(frozen=True)
class Sheet:
    public_id: str
    number: str
    """As it is read aloud; empty before it is confirmed."""
    name: str
    """What it is called elsewhere: Return 482 719 356."""
    heading: str
    sub: str
    state: State
    lead: str
    """What the reader should know first, in a sentence."""
    steps: list[str]
    """What to do now, in order."""
    lines: list[Line]
    arrivals: list[Arrived]
    entries: list[dict[str, str]]
    """For components/timeline.html."""
    facts: list[tuple[str, str]]
    pick_up: list[str]
    """The lines of the address."""
    carrier: str
    tracking: str
    tracking_url: str
    may_withdraw: bool
    may_hand_over: bool
    note: str


def sheet(whole: Whole, now: dt.datetime) -> Sheet:
    made = whole.made
    handed = made.handed_over_at is not None
    return Sheet(
        public_id=made.public_id,
        number=spoken(made.number) if made.number else "",
        name=name_of(made),
        heading=_heading(made),
        sub=_sub(whole),
        state=state(made.state, handed_over=handed),
        lead=_lead(whole, wording.local(now).date()),
        steps=_steps(whole) if made.state == "confirmed" and not handed else [],
        lines=[_line(line, made) for line in whole.lines],
        arrivals=[_arrived(receipt) for receipt in whole.receipts],
        entries=_timeline(whole),
        facts=_facts(made),
        pick_up=made.pick_up.splitlines(),
        carrier=made.carrier,
        tracking=made.tracking,
        tracking_url=tracking_url(made.carrier, made.tracking),
        may_withdraw=made.state in ("filed", "confirmed") and not handed,
        may_hand_over=made.state == "confirmed" and not handed,
        note=made.note,
    )


def name_of(made: Any) -> str:
    """Return 482 719 356, or Return of 12 November 2026."""
    if made.number:
        return _("Return %(number)s") % {"number": in_a_line(made.number)}
    day = wording.full_day(wording.local(made.filed_at).date())
    return _("Return of %(day)s") % {"day": day}


def _heading(made: Any) -> str:
    values = {"number": in_a_line(made.number or ""), "day": wording.long_day(made.due_on)}
    if made.state == "filed":
        return _("We answer by %(day)s") % values
    if made.state == "confirmed":
        if made.handed_over_at:
            return _("Return %(number)s is on its way to us") % values
        return _("Return %(number)s is confirmed") % values
    if made.state == "rejected":
        return _("This return is not taken back")
    if made.state == "withdrawn":
        return _("%(name)s was withdrawn") % {"name": name_of(made)}
    word = _("Return %(number)s arrived") if made.state == "received" else _("Return %(number)s is settled")
    return word % values


def _sub(whole: Whole) -> str:
    made = whole.made
    total = units(sum(line.quantity for line in whole.lines))
    place = made.address.name if made.address else (made.pick_up.splitlines() or [""])[0]
    who = str(made.filed_by) if made.filed_by else made.contact
    return _("%(units)s from %(address)s · filed by %(who)s") % {
        "units": total, "address": place, "who": who,
    }  # fmt: skip


def _lead(whole: Whole, today: dt.date) -> str:
    made = whole.made
    day = wording.on(made.due_on, today)
    if made.state == "filed":
        return _(
            "Keep everything where it is: your confirmation number comes by mail, %(day)s at the latest."
        ) % {"day": day}
    if made.state == "rejected":
        return _("Why, stands with each line. If you see it otherwise, call us.")
    if made.state == "received":
        return _("We opened the boxes and counted. What we found stands below.")
    if made.state == "closed":
        return made.closed_reason or _("Everything is counted, and your shelf in our books is right again.")
    if made.state == "withdrawn":
        return _("Everything stays on your shelf.")
    if made.handed_over_at:
        return _("We write to you as soon as the boxes have arrived and are counted.")
    return ""


def _steps(whole: Whole) -> list[str]:
    made = whole.made
    number = in_a_line(made.number or "")
    less = any(line.accepted is not None and line.accepted < line.quantity for line in whole.lines)
    found = [
        _("Pack what was confirmed, in its full, unopened boxes. The list below says how many of each."),
        _("Lay the packing slip into the first box."),
        ngettext(
            "Put a label on the box. Without a printer, write %(number)s on it, large.",
            "Put a label on each of the %(n)s boxes. Without a printer, write %(number)s on each, large.",
            made.boxes,
        )
        % {"n": wording.grouped(made.boxes), "number": number},
    ]
    if less:
        found.insert(0, _("Not all of it was accepted: keep the rest, the list below says why."))
    if made.pallet:
        found.append(
            _("Stack the boxes on a pallet and wrap it. It goes with the pick-up, not with a parcel carrier.")
        )
    if made.pick_up_on:
        values = {"day": wording.long_day(made.pick_up_on), "carrier": made.carrier}
        found.append(
            _("%(carrier)s picks it up on %(day)s. Have it ready at the entrance.") % values
            if made.carrier
            else _("It is picked up on %(day)s. Have it ready at the entrance.") % values
        )
    elif made.pallet:
        found.append(_("We arrange the pick-up and write to you when it is."))
    else:
        found.append(
            _(
                "Give the boxes to the driver who brings your parcels, or have the carrier pick them up."
                " The transport is paid."
            )
        )
    found.append(_("When the carrier has it, say so here."))
    return found


def _line(line: Any, made: Any) -> Line:
    decided = line.accepted is not None
    counted = made.state in ("received", "closed")
    return Line(
        name=line.supply.name,
        reorder_number=line.supply.reorder_number,
        swatch=swatch(line.supply.kind, line.supply.colorant),
        asked=wording.grouped(line.quantity),
        accepted=wording.grouped(line.accepted) if decided else "–",
        received=wording.grouped(line.received) if counted else "–",
        difference=_difference(line.difference) if counted else "",
        reason=str(line.reason),
        asks=asked(line.asks) if made.state == "filed" else "",
    )


def _difference(units_more: int) -> str:
    if units_more > 0:
        return ngettext("%(n)s more than confirmed", "%(n)s more than confirmed", units_more) % {
            "n": wording.grouped(units_more)
        }
    if units_more < 0:
        return ngettext("%(n)s fewer than confirmed", "%(n)s fewer than confirmed", -units_more) % {
            "n": wording.grouped(-units_more)
        }
    return ""


def asked(code: str) -> str:
    """Why somebody has to look at a line; empty when nobody has to."""
    return {
        "not_shipped": _("By our books it was never shipped to you."),
        "more_than_shipped": _("That is more than was shipped to you and not returned yet, by our books."),
        "more_than_counted": _("By our books the shelf holds fewer."),
        "not_here": _("By our books it never was at this address."),
    }.get(code, "")


def condition(code: str) -> State:
    said = {
        "sealed": (_("sealed"), "good"),
        "opened": (_("opened"), "warn"),
        "damaged": (_("damaged"), "warn"),
    }
    text, kind = said.get(code, (code, ""))
    return State(code, text, kind)


def _arrived(receipt: Any) -> Arrived:
    day = wording.full_day(wording.local(receipt.received_at).date())
    photos = list(receipt.photos.all())
    return Arrived(
        title=_("What arrived on %(day)s") % {"day": day},
        boxes=boxes(receipt.boxes) if receipt.boxes else "",
        note=receipt.note,
        items=[
            Item(
                text=f"{item.quantity} × {item.line.supply.name} ({item.line.supply.reorder_number})",
                condition=condition(item.condition),
                note=item.note,
            )
            for item in receipt.lines.all()
        ],
        photos=[
            (
                photo.public_id,
                photo.width,
                photo.height,
                _("Picture %(n)s of %(of)s of what arrived on %(day)s")
                % {"n": n, "of": len(photos), "day": day},
            )
            for n, photo in enumerate(photos, 1)
        ],
    )


def weight(kg: Decimal | None, country: str) -> str:
    """200 lb (90.7 kg), or 90.7 kg; empty without one."""
    if kg is None:
        return ""
    kilograms = _("%(n)s kg") % {"n": wording.tenths(float(kg))}
    if country not in POUNDS:
        return kilograms
    pounds = wording.grouped(round(kg / KG_IN_A_POUND))
    return _("%(pounds)s lb (%(kilograms)s)") % {"pounds": pounds, "kilograms": kilograms}


def _facts(made: Any) -> list[tuple[str, str]]:
    named = [
        (_("Boxes"), wording.grouped(made.boxes)),
        (_("Weight"), weight(made.weight_kg, made.country)),
        (_("Travels"), _("on a pallet") if made.pallet else _("as parcels")),
        (_("Contact"), made.contact),
        (_("Phone"), made.phone),
    ]
    # What stands in the address already is not said twice.
    said = made.pick_up.splitlines()
    return [(name, value) for name, value in named if value and value not in said]


def _timeline(whole: Whole) -> list[dict[str, str]]:
    made = whole.made
    who = str(made.filed_by) if made.filed_by else made.contact
    found = [_entry(_("Return filed"), _stamp(made.filed_at), who)]
    if made.decided_at:
        if made.state == "rejected":
            found.append(_entry(_("Not taken back"), _stamp(made.decided_at), state="bad"))
        else:
            part = any((line.accepted or 0) < line.quantity for line in whole.lines)
            word = _("Confirmed in part") if part else pgettext("return", "Confirmed")
            found.append(_entry(word, _stamp(made.decided_at), spoken(made.number or "")))
    by = " · ".join(part for part in (made.carrier, made.tracking) if part)
    if made.handed_over_at:
        found.append(_entry(_("Handed to the carrier"), _stamp(made.handed_over_at), by))
    for receipt in whole.receipts:
        count = units(sum(item.quantity for item in receipt.lines.all()))
        found.append(_entry(_("Arrived: %(units)s") % {"units": count}, _stamp(receipt.received_at)))
    if made.closed_at:
        word = _("Withdrawn") if made.state == "withdrawn" else _("Settled")
        who = str(made.closed_by) if made.state == "withdrawn" and made.closed_by else ""
        text = who or str(made.closed_reason)
        found.append(
            _entry(word, _stamp(made.closed_at), text, state="bad" if made.state == "withdrawn" else "")
        )
    return found + _ahead(made, by)


def _ahead(made: Any, by: str) -> list[dict[str, str]]:
    if made.state == "filed":
        due = _("%(day)s at the latest") % {"day": wording.long_day(made.due_on)}
        return [_entry(_("We answer"), due, state="next")]
    if made.state == "confirmed" and not made.handed_over_at:
        day = wording.long_day(made.pick_up_on) if made.pick_up_on else ""
        word = _("Picked up") if made.pick_up_on or made.pallet else _("You hand it to the carrier")
        return [_entry(word, day, by, state="next"), _entry(_("We count what arrives"), state="next")]
    if made.state == "confirmed":
        return [_entry(_("We count what arrives"), state="next")]
    if made.state == "received":
        return [_entry(_("Settled once all of it is counted"), state="next")]
    return []


def _stamp(moment: dt.datetime) -> str:
    return wording.stamp(moment, zone=True)


def _entry(title: str, when: str = "", text: str = "", *, state: str = "") -> dict[str, str]:
    return {"title": title, "when": when, "text": text, "state": state}
