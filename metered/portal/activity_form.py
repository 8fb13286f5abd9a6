from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.forms import Narrowing


class ActivityForm(Narrowing):
    """Narrows the account's activity."""

    person = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("About"), required=False)
    period = forms.ChoiceField(label=gettext_lazy("When"), required=False)

    def __init__(self, data: Any, *, people: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.offer("person", [("", _("Everybody")), ("portal", _("The portal by itself")), *people])
        self.offer(
            "kind",
            [
                ("", _("Everything")),
                ("people", _("People")),
                ("orders", _("Orders")),
                ("returns", _("Returns")),
                ("devices", _("Devices")),
                ("addresses", _("Addresses")),
                ("other", _("Other")),
            ],
        )
        self.offer(
            "period",
            [
                ("", _("Any time")),
                ("week", _("Last 7 days")),
                ("month", _("Last 30 days")),
                ("quarter", _("Last 3 months")),
                ("year", _("Last year")),
            ],
        )
