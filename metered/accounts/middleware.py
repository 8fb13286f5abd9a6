"""Finds, once per request and only when asked, for which account the person acts."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone, translation

from metered.accounts.access import viewer_by
from metered.accounts.queries import membership_for_system
from metered.lib.zones import time_zone_or_none

SESSION_KEY = "account"
"""The session holds the public id of the account the person switched to."""


class ViewerMiddleware:
    """Sets `request.membership` and `request.viewer` (None without a membership), and the time zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.membership = None  # type: ignore[attr-defined]
        request.viewer = None  # type: ignore[attr-defined]
        # Threads are used again: the zone of who was served before must not stay for the next.
        timezone.deactivate()
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        # Not in __call__: telemetry and health must not touch the session.
        if getattr(view, "login_required", True) is False and not request.COOKIES:
            return
        if not request.user.is_authenticated:
            return
        language = getattr(request.user, "language", "")
        if language in dict(settings.LANGUAGES):
            # LocaleMiddleware went by the browser; who chose a language gets it on every machine.
            translation.activate(language)
        membership = membership_for_system(request.user.pk, request.session.get(SESSION_KEY))
        if membership is None:
            return
        request.membership = membership  # type: ignore[attr-defined]
        request.viewer = viewer_by(membership)  # type: ignore[attr-defined]
        timezone.activate(
            time_zone_or_none(getattr(request.user, "time_zone", ""))
            or time_zone_or_none(membership.account.time_zone)
            or timezone.get_default_timezone()
        )
