"""What the support desk changes in an account's records, written down (domain rule 5)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from metered.accounts.actions import log, state
from metered.accounts.models import Fact
from metered.lib.admin import actor


def _accounts_of(row: Any) -> list[int]:
    """Whose activity tells of the row: its account's, and a person's in every account that they belong to."""
    if row._meta.label_lower == "accounts.account":
        return [row.pk]
    if row._meta.label_lower == "accounts.user":
        return list(row.memberships.order_by("account_id").values_list("account_id", flat=True))
    found = getattr(row, "account_id", None)
    if found is None and getattr(row, "contract_id", None):
        found = row.contract.account_id
    return [] if found is None else [found]


def _write(request: HttpRequest, row: Any, verb: str, before: Any = None, after: Any = None) -> None:
    for account_id in _accounts_of(row):
        log(
            actor=actor(request),
            account_id=account_id,
            verb=verb,
            kind=str(row._meta.verbose_name),
            public_id=getattr(row, "public_id", "") or str(row),
            before=before,
            after=after,
        )


def _changes(form: ModelForm[Any]) -> tuple[dict[str, str], dict[str, str]]:
    """What a form changed, before and after, as text: references outlive what they name."""
    before = {name: str(form.initial.get(name, "")) for name in form.changed_data}
    after = {name: str(form.cleaned_data.get(name, "")) for name in form.changed_data}
    return before, after


class Settled:
    """Rows whose customer is settled once they exist: what hangs on them names the customer too."""

    settled: tuple[str, ...] = ("account",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)  # type: ignore[misc]
        return fixed if obj is None else (*fixed, *self.settled)


class LoggedAdmin(admin.ModelAdmin):
    """An admin whose changes, those of its inlines too, stand in the account's activity.

    `added`, `changed`: the facts that a new and a changed row are for later stages.
    """

    added: ClassVar[Fact.Kind | None] = None
    changed: ClassVar[Fact.Kind | None] = None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        before, after = _changes(form)
        if after:
            _write(request, obj, "changed" if change else "added", before if change else None, after)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        kind = self.changed if change else self.added
        if kind and (form.has_changed() or any(formset.has_changed() for formset in formsets)):
            row = form.instance
            here = row.pk if row._meta.label_lower == "accounts.address" else getattr(row, "address_id", None)
            state(kind=kind, account_id=row.account_id, address_id=here, public_id=row.public_id)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        forms = {id(item.instance): item for item in formset.forms}
        for row in formset.new_objects:
            _write(request, row, "added", None, _changes(forms[id(row)])[1])
        for row, _names in formset.changed_objects:
            _write(request, row, "changed", *_changes(forms[id(row)]))
        for row in formset.deleted_objects:
            _write(request, row, "removed", str(row))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        _write(request, obj, "removed", str(obj))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            _write(request, row, "removed", str(row))
        super().delete_queryset(request, queryset)
