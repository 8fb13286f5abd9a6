"""POST /api/v1/agents/enrol: an enrolment code becomes a key to report with."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metered.accounts.limits import network, wait
from metered.fleet import actions
from metered.fleet.serializers import EnrolledSerializer, EnrolSerializer
from metered.lib.bodies import BodyParser, body_of
from metered.lib.errors import Refused
from metered.lib.problems import MEDIA_TYPE, ProblemSerializer
from metered.lib.strict_json import decode

HOUR = dt.timedelta(hours=1)

DESCRIPTION = """
A new agent sends the code that somebody made for it in the portal, and gets its token. A code is good once,
for an hour. One that is unknown, was used or is too old is answered alike.

Enrolling again, with a new code, gives a new token; what the agent had before is refused from then on.
"""


class Wanted(msgspec.Struct):
    """What an agent sends."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    host: Annotated[str, msgspec.Meta(max_length=255)] = ""
    version: Annotated[str, msgspec.Meta(max_length=40)] = ""


class EnrolView(APIView):
    # The code is the proof, whatever else is sent.
    authentication_classes = []
    permission_classes = [AllowAny]
    parser_classes = [BodyParser]

    @extend_schema(
        operation_id="enrol_agent",
        tags=["agents"],
        summary="Enrol a device agent",
        description=DESCRIPTION,
        auth=[],
        request={"application/json": EnrolSerializer},
        responses={
            201: EnrolledSerializer,
            **{(status, MEDIA_TYPE): ProblemSerializer for status in (400, 404, 406, 411, 413, 415, 429)},
        },
        examples=[
            OpenApiExample(
                "a code",
                value={"code": "K7QM-3TXN-9PRW", "host": "PRINTSRV1", "version": "1.0.0"},
                request_only=True,
            ),
            OpenApiExample(
                "a token",
                value={
                    "token": "mt_2Jt0…",
                    "agent": {"id": "7h2k9q4x0c5vbn1m", "name": "Head office"},
                    "account": "Northwind Clinics",
                },
                response_only=True,
                status_codes=["201"],
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        left = wait(
            "enrol-network",
            network(request._request),
            at_most=settings.ENROLMENTS_PER_NETWORK,
            within=HOUR,
        )
        if left:
            raise Throttled(wait=left)
        wanted = decode(body_of(request), Wanted)
        try:
            made = actions.enrol(code=wanted.code, host=wanted.host, version=wanted.version)
        except Refused as refused:
            raise NotFound(refused.reason) from None
        agent = made.agent
        return Response(
            {
                "token": made.token,
                "agent": {"id": agent.public_id, "name": agent.name},
                "account": agent.account.name,
            },
            status=201,
        )
