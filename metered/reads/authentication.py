"""Who sends telemetry: `Authorization: Bearer <token>`, of an agent or of one device."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from metered.reads import queries
from metered.reads.sender import Sender

REFUSED = "The token is unknown or was revoked."


class Principal:
    """A sender in the place where DRF expects a user."""

    is_authenticated = True

    def __init__(self, sender: Sender) -> None:
        self.sender = sender


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("The Authorization header must be: Bearer <token>.")
        sender = queries.sender_for_system(parts[1].decode("latin-1"))
        if sender is None:
            raise AuthenticationFailed(REFUSED)
        return Principal(sender), None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="telemetry"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "metered.reads.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of a device agent, or of one device. Shown once when it is made.",
        }


class TokenThrottle(SimpleRateThrottle):
    """So many requests a minute and token (METERED_TELEMETRY_RATE). Without its cache everything passes."""

    scope = "telemetry"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        user: object = request.user
        return f"telemetry:{user.sender.token_id}" if isinstance(user, Principal) else None
