"""What people fill in when they order, hold, confirm and report."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib import wording
from metered.orders.policy import MOST_HELD

if TYPE_CHECKING:
    from metered.orders.ordering_words import SupplyRow

MOST = 99


def _new() -> str:
    return uuid.uuid4().hex


def _number(label: str, *, most: int, described_by: str = "", **more: Any) -> forms.IntegerField:
    attrs = {"inputmode": "numeric", "aria-label": label}
    if described_by:
        attrs["aria-describedby"] = described_by
    return forms.IntegerField(
        label=label,
        min_value=0,
        max_value=most,
        required=False,
        widget=forms.NumberInput(attrs=attrs),
        error_messages={
            "invalid": _("Type a whole number."),
            "min_value": _("Type 0 or more."),
            "max_value": _("Type at most %(most)s.") % {"most": most},
        },
        **more,
    )


class OrderForm(forms.Form):
    """How many of each supply, and what was counted; a field of each for every row of the page."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=_new)

    def __init__(self, data: Any, *, rows: Sequence[SupplyRow]) -> None:
        super().__init__(data, auto_id="o-%s")
        self.pools = [row.pool for row in rows]
        for row in rows:
            names = {"supply": row.name, "number": row.reorder_number}
            self.fields[f"q-{row.pool}"] = _number(
                _("Order how many %(supply)s (%(number)s)") % names,
                most=MOST,
                initial=row.in_cart or row.suggested or None,
                described_by=f"limit-{row.pool}",
            )
            self.fields[f"c-{row.pool}"] = _number(
                _("Counted on your shelf: %(supply)s (%(number)s)") % names, most=9999
            )

    def asked(self) -> dict[str, int]:
        """Pool (public id) → units that are wanted."""
        return {pool: self.cleaned_data.get(f"q-{pool}") or 0 for pool in self.pools}

    def counted(self) -> dict[str, int]:
        """Pool (public id) → what somebody counted, where they did."""
        found = {pool: self.cleaned_data.get(f"c-{pool}") for pool in self.pools}
        return {pool: units for pool, units in found.items() if units is not None}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and not any(self.asked().values()):
            raise forms.ValidationError(_("Say how many you need of at least one supply."))
        return values


class PlaceForm(forms.Form):
    """The last look at an order: its own names, and the yes to what was asked."""

    once = forms.UUIDField(widget=forms.HiddenInput)
    shown = forms.CharField(widget=forms.HiddenInput, max_length=4000)
    reference = forms.CharField(label=gettext_lazy("Your reference"), required=False, max_length=60)
    cost_centre = forms.CharField(label=gettext_lazy("Cost centre"), required=False, max_length=60)
    anyway = forms.BooleanField(
        label=gettext_lazy("Yes, I need it all the same"),
        required=False,
        error_messages={"required": gettext_lazy("Say yes here, or change your order.")},
    )

    def __init__(self, data: Any = None, *, asks: bool, **more: Any) -> None:
        super().__init__(data, auto_id="p-%s", **more)
        if asks:
            self.fields["anyway"].required = True
        else:
            del self.fields["anyway"]


class NotNowForm(forms.Form):
    """Which lines wait, and for how long."""

    lines = forms.MultipleChoiceField(
        label=gettext_lazy("What waits"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )
    span = forms.ChoiceField(
        label=gettext_lazy("How long"),
        choices=[("week", gettext_lazy("A week")), ("day", gettext_lazy("Until the day below"))],
        widget=forms.RadioSelect,
        initial="week",
    )
    until = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, data: Any = None, *, lines: Iterable[tuple[str, str]], today: dt.date) -> None:
        super().__init__(data, auto_id="n-%s")
        choices = list(lines)
        field = self.fields["lines"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = choices
        field.initial = [name for name, _label in choices]
        self.first, self.last = today + dt.timedelta(days=1), today + dt.timedelta(days=MOST_HELD)
        self.fields["until"].widget.attrs |= {"min": self.first.isoformat(), "max": self.last.isoformat()}
        self.fields["until"].help_text = _("At the latest %(day)s.") % {"day": wording.full_day(self.last)}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        until = values.get("until")
        # A day was chosen, whatever the buttons above it say.
        if values.get("span") == "day" or until:
            if "until" in self.errors:
                return values
            if until is None:
                self.add_error("until", _("Choose the day."))
            elif not self.first <= until <= self.last:
                said = _("Choose a day from %(first)s to %(last)s.")
                days = {"first": wording.full_day(self.first), "last": wording.full_day(self.last)}
                self.add_error("until", said % days)
        return values


class ArrivedForm(forms.Form):
    """How much of a parcel arrived: a number for each thing in it."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=_new)

    def __init__(self, data: Any = None, *, parcel: str, contents: Iterable[tuple[int, str, int]]) -> None:
        super().__init__(data, auto_id=f"a-{parcel}-%s")
        self.items = {}
        for item, text, quantity in contents:
            name = f"n-{item}"
            self.items[name] = item
            self.fields[name] = _number(
                _("Arrived of %(what)s") % {"what": text}, most=quantity, initial=quantity
            )
            self.fields[name].required = True
            self.fields[name].widget.attrs.pop("aria-label")

    def quantities(self) -> dict[int, int]:
        return {item: self.cleaned_data[name] for name, item in self.items.items()}


class ProblemForm(forms.Form):
    """What is wrong with which line, and how many of it."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=_new)

    def __init__(self, data: Any = None, *, lines: Iterable[tuple[str, str, int]]) -> None:
        super().__init__(data, auto_id="r-%s")
        self.lines = []
        for line, text, most in lines:
            self.lines.append((line, text, most))
            what = {"what": text}
            self.fields[f"k-{line}"] = forms.ChoiceField(
                label=_("What is wrong with %(what)s?") % what,
                required=False,
                choices=[
                    ("", _("Nothing: it is fine")),
                    ("wrong", _("It is the wrong supply")),
                    ("damaged", _("It came damaged")),
                    ("defective", _("It does not work")),
                    ("missing", _("It was not in the box")),
                ],
            )
            field = _number(_("How many of %(what)s") % what, most=most, initial=1 if most else 0)
            field.widget.attrs.pop("aria-label")
            field.label = _("How many? (of %(most)s)") % {"most": most}
            self.fields[f"n-{line}"] = field
            self.fields[f"t-{line}"] = forms.CharField(
                label=_("What should we know?"), required=False, max_length=500
            )

    def groups(self) -> list[tuple[str, list[Any]]]:
        """For each line its text and its fields, for the template."""
        return [(text, [self[f"{kind}-{line}"] for kind in "knt"]) for line, text, _most in self.lines]

    def reported(self) -> list[tuple[str, str, int, str]]:
        """(line, kind, quantity, note) of each line with which something is wrong."""
        values = self.cleaned_data
        return [
            (line, values[f"k-{line}"], values[f"n-{line}"] or 0, values[f"t-{line}"])
            for line, _text, _most in self.lines
            if values.get(f"k-{line}")
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        chosen = [line for line, _text, _most in self.lines if values.get(f"k-{line}")]
        if not chosen and not self.errors:
            raise forms.ValidationError(_("Say what is wrong with at least one of them."))
        for line in chosen:
            if f"n-{line}" not in self.errors and not values.get(f"n-{line}"):
                self.add_error(f"n-{line}", _("Say how many."))
        return values
