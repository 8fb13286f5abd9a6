"""Rows from a spreadsheet: bring, preview, keep, take the rest away."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.access import for_viewers, viewer_of
from metered.lib import tables
from metered.lib.errors import Refused
from metered.reads import actions, drafts, pages
from metered.reads.forms import RowsForm, zone_name
from metered.reads.presentation import kept_message, preview_heading, preview_row
from metered.reads.weighing import meter_names

PAGE = 100


@for_viewers("report")
def bring(request: HttpRequest) -> HttpResponse:
    """Paste rows or choose a file; nothing is kept before the preview."""
    viewer = viewer_of(request)
    form = RowsForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        form = RowsForm(request.POST, request.FILES)
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                if file is not None:
                    if file.size > tables.MAX_BYTES:
                        raise tables.Unreadable("size")
                    rows = tables.read_file(file.read())
                else:
                    rows = tables.read_text(form.cleaned_data["text"])
                draft = actions.bring_rows(viewer=viewer, rows=rows, name=file.name if file else "")
            except tables.Unreadable as unreadable:
                form.add_error("file" if file is not None else "text", pages.unreadable(unreadable.code))
            except Refused as refused:
                form.add_error("file" if file is not None else "text", refused.reason)
            else:
                return redirect("read_rows", draft.public_id)
    return render(request, "reads/rows.html", {"form": form, "zone": zone_name()})


@for_viewers("report")
def rows(request: HttpRequest, public_id: str) -> HttpResponse:
    """Every row's verdict before anything is kept; then what was kept and what was not."""
    viewer, now = viewer_of(request), timezone.now()
    draft = drafts.draft(viewer, public_id, now=now)
    if draft is None:
        raise Http404
    if request.method == "POST":
        before = draft.kept_at
        sure = {
            int(number) for number in request.POST.getlist("sure") if number.isdecimal() and len(number) < 6
        }
        try:
            draft = actions.keep_draft(
                viewer=viewer, found=draft, sure=sure, actor=cast(Any, request.user), now=now
            )
        except Refused as refused:
            messages.error(request, refused.reason)
            return redirect("read_rows", public_id)
        if before is None and draft.result and draft.result["kept"]:
            messages.success(request, kept_message(draft.result["kept"], draft.result["waiting"]))
        return redirect("read_rows", public_id)
    if draft.kept_at is not None:
        return _kept(request, draft)
    found = drafts.judged(drafts.sheet_of(viewer, draft, now), now)
    names = meter_names()
    neighbours = [
        each.outcome.doubt.slip.device
        for each in found
        if each.outcome and each.outcome.doubt and each.outcome.doubt.slip and each.outcome.doubt.slip.device
    ]
    labels = pages.labels(viewer, neighbours) if neighbours else {}
    good = sum(each.good for each in found)
    asked = sum(each.asked for each in found)
    # What needs a look comes first.
    ordered = sorted(found, key=lambda each: (each.good, each.asked, each.line.number))
    page = Paginator(ordered, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "reads/preview.html",
        {
            "draft": draft,
            "heading": preview_heading(good, asked, len(found) - good - asked),
            "good": good,
            "asked": asked,
            "rows": [preview_row(each, names, labels, drafts.why_not(each, names)) for each in page],
            "page": page,
            **_links(page),
        },
    )


def _links(page: Any) -> dict[str, str]:
    return {
        "newer": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "older": f"?page={page.next_page_number()}" if page.has_next() else "",
    }


def _kept(request: HttpRequest, draft: Any) -> HttpResponse:
    result = draft.result
    page = Paginator(result["rest"], PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "reads/kept.html",
        {
            "draft": draft,
            "kept": result["kept"],
            "heading": kept_message(result["kept"], result["waiting"])
            if result["kept"]
            else _("No read was kept"),
            "rest_count": len(result["rest"]),
            "rest": [
                {"number": number, "cells": " · ".join(cell for cell in cells if cell)[:160], "why": why}
                for number, cells, why in page
            ],
            **_links(page),
        },
    )


@for_viewers("report")
def rest(request: HttpRequest, public_id: str) -> HttpResponse:
    """What was not kept, as a CSV with the reasons."""
    draft = drafts.draft(viewer_of(request), public_id)
    if draft is None or draft.kept_at is None:
        raise Http404
    return _file(tables.csv_bytes(drafts.rest_rows(draft)), "text/csv; charset=utf-8", "reads-not-kept.csv")


@for_viewers("report")
def template_csv(request: HttpRequest) -> HttpResponse:
    """The due devices as a CSV to fill in."""
    head, lines = pages.template_rows(viewer_of(request), timezone.now())
    return _file(tables.csv_bytes([head, *lines]), "text/csv; charset=utf-8", "meter-reads.csv")


@for_viewers("report")
def template_xlsx(request: HttpRequest) -> HttpResponse:
    """The due devices as a workbook to fill in."""
    head, lines = pages.template_rows(viewer_of(request), timezone.now())
    data = tables.xlsx_bytes(_("Meter reads"), head, lines, widths=[18, 24, 24])
    return _file(
        data, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "meter-reads.xlsx"
    )


def _file(data: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(
        data,
        content_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
