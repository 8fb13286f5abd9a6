"""Pages about orders."""

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

from metered.accounts.access import for_viewers, viewer_of
from metered.accounts.queries import addresses
from metered.lib import csv_rows, keyset
from metered.orders import queries
from metered.orders.forms import HistoryForm
from metered.orders.forms_ordering import ArrivedForm, NotNowForm
from metered.orders.presentation import csv_head, csv_row, order_row
from metered.orders.sheet import sheet


@for_viewers()
def orders(request: HttpRequest) -> HttpResponse:
    """The history, newest first, narrowed by what was asked for."""
    viewer = viewer_of(request)
    form = HistoryForm(request.GET, addresses=addresses(viewer).values_list("public_id", "name"))
    asked = form.wanted()
    wanted = queries.Wanted(**asked)
    page = queries.history(
        viewer, wanted, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    now = timezone.now()
    kept = urlencode({name: value for name, value in asked.items() if value})
    return render(
        request,
        "orders/order_list.html" + ("#list" if request.htmx else ""),  # type: ignore[attr-defined]
        {
            "form": form,
            "narrowed": bool(wanted),
            "rows": [order_row(row, now) for row in page.rows],
            "csv_url": reverse("orders_csv") + (f"?{kept}" if kept else ""),
            "may_order": viewer.may("order"),
            **keyset.links(page.newer, page.older, asked),
        },
    )


@for_viewers()
def order(request: HttpRequest, public_id: str) -> HttpResponse:
    """One order: what, why, who, when it leaves, and where it is."""
    viewer = viewer_of(request)
    whole = queries.whole(viewer, public_id)
    if whole is None:
        raise Http404
    return render(
        request, "orders/order_detail.html", order_context(whole, timezone.now(), viewer.may("order"))
    )


def order_context(whole: queries.Whole, now: dt.datetime, may_order: bool, **forms: Any) -> dict[str, Any]:
    """What the page of one order takes; `forms` stand in for fresh ones after an error."""
    shown = sheet(whole, now)
    return {
        "order": shown,
        "may_order": may_order,
        "not_now": NotNowForm(lines=shown.announced_lines, today=timezone.localdate()),
        "arrived": [
            (parcel, ArrivedForm(parcel=parcel.public_id, contents=parcel.items))
            for parcel in shown.parcels
            if not parcel.arrived
        ],
        **forms,
    }


@for_viewers()
def history_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The narrowed history as CSV: every line of every order, however many there are."""
    viewer = viewer_of(request)
    form = HistoryForm(request.GET, addresses=addresses(viewer).values_list("public_id", "name"))
    found = queries.history_lines(viewer, queries.Wanted(**form.wanted()))
    head: list[Sequence[object]] = [csv_head()]
    rows = chain(head, (csv_row(row) for row in found))
    answer = StreamingHttpResponse(csv_rows.lines(rows), content_type="text/csv; charset=utf-8")
    name = f"orders-{timezone.localdate().isoformat()}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
