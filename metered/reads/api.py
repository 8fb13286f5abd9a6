"""POST /api/v1/telemetry: from bytes to an answer, after the commit."""

from __future__ import annotations

import re

import msgspec
from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metered.lib.bodies import BodyParser, Unreadable, body_of
from metered.lib.problems import MEDIA_TYPE, ProblemSerializer
from metered.reads import examples, ingest, wire
from metered.reads.authentication import REFUSED, Principal, TokenAuthentication, TokenThrottle
from metered.reads.serializers import AnswerSerializer, BatchSerializer

_TLS = re.compile(r"(ssl|tls)?\s*v?(\d)(?:\.(\d))?", re.IGNORECASE)


class BatchParser(BodyParser):
    """A batch, packed or not."""

    most = wire.MAX_BYTES

    def unpacked(self, encoding: str, data: bytes) -> bytes:
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise Unreadable(
                415, f"The content encoding {encoding[:40]!r} is not understood; send gzip or none."
            )
        if not encoding.endswith("gzip"):
            return data
        try:
            return wire.gunzip(data)
        except wire.Unreadable as error:
            raise Unreadable(error.status, error.detail) from None


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
    parser_classes = [BatchParser]

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
        body = body_of(request)
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
