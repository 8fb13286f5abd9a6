"""Under /api/: what programs call, its schema, and the page that shows it."""

from __future__ import annotations

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.urls import path

from metered.reads.api import DocsView, SchemaView, TelemetryView

# Swagger UI sets styles from its scripts; nothing else is relaxed, and only here.
docs = csp_update({"style-src": "'unsafe-inline'"})(DocsView.as_view())

urlpatterns = [
    path("v1/telemetry", login_not_required(TelemetryView.as_view()), name="api_telemetry"),
    path("schema", login_not_required(SchemaView.as_view()), name="api_schema"),
    path("docs", login_not_required(docs), name="api_docs"),
]
