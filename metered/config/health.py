"""`/healthz` (this process answers) and `/readyz` (so do PostgreSQL and Valkey), before any other middleware.

They answer under any host name, without a session and without a redirect to HTTPS.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.exceptions import NodeNotFoundError
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase


def _ready() -> dict[str, bool]:
    try:
        executor = MigrationExecutor(connection)
        migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        database = True
    except (DatabaseError, NodeNotFoundError):
        database = migrated = False
    try:
        caches["default"]._cache.get_client(None).ping()  # type: ignore[attr-defined]
        valkey = True
    except Exception:
        valkey = False
    return {"database": database, "migrated": migrated, "valkey": valkey}


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return JsonResponse({"ok": True})
        if request.path == "/readyz":
            parts = _ready()
            # Without Valkey pages still work and rows wait for the sweep: say so, but stay ready.
            ready = parts["database"] and parts["migrated"]
            return JsonResponse({"ok": ready, **parts}, status=200 if ready else 503)
        return self.get_response(request)
