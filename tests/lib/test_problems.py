"""The API's errors are problem documents, also those that never reach a view."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from rest_framework import exceptions

from metered.lib.problems import MEDIA_TYPE, exception_handler, problem
from metered.portal.views import errors


def test_a_problem_has_what_rfc_9457_names() -> None:
    answer = problem(413, "Too large.", limit=2000)
    assert (answer.status_code, answer["Content-Type"]) == (413, MEDIA_TYPE)
    assert json.loads(answer.content) == {
        "type": "about:blank",
        "title": "Request Entity Too Large",
        "status": 413,
        "detail": "Too large.",
        "limit": 2000,
    }


@pytest.mark.parametrize(
    ("error", "status", "extra"),
    [
        (exceptions.NotAuthenticated(), 401, {}),
        (exceptions.PermissionDenied(), 403, {}),
        (exceptions.Throttled(wait=3.2), 429, {"retry_after": 4}),
        (exceptions.ValidationError({"serial": ["missing"]}), 400, {"errors": {"serial": ["missing"]}}),
        (exceptions.UnsupportedMediaType("text/plain"), 415, {}),
    ],
)
def test_errors_of_the_framework_are_dressed(error: Exception, status: int, extra: dict[str, Any]) -> None:
    answer = exception_handler(error, {})
    assert answer is not None and answer.content_type == MEDIA_TYPE
    assert answer.data["status"] == answer.status_code == status
    assert answer.data["detail"] and answer.data["title"]
    assert {name: answer.data[name] for name in extra} == extra


def test_what_is_no_api_error_stays_a_500() -> None:
    assert exception_handler(RuntimeError("a bug"), {}) is None


@pytest.mark.parametrize(
    ("view", "status"),
    [(errors.bad_request, 400), (errors.forbidden, 403), (errors.not_found, 404), (errors.server_error, 500)],
)
def test_every_error_under_api_is_a_problem(view: Any, status: int) -> None:
    request = HttpRequest()
    request.path = "/api/v1/telemetry"
    answer = view(request)
    assert (answer.status_code, answer["Content-Type"]) == (status, MEDIA_TYPE)


@pytest.mark.django_db
def test_an_unknown_address_of_the_api_answers_in_its_language() -> None:
    answer = Client().get("/api/nothing/here")
    assert (answer.status_code, answer["Content-Type"]) == (404, MEDIA_TYPE)
