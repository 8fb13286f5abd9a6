"""Every supply and how long it lasts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from metered.accounts.access import for_viewers, viewer_of
from metered.accounts.queries import addresses
from metered.lib import keyset, pictures
from metered.lib.picture_words import words as picture_words
from metered.portal.forms import SuppliesForm
from metered.portal.presentation import supplies as words
from metered.portal.queries import supplies as queries


@for_viewers()
def supplies(request: HttpRequest) -> HttpResponse:
    """The outlook of all supplies, what runs out first on top; htmx gets the list alone."""
    viewer, now = viewer_of(request), timezone.now()
    form = SuppliesForm(request.GET, addresses=addresses(viewer).values_list("public_id", "name"))
    asked = form.wanted()
    page = queries.page(
        viewer, asked["address"], after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    found = queries.count(viewer, asked["address"])
    rows = words.outlook_rows(page.rows, now)
    return render(
        request,
        "portal/supplies.html" + ("#list" if request.htmx else ""),  # type: ignore[attr-defined]
        {
            "form": form,
            "narrowed": bool(asked["address"]),
            "outlook": pictures.outlook(rows, words=picture_words()) if rows else "",
            "rows": [words.row(row, now) for row in page.rows],
            "said": words.counted(found),
            **keyset.links(page.newer, page.older, asked),
        },
    )
