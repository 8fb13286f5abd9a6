"""Orders in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.lib import wording

Row = Mapping[str, Any]


@dataclass(frozen=True)
class State:
    """An order's or a line's state, as people see it: a word, and the kind of tag it wears."""

    code: str
    text: str
    kind: str


def state(code: str) -> State:
    """A line's state in words; `announced`: placed and automatic, `part`: some of it was shipped."""
    said = {
        "announced": (_("Announced"), "info"),
        "placed": (_("Placed"), "info"),
        "awaiting_read": (_("Waiting for a read"), "warn"),
        "in_review": (_("Being looked at"), "warn"),
        "released": (_("Being packed"), "info"),
        "part": (_("Partly shipped"), "info"),
        "shipped": (_("Shipped"), "info"),
        "delivered": (_("Delivered"), "good"),
        "cancelled": (_("Cancelled"), ""),
        "declined": (_("Declined"), "bad"),
    }
    text, kind = said.get(code, (code, ""))
    return State(code, text, kind)


def held_until(
    held_at: dt.datetime | None, release_at: dt.datetime | None, now: dt.datetime
) -> dt.datetime | None:
    """Until when somebody's “not now” keeps an order back; None when nothing does, or not any more."""
    return release_at if held_at and release_at and release_at > now else None


def line_state(code: str, *, automatic: bool, held: dt.datetime | None = None) -> State:
    """A line's state in words; `held` as held_until says."""
    if code != "placed" or not automatic:
        return state(code)
    if held is None:
        return state("announced")
    day = wording.week_day(wording.local(held).date())
    return State("held", _("Held until %(day)s") % {"day": day}, "warn")


def order_state(lines: Iterable[str], *, automatic: bool, held: dt.datetime | None = None) -> State:
    """The order's state, derived from its lines': what needs somebody first, then the least advanced."""
    found = set(lines)
    alive = found - {"cancelled", "declined"}
    if not alive:
        return state("declined" if "declined" in found else "cancelled")
    for code in ("awaiting_read", "in_review"):
        if code in alive:
            return state(code)
    if alive & {"placed", "released"} and alive & {"shipped", "delivered"}:
        return state("part")
    for code in ("placed", "released", "shipped"):
        if code in alive:
            return line_state(code, automatic=automatic, held=held)
    return state("delivered")


def who(row: Row) -> str:
    """Automatic, or the person who ordered."""
    if row["origin"] == "automatic":
        return _("Automatic")
    if row["origin"] == "replaced":
        return _("Replacement")
    name = row["placed_by__name"] or row["placed_by__email"] or _("Support")
    return _("%(name)s, urgent") % {"name": name} if row["origin"] == "emergency" else str(name)


def what(lines: Sequence[Row]) -> str:
    """3 items, or 2 × 006R01819 when it is one supply. Cancelled lines count only without others."""
    counted = [line for line in lines if line["state"] not in ("cancelled", "declined")] or list(lines)
    if len(counted) == 1:
        return f"{counted[0]['quantity']} × {counted[0]['supply__reorder_number']}"
    return items(sum(line["quantity"] for line in counted))


def items(count: int) -> str:
    return ngettext("%(n)s item", "%(n)s items", count) % {"n": wording.grouped(count)}


def when(row: Row, found: State, now: dt.datetime) -> str:
    """What happens next, or happened last: leaves today at 14:05 EST, arrives Wed 25 Nov, 12 Nov."""
    today = wording.local(now).date()
    parcels: Sequence[Row] = row["parcels"]
    if found.code in ("announced", "held") and row["release_at"]:
        if row["release_at"] <= now:
            return _("leaves shortly")
        if found.code == "held":
            day = wording.long_day(wording.local(row["release_at"]).date())
            return _("nothing of it leaves before %(day)s; then it goes by itself") % {"day": day}
        return _("leaves %(when)s") % {"when": wording.at(row["release_at"], now)}
    if found.code == "delivered":
        arrived = [parcel["delivered_at"] for parcel in parcels if parcel["delivered_at"]]
        return wording.day(wording.local(max(arrived)).date(), today) if arrived else ""
    expected = [
        parcel["expected_on"] for parcel in parcels if parcel["expected_on"] and not parcel["delivered_at"]
    ]
    if expected:
        word = _("arrives %(day)s") if max(expected) >= today else _("was to arrive %(day)s")
        return word % {"day": wording.week_day(max(expected))}
    return ""


def csv_head() -> list[str]:
    """The first row of the history as CSV."""
    return [
        _("Order"), _("Placed"), _("Ordered"), _("Ships to"), _("Your reference"), _("Cost centre"),
        _("Reorder number"), _("Supply"), _("Quantity"), _("State"), _("Reason"), _("Carrier"),
        _("Tracking"), _("Shipped"), _("Arrived"),
    ]  # fmt: skip


def csv_row(row: Row) -> list[object]:
    """One line of an order for a spreadsheet; dates as ISO, in the viewer's zone."""
    line, parcels = row["line"], row["parcels"]
    found = line_state(line["state"], automatic=row["origin"] == "automatic")

    def days(name: str) -> str:
        return ", ".join(wording.local(p[name]).date().isoformat() for p in parcels if p[name])

    return [
        row["number"], wording.local(row["placed_at"]).strftime("%Y-%m-%d %H:%M"), who(row),
        row["address__name"], row["reference"], row["cost_centre"], line["supply__reorder_number"],
        line["supply__name"], line["quantity"], found.text, line["closed_reason"],
        ", ".join(dict.fromkeys(p["carrier"] for p in parcels if p["carrier"])),
        ", ".join(p["tracking"] for p in parcels if p["tracking"]),
        days("shipped_at"), days("delivered_at"),
    ]  # fmt: skip


@dataclass(frozen=True)
class OrderRow:
    """A line of the history, and of the overview's card."""

    public_id: str
    number: str
    state: State
    who: str
    what: str
    address: str
    when: str
    placed: str
    reference: str
    tracking: str


def order_row(row: Row, now: dt.datetime) -> OrderRow:
    found = order_state(
        (line["state"] for line in row["lines"]),
        automatic=row["origin"] == "automatic",
        held=held_until(row["held_at"], row["release_at"], now),
    )
    return OrderRow(
        public_id=row["public_id"],
        number=row["number"],
        state=found,
        who=who(row),
        what=what(row["lines"]),
        address=row["address__name"],
        when=when(row, found, now),
        placed=wording.day(wording.local(row["placed_at"]).date(), wording.local(now).date()),
        reference=row["reference"],
        tracking=", ".join(parcel["tracking"] for parcel in row["parcels"] if parcel["tracking"]),
    )


SWATCHES = {"black": "k", "cyan": "c", "magenta": "m", "yellow": "y"}


def swatch(kind: str, colorant: str) -> str:
    """The class of a supply's colour: k c m y w other."""
    return "w" if kind == "waste" else SWATCHES.get(colorant, "other")
