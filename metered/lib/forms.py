"""What the forms above lists share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


class Narrowing(forms.Form):
    """Narrows a list, for components/filters.html. What can't be read counts as not asked for."""

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s")

    def offer(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def wanted(self) -> dict[str, str]:
        """The valid answers, by field; empty for the others."""
        self.is_valid()
        return {name: str(self.cleaned_data.get(name) or "") for name in self.fields}


def search_field(placeholder: str | Promise) -> forms.CharField:
    attrs = {"type": "search", "placeholder": placeholder, "autocomplete": "off"}
    return forms.CharField(
        label=gettext_lazy("Search"), required=False, max_length=80, widget=forms.TextInput(attrs=attrs)
    )
