"""Returns in words: the history, its file, what is left over. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from metered.lib import wording
from metered.orders.presentation import State, swatch
from metered.returns.numbers import spoken

if TYPE_CHECKING:
    from metered.returns.models import Leftover

Row = Mapping[str, Any]

__all__ = [
    "LeftAt",
    "ReturnRow",
    "State",
    "csv_head",
    "csv_row",
    "in_a_line",
    "left_over",
    "return_row",
    "state",
    "units",
]


def state(code: str, *, handed_over: bool = False) -> State:
    """A return's state in words."""
    if code == "confirmed" and handed_over:
        return State("on_its_way", _("On its way to us"), "info")
    said = {
        "filed": (_("Being looked at"), "warn"),
        "confirmed": (pgettext("return", "Confirmed"), "info"),
        "received": (pgettext("return", "Arrived"), "info"),
        "closed": (_("Settled"), "good"),
        "rejected": (_("Not taken back"), "bad"),
        "withdrawn": (_("Withdrawn"), ""),
    }
    text, kind = said.get(code, (code, ""))
    return State(code, text, kind)


def in_a_line(number: str) -> str:
    """482 719 356, which no line's end parts."""
    return spoken(number).replace(" ", "\u00a0")


def units(count: int) -> str:
    """1 unit, 12 units."""
    return ngettext("%(n)s unit", "%(n)s units", count) % {"n": wording.grouped(count)}


def boxes(count: int) -> str:
    """1 box, 12 boxes."""
    return ngettext("%(n)s box", "%(n)s boxes", count) % {"n": wording.grouped(count)}


def what(lines: Sequence[Row]) -> str:
    """2 × 006R01819 when it is one supply, else 12 units."""
    if len(lines) == 1:
        return f"{lines[0]['quantity']} × {lines[0]['supply__reorder_number']}"
    return units(sum(line["quantity"] for line in lines))


def title(row: Row, today: dt.date) -> str:
    """482 719 356; before it has its number: Filed 12 Nov."""
    if row["number"]:
        return spoken(row["number"])
    return _("Filed %(day)s") % {"day": wording.day(wording.local(row["filed_at"]).date(), today)}


def when(row: Row, now: dt.datetime) -> str:
    """What happens next, or happened last: we answer by Thu 3 Dec; arrived 12 Nov."""
    today = wording.local(now).date()

    def on(name: str) -> str:
        moment = row[name]
        return wording.day(wording.local(moment).date(), today) if moment else ""

    code = row["state"]
    if code == "filed":
        return _("we answer by %(day)s") % {"day": wording.week_day(row["due_on"])}
    if code == "confirmed":
        if row["handed_over_at"]:
            return _("handed over %(day)s") % {"day": on("handed_over_at")}
        if row["pick_up_on"]:
            word = _("picked up %(day)s") if row["pick_up_on"] >= today else _("was to be picked up %(day)s")
            return word % {"day": wording.week_day(row["pick_up_on"])}
        if row["pallet"]:
            return _("we arrange the pick-up")
        return _("to be packed")
    if code == "received":
        return _("arrived %(day)s") % {"day": on("received_at")}
    return on("decided_at") if code == "rejected" else on("closed_at")


def who(row: Row) -> str:
    """Who filed it; for somebody who was not signed in, as they called themselves."""
    return str(row["filed_by__name"] or row["filed_by__email"] or row["contact"])


def where(row: Row) -> str:
    """The address; where staff have not found it yet, the first line of what was typed."""
    return str(row["address__name"] or (row["pick_up"].splitlines() or [""])[0])


@dataclass(frozen=True)
class ReturnRow:
    """A line of the history, and of the overview's card."""

    public_id: str
    title: str
    state: State
    what: str
    address: str
    who: str
    filed: str
    when: str


def return_row(row: Row, now: dt.datetime) -> ReturnRow:
    today = wording.local(now).date()
    return ReturnRow(
        public_id=row["public_id"],
        title=title(row, today),
        state=state(row["state"], handed_over=row["handed_over_at"] is not None),
        what=what(row["lines"]),
        address=where(row),
        who=who(row),
        filed=wording.day(wording.local(row["filed_at"]).date(), today),
        when=when(row, now),
    )


def csv_head() -> list[str]:
    """The first row of the history as CSV."""
    return [
        _("RMA number"), _("Filed"), _("Filed by"), _("Picked up at"), _("Reorder number"), _("Supply"),
        _("Units"), _("Accepted"), _("Received"), _("Reason"), _("State"), _("We answer by"), _("Boxes"),
        _("Pick-up"), _("Carrier"), _("Tracking"), pgettext("return", "Arrived"), _("Closed"),
    ]  # fmt: skip


def csv_row(row: Row) -> list[object]:
    """One line of a return for a spreadsheet; dates as ISO, in the viewer's zone."""
    line = row["line"]
    found = state(row["state"], handed_over=row["handed_over_at"] is not None)

    def day(name: str) -> str:
        return wording.local(row[name]).date().isoformat() if row[name] else ""

    return [
        row["number"] or "", wording.local(row["filed_at"]).strftime("%Y-%m-%d %H:%M"), who(row), where(row),
        line["supply__reorder_number"], line["supply__name"], line["quantity"],
        "" if line["accepted"] is None else line["accepted"], line["received"], line["reason"], found.text,
        row["due_on"].isoformat() if row["state"] == "filed" else "", row["boxes"],
        row["pick_up_on"].isoformat() if row["pick_up_on"] else "", row["carrier"], row["tracking"],
        day("received_at"), day("closed_at"),
    ]  # fmt: skip


@dataclass(frozen=True)
class LeftItem:
    """A supply that is left over."""

    public_id: str
    text: str
    swatch: str
    reorder_number: str
    because: str


@dataclass(frozen=True)
class LeftAt:
    """What is left over at one address, and where its return stands filled in."""

    address: str
    title: str
    text: str
    url: str
    """Empty for an address that is not used any more."""
    items: list[LeftItem]


def left_over(rows: Sequence[Leftover]) -> list[LeftAt]:
    """What is left over, address by address; `rows` are sorted by address."""
    return [_left_at(list(group)) for _address, group in groupby(rows, key=lambda row: row.address_id)]


def _left_at(rows: list[Leftover]) -> LeftAt:
    address = rows[0].address
    devices = sorted({row.device.label for row in rows if row.device is not None})
    count = sum(row.pool.shelf for row in rows)
    told = ngettext(
        "%(n)s unit is left over at %(address)s", "%(n)s units are left over at %(address)s", count
    ) % {"n": wording.grouped(count), "address": address.name}
    text = (
        _("No device there uses them since %(devices)s was taken out of use. The return stands filled in.")
        % {"devices": devices[0]}
        if len(devices) == 1
        else _("No device there uses them any more. The return stands filled in.")
    )
    if address.retired_at is not None:
        text = _("This address is not used any more. Call us: we arrange where it is picked up.")
    return LeftAt(
        address=address.name,
        title=told,
        text=text,
        url="" if address.retired_at else reverse("return_new") + f"?left={address.public_id}",
        items=[_left_item(row) for row in rows],
    )


def _left_item(row: Leftover) -> LeftItem:
    supply = row.pool.supply
    because = (
        _("Last used by %(device)s") % {"device": row.device.label}
        if row.device is not None
        else _("Its contract ended")
    )
    return LeftItem(
        public_id=row.public_id,
        text=f"{row.pool.shelf} × {supply.name}",
        swatch=swatch(supply.kind, supply.colorant),
        reorder_number=supply.reorder_number,
        because=because,
    )
