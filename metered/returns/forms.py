"""Shapes of what people fill in about returns."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from metered.accounts.phones import phone_or_none
from metered.accounts.postal import countries
from metered.lib.forms import Narrowing, search_field
from metered.returns import looking_up
from metered.returns.filing import MOST_BOXES, MOST_UNITS
from metered.returns.policy import kg_of_pounds
from metered.returns.sheet import POUNDS

if TYPE_CHECKING:
    from metered.returns.form_words import SupplyRow

ROWS, MOST_ROWS = 3, 40
"""So many free rows for reorder numbers there are at first, and at most."""

HEAVIEST = Decimal(99_999)


class HistoryForm(Narrowing):
    """Narrows the history."""

    search = search_field(gettext_lazy("RMA number or reorder number"))
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    address = forms.ChoiceField(label=gettext_lazy("Picked up at"), required=False)

    def __init__(self, data: Any, *, addresses: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.offer(
            "state",
            [
                ("", pgettext("return", "All")),
                ("filed", _("Being looked at")),
                ("confirmed", pgettext("return", "Confirmed")),
                ("received", pgettext("return", "Arrived")),
                ("closed", _("Settled")),
                ("stopped", _("Not taken back or withdrawn")),
            ],
        )
        self.offer("address", [("", _("All addresses")), *addresses])


class RecyclingForm(Narrowing):
    """A reorder number whose recycling programme is asked for."""

    search = search_field(gettext_lazy("Such as 006R01828"))

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["search"].label = _("Reorder number")


def _once() -> str:
    return uuid.uuid4().hex


def _count(label: str, *, most: int, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=0,
        max_value=most,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "aria-label": label}),
        error_messages={
            "invalid": _("Type a whole number."),
            "min_value": _("Type 0 or more."),
            "max_value": _("Type at most %(most)s.") % {"most": most},
        },
        **more,
    )


@dataclass(frozen=True)
class TypedRow:
    """A free row: its fields, and what was found for the number in it."""

    number: Any
    quantity: Any
    choice: Any
    """Which supply is meant, where several fit; else None."""
    found: Any
    """The one supply that is meant, or None."""
    unknown: str
    """What to do, where nothing is called so; else empty."""


class _Lines(forms.Form):
    """Free rows for reorder numbers, boxes, weight, who hands it over, and the promise that all is sealed."""

    rows = forms.IntegerField(widget=forms.HiddenInput, required=False)
    boxes = forms.IntegerField(
        label=gettext_lazy("How many boxes is it altogether?"),
        min_value=1,
        max_value=MOST_BOXES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": gettext_lazy("Say in how many boxes it comes."),
            "invalid": gettext_lazy("Type a whole number."),
            "min_value": gettext_lazy("It comes in one box at least."),
            "max_value": gettext_lazy("That is more than one return can hold. Please call us."),
        },
    )
    contact = forms.CharField(
        label=gettext_lazy("Who hands it over"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": gettext_lazy("Say whom the driver may ask for.")},
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone for the driver"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    note = forms.CharField(
        label=gettext_lazy("What should we know?"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Such as the entrance, or the hours in which somebody is there"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    sealed = forms.BooleanField(
        label=gettext_lazy("All boxes are full, unopened"),
        error_messages={
            "required": gettext_lazy(
                "Only full, unopened boxes are taken back. Leave the others out, and tick that all are."
            )
        },
    )

    def __init__(self, data: Any = None, *, prefix_id: str, initial: Any = None) -> None:
        super().__init__(data, auto_id=prefix_id + "-%s", initial=initial)
        source: Any = data if data is not None else self.initial
        self.many = self._asked_for(source)
        texts = [str(source.get(f"t-{i}") or "").strip() for i in range(self.many)]
        if texts[-1] and self.many < MOST_ROWS:
            self.many += 2
            texts += ["", ""]
        self.initial["rows"] = self.many
        self.texts = texts
        self.found = looking_up.named(texts)
        for i, text in enumerate(texts):
            self._add_row(i, text)

    @staticmethod
    def _asked_for(source: Any) -> int:
        try:
            return min(max(int(source.get("rows") or ROWS), ROWS), MOST_ROWS)
        except (TypeError, ValueError):
            return ROWS

    def _add_row(self, i: int, text: str) -> None:
        label = _("Reorder number, row %(n)s") % {"n": i + 1}
        self.fields[f"t-{i}"] = forms.CharField(
            label=label,
            required=False,
            max_length=60,
            widget=forms.TextInput(
                attrs={
                    "aria-label": label, "autocomplete": "off", "autocapitalize": "characters",
                    "spellcheck": "false", "placeholder": "006R01828" if i == 0 else "",
                }
            ),
        )  # fmt: skip
        self.fields[f"n-{i}"] = _count(_("Units, row %(n)s") % {"n": i + 1}, most=MOST_UNITS)
        several = self.found.get(text, [])
        if len(several) > 1:
            self.fields[f"c-{i}"] = forms.ChoiceField(
                label=_("Which one is it? Row %(n)s") % {"n": i + 1},
                required=False,
                choices=[
                    ("", _("Choose one")),
                    *((str(each.pk), f"{each.name} ({each.reorder_number})") for each in several),
                ],
                widget=forms.Select(attrs={"aria-label": _("Which one is it? Row %(n)s") % {"n": i + 1}}),
            )

    def typed_rows(self) -> list[TypedRow]:
        """The free rows for the template."""
        found = []
        for i, text in enumerate(self.texts):
            fits = self.found.get(text, [])
            found.append(
                TypedRow(
                    number=self[f"t-{i}"],
                    quantity=self[f"n-{i}"],
                    choice=self[f"c-{i}"] if len(fits) > 1 else None,
                    found=fits[0] if len(fits) == 1 else None,
                    unknown=unknown(text) if text and not fits and f"t-{i}" not in self.errors else "",
                )
            )
        return found

    def _typed_units(self) -> dict[int, int]:
        """Supply → units of the free rows; what is wrong with one is said beside it."""
        units: dict[int, int] = {}
        for i, text in enumerate(self.texts):
            if f"n-{i}" in self.errors or f"t-{i}" in self.errors:
                continue
            n = self.cleaned_data.get(f"n-{i}") or 0
            fits = self.found.get(text, [])
            if not text:
                if n:
                    self.add_error(f"t-{i}", _("Type the reorder number that stands on the box."))
                continue
            if not fits:
                self.add_error(f"t-{i}", unknown(text))
                continue
            supply = fits[0].pk
            if len(fits) > 1:
                chosen = str(self.cleaned_data.get(f"c-{i}") or "")
                if not chosen:
                    self.add_error(f"c-{i}", _("Several supplies fit. Choose the one on the box."))
                    continue
                supply = int(chosen)
            if not n:
                self.add_error(f"n-{i}", _("Say how many, or clear the row."))
                continue
            units[supply] = units.get(supply, 0) + n
        return units

    def _check_phone(self, values: dict[str, Any], country: str) -> None:
        phone = phone_or_none(str(values.get("phone") or ""), country)
        if phone is None:
            said = _(
                "This is no phone number in %(country)s; a foreign one begins with + and its country code."
            )
            self.add_error("phone", said % {"country": dict(countries()).get(country, country)})
        values["phone"] = phone or ""

    def hidden(self) -> list[str]:
        """Every field as it was filled in, to be carried on by the next page."""
        return [self[name].as_hidden() for name in self.fields]


def unknown(text: str) -> str:
    """What to do about a number that nothing is called."""
    said = _("We know no supply “%(text)s”. Compare it with the number on the box, or call %(phone)s.")
    return said % {"text": text[:40], "phone": settings.OPERATOR["phone"]}


def _weight(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=Decimal("0.1"),
        max_value=HEAVIEST,
        max_digits=8,
        decimal_places=1,
        help_text=gettext_lazy("An estimate is enough."),
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
        error_messages={
            "required": gettext_lazy("Say about how heavy it is."),
            "invalid": gettext_lazy("Type a number, such as 12."),
            "max_value": gettext_lazy("That is more than one return can hold. Please call us."),
        },
    )


class ReturnForm(_Lines):
    """What goes back from one address: a number for each supply that was sent there, and free rows."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=_once)

    def __init__(
        self, data: Any = None, *, supplies: Sequence[SupplyRow], country: str, initial: Mapping[str, Any]
    ) -> None:
        super().__init__(data, prefix_id="b", initial=dict(initial))
        self.country = country
        self.in_pounds = country in POUNDS
        self.fields["weight"] = _weight(
            _("How heavy is it altogether, in lb?")
            if self.in_pounds
            else _("How heavy is it altogether, in kg?")
        )
        self.known = [row.supply for row in supplies]
        for row in supplies:
            label = _("Return how many %(supply)s (%(number)s)") % {
                "supply": row.name, "number": row.reorder_number,
            }  # fmt: skip
            self.fields[f"q-{row.supply}"] = _count(label, most=MOST_UNITS)
        self.units: dict[int, int] = {}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        units = self._typed_units()
        for supply in self.known:
            if n := values.get(f"q-{supply}") or 0:
                units[supply] = units.get(supply, 0) + n
        self._check_phone(values, self.country)
        if not units and not any(name[:2] in ("t-", "n-", "c-", "q-") for name in self.errors):
            self.add_error(None, _("Say how many you return of at least one supply."))
        self.units = units
        return values

    def weight_kg(self) -> Decimal:
        weight: Decimal = self.cleaned_data["weight"]
        return kg_of_pounds(weight) if self.in_pounds else weight

    def pounds_or_kg(self) -> str:
        return "lb" if self.in_pounds else "kg"


class StartForm(_Lines):
    """A return of somebody who is not signed in."""

    known_as = forms.CharField(
        label=gettext_lazy("Customer number, or the serial number of one of your printers"),
        max_length=64,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        help_text=gettext_lazy("The customer number stands on your contract and on our mails."),
        error_messages={
            "required": gettext_lazy("Type one of the two; it tells us whose supplies they are.")
        },
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=gettext_lazy("We mail a link there; the return is filed once you open it."),
        error_messages={"required": gettext_lazy("Type the e-mail address that we write to.")},
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"), widget=forms.Select(attrs={"autocomplete": "country"})
    )
    pick_up = forms.CharField(
        label=gettext_lazy("Where is it picked up?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "street-address"}),
        help_text=gettext_lazy("Company, street, town with postal code: a line each"),
        error_messages={"required": gettext_lazy("Say where it is to be picked up.")},
    )
    unit = forms.ChoiceField(label=gettext_lazy("Weighed in"))

    def __init__(self, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(data, prefix_id="s", initial={"country": "US", "unit": "lb", **(initial or {})})
        self.fields["weight"] = _weight(_("How heavy is it altogether?"))
        offered = self.fields["country"]
        assert isinstance(offered, forms.ChoiceField)
        offered.choices = countries()
        weighed = self.fields["unit"]
        assert isinstance(weighed, forms.ChoiceField)
        weighed.choices = [("lb", _("pounds (lb)")), ("kg", _("kilograms (kg)"))]
        self.units: dict[int, int] = {}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        self.units = self._typed_units()
        self._check_phone(values, str(values.get("country") or ""))
        if not self.units and not any(name[:2] in ("t-", "n-", "c-") for name in self.errors):
            self.add_error(None, _("Say what you return: a reorder number and how many."))
        return values

    def filled(self) -> dict[str, Any]:
        """As returns.unconfirmed keeps it."""
        values = self.cleaned_data
        weight: Decimal = values["weight"]
        return {
            "units": {str(supply): n for supply, n in self.units.items()},
            "boxes": values["boxes"],
            "weight_kg": str(kg_of_pounds(weight) if values["unit"] == "lb" else weight),
            "contact": values["contact"],
            "phone": values["phone"],
            "note": values["note"],
            "pick_up": "\n".join(line.strip() for line in values["pick_up"].splitlines() if line.strip()),
            "country": values["country"],
        }
