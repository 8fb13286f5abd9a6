"""POST /api/v1/telemetry: from bytes to an answer, after the commit."""

from __future__ import annotations

import re
from typing import IO, Any

import msgspec
from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import APIException, AuthenticationFailed, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metered.lib.problems import MEDIA_TYPE
from metered.reads import examples, ingest, wire
from metered.reads.authentication import REFUSED, Principal, TokenAuthentication, TokenThrottle
from metered.reads.serializers import AnswerSerializer, BatchSerializer, ProblemSerializer

_TLS = re.compile(r"(ssl|tls)?\s*v?(\d)(?:\.(\d))?", re.IGNORECASE)


class Unreadable(APIException):
    """What wire.py could not read, as DRF says it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status_code = status


class BodyParser(BaseParser):
    """The body as bytes, unpacked; never more of it in memory than is admitted."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, bytes]:
        request = parser_context["request"]
        charset = re.search(r"charset\s*=\s*\"?([\w-]+)", media_type or "")
        if charset and charset[1].lower() not in {"utf-8", "utf8", "us-ascii"}:
            raise UnsupportedMediaType(media_type or "")
        encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise Unreadable(
                415, f"The content encoding {encoding[:40]!r} is not understood; send gzip or none."
            )
        data = stream.read(wire.MAX_BYTES + 1)
        if len(data) > wire.MAX_BYTES:
            raise Unreadable(413, f"The body is larger than {wire.MAX_BYTES} bytes.")
        if encoding.endswith("gzip"):
            try:
                data = wire.gunzip(data)
            except wire.Unreadable as error:
                raise Unreadable(error.status, error.detail) from None
        return {"body": data}


def tls_is_below_minimum(request: Request) -> bool:
    """Whether the front proxy says that the connection is older than TLS 1.2; False when it says nothing."""
    header = settings.TLS_VERSION_HEADER
    match = _TLS.search(request.headers.get(header, "")) if header else None
    if match is None:
        return False
    return (match[1] or "").lower() == "ssl" or (int(match[2]), int(match[3] or 0)) < (1, 2)


class TelemetryView(APIView):
    authentication_classes = [TokenAuthentication]
    throttle_classes = [TokenThrottle]
    parser_classes = [BodyParser]

    @extend_schema(
        operation_id="send_telemetry",
        tags=["telemetry"],
        summary="Send a batch of reports",
        description=examples.DESCRIPTION,
        parameters=[
            OpenApiParameter(
                "Content-Encoding", OpenApiTypes.STR, OpenApiParameter.HEADER, enum=["gzip", "identity"]
            )
        ],
        request={"application/json": BatchSerializer},
        responses={
            200: AnswerSerializer,
            **{
                (status, MEDIA_TYPE): ProblemSerializer for status in (400, 401, 406, 411, 413, 415, 422, 429)
            },
        },
        examples=[
            OpenApiExample("a batch", value=examples.BATCH, request_only=True),
            OpenApiExample("an answer", value=examples.ANSWER, response_only=True, status_codes=["200"]),
        ],
    )
    def post(self, request: Request) -> Response:
        if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
            raise Unreadable(411, "Send the body in one piece, with a Content-Length.")
        data = request.data
        body = data.get("body", b"") if isinstance(data, dict) else b""
        principal: object = request.user
        assert isinstance(principal, Principal)
        try:
            answer = ingest.take_batch(
                sender=principal.sender, body=body, tls_below_minimum=tls_is_below_minimum(request)
            )
        except wire.Unreadable as error:
            raise Unreadable(error.status, error.detail) from None
        except ingest.TokenRevoked:
            raise AuthenticationFailed(REFUSED) from None
        return Response(msgspec.to_builtins(answer, builtin_types=(), str_keys=True))


class SchemaView(SpectacularAPIView):
    """The description of this API (OpenAPI 3)."""
