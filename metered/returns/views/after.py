"""What people do with a return once it stands: hand it over, or withdraw it."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from metered.accounts.access import for_viewers, viewer_of
from metered.lib.errors import Refused
from metered.returns import actions, queries
from metered.returns.sheet import name_of, sheet


def _whole(request: HttpRequest, public_id: str) -> queries.Whole:
    whole = queries.whole(viewer_of(request), public_id)
    if whole is None:
        raise Http404
    return whole


@require_POST
@for_viewers("order")
def hand_over(request: HttpRequest, public_id: str) -> HttpResponse:
    """The carrier has it."""
    whole = _whole(request, public_id)
    try:
        actions.hand_over(made=whole.made, actor=cast(Any, request.user))
    except Refused as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, _("Thank you. We write to you when it has arrived."))
    return redirect("return", public_id)


@for_viewers("order")
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """It stays after all: asked once more."""
    whole = _whole(request, public_id)
    if request.method != "POST":
        shown = sheet(whole, timezone.now())
        return render(
            request,
            "returns/return_withdraw.html",
            {"made": shown, "name": name_of(whole.made), "left_over": bool(whole.leftovers)},
        )
    try:
        actions.withdraw(made=whole.made, actor=cast(Any, request.user))
    except Refused as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, _("Withdrawn. Everything stays on your shelf."))
    return redirect("return", public_id)
