"""What people type about a heavy job."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib import wording
from metered.replenishment.job_actions import FARTHEST, MOST_PAGES, Announced

COVERAGE = {"light": 3, "normal": 5, "heavy": 10}
"""What the words mean, in percent of the page."""


def _new() -> str:
    return uuid.uuid4().hex


def _pages(label: Any, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        max_value=MOST_PAGES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": gettext_lazy("Say how many pages."),
            "invalid": gettext_lazy("Type a whole number."),
            "min_value": gettext_lazy("Type %(limit_value)s or more."),
            "max_value": gettext_lazy("That is more than can be announced here. Call us, please."),
        },
        **more,
    )


class JobForm(forms.Form):
    """Which printers, how many pages, when. `step`: the job as it was when the person began to type."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=_new)
    step = forms.UUIDField(widget=forms.HiddenInput, required=False)
    search = forms.CharField(label=gettext_lazy("Find a printer"), required=False, max_length=80)
    devices = forms.MultipleChoiceField(
        label=gettext_lazy("Which printers?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Choose at least one printer."),
            "invalid_choice": gettext_lazy("One of the printers is not at this address any more."),
        },
    )
    pages = _pages(
        gettext_lazy("How many pages, of all these printers together?"),
        min_value=1,
        help_text=gettext_lazy("Printed sides, black-and-white and colour."),
    )
    colour_pages = _pages(gettext_lazy("How many of them in colour?"), min_value=0, required=False)
    coverage = forms.ChoiceField(
        label=gettext_lazy("How dense are the pages?"),
        choices=[
            ("", gettext_lazy("As usual on these printers, or not known")),
            ("light", gettext_lazy("Light: short letters, tables (about 3% of the page)")),
            ("normal", gettext_lazy("Normal: pages of text (about 5%)")),
            ("heavy", gettext_lazy("Heavy: pictures, filled areas (about 10%)")),
            ("percent", gettext_lazy("The percentage below")),
        ],
        required=False,
    )
    percent = forms.IntegerField(
        label=gettext_lazy("Percent of the page, if you know it"),
        required=False,
        min_value=1,
        max_value=100,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": gettext_lazy("Type a whole number."),
            "min_value": gettext_lazy("Type a number from 1 to 100."),
            "max_value": gettext_lazy("Type a number from 1 to 100."),
        },
    )
    starts_on = forms.DateField(
        label=gettext_lazy("First day"), error_messages={"required": gettext_lazy("Choose the day.")}
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"), error_messages={"required": gettext_lazy("Choose the day.")}
    )
    note = forms.CharField(
        label=gettext_lazy("What is it?"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("So that your colleagues know it: exams, the annual report."),
    )

    def __init__(
        self, data: Any, *, offered: Iterable[tuple[str, str]], today: dt.date, initial: Any = None
    ) -> None:
        super().__init__(data, auto_id="j-%s", initial=initial)
        field = self.fields["devices"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(offered)
        self.today, self.last = today, today + FARTHEST
        for name in ("starts_on", "ends_on"):
            # A browser's own calendar wants the day written like this, in every language.
            self.fields[name].widget = forms.DateInput(
                format="%Y-%m-%d",
                attrs={"type": "date", "min": today.isoformat(), "max": self.last.isoformat()},
            )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("starts_on"), values.get("ends_on")
        if first and first < self.today:
            self.add_error("starts_on", _("This day is over. Choose today or a later day."))
        if first and last and last < first:
            self.add_error("ends_on", _("This is before the first day."))
        if last and last > self.last:
            said = _("Choose a day until %(day)s.") % {"day": wording.full_day(self.last)}
            self.add_error("ends_on", said)
        pages, colour = values.get("pages"), values.get("colour_pages")
        if pages and colour and colour > pages:
            self.add_error("colour_pages", _("These are more than all pages together."))
        if values.get("coverage") == "percent" and not values.get("percent") and "percent" not in self.errors:
            self.add_error("percent", _("Type a number from 1 to 100."))
        return values

    def coverage_percent(self) -> int | None:
        """Percent of the page; a number that was typed counts, whatever was chosen above it."""
        typed = self.cleaned_data.get("percent")
        return typed or COVERAGE.get(self.cleaned_data.get("coverage") or "")

    def announced(self, devices: Any) -> Announced:
        values = self.cleaned_data
        return Announced(
            devices,
            starts_on=values["starts_on"],
            ends_on=values["ends_on"],
            pages=values["pages"],
            colour_pages=values.get("colour_pages") or 0,
            coverage=self.coverage_percent(),
            note=values["note"],
        )
