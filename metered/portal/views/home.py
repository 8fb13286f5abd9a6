"""The first page: what this is, for those who aren't signed in; are we covered, for those who are."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from metered.portal.presentation import printers as words
from metered.portal.public_forms import CanReportForm
from metered.portal.queries import printers as queries
from metered.portal.views.overview import overview
from metered.portal.views.public import public_page


def register_url() -> str:
    """Where one registers; where this portal has no such page, where one signs in."""
    try:
        return reverse("register")
    except NoReverseMatch:
        return reverse("account_login")


@require_safe
@public_page
def front(request: HttpRequest) -> HttpResponseBase:
    """`/`: the overview for the signed-in, the public first page for everybody else."""
    return overview(request) if request.user.is_authenticated else home(request)


def home(request: HttpRequest) -> HttpResponse:
    """What this is, how one begins, and whether one's printer may go on reporting."""
    coming = queries.next_bulletin_for_system(timezone.now())
    return render(
        request,
        "portal/home.html",
        {
            "register_url": register_url(),
            "form": CanReportForm({}, own=False),
            "announced": words.announced(coming) if coming else "",
        },
    )
