"""What must be updated, by when, and how: the work list of bulletins."""

from __future__ import annotations

import itertools

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from metered.accounts.access import for_viewers, viewer_of
from metered.accounts.queries import addresses
from metered.lib import csv_rows, keyset, wording
from metered.portal.device_forms import SoftwareForm
from metered.portal.presentation import software as words
from metered.portal.queries import software as queries


@for_viewers()
def software(request: HttpRequest) -> HttpResponse:
    """The devices whose software a bulletin does not let report, the nearest date first."""
    viewer, now = viewer_of(request), timezone.now()
    today = wording.local(now).date()
    bulletins = queries.bulletins_by_model(now)
    groups = queries.groups(viewer, bulletins)
    form = SoftwareForm(
        request.GET,
        addresses=addresses(viewer).values_list("public_id", "name"),
        models=[(group.bulletin.public_id, group.bulletin.model.name) for group in groups],
    )
    asked = form.wanted()
    wanted = queries.Wanted(**asked)
    page = queries.page(
        viewer,
        bulletins,
        wanted,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    whole = sum(group.count for group in groups)
    found = queries.narrowed(viewer, bulletins, wanted).count() if wanted else whole
    return render(
        request,
        "portal/software_list.html" + ("#list" if request.htmx else ""),  # type: ignore[attr-defined]
        {
            "form": form,
            "heading": words.heading(groups, today),
            "deadlines": [words.deadline(group, today) for group in groups],
            "rows": [words.row(row, bulletins, today) for row in page.rows],
            "whole": whole,
            "narrowed": bool(wanted),
            "said": words.counted(found, whole, bool(wanted)),
            "asked": request.GET.urlencode(),
            **keyset.links(page.newer, page.older, asked),
        },
    )


@for_viewers()
def software_file(request: HttpRequest) -> HttpResponse:
    """The whole list as a file for a spreadsheet, narrowed as on the page."""
    viewer, now = viewer_of(request), timezone.now()
    today = wording.local(now).date()
    bulletins = queries.bulletins_by_model(now)
    form = SoftwareForm(
        request.GET,
        addresses=addresses(viewer).values_list("public_id", "name"),
        models=[(row.public_id, row.model.name) for row in bulletins.values()],
    )
    rows = queries.every(viewer, bulletins, queries.Wanted(**form.wanted()))
    cells = (words.file_row(row, bulletins, today, settings.SITE_URL) for row in rows)
    text = b"".join(csv_rows.lines(itertools.chain([words.file_head()], cells)))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="software-{today.isoformat()}.csv"'
    return response
