"""The list of devices, and the page of one."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from metered.accounts.access import for_viewers, viewer_of
from metered.accounts.queries import addresses
from metered.lib import keyset
from metered.portal.forms import DevicesForm
from metered.portal.presentation import device as device_words
from metered.portal.presentation import devices as words
from metered.portal.queries import device as device_queries
from metered.portal.queries import devices as queries
from metered.portal.queries.forecasts import soonest


@for_viewers()
def devices(request: HttpRequest) -> HttpResponse:
    """Search, filter, sort and page through the devices; htmx gets the list alone."""
    viewer, now = viewer_of(request), timezone.now()
    form = DevicesForm(request.GET, addresses=addresses(viewer).values_list("public_id", "name"))
    asked = form.wanted()
    sort = asked.pop("sort")
    wanted = queries.Wanted(**asked)
    page = queries.page(
        viewer,
        wanted,
        now,
        sort=sort,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    first = soonest(viewer, [row["id"] for row in page.rows])
    found = queries.count(viewer, wanted, now)
    whole = queries.count(viewer, queries.Wanted(), now) if wanted else found
    return render(
        request,
        "portal/device_list.html" + ("#list" if request.htmx else ""),  # type: ignore[attr-defined]
        {
            "form": form,
            "rows": [words.row(row, first.get(row["id"]), now) for row in page.rows],
            "narrowed": bool(wanted),
            "said": words.counted(found, whole, bool(wanted)),
            "heading": words.heading(whole),
            **keyset.links(page.newer, page.older, {**asked, "sort": sort}),
        },
    )


@for_viewers()
def device(request: HttpRequest, public_id: str) -> HttpResponse:
    """One device: what it holds, how long that lasts, what was decided and why."""
    now = timezone.now()
    viewer = viewer_of(request)
    whole = device_queries.whole(viewer, public_id, now)
    if whole is None:
        raise Http404
    context = {"device": device_words.sheet(whole, now), "may_order": viewer.may("order")}
    return render(request, "portal/device_detail.html", context)
