"""Shapes of what people type into the pages of reads."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.reads.counts import count_of

METER = "meter-"


def canonical(values: Mapping[str, int]) -> str:
    """Values as one word, to tell whether the same was entered again."""
    return ";".join(f"{meter}={values[meter]}" for meter in sorted(values))


def from_canonical(text: str) -> dict[str, str]:
    """The values of `canonical` as texts; what can't be read is left out."""
    pairs = (part.partition("=") for part in text[:400].split(";"))
    return {meter: value for meter, _sign, value in pairs if meter and value.isdecimal() and len(value) < 19}


def whole_number(text: str) -> int | None:
    """A meter as it was typed in the viewer's language; None for what is no whole number."""
    return count_of(text, decimal=str(get_format("DECIMAL_SEPARATOR")))


def not_whole(text: str) -> str:
    return _("“%(text)s” is no whole number. Write it like 18421, without a fraction.") % {"text": text[:30]}


def zone_name() -> str:
    """The viewer's zone as people know it: EST (America/New_York)."""
    zone = timezone.get_current_timezone()
    return f"{timezone.localtime().tzname()} ({zone})"


class WhenForm(forms.Form):
    """Day and time of a read, in the viewer's zone. Both empty: now."""

    day = forms.DateField(
        label=gettext_lazy("Read on"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d"],
    )
    time = forms.TimeField(
        label=gettext_lazy("At"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        input_formats=["%H:%M", "%H:%M:%S"],
    )

    def moment(self, now: dt.datetime) -> dt.datetime:
        """The moment that was typed; a day alone is now when it is today, else that day at noon."""
        day, time = self.cleaned_data.get("day"), self.cleaned_data.get("time")
        today = timezone.localdate(now)
        if day is None and time is None:
            return now
        if time is None:
            if day == today:
                return now
            time = dt.time(12)
        return dt.datetime.combine(day or today, time, timezone.get_current_timezone()).astimezone(dt.UTC)

    def clean_day(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["day"]
        if day is not None and not 2000 <= day.year < 2100:
            raise forms.ValidationError(_("Enter a day of this century."))
        return day


class ReadForm(WhenForm):
    """A read of one device: a field for each of its meters, day and time."""

    once = forms.UUIDField(widget=forms.HiddenInput)
    asked = forms.CharField(widget=forms.HiddenInput, required=False, max_length=400)

    def __init__(
        self,
        data: Any,
        *,
        meters: Mapping[str, str],
        initial: Mapping[str, Any] | None = None,
        correct: bool = False,
    ) -> None:
        super().__init__(data, initial={"once": uuid.uuid4(), **(initial or {})})
        self.meters = meters
        for code, name in meters.items():
            self.fields[METER + code] = forms.CharField(
                label=name[:1].upper() + name[1:],
                required=False,
                max_length=40,
                widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            )
        if correct:
            self.fields["reason"] = forms.CharField(
                label=_("Why was it wrong?"), max_length=200, help_text=_("It stays beside the read.")
            )
        self.fields["day"].help_text = _("Empty: now.")
        self.fields["time"].help_text = zone_name()
        self.order_fields([*(METER + code for code in meters), "day", "time", "reason"])

    def show_controller(self) -> None:
        """Asks whether the controller was replaced: only where a value is below the last."""
        self.fields["controller"] = forms.BooleanField(
            label=_("The controller was replaced, its meters began again"), required=False
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        values: dict[str, int] = {}
        for code in self.meters:
            text = str(cleaned.get(METER + code) or "").strip()
            if not text:
                continue
            number = whole_number(text)
            if number is None:
                self.add_error(METER + code, not_whole(text))
            else:
                values[code] = number
        if not values and not self.errors:
            self.add_error(None, _("Enter at least one meter."))
        cleaned["values"] = values
        return cleaned

    @property
    def sure(self) -> bool:
        """The same was entered again after it was asked about."""
        return bool(self.cleaned_data["asked"]) and self.cleaned_data["asked"] == canonical(
            self.cleaned_data["values"]
        )


class RowsForm(forms.Form):
    """Rows pasted from a spreadsheet, or a file."""

    text = forms.CharField(
        label=gettext_lazy("Paste rows"),
        required=False,
        strip=False,
        max_length=2 * 1024 * 1024,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "class": "mono"}),
        help_text=gettext_lazy(
            "Serial number or name of the device, then its meters. A first line with names is understood."
        ),
    )
    file = forms.FileField(
        label=gettext_lazy("Or choose a file"),
        required=False,
        help_text=gettext_lazy("CSV or XLSX, up to 2 MB and 2,000 rows."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not cleaned.get("file") and not str(cleaned.get("text") or "").strip():
            self.add_error(None, _("Paste some rows or choose a file."))
        return cleaned
