"""Under /api/: what programs call, its schema, and the page that shows it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from metered.fleet.api import EnrolView
from metered.reads.api import SchemaView, TelemetryView
from metered.reads.views.reference import api_docs

urlpatterns = [
    path("v1/telemetry", login_not_required(TelemetryView.as_view()), name="api_telemetry"),
    path("v1/agents/enrol", login_not_required(EnrolView.as_view()), name="api_enrol"),
    path("schema", login_not_required(SchemaView.as_view()), name="api_schema"),
    path("docs", login_not_required(api_docs), name="api_docs"),
]
