"""What the pages of reads are made of: rows for the viewer, each list in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.http import QueryDict
from django.utils.translation import gettext as _

from metered.accounts.access import Viewer
from metered.accounts.models import User
from metered.fleet.models import Device, ModelMeter
from metered.lib import keyset
from metered.reads.due import due_page, requests
from metered.reads.forms import canonical, from_canonical, not_whole, whole_number
from metered.reads.keeping import Typed, keep_reads
from metered.reads.models import Read, ReadValue
from metered.reads.plausible import Known
from metered.reads.presentation import Answer, GridRow, Section, answered, grid_row, sections
from metered.reads.weighing import known_of, meter_names

MOST = 500
"""Rows of one form."""
PAST = 13
"""Reads in the picture: a year of months and one."""


def meters_of_models(devices: Sequence[Device]) -> dict[int, list[str]]:
    """The meters of each model, in the operator's order."""
    found: dict[int, list[str]] = {}
    rows = (
        ModelMeter.objects.filter(model_id__in={device.model_id for device in devices})
        .order_by("meter_type__order", "meter_type__code")
        .values_list("model_id", "meter_type__code")
    )
    for model_id, code in rows:
        found.setdefault(model_id, []).append(code)
    return found


def device_of(viewer: Viewer, public_id: str) -> Device | None:
    rows = Device.objects.visible_to(viewer).select_related("model", "address")
    return cast("Device | None", rows.filter(public_id=public_id).first())


@dataclass(frozen=True)
class Grid:
    sections: list[Section]
    newer: str
    older: str


def grid(viewer: Viewer, now: dt.datetime, *, after: str, before: str, answers: Mapping[str, Answer]) -> Grid:
    """The due devices of one page, and those that were answered: they stay in view until they are right."""
    page = due_page(viewer, now, after=after, before=before)
    due_on = {row["id"]: row["due_on"] for row in page.rows}
    place = {row["id"]: number for number, row in enumerate(page.rows)}
    open_ones = [name for name, answer in answers.items() if not (answer.outcome and answer.outcome.read)]
    here = {row["public_id"] for row in page.rows}
    more = [name for name in open_ones if name not in here]
    wanted = (
        Device.objects.visible_to(viewer)
        .filter(public_id__in=[*here, *more], removed_at=None)
        .select_related("model", "address")
    )
    devices = sorted(wanted, key=lambda device: (place.get(device.pk, -1), device.pk))
    return Grid(_sections(viewer, devices, due_on, answers, now), page.newer, page.older)


def one_row(
    viewer: Viewer, public_id: str, answer: Answer, now: dt.datetime, columns: str = ""
) -> GridRow | None:
    """One device's row after it was sent alone; `columns`: the meters of its table, comma between."""
    device = device_of(viewer, public_id)
    if device is None:
        return None
    names = meter_names()
    meters = meters_of_models([device])
    wanted = [code for code in columns.split(",") if code in names] or meters.get(device.model_id, [])
    (known,) = known_of([(device, now)], now)
    row = grid_row(
        device, wanted, set(meters.get(device.model_id, ())), names, known, None,
        requests(viewer, [device.pk]).get(device.pk), now,
    )  # fmt: skip
    slip = answer.outcome.doubt.slip if answer.outcome and answer.outcome.doubt else None
    labels = {}
    if slip is not None and slip.device is not None:
        other = Device.objects.visible_to(viewer).select_related("model").filter(pk=slip.device).first()
        labels = {slip.device: other.label} if other else {}
    answered(row, answer, known, names, labels, now)
    return row


def _sections(
    viewer: Viewer,
    devices: Sequence[Device],
    due_on: Mapping[int, dt.date],
    answers: Mapping[str, Answer],
    now: dt.datetime,
) -> list[Section]:
    known = known_of([(device, now) for device in devices], now)
    return sections(
        devices,
        meters_of_models(devices),
        meter_names(),
        {device.pk: facts for device, facts in zip(devices, known, strict=True)},
        due_on,
        requests(viewer, [device.pk for device in devices]),
        answers,
        now,
    )


def _texts(sent: QueryDict) -> dict[str, dict[str, str]]:
    """What was typed, by device and meter."""
    texts: dict[str, dict[str, str]] = {}
    for name, value in sent.items():
        kind, _dot, rest = name.partition(".")
        public_id, _dot, meter = rest.partition(".")
        text = str(value).replace("\x00", "").strip()[:40]
        if kind == "v" and meter and public_id.isalnum() and text and len(texts) < MOST:
            texts.setdefault(public_id, {})[meter[:32].replace("\x00", "")] = text
    return texts


def typed_again(sent: QueryDict) -> dict[str, Answer]:
    """What was typed, for a page on which nothing could be kept."""
    return {public_id: Answer(texts) for public_id, texts in _texts(sent).items()}


def take(
    viewer: Viewer,
    sent: QueryDict,
    *,
    taken_at: dt.datetime,
    once: uuid.UUID,
    actor: Any,
    now: dt.datetime,
    only: str = "",
) -> dict[str, Answer]:
    """Keeps what the grid sent and what is likely; answers each row that held anything, by the device's name.

    Fields: `v.<device>.<meter>`; `asked.<device>`: what was asked about; `replaced.<device>`: a new
    controller; `use`: `<device>:<meter>=<value>;…` to enter instead; `keep`: the device whose read is right.
    `only`: take that row alone, whatever else came with it.
    """
    texts = _texts(sent)
    if only:
        texts = {only: texts[only]} if only in texts else {}
    # A button of one row says nothing of the others: they are asked about again.
    pressed = str(sent.get("use", sent.get("keep", ""))).partition(":")[0]
    used, _colon, instead = str(sent.get("use", "")).partition(":")
    if instead and used in texts:
        texts[used] |= from_canonical(instead)
    rows = Device.objects.visible_to(viewer).filter(public_id__in=list(texts), removed_at=None)
    devices = {device.public_id: device.pk for device in rows.only("pk", "public_id")}
    answers: dict[str, Answer] = {}
    typed: dict[str, Typed] = {}
    for public_id, cells in texts.items():
        device_id = devices.get(public_id)
        if device_id is None:
            continue
        numbers = {meter: whole_number(text) for meter, text in cells.items()}
        bad = frozenset(meter for meter, number in numbers.items() if number is None)
        ticked = f"replaced.{public_id}" in sent
        if bad:
            answers[public_id] = Answer(cells, None, not_whole(cells[min(bad)]), bad, ticked)
            continue
        values = {meter: number for meter, number in numbers.items() if number is not None}
        word = canonical(values)
        typed[public_id] = Typed(
            device_id,
            values,
            taken_at,
            sure=sent.get(f"asked.{public_id}") == word and pressed in ("", public_id),
            controller_replaced=ticked,
            # The page may come back from the browser's memory: another value is another read.
            once=uuid.uuid5(once, word),
        )
    outcomes = keep_reads(typed=list(typed.values()), actor=cast(User, actor), now=now) if typed else []
    for (public_id, each), outcome in zip(typed.items(), outcomes, strict=True):
        answers[public_id] = Answer(texts[public_id], outcome, ticked=each.controller_replaced)
    return answers


# --- one device ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Past:
    """One page of a device's reads, and the pages between the last ones for the picture, oldest first:
    (moment, pages, is it a statement of the meter)."""

    reads: list[Read]
    newer: str
    older: str
    spans: list[tuple[dt.datetime, int, bool]]
    known: Known
    meters: dict[str, str]


HISTORY = keyset.by_time("taken_at")
PAGE = 20


def past(viewer: Viewer, device: Device, now: dt.datetime, *, after: str, before: str) -> Past:
    rows = Read.objects.visible_to(viewer).filter(device=device)
    page = keyset.page(
        rows.values("id", "public_id", "taken_at"), HISTORY, after=after, before=before, size=PAGE
    )
    shown = (
        Read.objects.filter(pk__in=[row["id"] for row in page.rows])
        .select_related("entered_by", "replaced_by")
        .prefetch_related("values__meter_type")
    )
    (known,) = known_of([(device, now)], now)
    names = meter_names()
    has = meters_of_models([device]).get(device.model_id, [])
    told: dict[str, None] = dict.fromkeys(has)
    reads = sorted(shown, key=lambda read: (read.taken_at, read.pk), reverse=True)
    for read in reads:
        for value in read.values.all():
            told.setdefault(value.meter_type.code)
    meters = {code: names.get(code, code) for code in told}
    return Past(reads, page.newer, page.older, _spans(device), known, meters)


def _spans(device: Device) -> list[tuple[dt.datetime, int, bool]]:
    rows = list(
        Read.objects.filter(device=device, status__in=["accepted", "confirmed"])
        .order_by("-taken_at", "-id")
        .values_list("pk", "taken_at", "source")[: PAST + 1]
    )
    values: dict[int, dict[str, int]] = {}
    for read_id, code, value in ReadValue.objects.filter(read_id__in=[row[0] for row in rows]).values_list(
        "read_id", "meter_type__code", "value"
    ):
        values.setdefault(read_id, {})[code] = value
    rows.reverse()
    found: list[tuple[dt.datetime, int, bool]] = []
    for (before, _at, _source), (pk, at, source) in itertools.pairwise(rows):
        then, now = values.get(before, {}), values.get(pk, {})
        lead = ["total"] if "total" in now else sorted(now)
        pages = sum(now[meter] - then.get(meter, now[meter]) for meter in lead)
        # A new controller or a rollover: what lies between is not told by the difference.
        if pages >= 0:
            found.append((at, pages, source != Read.Source.ESTIMATE))
    return found


def read_of(viewer: Viewer, public_id: str) -> Read | None:
    """A read that the viewer may see, with its device and values."""
    rows = (
        Read.objects.visible_to(viewer)
        .select_related("device__model", "device__address", "entered_by")
        .prefetch_related("values__meter_type")
    )
    return cast("Read | None", rows.filter(public_id=public_id).first())


def template_rows(viewer: Viewer, now: dt.datetime) -> tuple[list[str], list[list[str]]]:
    """The head and rows of the template: the due devices, else all that are read by hand, to fill in."""
    from metered.reads.due import due_devices
    from metered.reads.rows import head_names

    head = head_names()
    wanted = due_devices(viewer, now).select_related("model", "address")
    devices = list(wanted.order_by("address__name", "name", "serial", "id")[:2000])
    if not devices:
        rows = Device.objects.visible_to(viewer).filter(removed_at=None, path=Device.Path.MANUAL)
        devices = list(
            rows.select_related("model", "address").order_by("address__name", "name", "serial", "id")[:2000]
        )
    names, has = meter_names(), meters_of_models(devices)
    codes = [code for code in names if any(code in each for each in has.values())]
    titles = [names[code][:1].upper() + names[code][1:] for code in codes]
    titled = [head["serial"], head["name"], head["place"], *titles, head["moment"]]
    return titled, [
        [device.serial, device.name, device.address.name, *[""] * len(codes), ""] for device in devices
    ]


def unreadable(code: str) -> str:
    """Why what was brought can't be read, as a sentence."""
    said = {
        "empty": _("There is nothing in it."),
        "size": _("It is larger than 2 MB, or becomes too large when it is unpacked."),
        "rows": _("It has more rows than can be read at once. Bring it in parts of 2,000 rows."),
        "columns": _("It has more than 60 columns. Leave only the device, its meters and the date."),
        "old": _("This kind of file can't be read. Save it as XLSX or CSV and choose it again."),
        "broken": _("The file is damaged or protected. Save it again as XLSX or CSV."),
        "text": _("This is no table: it holds what no text has. Save it as XLSX or CSV."),
    }
    return said.get(code, said["broken"]) + " " + _("Nothing was kept.")


def labels(viewer: Viewer, device_ids: Sequence[int | None]) -> dict[int, str]:
    """What people call these devices."""
    rows = (
        Device.objects.visible_to(viewer).select_related("model").filter(pk__in=[i for i in device_ids if i])
    )
    return {device.pk: device.label for device in rows}
