"""Shapes of what people ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.forms import Narrowing, search_field


class DevicesForm(Narrowing):
    """Narrows and sorts the list of devices."""

    search = search_field(gettext_lazy("Name, serial, model or place"))
    address = forms.ChoiceField(label=gettext_lazy("Ships to"), required=False)
    state = forms.ChoiceField(label=gettext_lazy("Show"), required=False)
    path = forms.ChoiceField(label=gettext_lazy("Connection"), required=False)
    sort = forms.ChoiceField(label=gettext_lazy("Sort by"), required=False)

    def __init__(self, data: Any, *, addresses: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.offer("address", [("", _("All addresses")), *addresses])
        self.offer(
            "state",
            [
                ("", _("All devices")),
                ("low", _("Low on supplies")),
                ("silent", _("Not reporting")),
                ("refused", _("Last report refused")),
            ],
        )
        self.offer(
            "path",
            [
                ("", _("Any")),
                ("direct", _("Reports by itself")),
                ("agent", _("Device agent")),
                ("manual", _("Read by hand")),
            ],
        )
        self.offer(
            "sort",
            [
                ("", _("Runs out first")),
                ("name", _("Name")),
                ("contact", _("Longest silent")),
                ("model", _("Model")),
            ],
        )


class SuppliesForm(Narrowing):
    """Narrows the list of supplies."""

    address = forms.ChoiceField(label=gettext_lazy("Ships to"), required=False)

    def __init__(self, data: Any, *, addresses: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.offer("address", [("", _("All addresses")), *addresses])
