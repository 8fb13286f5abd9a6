"""The pages of reads in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.fleet.models import Device
from metered.lib import wording
from metered.reads.due import Asked, Summary
from metered.reads.forms import canonical
from metered.reads.keeping import Outcome
from metered.reads.models import Read
from metered.reads.plausible import Doubt, Known
from metered.reads.words_of_reads import doubt_sentence, good_sentence, pages, slip_sentence


@dataclass(frozen=True)
class Use:
    """One click instead of typing again: the whole read, and what it says."""

    text: str
    value: str


@dataclass
class Field:
    """One meter of one row. `last`: what it showed last."""

    name: str
    meter: str
    label: str
    last: str
    value: str = ""
    invalid: bool = False


@dataclass
class GridRow:
    """A device of the grid. `note`: its verdict in words, of `kind` good, warn or bad; `fields` has None for
    a meter that the model lacks; `asked`: what the person was asked about; `kept`: nothing more to type."""

    public_id: str
    label: str
    serial: str
    due: str
    due_kind: str
    reason: str
    last_day: str
    fields: list[Field | None]
    note: str = ""
    kind: str = ""
    slip: str = ""
    use: Use | None = None
    asked: str = ""
    controller: bool = False
    ticked: bool = False
    kept: bool = False


@dataclass
class Section:
    """The devices of one address, with the meters that stand as columns."""

    public_id: str
    name: str
    meters: list[str]
    codes: str
    """The meters' words, comma between."""
    rows: list[GridRow] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """What became of a row that was sent: the texts as typed, and the outcome or why it can't be read."""

    texts: Mapping[str, str]
    outcome: Outcome | None = None
    problem: str = ""
    bad: frozenset[str] = frozenset()
    ticked: bool = False


def heading(found: Summary, today: dt.date) -> str:
    """3 meter reads are due by 25 November."""
    if not found.count or found.first is None:
        return _("No meter reads are due")
    values = {"n": wording.grouped(found.count), "day": due_day(found.first, today)}
    if found.first < today:
        return (
            ngettext(
                "%(n)s meter read is due since %(day)s",
                "%(n)s meter reads are due, the first since %(day)s",
                found.count,
            )
            % values
        )
    return (
        ngettext("%(n)s meter read is due by %(day)s", "%(n)s meter reads are due by %(day)s", found.count)
        % values
    )


def due_day(day: dt.date, today: dt.date) -> str:
    if day.year == today.year:
        return wording.month_day(day)
    return wording.full_day(day)


def due_tag(due_on: dt.date | None, today: dt.date) -> tuple[str, str]:
    """The tag of a row: due by Wed 25 Nov; its kind."""
    if due_on is None:
        return "", ""
    if due_on < today:
        return _("due since %(day)s") % {"day": wording.day(due_on, today)}, "bad"
    if due_on == today:
        return _("due today"), "warn"
    return _("due by %(day)s") % {"day": wording.day(due_on, today)}, ""


def sections(
    devices: Sequence[Device],
    meters_of: Mapping[int, Sequence[str]],
    names: Mapping[str, str],
    known: Mapping[int, Known],
    due_on: Mapping[int, dt.date],
    asked: Mapping[int, Asked],
    answers: Mapping[str, Answer],
    now: dt.datetime,
) -> list[Section]:
    """The rows by address, in the order of `devices`."""
    order = {meter: place for place, meter in enumerate(names)}
    found: list[Section] = []
    columns: dict[int, set[str]] = {}
    for device in devices:
        columns.setdefault(device.address_id, set()).update(meters_of.get(device.model_id, ()))
    labels = {device.pk: device.label for device in devices}
    for device in devices:
        if not found or found[-1].public_id != device.address.public_id:
            meters = sorted(columns[device.address_id], key=lambda meter: order.get(meter, 99))
            found.append(
                Section(
                    device.address.public_id,
                    device.address.name,
                    [_capital(names.get(meter, meter)) for meter in meters],
                    ",".join(meters),
                )
            )
        meters = sorted(columns[device.address_id], key=lambda meter: order.get(meter, 99))
        row = grid_row(
            device,
            meters,
            set(meters_of.get(device.model_id, ())),
            names,
            known[device.pk],
            due_on.get(device.pk),
            asked.get(device.pk),
            now,
        )
        answer = answers.get(device.public_id)
        if answer is not None:
            answered(row, answer, known[device.pk], names, labels, now)
        found[-1].rows.append(row)
    return found


def grid_row(
    device: Device,
    meters: Sequence[str],
    has: set[str],
    names: Mapping[str, str],
    known: Known,
    due_on: dt.date | None,
    asked: Asked | None,
    now: dt.datetime,
) -> GridRow:
    today = wording.local(now).date()
    tag, kind = due_tag(due_on, today)
    fields: list[Field | None] = [
        Field(
            name=f"v.{device.public_id}.{meter}",
            meter=meter,
            label=_capital(names.get(meter, meter)),
            last=wording.grouped(known.last[meter]) if meter in known.last else "",
        )
        if meter in has
        else None
        for meter in meters
    ]
    return GridRow(
        public_id=device.public_id,
        label=device.label,
        serial=device.serial,
        due=tag,
        due_kind=kind,
        reason=asked.reason if asked else "",
        last_day=wording.day(wording.local(known.since).date(), today) if known.since else "",
        fields=fields,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def answered(
    row: GridRow,
    answer: Answer,
    known: Known,
    names: Mapping[str, str],
    labels: Mapping[int, str],
    now: dt.datetime,
) -> None:
    """Writes what became of a row into it; what was typed stays."""
    for each in row.fields:
        if each is not None:
            each.value = answer.texts.get(each.meter, "")
            each.invalid = each.meter in answer.bad
    row.ticked = answer.ticked
    outcome = answer.outcome
    if outcome is None and not answer.problem:
        return
    if outcome is None or outcome.refused:
        row.kind, row.note = "bad", answer.problem or (outcome.refused if outcome else "")
        if outcome is not None and not answer.bad:
            _mark(row, set(outcome.typed.values))
        return
    if outcome.read is not None:
        row.kept, row.kind, row.note = True, "good", kept_sentence(outcome, known, now)
        return
    doubt = outcome.doubt
    assert doubt is not None
    row.kind, row.asked = "warn", canonical(outcome.typed.values)
    row.note, row.slip, row.use, row.controller = question(doubt, outcome, names, labels)
    _mark(row, {doubt.meter} if doubt.meter else set(outcome.typed.values))


def _mark(row: GridRow, meters: set[str]) -> None:
    for each in row.fields:
        if each is not None and each.meter in meters:
            each.invalid = True


def question(
    doubt: Doubt, outcome: Outcome, names: Mapping[str, str], labels: Mapping[int, str]
) -> tuple[str, str, Use | None, bool]:
    """Why, the likely slip, what to enter instead by one click, and whether to ask for a new controller."""
    slip = doubt.slip
    device = labels.get(slip.device, _("another device")) if slip and slip.device else _("another device")
    use = None
    if slip is not None and slip.values is not None:
        use = Use(use_text(slip.values, outcome.typed.values), canonical(slip.values))
    return doubt_sentence(doubt, names), slip_sentence(slip, device), use, doubt.problem == "below"


def use_text(meant: Mapping[str, int], typed: Mapping[str, int]) -> str:
    """Use 18,421 instead; several meters are named one after the other."""
    changed = [wording.grouped(meant[meter]) for meter in meant if meant[meter] != typed.get(meter)]
    return _("Use %(values)s instead") % {"values": " · ".join(changed)}


def kept_sentence(outcome: Outcome, known: Known | None, now: dt.datetime) -> str:
    """What is said of a read that was kept."""
    if outcome.waits:
        return _("Kept. We look at it before it counts.")
    since = wording.local(known.since).date() if known and known.since else None
    count = outcome.verdict.pages if outcome.verdict else None
    said = good_sentence(count, since, wording.local(now).date())
    return said if said == _("Kept.") else _("Kept. %(said)s") % {"said": said}


def kept_message(kept: int, waiting: int) -> str:
    """What the next page says at its top."""
    said = ngettext("%(n)s read is kept.", "%(n)s reads are kept.", kept) % {"n": wording.grouped(kept)}
    if waiting:
        said += " " + ngettext(
            "We look at %(n)s of them before it counts.",
            "We look at %(n)s of them before they count.",
            waiting,
        ) % {"n": wording.grouped(waiting)}
    return said


# --- one device's history --------------------------------------------------------------------------

STATES = {
    Read.Status.ACCEPTED: "good",
    Read.Status.HELD: "warn",
    Read.Status.CONFIRMED: "warn",
    Read.Status.REPLACED: "",
    Read.Status.REJECTED: "bad",
}


@dataclass(frozen=True)
class HistoryRow:
    """One read. `correct`: the person may correct it."""

    public_id: str
    when: str
    cells: list[tuple[str, str]]
    source: str
    state: str
    kind: str
    note: str
    correct: bool


def state_word(status: str) -> str:
    """A read's state as customers know it."""
    return {
        "accepted": _("Counts"),
        "held": _("Waits for support"),
        "confirmed": _("Waits for support"),
        "replaced": _("Corrected"),
        "rejected": _("Does not count"),
    }.get(status, status)


def source_word(read: Read) -> str:
    who = str(read.entered_by) if read.entered_by else ""
    return {
        "device": _("The device itself"),
        "agent": _("Device agent"),
        "customer": who or _("By hand"),
        "staff": _("Support"),
        "estimate": _("Estimate"),
    }.get(read.source, read.source)


def history_rows(
    reads: Sequence[Read], meters: Mapping[str, str], *, may_report: bool, now: dt.datetime
) -> list[HistoryRow]:
    found = []
    for read in reads:
        told = {value.meter_type.code: value.value for value in read.values.all()}
        correctable = read.source in ("customer", "staff") and read.status != Read.Status.REPLACED
        found.append(
            HistoryRow(
                public_id=read.public_id,
                when=wording.stamp(read.taken_at),
                cells=[
                    (_capital(name), wording.grouped(told[code]) if code in told else "–")
                    for code, name in meters.items()
                ],
                source=source_word(read),
                state=state_word(read.status),
                kind=STATES.get(Read.Status(read.status), ""),
                note=read.note,
                correct=may_report and correctable,
            )
        )
    return found


# --- the preview of rows ---------------------------------------------------------------------------


@dataclass(frozen=True)
class PreviewRow:
    """A line and its verdict. `sure`: it may be kept all the same, by ticking."""

    number: int
    device: str
    values: str
    when: str
    kind: str
    verdict: str
    sure: bool


def preview_heading(good: int, asked: int, bad: int) -> str:
    """1,204 reads are good, 3 need a look."""
    if not good and not asked:
        return _("None of these rows can be kept")
    said = ngettext("%(n)s read is good", "%(n)s reads are good", good) % {"n": wording.grouped(good)}
    rest = asked + bad
    if not rest:
        return said
    return _("%(good)s, %(rest)s") % {
        "good": said,
        "rest": ngettext("%(n)s row needs a look", "%(n)s rows need a look", rest)
        % {"n": wording.grouped(rest)},
    }


def preview_row(each: Any, names: Mapping[str, str], labels: Mapping[int, str], why: str) -> PreviewRow:
    """`each`: drafts.Judged; `why`: drafts.why_not of it."""
    line = each.line
    typed = line.typed
    values = (
        ", ".join(f"{_capital(names.get(m, m))} {wording.grouped(v)}" for m, v in typed.values.items())
        if typed
        else " · ".join(cell for cell in line.cells if cell)[:120]
    )
    if each.good:
        pages_since = each.outcome.verdict.pages
        verdict = _("The first read of this device.")
        if pages_since is not None:
            verdict = _("%(pages)s since the last read.") % {"pages": pages(pages_since)}
        kind = "good"
    elif each.asked:
        slip = each.outcome.doubt.slip
        label = labels.get(slip.device, "") if slip and slip.device else ""
        text = doubt_sentence(each.outcome.doubt, names)
        said = slip_sentence(slip, label or _("another device"))
        if slip is not None and slip.values is not None:
            changed = [
                wording.grouped(v) for m, v in slip.values.items() if v != each.outcome.typed.values.get(m)
            ]
            said = _("%(slip)s Perhaps it is %(values)s.") % {"slip": said, "values": " · ".join(changed)}
        kind, verdict = "warn", f"{text} {said}".strip()
    else:
        kind, verdict = "bad", why
    return PreviewRow(
        number=line.number,
        device=line.device.label if line.device else "",
        values=values,
        when=wording.stamp(typed.taken_at) if typed else "",
        kind=kind,
        verdict=verdict,
        sure=each.asked,
    )
