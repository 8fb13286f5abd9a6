"""Returns of people who are not signed in: their form, and the link that is mailed to them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache

from metered.accounts.limits import allowed, network
from metered.lib import wording
from metered.lib.errors import Refused
from metered.orders.presentation import swatch
from metered.returns import actions, queries
from metered.returns.forms import StartForm
from metered.returns.looking_up import supplies_for_system
from metered.returns.policy import MOST_BOXES

HOUR = dt.timedelta(hours=1)
GONE = {"unknown": 404, "expired": 410}


@login_not_required
def start(request: HttpRequest) -> HttpResponse:
    """The form. Its answer is the same whether or not the number is known: what comes of it comes by mail."""
    if request.user.is_authenticated:
        return redirect("return_new")
    if request.method != "POST" or "look" in request.POST:
        form = StartForm(initial=request.POST.dict())
        return _page(request, form)
    form = StartForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    values = form.cleaned_data
    if not _may_try(request, values["email"]):
        response = _page(request, form, status=429, too_often=True)
        response["Retry-After"] = str(int(HOUR.total_seconds()))
        return response
    actions.ask(
        known_as=values["known_as"],
        email=values["email"],
        language=get_language() or settings.LANGUAGE_CODE,
        filled=form.filled(),
    )
    return redirect("return_sent")


def _page(request: HttpRequest, form: StartForm, status: int = 200, **more: Any) -> HttpResponse:
    found = {"form": form, "typed": form.typed_rows(), "most_boxes": MOST_BOXES, **more}
    return render(request, "returns/return_start.html", found, status=status)


def _may_try(request: HttpRequest, email: str) -> bool:
    """Counts a try for the network and for the address: both, so that neither count tells of the other."""
    by_network = allowed(
        "return-network", network(request), at_most=settings.RETURNS_PER_NETWORK, within=HOUR
    )
    by_address = allowed("return-address", email.lower(), at_most=settings.RETURNS_PER_ADDRESS, within=HOUR)
    return by_network and by_address


@login_not_required
def sent(request: HttpRequest) -> HttpResponse:
    """Look into your mail."""
    return render(request, "returns/return_sent.html")


@login_not_required
@never_cache
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A mailed link. Looking shows what will be filed and files nothing; the button does."""
    if request.method == "POST":
        try:
            actions.use_link(token=token)
        except Refused as refused:
            messages.error(request, refused.reason)
        return redirect("return_confirm", token)
    now = timezone.now()
    row = queries.unconfirmed_for_system(token, now)
    state = "unknown"
    if row is not None:
        state = "filed" if row.filed else "open" if row.expires_at and row.expires_at > now else "expired"
    return render(
        request,
        "returns/return_confirm.html",
        {"state": state, **(_filled(row) if row is not None else {})},
        status=GONE.get(state, 200),
    )


def _filled(row: Any) -> dict[str, Any]:
    """What was typed; nothing of what we know."""
    form = row.filled
    units = {int(pk): int(n) for pk, n in form["units"].items()}
    supplies = supplies_for_system(units)
    lines = [
        (swatch(supply.kind, supply.colorant), f"{units[pk]} × {supply.name}", supply.reorder_number)
        for pk, supply in supplies.items()
    ]
    return {
        "lines": sorted(lines, key=lambda line: line[2]),
        "pick_up": [*form.get("pick_up", "").splitlines(), wording.country(form.get("country", ""))],
        "boxes": form["boxes"],
        "email": row.email,
        "until": wording.stamp(row.expires_at, zone=True) if row.expires_at else "",
        "due": wording.long_day(row.filed.due_on) if row.filed else "",
    }
