"""Backtests at the support desk: asked for with a form, watched, read as a table."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.accounts.models import Address
from metered.lib.admin import actor
from metered.replenishment import backtest_words, backtests
from metered.replenishment.admin_parts import PartsAdmin
from metered.replenishment.models import BacktestRun


class BacktestForm(forms.ModelForm):  # type: ignore[type-arg]
    days = forms.IntegerField(
        label=gettext_lazy("Days back"), min_value=30, max_value=730, initial=180,
        help_text=gettext_lazy("Until yesterday; 30 to 730."),
    )  # fmt: skip
    sites = forms.IntegerField(
        label=gettext_lazy("Addresses at most"), min_value=1, max_value=2000, initial=50,
        help_text=gettext_lazy("Chosen by chance, the same ones each time. Fifty take some minutes."),
    )  # fmt: skip
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    """The form's own name: sent twice it is one run."""

    class Meta:
        model = BacktestRun
        fields = ("days", "sites")


@admin.register(BacktestRun)
class BacktestRunAdmin(PartsAdmin):
    form = BacktestForm
    list_display = ("asked_at", "asked_by", "first_on", "last_on", "sites", "progress", "ended_at")
    list_select_related = ("asked_by",)
    change_form_template = "admin/backtest.html"
    readonly_fields = ("asked_at", "asked_by", "first_on", "last_on", "progress", "failed", "ended_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("days", "sites", "key") if obj is None else self.readonly_fields

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {
            "title": _("Play the past again under other settings"),
            "show_save_and_add_another": False, "show_save_and_continue": False,
        }  # fmt: skip
        return super().add_view(request, form_url, {**more, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = form.cleaned_data
        run = backtests.begin(
            once=given["key"], days=given["days"], sites=given["sites"], actor=actor(request)
        )
        obj.pk = run.pk
        obj.refresh_from_db()

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> Any:
        self.message_user(request, _("It is being played. This page shows how far it is when you reload it."))
        return HttpResponseRedirect(reverse("admin:replenishment_backtestrun_change", args=[obj.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        shown = _shown(run) if run is not None and run.result is not None else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})


def _shown(run: BacktestRun) -> dict[str, Any]:
    result, trials = run.result or {}, backtests.trials_of(run)
    apart = backtest_words.apart(result, trials)
    named = Address.objects.select_related("account").in_bulk([row.address for row in apart])
    return {
        "addresses": result["addresses"],
        "rows": backtest_words.rows(result, trials) if result["addresses"] else [],
        "apart": [(named[row.address], row) for row in apart if row.address in named],
    }
