"""What htmx must be told that a browser does by itself."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse


class HtmxSignInMiddleware:
    """When the session is over, the whole page goes to the sign-in, not a piece of it into the list."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if "HX-Request" not in request.headers or response.status_code != 302:
            return response
        door = reverse("account_login")
        if urlsplit(response.get("Location", "")).path != door:
            return response
        try:
            page = urlsplit(request.headers.get("HX-Current-URL", ""))
        except ValueError:
            page = urlsplit("")
        back = f"{page.path or '/'}?{page.query}".rstrip("?")
        return HttpResponse(status=204, headers={"HX-Redirect": redirect_to_login(back, door)["Location"]})
