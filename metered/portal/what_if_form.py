"""The form of "what if"."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.replenishment.heavy import Share
from metered.replenishment.heavy_offers import Plan
from metered.replenishment.what_if import MOST_SAFETY

MOST_PAGES = 10_000_000
FARTHEST = 365


class WhatIfForm(forms.Form):
    """Days of safety, and the pages and dates of a job; all may be left empty."""

    safety = forms.IntegerField(
        label=gettext_lazy("Days of safety"),
        required=False,
        min_value=0,
        max_value=MOST_SAFETY,
        help_text=gettext_lazy("Working days by which a delivery might come later than usual."),
    )
    pages = forms.IntegerField(
        label=gettext_lazy("Pages of a heavy job"), required=False, min_value=0, max_value=MOST_PAGES
    )
    colour = forms.IntegerField(
        label=gettext_lazy("Of these in colour"), required=False, min_value=0, max_value=MOST_PAGES
    )
    starts_on = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    ends_on = forms.DateField(
        label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        pages, colour = values.get("pages") or 0, values.get("colour") or 0
        starts, ends = values.get("starts_on"), values.get("ends_on")
        if colour > pages:
            self.add_error("colour", _("No more pages can be in colour than there are."))
        if pages and not starts and "starts_on" not in self.errors:
            self.add_error("starts_on", _("Say from when."))
        if starts and not self.today <= starts <= self.today + dt.timedelta(days=FARTHEST):
            self.add_error("starts_on", _("Choose a day from today on, within a year."))
        if starts and ends and not starts <= ends <= starts + dt.timedelta(days=FARTHEST):
            self.add_error("ends_on", _("Choose a day on or after the first, within a year."))
        return values

    def plan(self, device_id: int) -> Plan | None:
        """The job of this device; None when none was typed. Only of a valid form."""
        values = self.cleaned_data
        if not values.get("pages"):
            return None
        starts = values["starts_on"]
        share = Share(values["pages"], values.get("colour") or 0)
        return Plan({device_id: share}, starts, values.get("ends_on") or starts)
