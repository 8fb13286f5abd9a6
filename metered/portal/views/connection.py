"""How a device is connected, and whether it gets through now."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from metered.accounts.access import for_viewers, viewer_of
from metered.fleet.queries import bulletin_for_model_for_system
from metered.lib.errors import Refused
from metered.portal.presentation import connection as words
from metered.portal.queries import device_changes as queries
from metered.portal.queries.agents import reader
from metered.reads.actions import ask_for_contact
from metered.reads.queries import latest_check, latest_levels


@for_viewers()
def connection(request: HttpRequest, public_id: str) -> HttpResponse:
    """The state of a device's connection and what helps. htmx asks for the check's card while it waits."""
    viewer, now = viewer_of(request), timezone.now()
    device = queries.device(viewer, public_id)
    if device is None:
        raise Http404
    latest = latest_levels(viewer, [device.pk]).get(device.pk)
    shown = words.connection(
        device,
        latest,
        bulletin_for_model_for_system(device.model_id, now),
        latest_check(viewer, device),
        now,
        may_check=viewer.may("report"),
        reader=reader(viewer, latest, now),
    )
    part = "#check" if request.htmx else ""  # type: ignore[attr-defined]
    response = render(request, "portal/device_connection.html" + part, {"connection": shown})
    if part and (shown.check is None or not shown.check.waits):
        # It was heard: heading, facts and steps are others now.
        response["HX-Refresh"] = "true"
    return response


@require_POST
@for_viewers("report")
def check_now(request: HttpRequest, public_id: str) -> HttpResponse:
    """Waits for the device's next contact."""
    device = queries.device(viewer_of(request), public_id)
    if device is None:
        raise Http404
    try:
        ask_for_contact(device=device, actor=cast(Any, request.user))
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("device_connection", public_id)
