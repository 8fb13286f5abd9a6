"""Heavy jobs in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.lib import wording
from metered.portal.presentation.slots import colour
from metered.replenishment.explain import in_machine, supply_name

if TYPE_CHECKING:
    from metered.replenishment.heavy_offers import Meaning, Supply
    from metered.replenishment.job_actions import Announced
    from metered.replenishment.models import AnnouncedJob


@dataclass(frozen=True)
class State:
    kind: str
    text: str


@dataclass(frozen=True)
class Row:
    """A job in the list."""

    public_id: str
    when: str
    state: State
    what: str
    note: str
    address: str
    devices: str
    who: str


@dataclass(frozen=True)
class SupplyRow:
    """What a job means for one supply."""

    name: str
    swatch: str
    reorder_number: str
    takes: str
    machine: str
    shelf: str
    on_the_way: str
    more: str
    note: str


@dataclass(frozen=True)
class Means:
    """`answer` in one sentence, and what to know beside it."""

    kind: str
    answer: str
    notes: Sequence[str]
    rows: Sequence[SupplyRow]
    urgent: bool
    """The usual way is too slow: the urgent one may not be."""
    by_hand: bool
    """Nothing is sent by itself: somebody has to order."""


def state(starts_on: dt.date, ends_on: dt.date, withdrawn: bool, today: dt.date) -> State:
    if withdrawn:
        return State("", _("Withdrawn"))
    if ends_on < today:
        return State("", _("Over"))
    if starts_on <= today:
        return State("info", _("Running"))
    return State("good", _("Coming"))


def span(first: dt.date, last: dt.date, today: dt.date) -> str:
    """5 Dec to 7 Dec."""
    if first == last:
        return wording.day(first, today)
    return _("%(first)s to %(last)s") % {"first": wording.day(first, today), "last": wording.day(last, today)}


def pages(all_of_them: int, tinted: int) -> str:
    """9,000 pages, 400 of them in colour."""
    said = ngettext("%(n)s page", "%(n)s pages", all_of_them) % {"n": wording.grouped(all_of_them)}
    if not tinted:
        return said
    return _("%(pages)s, %(colour)s of them in colour") % {"pages": said, "colour": wording.grouped(tinted)}


def printers(count: int) -> str:
    return ngettext("%(n)s printer", "%(n)s printers", count) % {"n": wording.grouped(count)}


def row(values: Mapping[str, Any], today: dt.date) -> Row:
    return Row(
        public_id=values["public_id"],
        when=span(values["starts_on"], values["ends_on"], today),
        state=state(values["starts_on"], values["ends_on"], values["withdrawn_at"] is not None, today),
        what=pages(values["pages"], values["colour_pages"]),
        note=values["note"],
        address=values["address__name"],
        devices=printers(values["devices"]) if values["devices"] else "",
        who=values["announced_by__name"] or values["announced_by__email"] or "",
    )


def line(values: Mapping[str, Any], today: dt.date) -> str:
    """A coming job in one line for the overview."""
    said = {
        "pages": pages(values["pages"], 0),
        "address": values["address__name"],
        "when": wording.on(values["starts_on"], today),
    }
    if values["starts_on"] <= today:
        return _("A heavy job runs at %(address)s: %(pages)s") % said
    return _("A heavy job at %(address)s begins %(when)s: %(pages)s") % said


def facts(job: Announced | AnnouncedJob, today: dt.date) -> list[tuple[str, str]]:
    """What was announced."""
    days = span(job.starts_on, job.ends_on, today)
    rows = [(_("Pages"), pages(job.pages, job.colour_pages)), (_("When"), days)]
    if job.coverage:
        rows.append((_("How dense"), _("%(n)s%% of the page") % {"n": job.coverage}))
    if job.note:
        rows.append((_("What it is"), job.note))
    return rows


def means(
    found: Meaning, starts_on: dt.date, ends_on: dt.date, today: dt.date, *, announced: bool = False
) -> Means:
    """What a job means: how many cartons, by when to announce it, and what to do when that is over.

    `announced`: it is, and they are sent without anybody asking.
    """
    # What may not be sent at all, or not by itself, is said apart.
    wanted = [supply for supply in found.supplies if supply.more]
    sent = [supply for supply in wanted if not supply.barred]
    by_hand = [supply for supply in wanted if supply.barred == "off"]
    never = [supply for supply in wanted if supply.barred not in ("", "off")]
    notes: list[str] = []
    late = found.announce_by is None and bool(wanted)
    kind = "warn" if late or by_hand or never else "good"
    if not found.supplies:
        answer = _("It takes next to nothing of any supply: nothing has to be sent for it.")
    elif not wanted:
        answer = _("What is there is enough: nothing has to be sent for it.")
    else:
        answer = _cartons(wanted, found, today, announced=announced)
    if announced and sent and not late:
        notes.append(_("What is needed leaves by itself, in time for the first day."))
    if late:
        notes += _late(found, wanted, starts_on, ends_on, today)
    if by_hand:
        said = _(
            "Automatic supplies are off for %(what)s: announcing sends none. Order what it needs yourself."
        )
        notes.append(said % {"what": _list([_named(supply) for supply in by_hand])})
    if never:
        said = _("%(what)s can't be sent at present. Call us, please.")
        notes.append(said % {"what": _list([_named(supply) for supply in never])})
    if any(not supply.known for supply in found.supplies):
        notes.append(
            _("Some of these printers have not reported enough yet: we count with printers like them.")
        )
    rows = [_supply(supply) for supply in found.supplies]
    return Means(kind, answer, notes, rows, late and bool(sent or by_hand), bool(by_hand))


def _cartons(wanted: Sequence[Supply], found: Meaning, today: dt.date, *, announced: bool) -> str:
    total = sum(supply.more for supply in wanted)
    what = _list([_counted(supply) for supply in wanted])
    values = {"what": what}
    if announced or found.announce_by is None:
        return (
            ngettext("%(what)s carton is needed for it.", "%(what)s cartons are needed for it.", total)
            % values
        )
    if found.announce_by == today:
        text = ngettext(
            "%(what)s carton: announce it today, and it is there in time.",
            "%(what)s cartons: announce it today, and they are there in time.",
            total,
        )
        return text % values
    values["day"] = wording.long_day(found.announce_by)
    text = ngettext(
        "%(what)s carton: announce it by %(day)s, and it is there in time.",
        "%(what)s cartons: announce it by %(day)s, and they are there in time.",
        total,
    )
    return text % values


def _late(
    found: Meaning, wanted: Sequence[Supply], starts_on: dt.date, ends_on: dt.date, today: dt.date
) -> list[str]:
    arrives = {"when": wording.on(found.arrives_on, today), "first": wording.on(starts_on, today)}
    if found.arrives_on > ends_on:
        said = [_("This is too late for the usual way: it arrives %(when)s, when the job is over.") % arrives]
    else:
        text = _("This is too late for the first days: it arrives %(when)s, and the job begins %(first)s.")
        said = [text % arrives]
    least = min(wanted, key=lambda supply: supply.covered)
    share = int(least.covered * 20) * 5
    if share:
        text = _(
            "What is there now is likely enough for about %(share)s%% of the job; %(what)s runs out first."
        )
        said.append(text % {"share": share, "what": _named(least)})
    else:
        text = _("What is there now is likely used up before: %(what)s runs out first.")
        said.append(text % {"what": _named(least)})
    return said


def _supply(supply: Supply) -> SupplyRow:
    takes = wording.tenths(supply.takes) if supply.takes >= 0.1 else _("less than 0.1")
    slots = supply.machine.get("slots") or []
    return SupplyRow(
        name=str(supply.supply["name"]),
        swatch=colour(str(supply.supply["kind"]), str(supply.supply["colorant"])),
        reorder_number=str(supply.supply["reorder_number"]),
        takes=takes,
        machine=in_machine(supply.machine, slots[0]) if slots else _("not reported"),
        shelf=wording.grouped(supply.shelf),
        on_the_way=wording.grouped(supply.on_the_way),
        more=wording.grouped(supply.more),
        note=_("Automatic supplies are off") if supply.barred == "off" else "",
    )


def _named(supply: Supply) -> str:
    return wording.within(supply_name(supply.supply))


def _counted(supply: Supply) -> str:
    """2 black."""
    return _("%(n)s %(supply)s") % {"n": wording.grouped(supply.more), "supply": _named(supply)}


def _list(words: Sequence[str]) -> str:
    words = list(dict.fromkeys(words))
    if len(words) < 2:
        return "".join(words)
    return _("%(list)s and %(last)s") % {"list": ", ".join(words[:-1]), "last": words[-1]}


def withdrawal(found: Meaning) -> list[str]:
    """What withdrawing means, said before."""
    said = [
        _("The printers' supplies are weighed again without these pages: nothing more is sent for the job."),
        _("What has left already arrives all the same. It is used up later, and less is sent then."),
    ]
    coming = sum(supply.on_the_way for supply in found.supplies)
    if coming:
        text = ngettext(
            "%(n)s carton of these supplies is on the way now.",
            "%(n)s cartons of these supplies are on the way now.",
            coming,
        )
        said.append(text % {"n": wording.grouped(coming)})
    return said
