"""The pages of meter reads."""

from __future__ import annotations

from django.urls import path

from metered.reads.views import device, grid, rows

urlpatterns = [
    path("", grid.grid, name="reads_due"),
    path("device/<slug:public_id>/", device.device_reads, name="device_reads"),
    path("read/<slug:public_id>/", device.correct, name="correct_read"),
    path("rows/", rows.bring, name="bring_reads"),
    path("rows/<slug:public_id>/", rows.rows, name="read_rows"),
    path("rows/<slug:public_id>/rest/", rows.rest, name="read_rows_rest"),
    path("template.csv", rows.template_csv, name="reads_template_csv"),
    path("template.xlsx", rows.template_xlsx, name="reads_template_xlsx"),
]
