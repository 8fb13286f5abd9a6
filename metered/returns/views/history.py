"""What was returned: the list, its file, one return, and the pictures of what came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from metered.accounts.access import for_viewers, viewer_of
from metered.accounts.queries import addresses
from metered.lib import csv_rows, keyset
from metered.returns import presentation as words
from metered.returns import queries
from metered.returns.forms import HistoryForm
from metered.returns.sheet import sheet


def _form(request: HttpRequest) -> HistoryForm:
    places = addresses(viewer_of(request)).values_list("public_id", "name")
    return HistoryForm(request.GET, addresses=places)


@for_viewers()
def returns(request: HttpRequest) -> HttpResponse:
    """What is left over, and every return, newest first, narrowed by what was asked for."""
    viewer, now = viewer_of(request), timezone.now()
    form = _form(request)
    asked = form.wanted()
    wanted = queries.Wanted(**asked)
    page = queries.history(
        viewer, wanted, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    kept = urlencode({name: value for name, value in asked.items() if value})
    return render(
        request,
        "returns/return_list.html" + ("#list" if request.htmx else ""),  # type: ignore[attr-defined]
        {
            "form": form,
            "narrowed": bool(wanted),
            "rows": [words.return_row(row, now) for row in page.rows],
            "left_over": words.left_over(queries.leftovers(viewer)),
            "csv_url": reverse("returns_csv") + (f"?{kept}" if kept else ""),
            "may_order": viewer.may("order"),
            **keyset.links(page.newer, page.older, asked),
        },
    )


@for_viewers()
def history_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The narrowed history as CSV: every line of every return, however many there are."""
    found = queries.history_lines(viewer_of(request), queries.Wanted(**_form(request).wanted()))
    head: list[Sequence[object]] = [words.csv_head()]
    rows = chain(head, (words.csv_row(row) for row in found))
    answer = StreamingHttpResponse(csv_rows.lines(rows), content_type="text/csv; charset=utf-8")
    name = f"returns-{timezone.localdate().isoformat()}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@for_viewers()
def one(request: HttpRequest, public_id: str) -> HttpResponse:
    """One return: its number, what to do next, what was asked, accepted and received, and where it is."""
    viewer = viewer_of(request)
    whole = queries.whole(viewer, public_id)
    if whole is None:
        raise Http404
    return render(request, "returns/return_detail.html", context(whole, timezone.now(), viewer.may("order")))


def context(whole: queries.Whole, now: dt.datetime, may_order: bool) -> dict[str, Any]:
    """What the page of one return takes."""
    return {"made": sheet(whole, now), "may_order": may_order}


@require_safe
@for_viewers()
def photo(request: HttpRequest, public_id: str) -> HttpResponse:
    """A picture that was taken of what came. It never changes, and is its reader's alone."""
    found = queries.photo(viewer_of(request), public_id)
    if found is None:
        raise Http404
    return HttpResponse(
        bytes(found.image),
        content_type="image/jpeg",
        headers={"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"},
    )
