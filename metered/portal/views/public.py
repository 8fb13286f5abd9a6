"""What the pages share that need nobody signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

MINUTE = 60


def public_page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Needs no sign-in. Who has no cookie gets a page that may be kept for a minute; nobody else's is kept.

    A page with a form carries a token for one browser, and is never shared.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        stranger = not request.COOKIES and "CSRF_COOKIE" not in request.META
        if request.method in ("GET", "HEAD") and response.status_code == 200:
            if stranger:
                patch_cache_control(response, public=True, max_age=MINUTE)
            else:
                patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ("Cookie", "Accept-Language", "HX-Request"))
        return response

    wrapped.public = True  # type: ignore[attr-defined]
    return login_not_required(wrapped)


def back(request: HttpRequest, instead: str) -> str:
    """Where the form's `next` leads, if that is a page of ours."""
    wanted = request.POST.get("next", "")
    here = {request.get_host()}
    return wanted if url_has_allowed_host_and_scheme(wanted, here, request.is_secure()) else instead
