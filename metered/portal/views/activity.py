"""Who did what for the account (domain rule 5). Nothing here changes anything."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from metered.accounts.access import for_viewers, viewer_of
from metered.lib import keyset
from metered.portal.activity_form import ActivityForm
from metered.portal.presentation import activity as words
from metered.portal.queries import activity as queries


@for_viewers("manage", whole=True)
def activity(request: HttpRequest) -> HttpResponse:
    """Newest first, narrowed by person, kind and period; htmx gets the list alone."""
    viewer, now = viewer_of(request), timezone.now()
    form = ActivityForm(request.GET, people=queries.actors(viewer))
    asked = form.wanted()
    wanted = queries.Wanted(**asked)
    page = queries.activity(
        viewer, wanted, now, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    known = queries.known(viewer, page.rows)
    return render(
        request,
        "portal/activity.html" + ("#list" if request.htmx else ""),  # type: ignore[attr-defined]
        {
            "heading": words.heading(cast(Any, request).membership.account.name),
            "form": form,
            "narrowed": bool(wanted),
            "rows": [words.entry(row, known.get(row["public_id"])) for row in page.rows],
            **keyset.links(page.newer, page.older, asked),
        },
    )
