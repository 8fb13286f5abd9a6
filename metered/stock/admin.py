from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from metered.lib.admin import Button, LookOnly, LookOnlyInline, OnceForm, WithButtons, actor
from metered.stock import actions
from metered.stock.models import CountRequest, Entry, Pool


class EntryInline(LookOnlyInline):
    model = Entry
    ordering = ("-at", "-id")
    fields = ("at", "kind", "quantity", "shelf_change", "origin", "actor", "note", "cause")
    show_change_link = False


class RequestInline(LookOnlyInline):
    model = CountRequest
    ordering = ("-asked_at", "-id")
    fields = ("asked_at", "because", "due_on", "asked_by", "closed_at")
    show_change_link = False


class AskForm(forms.Form):
    everything = forms.BooleanField(
        label=gettext_lazy("Everything at this address, not only this supply"), required=False
    )


class CountForm(OnceForm):
    quantity = forms.IntegerField(label=gettext_lazy("Units on the shelf"), min_value=0, max_value=10000)
    note = forms.CharField(label=gettext_lazy("Who counted"), max_length=200)


class AdjustForm(OnceForm):
    quantity = forms.IntegerField(label=gettext_lazy("Change"), min_value=-10000, max_value=10000)
    note = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


def _count(pool: Pool, values: dict[str, Any], request: HttpRequest) -> str:
    actions.count(
        pool_id=pool.pk,
        quantity=values["quantity"],
        cause=f"desk:{pool.pk}:{values['once']}",
        actor=actor(request),
        origin=Entry.Origin.STAFF,
        note=values["note"],
    )
    return _("The count is in the ledger.")


def _adjust(pool: Pool, values: dict[str, Any], request: HttpRequest) -> str:
    actions.adjust(
        pool_id=pool.pk,
        quantity=values["quantity"],
        cause=f"desk:{pool.pk}:{values['once']}",
        actor=actor(request),
        note=values["note"],
    )
    return _("The adjustment is in the ledger.")


def _ask_count(pool: Pool, values: dict[str, Any], request: HttpRequest) -> str:
    pools = [pool.pk]
    if values["everything"]:
        pools = list(Pool.objects.filter(address_id=pool.address_id).values_list("pk", flat=True))
    new = actions.ask_count(
        pool_ids=pools, because=CountRequest.Because.STAFF, at=timezone.now(), actor=actor(request)
    )
    if not new:
        return _("A count had been asked for already.")
    return ngettext("%(n)s count is asked for.", "%(n)s counts are asked for.", new) % {"n": new}


@admin.register(Pool)
class PoolAdmin(LookOnly, WithButtons):
    list_display = ("supply", "address", "account", "shelf", "on_the_way", "counted_at")
    list_select_related = ("supply", "address", "account")
    search_fields = ("supply__reorder_number", "address__name", "account__name", "account__number")
    show_full_result_count = False
    inlines = (RequestInline, EntryInline)
    buttons = (
        Button("count", gettext_lazy("Enter a count"), _count, form=CountForm),
        Button(
            "adjust",
            gettext_lazy("Adjust the shelf"),
            _adjust,
            form=AdjustForm,
            explains=gettext_lazy("For what no count explains. The reason stays in the ledger."),
        ),
        Button(
            "ask-count",
            gettext_lazy("Ask for a count"),
            _ask_count,
            form=AskForm,
            explains=gettext_lazy("The customer sees it on the overview until the shelf is counted."),
        ),
    )
