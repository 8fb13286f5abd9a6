"""Runs whose parts workers take one by one: how far they are."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.admin import LookOnlyAdmin


class PartsAdmin(LookOnlyAdmin):
    """For a model with `shards`, and rows `parts` with `done_at` and `failed`."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        rows = rows.annotate(
            done=Count("parts", filter=Q(parts__done_at__isnull=False)),
            failures=Coalesce(Sum("parts__failed"), 0),
        )
        return rows

    @admin.display(description=gettext_lazy("Done"))
    def progress(self, run: Any) -> str:
        share = 100 * run.done // run.shards if run.shards else 100
        return _("%(done)s of %(all)s parts, %(share)s%%") % {
            "done": run.done, "all": run.shards, "share": share,
        }  # fmt: skip

    @admin.display(description=gettext_lazy("Failed"))
    def failed(self, run: Any) -> int:
        return int(run.failures)
