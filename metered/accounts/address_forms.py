"""Shapes of what people enter about addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.accounts.phones import phone_or_none
from metered.accounts.place_zones import suggested, zones_of
from metered.accounts.postal import LONGEST, Part, codes, countries, postal
from metered.lib import wording
from metered.lib.zones import time_zone_or_none

WORDING = (
    "recipient",
    "lines",
    "city",
    "region",
    "postal_code",
    "country",
    "contact",
    "phone",
    "delivery_note",
)


def _field(part: Part) -> forms.Field:
    attrs = {"autocomplete": part.autocomplete}
    if part.choices:
        first = ("", _("Choose one"))
        return forms.ChoiceField(
            label=part.label, choices=[first, *part.choices], required=False, widget=forms.Select(attrs=attrs)
        )
    widget: forms.Widget = forms.TextInput(attrs=attrs)
    if part.name == "lines":
        widget = forms.Textarea(attrs=attrs | {"rows": 3})
    return forms.CharField(
        label=part.label,
        required=False,
        max_length=LONGEST[part.name] + 200,
        widget=widget,
        help_text=_("Such as %(example)s") % {"example": part.example} if part.example else "",
    )


class AddressForm(forms.Form):
    """An address: what people call it, its country, that country's fields, and what a driver should know.

    `typed` (of a form that was sent to be shown for another country) fills the fields and checks nothing.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=80)
    name = forms.CharField(
        label=gettext_lazy("What your people call it"),
        max_length=80,
        help_text=gettext_lazy("Such as Main St, or Warehouse 2"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Give it a name, such as Main St.")},
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        widget=forms.Select(attrs={"autocomplete": "country", "data-reload": ""}),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        country: str,
        initial: Mapping[str, Any] | None = None,
        typed: Any = None,
    ) -> None:
        given = {**(initial or {}), **(typed.dict() if typed is not None else {})}
        super().__init__(data, initial=given)
        offered = self.fields["country"]
        assert isinstance(offered, forms.ChoiceField)
        offered.choices = countries()
        source = data if data is not None else given
        asked = str(source.get("country") or country)
        self.where = asked if asked in codes() else country
        self.initial["country"] = self.where
        self.parts = postal(self.where).parts
        for part in self.parts:
            field = _field(part)
            # The whole form is checked by the country's rules: a mark on each field says which are needed.
            field.required = part.required
            field.error_messages["required"] = _("Enter the %(what)s.") % {
                "what": part.label if part.name == "postal_code" else wording.within(part.label)
            }
            self.fields[part.name] = field
        self.fields |= self._around(str(source.get("region") or ""), given)
        self.checked = postal(self.where)

    def _around(self, region: str, given: Mapping[str, Any]) -> dict[str, forms.Field]:
        zones = zones_of(self.where)
        now = str(given.get("time_zone") or "")
        if now and now not in zones and (self.where == given.get("at_first") or not zones):
            zones = [now, *zones]
        if now not in zones:
            self.initial["time_zone"] = ""
        # On paper a region stands before it is chosen: empty is answered by the region then.
        usual = suggested(self.where, region)
        choices = [("", _("The usual one there")), *((zone, _zone_label(zone)) for zone in zones)]
        if usual and len(zones) == 1:
            self.initial["time_zone"] = usual
        return {
            "contact": forms.CharField(
                label=_("Who takes the delivery"),
                required=False,
                max_length=120,
                widget=forms.TextInput(attrs={"autocomplete": "name"}),
            ),
            "phone": forms.CharField(
                label=_("Phone for the driver"),
                required=False,
                max_length=40,
                widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            ),
            "delivery_note": forms.CharField(
                label=_("Delivery note"),
                required=False,
                max_length=300,
                help_text=_("What a driver should know: entrance, floor, hours"),
                widget=forms.Textarea(attrs={"rows": 2}),
            ),
            "time_zone": forms.ChoiceField(label=_("Time zone"), required=False, choices=choices),
        }

    def clean(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        self.checked = postal(
            self.where, {part.name: str(values.get(part.name) or "") for part in self.parts}
        )
        for name, problem in self.checked.problems.items():
            if name not in self.errors:
                self.add_error(name, problem)
        phone = phone_or_none(str(values.get("phone") or ""), self.where)
        if phone is None:
            self.add_error(
                "phone",
                _("This is no phone number in %(country)s; a foreign one begins with + and its country code.")
                % {"country": dict(countries())[self.where]},
            )
        values |= self.checked.wording | {"phone": phone or ""}
        if not values.get("time_zone") and "time_zone" not in self.errors:
            values["time_zone"] = suggested(self.where, self.checked.subdivision)
            if not values["time_zone"]:
                values["time_zone"] = "UTC"
        for name in ("contact", "delivery_note"):
            values[name] = " ".join(str(values.get(name) or "").split())
        return values

    def wording(self) -> dict[str, str]:
        """The fields of a version, tidied."""
        return {name: str(self.cleaned_data.get(name) or "") for name in WORDING}

    def part_fields(self) -> Iterable[forms.BoundField]:
        return [self[part.name] for part in self.parts]


def _zone_label(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ") if time_zone_or_none(zone) else zone


class ClosureForm(forms.Form):
    """Days on which nobody takes a delivery."""

    starts_on = forms.DateField(
        label=gettext_lazy("Closed from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Up to and including"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=120)
