"""One device as its page shows it. Pure: rows and the clock in, strings and pictures out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from metered.fleet.software import is_below
from metered.lib import pictures, wording
from metered.lib.picture_words import words
from metered.orders.presentation import State, held_until, line_state
from metered.portal.presentation.contact import Contact, contact
from metered.portal.presentation.forecast import RunOut, days_until, range_text, run_out_text
from metered.portal.presentation.readers import behind_silent_agent
from metered.portal.presentation.refusals import is_refused, way_out, why_refused
from metered.portal.presentation.slots import colour, picture_level, slot_names
from metered.reads.levels import NOT_REPORTED, LevelState
from metered.reads.words import SHEETS

if TYPE_CHECKING:
    from metered.orders.queries import Coming
    from metered.portal.queries.device import Whole

SHOWN_KINDS = ("toner", "ink", "waste")
"""What the picture of levels draws; other parts change slowly and would only cover the rest."""

SHOWN_BELOW = 250
"""Tenths of a percent from which on another part is drawn as well."""


@dataclass(frozen=True)
class Tile:
    """For components/supply_tile.html."""

    picture: str
    name: str
    value: str
    word: bool
    lines: list[str]
    part: str


@dataclass(frozen=True)
class Why:
    """What was decided for one supply, and why."""

    name: str
    swatch: str
    explained: Any


@dataclass(frozen=True)
class OnTheWay:
    order: str
    number: str
    state: State
    when: str
    items: list[tuple[str, str]]
    """(what, reorder number)"""


@dataclass(frozen=True)
class Sheet:
    public_id: str
    label: str
    title: str
    serial: str
    ships_to: str
    place: str
    contact: Contact
    removed: str
    replenishment: str
    """In one sentence, without a full stop."""
    notes: list[dict[str, str]]
    """For components/note.html."""
    tiles: list[Tile]
    picture: str
    table: Any
    undrawn: tuple[str, str]
    """Title and text that stand where no levels can be drawn."""
    why: list[Why]
    coming: list[OnTheWay]
    alerts: list[str]
    meters: list[str]
    reads: list[dict[str, Any]]
    last_report: str
    facts: list[tuple[str, str]] = field(default_factory=list)


def sheet(whole: Whole, now: dt.datetime) -> Sheet:
    device, latest = whole.device, whole.latest
    heard = contact(latest.received_at if latest else None, device.path, device.installed_on, now)
    names = _names(whole)
    series = _series(whole, names, now)
    here = wording.local(now)
    ships_to = device.address.name
    if device.address.current:
        ships_to = f"{ships_to}, {device.address.current.one_line}"
    return Sheet(
        public_id=device.public_id,
        label=device.label,
        title=device.name or device.model.name,
        serial=device.serial,
        ships_to=ships_to,
        place=device.place,
        contact=heard,
        removed=_("Removed on %(date)s") % {"date": wording.full_day(wording.local(device.removed_at).date())}
        if device.removed_at
        else "",
        replenishment=_replenishment(device),
        notes=_notes(whole, heard, now),
        tiles=[_tile(whole, slot, name, now) for slot, name in zip(whole.slots, names, strict=True)],
        picture=pictures.levels(series, now=here, words=words()) if series else "",
        table=pictures.levels_table(series, now=here, words=words()) if series else None,
        undrawn=_undrawn(whole),
        why=_why(whole, names),
        coming=on_the_way(whole.coming, now),
        alerts=list(latest.alerts) if latest else [],
        meters=[_meter_name(code) for code in whole.meters],
        reads=[_read(read, whole.meters) for read in whole.reads],
        last_report=_last_report(latest, whole.meters),
        facts=_facts(whole),
    )


def _undrawn(whole: Whole) -> tuple[str, str]:
    if whole.device.path == "manual":
        text = _("Its meters are read by hand. We work out what is left from the pages that it printed.")
        return _("Levels are not reported"), text
    if any(_level(whole, slot) != NOT_REPORTED for slot in whole.slots):
        text = _("This device reports its levels in words, not in percent. They stand above.")
        return _("Nothing to draw"), text
    text = _(
        "As soon as the device has reported its levels, they stand here with the days that they will last."
    )
    return _("No levels yet"), text


def _names(whole: Whole) -> list[str]:
    """What the slots are called; parts without a kind of their own by the name that the device gives them."""
    said = slot_names([(slot.kind, slot.colorant) for slot in whole.slots])
    return [
        slot.name if slot.kind == "other" and slot.name else name
        for slot, name in zip(whole.slots, said, strict=True)
    ]


def _level(whole: Whole, slot: Any) -> LevelState:
    return whole.latest.levels.get(slot.key, NOT_REPORTED) if whole.latest else NOT_REPORTED


def _tile(whole: Whole, slot: Any, name: str, now: dt.datetime) -> Tile:
    level = picture_level(_level(whole, slot), slot.kind, slot.colorant)
    value, is_word = pictures.level_value(level, words=words())
    run_out = whole.run_outs.get(slot.pk)
    lines = [run_out_text(run_out, now)] if run_out else []
    pool = whole.pools.get(slot.supply_id or 0)
    if pool is not None and pool.shelf:
        lines.append(_("%(n)s on your shelf") % {"n": wording.grouped(pool.shelf)})
    if pool is not None and pool.on_the_way:
        lines.append(_("%(n)s on the way") % {"n": wording.grouped(pool.on_the_way)})
    part = slot.supply.reorder_number if slot.supply else ""
    return Tile(pictures.level_bar(level, words=words()), name, value, is_word, lines, part)


def _series(whole: Whole, names: Sequence[str], now: dt.datetime) -> list[pictures.LevelSeries]:
    found = []
    for slot, name in zip(whole.slots, names, strict=True):
        points = whole.history.levels.get(slot.key)
        if not points or (slot.kind not in SHOWN_KINDS and points[-1][1] > SHOWN_BELOW):
            continue
        run_out = whole.run_outs.get(slot.pk)
        found.append(
            pictures.LevelSeries(
                # The picture falls to nothing for every supply: of a waste container it shows the space left.
                name=_("Waste space") if slot.kind == "waste" else name,
                colour=colour(slot.kind, slot.colorant),
                points=tuple(pictures.LevelPoint(_noon(day, now), tenths / 10) for day, tenths in points),
                sure=days_until(run_out.sure, now) if run_out else None,
                likely=days_until(run_out.likely, now) if run_out else None,
            )
        )
    return found


def _noon(day: dt.date, now: dt.datetime) -> dt.datetime:
    """A day's last report stands at its noon, today's at the present moment at the latest."""
    return min(dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC), now)


def _replenishment(device: Any) -> str:
    said = {
        "on": _("Supplies are sent automatically"),
        "starting": _("Supplies are sent automatically as soon as its use is known"),
        "off": _("Supplies are not sent automatically"),
    }
    text = said.get(device.replenishment, "")
    reason = device.replenishment_reason
    return f"{text}: {reason}" if reason and device.replenishment != "on" else text


def _notes(whole: Whole, heard: Contact, now: dt.datetime) -> list[dict[str, str]]:
    notes = []
    if heard.silent_days:
        last = whole.latest.received_at if whole.latest else None
        title = (
            _("It stopped reporting %(ago)s") % {"ago": wording.ago(last, now)}
            if last
            else _("It has never reported")
        )
        text = _(
            "Until it is heard of again we estimate its use from the past. Check that it is always on, that "
            "power saving leaves the network on, and that the network and the device agent work."
        )
        if whole.reader is not None and whole.reader.silent_since is not None:
            text = behind_silent_agent(whole.reader, now)
        url = reverse("device_connection", args=[whole.device.public_id])
        notes.append(
            {"kind": heard.kind, "title": title, "text": text, "url": url, "action": _("See what helps")}
        )
    notes += software_notes(whole, wording.local(now).date())
    if whole.latest and whole.latest.meters_held:
        notes.append(
            {
                "kind": "warn",
                "title": _("Its meters can't be right"),
                "text": _("We keep the last ones that fit until the device shows the new ones again."),
                "url": "",
                "action": "",
            }
        )
    if whole.latest and not whole.latest.complete:
        notes.append(
            {
                "kind": "",
                "title": _("Part of the device did not answer"),
                "text": _("What is missing here was not in its last report."),
                "url": "",
                "action": "",
            }
        )
    return notes


def software_notes(whole: Whole, today: dt.date) -> list[dict[str, str]]:
    """That its last attempt was refused, and what the model's bulletin asks of it (domain rule 9)."""
    refused, bulletin = _refusal(whole, today), whole.bulletin
    software = whole.latest.software if whole.latest else ""
    if refused is not None and refused["reason"] == "software_below_minimum":
        return [refused["note"]]
    notes = [refused["note"]] if refused is not None else []
    if bulletin is None or not is_below(software, bulletin.minimum_software):
        return notes
    values = {"has": software, "needs": bulletin.minimum_software}
    date = {"date": wording.full_day(bulletin.from_date)}
    text = (
        _("From %(date)s its own reports are refused.")
        if bulletin.from_date > today
        else _("Since %(date)s its own reports are refused.")
    )
    out = way_out(
        "software_below_minimum", instructions=bulletin.instructions, by_agent=bulletin.agent_is_way_out
    )
    note = {
        "kind": "warn" if bulletin.from_date > today else "bad",
        "title": _("Its software %(has)s is below the minimum %(needs)s") % values,
        "text": f"{text % date} {out}",
    }
    return [*notes, note | _software_link(bulletin)]


def _refusal(whole: Whole, today: dt.date) -> dict[str, Any] | None:
    """The note on its last attempt, if that was refused, and the reason."""
    latest, bulletin = whole.latest, whole.bulletin
    if latest is None or latest.refused_at is None:
        return None
    if not is_refused(latest.refused_at, latest.received_at, latest.agent_at):
        return None
    why = why_refused(latest.refused_reason, bulletin, today)
    out = way_out(
        latest.refused_reason,
        instructions=bulletin.instructions if bulletin else "",
        by_agent=bulletin is None or bulletin.agent_is_way_out,
    )
    text = _("%(when)s: %(why)s") % {"when": wording.stamp(latest.refused_at, zone=True), "why": why}
    by_software = latest.refused_reason == "software_below_minimum"
    note = {"kind": "bad", "title": _("Its last attempt to report was refused"), "text": f"{text} {out}"}
    return {
        "reason": latest.refused_reason,
        "note": note | _software_link(bulletin if by_software else None),
    }


def _software_link(bulletin: Any) -> dict[str, str]:
    url = bulletin.software_url if bulletin else ""
    return {"url": url, "action": _("Get the software") if url else ""}


def _why(whole: Whole, names: Sequence[str]) -> list[Why]:
    """The decisions, the most urgent supply first; a supply of several slots once."""
    found: dict[int, tuple[dt.datetime, Why]] = {}
    never = dt.datetime.max.replace(tzinfo=dt.UTC)
    for slot, name in zip(whole.slots, names, strict=True):
        pool = whole.pools.get(slot.supply_id or 0)
        explained = whole.why.get(pool.pk) if pool is not None else None
        if pool is None or explained is None:
            continue
        run_out = whole.run_outs.get(slot.pk)
        moment = run_out.middle if run_out else never
        if pool.pk not in found or moment < found[pool.pk][0]:
            found[pool.pk] = (moment, Why(name, colour(slot.kind, slot.colorant), explained))
    return [why for _moment, why in sorted(found.values(), key=lambda pair: pair[0])]


def on_the_way(coming: Iterable[Coming], now: dt.datetime) -> list[OnTheWay]:
    """What is on the way, an entry per order and state."""
    found: dict[tuple[str, str, str], OnTheWay] = {}
    for item in coming:
        entry = _on_the_way(item, now)
        known = found.setdefault((entry.order, entry.state.code, entry.when), entry)
        if known is not entry:
            known.items.extend(entry.items)
    return list(found.values())


def _on_the_way(item: Any, now: dt.datetime) -> OnTheWay:
    today = wording.local(now).date()
    held = held_until(item.held_at, item.release_at, now)
    found = line_state(item.state, automatic=item.release_at is not None, held=held)
    when = ""
    if item.expected_on:
        when = _("arrives %(day)s") % {"day": wording.week_day(item.expected_on)}
        if item.expected_on < today:
            when = _("was to arrive %(day)s") % {"day": wording.week_day(item.expected_on)}
    elif found.code == "announced" and item.release_at and item.release_at > now:
        when = _("leaves %(when)s") % {"when": wording.at(item.release_at, now)}
    return OnTheWay(
        order=item.order_public_id,
        number=item.number,
        state=found,
        when=when,
        items=[(f"{item.quantity} × {item.supply}", item.reorder_number)],
    )


def _meter_name(code: str) -> str:
    said = {
        "mono": _("Black"),
        "color": _("Colour"),
        "colour": _("Colour"),
        "total": _("Total"),
        "large_mono": _("Large black"),
        "large_color": _("Large colour"),
        "large_colour": _("Large colour"),
    }
    if code.endswith(SHEETS):
        return _("%(meter)s, in sheets") % {"meter": _meter_name(code.removesuffix(SHEETS))}
    return said.get(code) or code.replace("_", " ").capitalize()


def _read(read: Any, codes: Sequence[str]) -> dict[str, Any]:
    values: Mapping[str, int] = {value.meter_type.code: value.value for value in read.values.all()}
    sources = {
        "device": _("Device"),
        "agent": _("Device agent"),
        "customer": str(read.entered_by) if read.entered_by else _("By hand"),
        "staff": _("Support"),
        "estimate": _("Estimate"),
    }
    states = {
        "accepted": (_("Accepted"), "good"),
        "held": (_("Held: needs a second look"), "warn"),
        "confirmed": (_("Confirmed, waits for support"), "info"),
        "replaced": (_("Replaced"), ""),
        "rejected": (_("Not accepted"), "bad"),
    }
    text, kind = states.get(read.status, (read.status, ""))
    return {
        "when": wording.stamp(read.taken_at),
        "cells": [
            (_meter_name(code), wording.grouped(values[code]) if code in values else "–") for code in codes
        ],
        "source": sources.get(read.source, read.source),
        "state": text,
        "kind": kind,
        "note": read.note[:1].upper() + read.note[1:],
    }


def _last_report(latest: Any, codes: Sequence[str]) -> str:
    """The meters of the last report, which is no read yet. Sheets are shown, though not billed."""
    if latest is None or latest.observed_at is None:
        return ""
    told = [
        f"{_meter_name(code)} {wording.grouped(latest.meters[code])}"
        for code in (*codes, *(code for code in latest.meters if code.endswith(SHEETS) and code not in codes))
        if code in latest.meters
    ]
    if not told:
        return ""
    return _("Last report, %(when)s: %(meters)s") % {
        "when": wording.stamp(latest.observed_at),
        "meters": " · ".join(told),
    }


def _facts(whole: Whole) -> list[tuple[str, str]]:
    device, latest = whole.device, whole.latest
    said = {
        "direct": _("It reports by itself"),
        "agent": _("A device agent reads it"),
        "manual": _("Its meters are read by hand"),
    }
    facts = [
        (_("Model"), str(device.model)),
        (_("Where it stands"), device.place),
        (_("Contract"), device.contract.number),
        (_("In use since"), wording.full_day(device.installed_on)),
        (_("Connection"), said.get(device.path, "")),
        (_("Software"), latest.software if latest else ""),
    ]
    return [(name, value) for name, value in facts if value]


__all__ = ["RunOut", "Sheet", "range_text", "sheet", "software_notes"]
