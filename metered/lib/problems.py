"""Errors of the API as problem documents (RFC 9457)."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

MEDIA_TYPE = "application/problem+json"


def body(status: int, detail: str, *, type_: str = "about:blank", **extra: Any) -> dict[str, Any]:
    """A problem document: `type`, `title`, `status`, `detail` and what else helps the sender."""
    return {"type": type_, "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **extra}


def problem(status: int, detail: str, **extra: Any) -> JsonResponse:
    """The answer for a request that was not understood or not admitted."""
    return JsonResponse(body(status, detail, **extra), status=status, content_type=MEDIA_TYPE)


class ProblemResponse(Response):
    """A problem document, whatever form of answer was asked for and whatever the view usually gives."""

    @property
    def rendered_content(self) -> str:
        self["Content-Type"] = MEDIA_TYPE
        return json.dumps(self.data, ensure_ascii=False, default=str)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: its own errors, dressed as problem documents; everything else stays a 500."""
    response = drf_handler(exc, context)
    if response is None:
        return None
    detail = getattr(exc, "detail", None)
    extra: dict[str, Any] = {}
    if isinstance(exc, exceptions.Throttled):
        extra["retry_after"] = math.ceil(getattr(exc, "wait", None) or 1)
    if isinstance(exc, exceptions.ValidationError):
        extra["errors"] = exc.detail
        detail = "The request was understood but not valid."
    return ProblemResponse(
        body(response.status_code, str(detail or exc), **extra),
        status=response.status_code,
        headers=dict(response.items()),
        exception=True,
        content_type=MEDIA_TYPE,
    )


class ProblemSerializer(serializers.Serializer[object]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    retry_after = serializers.IntegerField(required=False, help_text="Seconds; only with 429.")


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
