"""Shelves, counts and ledgers in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.lib import wording
from metered.portal.presentation.slots import colour

if TYPE_CHECKING:
    from metered.portal.queries.stock import Counted, Ledger, Line, Sheet, Shelf


@dataclass(frozen=True)
class PlaceRow:
    name: str
    url: str
    shelves: str
    last: str
    asked: str
    kind: str
    """warn or bad when a count is asked for."""


def place_row(row: Mapping[str, Any], today: dt.date) -> PlaceRow:
    asked, kind = "", ""
    if row["asked"]:
        kind = "bad" if row["due_on"] < today else "warn"
        asked = ngettext("%(n)s to count, %(by)s", "%(n)s to count, %(by)s", row["asked"]) % {
            "n": wording.grouped(row["asked"]),
            "by": by(row["due_on"], today),
        }
    return PlaceRow(
        name=row["name"],
        url=reverse("stock_at", args=[row["public_id"]]),
        shelves=ngettext("%(n)s supply", "%(n)s supplies", row["shelves"])
        % {"n": wording.grouped(row["shelves"])},
        last=_day(row["counted_at"], today) if row["counted_at"] else _("not counted yet"),
        asked=asked,
        kind=kind,
    )


def by(day: dt.date, today: dt.date) -> str:
    """by 3 Dec, or was due on 3 Dec."""
    word = _("was due on %(day)s") if day < today else _("by %(day)s")
    return word % {"day": wording.day(day, today)}


def places_heading(rows: Sequence[Mapping[str, Any]]) -> str:
    asked = sum(1 for row in rows if row["asked"])
    if not rows:
        return _("Your shelves will stand here")
    if not asked:
        return _("What is on your shelves")
    return ngettext(
        "One address is asked to count its shelves", "%(n)s addresses are asked to count their shelves", asked
    ) % {"n": wording.grouped(asked)}


def because(code: str) -> str:
    """Why a count is asked for."""
    return {
        "cadence": _("Your contract asks for a count from time to time."),
        "order": _("Something was ordered, and the last count is long ago."),
        "disagreement": _("What the devices report does not fit what we think is there."),
        "staff": _("Support asked for it."),
        "unsure": _("We are not sure any more how many are left."),
    }.get(code, "")


@dataclass(frozen=True)
class ShelfRow:
    public_id: str
    name: str
    swatch: str
    reorder_number: str
    devices: str
    """The devices that share it; empty where it stands under its one device."""
    expected: str
    on_the_way: str
    last: str
    difference: str
    why: str
    asked: str
    """Until when it should be counted; empty when nobody asks."""
    asked_why: str
    asked_kind: str
    ledger: str


@dataclass(frozen=True)
class Group:
    title: str
    sub: str
    url: str
    rows: list[ShelfRow]


def groups(sheet: Sheet, today: dt.date) -> list[Group]:
    """The shelves by device; what several devices share stands once, after them."""
    by_device: dict[int, list[Shelf]] = {}
    shared: list[Shelf] = []
    unused: list[Shelf] = []
    for shelf in sheet.shelves:
        if len(shelf.devices) == 1:
            by_device.setdefault(shelf.devices[0].pk, []).append(shelf)
        else:
            (shared if shelf.devices else unused).append(shelf)
    made = []
    own = sorted(by_device.values(), key=lambda rows: (rows[0].devices[0].label.lower(), rows[0].pool.pk))
    for rows in own:
        device = rows[0].devices[0]
        url = reverse("device", args=[device.public_id])
        sub = " · ".join(part for part in (device.place, device.serial) if part)
        made.append(Group(device.label, sub, url, [_row(row, today) for row in rows]))
    if shared:
        title = _("Used by several devices")
        made.append(Group(title, _("One shelf for all of them"), "", [_row(row, today) for row in shared]))
    if unused:
        title = _("For no device here any more")
        text = _("It is still on the shelf, or was when it was last counted")
        made.append(Group(title, text, "", [_row(row, today) for row in unused]))
    return made


NAMED = 6


def _row(shelf: Shelf, today: dt.date) -> ShelfRow:
    pool, request = shelf.pool, shelf.request
    names = [device.label for device in shelf.devices]
    shared = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        rest = len(names) - NAMED
        shared = ngettext("%(names)s and %(n)s more", "%(names)s and %(n)s more", rest) % {
            "names": shared,
            "n": wording.grouped(rest),
        }
    asked, asked_why, kind = "", "", ""
    if request is not None:
        kind = "bad" if request.due_on < today else "warn"
        word = _("The count %(by)s") if kind == "bad" else _("Please count it %(by)s")
        asked = word % {"by": by(request.due_on, today)}
        asked_why = because(request.because)
    return ShelfRow(
        public_id=pool.public_id,
        name=pool.supply.name,
        swatch=colour(pool.supply.kind, pool.supply.colorant),
        reorder_number=pool.supply.reorder_number,
        devices=shared if len(names) > 1 else "",
        expected=wording.grouped(pool.shelf),
        on_the_way=wording.grouped(pool.on_the_way),
        last=_last(shelf.counted),
        difference=difference(shelf.counted.change) if shelf.counted else "",
        why=why(shelf.counted, today) if shelf.counted else "",
        asked=asked,
        asked_why=asked_why,
        asked_kind=kind,
        ledger=reverse("stock_ledger", args=[pool.public_id]),
    )


def _last(counted: Counted | None) -> str:
    if counted is None:
        return _("Not counted yet.")
    values = {"n": wording.grouped(counted.quantity), "when": wording.stamp(counted.at), "who": counted.who}
    if counted.who:
        return _("%(n)s counted on %(when)s by %(who)s.") % values
    return _("%(n)s counted on %(when)s.") % values


def difference(change: int) -> str:
    """2 fewer than we expected; empty when it was what we expected."""
    if not change:
        return ""
    n = abs(change)
    if change < 0:
        word = ngettext("%(n)s fewer than we expected", "%(n)s fewer than we expected", n)
    else:
        word = ngettext("%(n)s more than we expected", "%(n)s more than we expected", n)
    return word % {"n": wording.grouped(n)}


def why(counted: Counted, today: dt.date) -> str:
    """What we had seen before the count that differs: since 3 Nov we saw one put into Front desk."""
    if not counted.change:
        return ""
    if counted.since is None:
        return _("It was the first count: before it we knew only of what we sent and saw used.")
    seen = []
    if counted.delivered:
        word = ngettext("%(n)s delivered", "%(n)s delivered", counted.delivered)
        seen.append(word % {"n": wording.grouped(counted.delivered)})
    for device, n in sorted(counted.installed.items()):
        if device:
            word = ngettext("%(n)s put into %(device)s", "%(n)s put into %(device)s", n)
        else:
            word = ngettext("%(n)s put into a device", "%(n)s put into devices", n)
        seen.append(word % {"n": wording.grouped(n), "device": device})
    if counted.returned:
        word = ngettext("%(n)s returned", "%(n)s returned", counted.returned)
        seen.append(word % {"n": wording.grouped(counted.returned)})
    if counted.adjusted:
        seen.append(_("a correction of %(n)s by support") % {"n": _signed(counted.adjusted)})
    day = _day(counted.since, today)
    if not seen:
        return _("Since the count of %(day)s we saw none delivered and none put into a device.") % {
            "day": day
        }
    return _("Since the count of %(day)s we saw %(what)s.") % {"day": day, "what": ", ".join(seen)}


def heading(sheet: Sheet, today: dt.date) -> str:
    requests = [shelf.request for shelf in sheet.shelves if shelf.request]
    name = sheet.address.name
    if not requests:
        return _("What is on the shelf at %(address)s") % {"address": name}
    due = min(request.due_on for request in requests)
    values = {"n": wording.grouped(len(requests)), "address": name, "by": by(due, today)}
    if due < today:
        return (
            ngettext(
                "Please count %(n)s supply at %(address)s; it %(by)s",
                "Please count %(n)s supplies at %(address)s; it %(by)s",
                len(requests),
            )
            % values
        )
    return (
        ngettext(
            "Please count %(n)s supply at %(address)s %(by)s",
            "Please count %(n)s supplies at %(address)s %(by)s",
            len(requests),
        )
        % values
    )


def next_look(sheet: Sheet, now: dt.datetime) -> str:
    """What a count changes: when it is weighed, and what may come of it."""
    counts = [shelf.counted.at for shelf in sheet.shelves if shelf.counted]
    last = max(counts, default=None)
    if last is not None and (sheet.reviewed_at is None or last > sheet.reviewed_at):
        return _(
            "Your last count is weighed at the next look at this address, in a few minutes: we may then send"
            " sooner, later or nothing."
        )
    if sheet.due_at is None or sheet.due_at <= now:
        return _("A count is weighed within minutes: we then send sooner, later or nothing.")
    return _(
        "We look at this address again %(when)s, and within minutes after a count: we then send sooner, later"
        " or nothing."
    ) % {"when": wording.at(sheet.due_at, now)}


def kept_text(kept: int, differ: int) -> str:
    """12 counts are kept. 2 of them are not what we expected."""
    text = ngettext("%(n)s count is kept.", "%(n)s counts are kept.", kept) % {"n": wording.grouped(kept)}
    if differ:
        more = ngettext(
            "%(n)s is not what we expected; it is taken as you counted it.",
            "%(n)s are not what we expected; they are taken as you counted them.",
            differ,
        ) % {"n": wording.grouped(differ)}
        return f"{text} {more}"
    return text


def meanwhile(counted: Counted | None) -> str:
    """What is said to the second of two who count at once."""
    if counted is None:
        return _("Somebody counted it while this page was open. Send it again if yours is right.")
    values = {"n": wording.grouped(counted.quantity), "time": wording.stamp(counted.at, zone=True)}
    if counted.who:
        return _(
            "%(who)s counted %(n)s on %(time)s, while this page was open. Yours is not kept yet: send it"
            " again if it is right."
        ) % {**values, "who": counted.who}
    return (
        _(
            "Somebody counted %(n)s on %(time)s, while this page was open. Yours is not kept yet: send it"
            " again if it is right."
        )
        % values
    )


@dataclass(frozen=True)
class LedgerRow:
    when: str
    what: str
    change: str
    who: str
    note: str
    order: tuple[str, str] | None
    shelf: str


def ledger_rows(found: Ledger) -> list[LedgerRow]:
    return [ledger_row(line) for line in found.lines]


def ledger_row(line: Line) -> LedgerRow:
    entry = line.entry
    n = wording.grouped(abs(entry.quantity))
    what = {
        "count": _("Counted: %(n)s"),
        "receive": _("Delivered: %(n)s"),
        "install": _("Put into %(device)s: %(n)s") if line.device else _("Put into a device: %(n)s"),
        "set_aside": _("Set aside for a return: %(n)s"),
        "put_back": _("Not returned after all: %(n)s"),
        "take_back": _("Returned: %(n)s"),
        "adjust": _("Corrected by support: %(n)s"),
    }[entry.kind] % {"n": _signed(entry.quantity) if entry.kind == "adjust" else n, "device": line.device}
    note = entry.note
    if entry.kind == "count" and entry.shelf_change:
        note = " · ".join(part for part in (difference(entry.shelf_change), note) if part)
    elif entry.kind != "count" and entry.quantity and not entry.shelf_change:
        already = _("It was in a count already")
        note = " · ".join(part for part in (note, already) if part)
    return LedgerRow(
        when=wording.stamp(entry.at),
        what=what,
        change=_signed(entry.shelf_change) if entry.shelf_change else "–",
        who=str(entry.actor) if entry.actor else _origin(entry.origin),
        note=note,
        order=line.order,
        shelf=wording.grouped(line.shelf),
    )


def _origin(code: str) -> str:
    return {
        "automatic": _("Automatically"),
        "customer": _("Your company"),
        "emergency": _("Your company, urgently"),
        "staff": _("Support"),
        "device": _("Seen from the device"),
    }.get(code, "")


CSV_HEAD = ("when", "what", "quantity", "change", "shelf", "who", "note", "order")


def csv_rows(found: Ledger) -> list[list[object]]:
    """The ledger for a spreadsheet: times in UTC as ISO 8601, plain numbers."""
    rows: list[list[object]] = []
    for line in found.lines:
        entry, shown = line.entry, ledger_row(line)
        moment = entry.at.astimezone(dt.UTC).replace(microsecond=0).isoformat()
        number = line.order[1] if line.order else ""
        numbers = [entry.quantity, entry.shelf_change, line.shelf]
        rows.append([moment, entry.get_kind_display(), *numbers, shown.who, shown.note, number])
    return rows


def _day(moment: dt.datetime, today: dt.date) -> str:
    return wording.day(wording.local(moment).date(), today)


def _signed(number: int) -> str:
    return ("+" if number > 0 else "−") + wording.grouped(abs(number)) if number else "0"
