"""One device's reads: enter, look back, correct."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.access import for_viewers, viewer_of
from metered.lib import keyset, pictures, wording
from metered.lib.errors import Refused
from metered.lib.picture_words import words as picture_words
from metered.reads import actions, due, pages
from metered.reads.forms import METER, ReadForm, canonical, from_canonical
from metered.reads.presentation import (
    due_tag,
    history_rows,
    kept_sentence,
    question,
    source_word,
)
from metered.reads.weighing import meter_names


@for_viewers()
def device_reads(request: HttpRequest, public_id: str) -> HttpResponse:
    """Enter a read of one device; what it counted before."""
    viewer, now = viewer_of(request), timezone.now()
    device = pages.device_of(viewer, public_id)
    if device is None:
        raise Http404
    may = viewer.may("report")
    if request.method == "POST" and not may:
        raise PermissionDenied
    past = pages.past(
        viewer, device, now, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    has = pages.meters_of_models([device]).get(device.model_id, [])
    form = ReadForm(
        _data(request), meters={code: past.meters[code] for code in has}, initial=_now_fields(now)
    )
    asked: dict[str, Any] = {}
    if request.method == "POST":
        if "controller" in request.POST or request.POST.get("asked"):
            form.show_controller()
        if form.is_valid():
            once = uuid.uuid5(form.cleaned_data["once"], canonical(form.cleaned_data["values"]))
            typed = actions.Typed(
                device.pk,
                form.cleaned_data["values"],
                form.moment(now),
                sure=form.sure,
                controller_replaced=bool(form.cleaned_data.get("controller")),
                once=once,
            )
            try:
                (outcome,) = actions.keep_reads(typed=[typed], actor=cast(Any, request.user), now=now)
            except Refused as refused:
                form.add_error(None, refused.reason)
            else:
                if outcome.read is not None:
                    messages.success(request, kept_sentence(outcome, past.known, now))
                    return redirect("device_reads", public_id)
                form, asked = _again(request, form, outcome, device)
    day = {row["id"]: row["due_on"] for row in due.one(viewer, device, now)}
    drawn = picture_words()
    spans = [
        pictures.Span(
            name=wording.short_month(wording.local(at).month),
            told=wording.full_day(wording.local(at).date()),
            pages=count,
            sure=sure,
        )
        for at, count, sure in past.spans
    ]
    title = _("Pages between the last reads")
    return render(
        request,
        "reads/device_reads.html",
        {
            "device": device,
            "may": may and device.removed_at is None,
            "form": form,
            "asked": asked,
            "due": due_tag(day.get(device.pk), wording.local(now).date()),
            "request_reason": _reason(viewer, device),
            "last": _last(past, now),
            "rows": history_rows(past.reads, past.meters, may_report=may, now=now),
            "meters": [name[:1].upper() + name[1:] for name in past.meters.values()],
            "picture": pictures.spans(spans, title=title, words=drawn) if len(spans) > 1 else "",
            "table": pictures.spans_table(
                spans, title=title, day=_("Read on"), pages=_("Pages"), words=drawn
            ),
            **keyset.links(past.newer, past.older),
        },
    )


def _data(request: HttpRequest) -> Any:
    """What was posted; `use` puts its values into the fields first."""
    if request.method != "POST":
        return None
    data = request.POST.copy()
    for meter, value in from_canonical(request.POST.get("use", "")).items():
        data[METER + meter] = value
    return data


def _now_fields(now: dt.datetime) -> dict[str, Any]:
    return {"day": timezone.localdate(now)}


def _last(past: pages.Past, now: dt.datetime) -> dict[str, Any]:
    known = past.known
    if known.since is None:
        return {}
    return {
        "day": wording.full_day(wording.local(known.since).date()),
        "values": [
            (name[:1].upper() + name[1:], wording.grouped(known.last[code]))
            for code, name in past.meters.items()
            if code in known.last
        ],
    }


def _reason(viewer: Any, device: Any) -> str:
    found = due.requests(viewer, [device.pk]).get(device.pk)
    return found.reason if found else ""


def _again(
    request: HttpRequest, form: ReadForm, outcome: actions.Outcome, device: Any
) -> tuple[ReadForm, dict[str, Any]]:
    """The form with what stands in its way; what was typed stays."""
    if outcome.refused:
        field = {"future": "day", "digits": None}.get(outcome.code)
        form.add_error(field, outcome.refused)
        return form, {}
    assert outcome.doubt is not None
    viewer = viewer_of(request)
    slip = outcome.doubt.slip
    labels = pages.labels(viewer, [slip.device]) if slip is not None and slip.device is not None else {}
    note, said, use, controller = question(outcome.doubt, outcome, meter_names(), labels)
    data = cast(Any, form.data).copy()
    data["asked"] = canonical(outcome.typed.values)
    shown = ReadForm(data, meters=form.meters, initial=form.initial, correct="reason" in form.fields)
    if controller:
        shown.show_controller()
    shown.is_valid()
    return shown, {"note": note, "slip": said, "use": use}


@for_viewers("report")
def correct(request: HttpRequest, public_id: str) -> HttpResponse:
    """Correct a read that a person entered: a new one replaces it, both stay in the history."""
    viewer, now = viewer_of(request), timezone.now()
    read = pages.read_of(viewer, public_id)
    if read is None:
        raise Http404
    was = {value.meter_type.code: value.value for value in read.values.all()}
    names = meter_names()
    has = pages.meters_of_models([read.device]).get(read.device.model_id, [])
    here = wording.local(read.taken_at)
    initial = {METER + code: wording.grouped(value) for code, value in was.items()}
    form = ReadForm(
        _data(request),
        meters={code: names[code] for code in has},
        initial={**initial, "day": here.date(), "time": here.strftime("%H:%M")},
        correct=True,
    )
    asked: dict[str, Any] = {}
    open_ = read.status != "replaced" and read.source in ("customer", "staff")
    if request.method == "POST":
        if "controller" in request.POST or request.POST.get("asked"):
            form.show_controller()
        if form.is_valid():
            moment = form.moment(now)
            # The field knows minutes only: untouched it means the very same moment.
            same = form.cleaned_data["day"] == here.date() and (
                form.cleaned_data["time"] is None
                or form.cleaned_data["time"].strftime("%H:%M") == here.strftime("%H:%M")
            )
            try:
                outcome = actions.correct_read(
                    read=read,
                    values=form.cleaned_data["values"],
                    reason=form.cleaned_data["reason"],
                    actor=cast(Any, request.user),
                    taken_at=read.taken_at if same else moment,
                    sure=form.sure,
                    controller_replaced=bool(form.cleaned_data.get("controller")),
                    once=uuid.uuid5(form.cleaned_data["once"], canonical(form.cleaned_data["values"])),
                    now=now,
                )
            except Refused as refused:
                form.add_error(None, refused.reason)
            else:
                if outcome.read is not None:
                    messages.success(request, _("The read is corrected. The old one stays in the history."))
                    return redirect("device_reads", read.device.public_id)
                form, asked = _again(request, form, outcome, read.device)
    return render(
        request,
        "reads/correct.html",
        {
            "read": read,
            "device": read.device,
            "when": wording.stamp(read.taken_at, zone=True),
            "source": source_word(read),
            "was": [
                (names.get(code, code)[:1].upper() + names.get(code, code)[1:], wording.grouped(value))
                for code, value in was.items()
            ],
            "open": open_,
            "form": form,
            "asked": asked,
        },
    )
