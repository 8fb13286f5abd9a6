"""Shapes of what people ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.forms import Narrowing, search_field


class HistoryForm(Narrowing):
    """Narrows the history."""

    search = search_field(gettext_lazy("Order, reorder number, tracking or your reference"))
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    origin = forms.ChoiceField(label=gettext_lazy("Ordered"), required=False)
    address = forms.ChoiceField(label=gettext_lazy("Ships to"), required=False)

    def __init__(self, data: Any, *, addresses: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.offer(
            "state",
            [
                ("", _("All")),
                ("open", _("Not shipped yet")),
                ("shipped", _("On their way")),
                ("delivered", _("Delivered")),
                ("cancelled", _("Cancelled")),
            ],
        )
        self.offer(
            "origin",
            [
                ("", _("All")),
                ("automatic", _("Automatically")),
                ("customer", _("By hand")),
                ("emergency", _("Urgently")),
                ("replaced", _("As a replacement")),
            ],
        )
        self.offer("address", [("", _("All addresses")), *addresses])
