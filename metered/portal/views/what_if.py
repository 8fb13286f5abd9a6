"""What would be sent if: days of safety, or a heavy job, for one device. Asked by GET; nothing is kept."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from metered.accounts.access import for_viewers, viewer_of
from metered.portal.presentation import what_if as words
from metered.portal.queries import device as queries
from metered.portal.what_if_form import WhatIfForm
from metered.replenishment.what_if import what_if_for_system


@for_viewers()
def what_if(request: HttpRequest, public_id: str) -> HttpResponse:
    """The form, and beside what is decided what would be."""
    viewer, now = viewer_of(request), timezone.now()
    found = queries.standing(viewer, public_id)
    if found is None:
        raise Http404
    form = WhatIfForm(request.GET if request.GET else None, today=timezone.localdate())
    rows = None
    if form.is_bound and form.is_valid():
        compared = what_if_for_system(
            found, now, safety_days=form.cleaned_data["safety"] or 0, plan=form.plan(found.pk)
        )
        rows = [words.row(item) for item in compared]
    return render(
        request,
        "portal/device_what_if.html",
        {"device": found, "form": form, "rows": rows, "heading": words.heading(rows)},
    )
