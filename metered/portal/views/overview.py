"""The first page: are we covered, and what needs me?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from metered.accounts.access import for_viewers, viewer_of
from metered.lib import pictures, wording
from metered.lib.picture_words import words as picture_words
from metered.orders.presentation import order_row
from metered.orders.queries import recent
from metered.portal.presentation import heavy_jobs as job_words
from metered.portal.presentation import overview as words
from metered.portal.presentation.people import join_needs
from metered.portal.presentation.supplies import outlook_rows
from metered.portal.queries import overview as queries
from metered.portal.queries import supplies as supply_queries
from metered.portal.queries.forecasts import coverage
from metered.portal.queries.heavy_jobs import next_ahead
from metered.portal.queries.people import join_requests_waiting
from metered.returns.presentation import return_row
from metered.returns.queries import still_open

JOBS = 3
ORDERS = 4
RETURNS = 3
SUPPLIES = 6


@for_viewers()
def overview(request: HttpRequest) -> HttpResponse:
    """Are we covered? What needs me, what runs out first, and what is on its way."""
    viewer, now = viewer_of(request), timezone.now()
    today = wording.local(now).date()
    devices, heard = queries.known_devices(viewer)
    covered = coverage(viewer, now, words.HORIZON_DAYS)
    rows = outlook_rows(supply_queries.soonest(viewer, SUPPLIES), now)
    drawn = picture_words()
    context = {
        "day": wording.long_day(today),
        "heading": words.heading(covered, devices, heard),
        "needs": [
            *join_needs(join_requests_waiting(viewer)),
            *words.needs(queries.needs(viewer, now), covered, now),
        ],
        "quiet": words.quiet_line(devices, heard),
        "jobs": [
            {"public_id": row["public_id"], "text": job_words.line(row, today)}
            for row in next_ahead(viewer, today, JOBS)
        ],
        "outlook": pictures.outlook(rows, words=drawn) if rows else "",
        "outlook_table": pictures.outlook_table(rows, words=drawn) if rows else None,
        "supplies_link": words.supplies_link(supply_queries.count(viewer, "")),
        "may_order": viewer.may("order"),
        "orders": [order_row(row, now) for row in recent(viewer, ORDERS)],
        "returns": [return_row(row, now) for row in still_open(viewer, RETURNS)],
    }
    return render(request, "portal/overview.html", context)
