"""What the returns desk reads of a return: its state and urgency, its figures, and what happened when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from metered.lib import wording
from metered.lib.said import Said, said
from metered.lib.zones import time_zone_or_none
from metered.returns import policy
from metered.returns.models import Receipt, ReceiptPhoto, Return, ReturnLine, ReturnState
from metered.returns.numbers import spoken
from metered.returns.weighing import claims

Tone = Literal["", "good", "warn", "bad", "info"]


@dataclass(frozen=True)
class Words:
    """A state in words, and how loud it is."""

    text: str
    tone: Tone = ""


def name_of(made: Return) -> str:
    """What staff call it: its number, or whose it is before it has one."""
    if made.number:
        return _("Return %(number)s") % {"number": spoken(made.number)}
    return _("Return of %(account)s") % {"account": made.account.name}


def state_of(made: Return, now: dt.datetime) -> Words:
    """Where it stands and what it waits for; a filed one gets louder from the fifth day on."""
    if made.state == ReturnState.FILED:
        return _to_answer(made, now)
    if made.state == ReturnState.CONFIRMED:
        return _to_receive(made)
    if made.state == ReturnState.RECEIVED:
        return Words(_("Received: to be closed"), "info")
    return Words(made.get_state_display().capitalize(), "good" if made.state == ReturnState.CLOSED else "")


def _to_answer(made: Return, now: dt.datetime) -> Words:
    today = now.astimezone(time_zone_or_none(made.time_zone) or dt.UTC).date()
    if made.due_at <= now:
        return Words(_("Late: it was due %(day)s") % {"day": wording.week_day(made.due_on)}, "bad")
    if made.last_chance_at <= now:
        return Words(_("Due today"), "bad")
    away = (made.due_on - today).days
    due = {"day": wording.on(made.due_on, today) if away < 2 else wording.week_day(made.due_on)}
    if made.escalate_at <= now:
        return Words(_("Escalated: due %(day)s") % due, "bad")
    if made.alarm_at <= now:
        return Words(_("Alarm: due %(day)s") % due, "warn")
    return Words(_("Due %(day)s") % due)


def _to_receive(made: Return) -> Words:
    if made.handed_over_at is not None:
        return Words(_("Handed over: on its way here"), "info")
    if made.pick_up_on is not None:
        return Words(_("Picked up on %(day)s") % {"day": wording.week_day(made.pick_up_on)}, "info")
    if made.pallet:
        return Words(_("Pallet: arrange its pick-up"), "warn")
    return Words(_("Confirmed: to be received"), "info")


ASKS = {
    "not_shipped": gettext_lazy("It was never shipped to this customer."),
    "more_than_shipped": gettext_lazy("More than was shipped and not returned yet."),
    "more_than_counted": gettext_lazy("More than the shelf should hold."),
    "not_here": gettext_lazy("It never was at this address."),
}


def asks_of(made: Return, known: policy.Claim) -> str:
    """What is asked of a line as of now, as a sentence; nothing once it is decided."""
    return str(ASKS.get(policy.question(known), "")) if made.state == ReturnState.FILED else ""


def reasons() -> dict[str, Said]:
    """Why not all of a line is taken back, in sentences that the customer reads in their own language."""
    return {
        "not_shipped": said("We have no record of shipping this to you."),
        "more_than_shipped": said("That is more than we shipped to you and did not get back yet."),
        "more_than_counted": said("By our records, fewer of them are on your shelf."),
        "opened": said("Only full, unopened boxes are taken back."),
        "elsewhere": said("These units are on another return of yours already."),
    }


@dataclass
class Row:
    """A line with all that staff look at beside it. `difference`: units received beyond those accepted."""

    line: ReturnLine
    known: policy.Claim
    asks: str
    difference: str
    fields: dict[str, Any] = field(default_factory=dict)
    """A form's fields for it, by what they ask for."""

    @property
    def expected(self) -> int:
        """Units accepted that did not come yet."""
        return max((self.line.accepted or 0) - self.line.received, 0)


def rows_of(made: Return) -> list[Row]:
    """Its lines by reorder number."""
    lines = list(made.lines.select_related("supply").order_by("supply__reorder_number"))
    known = claims(made, lines)
    return [
        Row(line, claim, asks_of(made, claim), difference_of(made, line))
        for line, claim in ((line, known[line.supply_id]) for line in lines)
    ]


def difference_of(made: Return, line: ReturnLine) -> str:
    """How what came differs from what was accepted; empty before anything came, and where nothing does."""
    if made.state not in (ReturnState.RECEIVED, ReturnState.CLOSED):
        return ""
    return difference_in_words(line.difference)


def difference_in_words(units: int) -> str:
    """2 more than accepted, 1 fewer than accepted; empty for none."""
    if units > 0:
        return ngettext("%(n)s more than accepted", "%(n)s more than accepted", units) % {
            "n": wording.grouped(units)
        }
    if units < 0:
        return ngettext("%(n)s fewer than accepted", "%(n)s fewer than accepted", -units) % {
            "n": wording.grouped(-units)
        }
    return ""


@dataclass(frozen=True)
class Event:
    at: dt.datetime
    text: str
    who: str = ""


def timeline(made: Return, receipts: Iterable[Receipt]) -> list[Event]:
    """What happened to it, the earliest first."""

    def event(at: dt.datetime | None, text: str, who: Any = "") -> list[Event]:
        return [Event(at, text, str(who or ""))] if at is not None else []

    decided = (
        pgettext("return", "Rejected")
        if made.state == ReturnState.REJECTED
        else pgettext("return", "Confirmed")
    )
    if made.unanswered:
        decided = _("Confirmed by itself as the last day began: nobody had answered")
    ended = _("Withdrawn") if made.state == ReturnState.WITHDRAWN else _("Closed")
    found = [
        *event(made.filed_at, _("Filed"), made.filed_by or made.filed_email),
        *event(made.alarmed_at, _("Support staff were alarmed")),
        *event(made.escalated_at, _("Support staff were alarmed once more")),
        *event(made.decided_at, decided, made.decided_by),
        *event(made.handed_over_at, _("Handed over, as the customer says")),
        *event(made.closed_at, ended, made.closed_by),
    ]
    for receipt in receipts:
        found += event(receipt.received_at, _("Boxes arrived and were counted"), receipt.received_by)
    return sorted(found, key=lambda item: item.at)


@dataclass
class Arrival:
    """A receipt with what was in its boxes, and the pictures of it (public id, width, height)."""

    receipt: Receipt
    lines: list[Any]
    photos: list[ReceiptPhoto]


def arrivals(made: Return) -> list[Arrival]:
    """Its receipts in the order in which they came, without the bytes of their pictures."""
    receipts = made.receipts.select_related("received_by").order_by("received_at", "pk")
    photos: dict[int, list[ReceiptPhoto]] = {}
    for photo in ReceiptPhoto.objects.filter(receipt__parent=made).defer("image").select_related("added_by"):
        photos.setdefault(photo.receipt_id, []).append(photo)
    return [
        Arrival(
            receipt,
            list(receipt.lines.select_related("line__supply").order_by("line__supply__reorder_number", "pk")),
            photos.get(receipt.pk, []),
        )
        for receipt in receipts
    ]


def missing(made: Return) -> list[str]:
    """What was accepted and did not come: "2 × Black toner, 006R01828", a line each."""
    lines = made.lines.select_related("supply").order_by("supply__reorder_number")
    return [
        f"{-line.difference} × {line.supply.name}, {line.supply.reorder_number}"
        for line in lines
        if line.accepted is not None and line.difference < 0
    ]
