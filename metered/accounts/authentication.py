"""Who calls the API for a customer: a program with a key of its own, or the person's own browser."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from metered.accounts.access import Viewer
from metered.accounts.keys import holder_for_system

REFUSED = "The key is unknown or was revoked."


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer mk_…`; `request.auth` is the Viewer."""

    def authenticate(self, request: Request) -> tuple[Any, Viewer] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("The Authorization header must be: Bearer <key>.")
        found = holder_for_system(parts[1].decode("latin-1"))
        if found is None:
            raise AuthenticationFailed(REFUSED)
        return found

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="customer"'


class BrowserAuthentication(SessionAuthentication):
    """The session of somebody who is signed in; what changes something needs the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Viewer] | None:
        found = super().authenticate(request)
        viewer = getattr(request._request, "viewer", None)
        return (found[0], viewer) if found and isinstance(viewer, Viewer) else None


class KeyThrottle(SimpleRateThrottle):
    """So many requests a minute and person (METERED_API_RATE). Without its cache everything passes."""

    scope = "customer"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        viewer: object = request.auth
        return f"customer:{viewer.user_id}" if isinstance(viewer, Viewer) else None


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "metered.accounts.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key for programs, made under “Your settings”. It may do what its person may.",
        }


class BrowserScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "metered.accounts.authentication.BrowserAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
