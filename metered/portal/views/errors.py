"""Pages for what went wrong. Requests to the API get problem documents instead."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from metered.lib.problems import is_api, problem


def _page(request: HttpRequest, template: str, status: int) -> HttpResponse:
    # Without the choice of languages, which would lead back to the address asked for: what is not there and
    # what one may not see must be the same bytes.
    return render(request, template, {"languages": []}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_api(request):
        return problem(400, "The request could not be understood.")
    return _page(request, "400.html", 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_api(request):
        return problem(403, "This is not for you.")
    return _page(request, "403.html", 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, "csrf.html", 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_api(request):
        return problem(404, "There is nothing at this address.")
    return _page(request, "404.html", 404)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        return problem(500, "Something went wrong on our side; nothing was kept. Send it again.")
    # Without the request: what reads it may be what failed. The operator is a setting.
    return HttpResponse(loader.get_template("500.html").render({"operator": settings.OPERATOR}), status=500)
