"""What the returns desk fills in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.accounts.models import Address
from metered.fleet.models import Device
from metered.lib.admin import OnceForm
from metered.returns import policy
from metered.returns.desk_words import Row, missing, reasons, rows_of
from metered.returns.leftovers import compatible
from metered.returns.models import Leftover, Return

if TYPE_CHECKING:
    _DeviceChoice = forms.ModelChoiceField[Device]
else:
    _DeviceChoice = forms.ModelChoiceField

FARTHEST = dt.timedelta(days=365)


def pick_up_field(**options: Any) -> forms.DateField:
    return forms.DateField(
        label=gettext_lazy("Picked up on"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        **options,
    )


def check_pick_up(day: dt.date | None) -> dt.date | None:
    """Raises ValidationError for a day that nobody can mean."""
    today = timezone.localdate()
    if day is not None and not today <= day <= today + FARTHEST:
        raise ValidationError(_("Choose a day from today on, within a year."))
    return day


class DecideForm(forms.Form):
    """How many units of each line are taken back, and why not all. `rows` are the lines with their fields."""

    pick_up_on = pick_up_field(required=False)
    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=40, required=False)

    def __init__(self, made: Return, data: Any = None, **options: Any) -> None:
        self.rejects = data is not None and "reject" in data
        self.made, self.rows = made, rows_of(made)
        if self.rejects:
            data = data.copy()
            for row in self.rows:
                data[f"units-{row.line.public_id}"] = "0"
        super().__init__(data, **options)
        for row in self.rows:
            self._ask(row)

    def _ask(self, row: Row) -> None:
        line, sure, said = row.line, policy.sure(row.known), reasons()
        asked = policy.question(row.known)
        choices = [("", _("–")), *((key, str(words)) for key, words in said.items())]
        fields: dict[str, forms.Field] = {
            "units": forms.IntegerField(
                label=_("Units taken back"), min_value=0, max_value=line.quantity, initial=sure
            ),
            "why": forms.ChoiceField(
                label=_("Why not all of it"),
                choices=choices,
                required=False,
                initial=asked if sure < line.quantity and asked in said else "",
            ),
            "words": forms.CharField(label=_("or in your words"), max_length=200, required=False),
        }
        for what, made in fields.items():
            self.fields[f"{what}-{line.public_id}"] = made
        row.fields = {what: self[f"{what}-{line.public_id}"] for what in fields}

    def clean_pick_up_on(self) -> dt.date | None:
        return check_pick_up(self.cleaned_data["pick_up_on"])

    def clean(self) -> dict[str, Any]:
        values = dict(super().clean() or {})
        said = reasons()
        accepted, why = {}, {}
        for row in self.rows:
            public_id = row.line.public_id
            units = values.get(f"units-{public_id}")
            words = values.get(f"words-{public_id}", "").strip()
            chosen = said.get(values.get(f"why-{public_id}", ""))
            if units is None:
                continue
            if units < row.line.quantity and not words and chosen is None:
                self.add_error(f"why-{public_id}", _("Say why not all of it: the customer reads it."))
            accepted[public_id], why[public_id] = units, words or chosen or ""
        values["accepted"], values["reasons"] = accepted, why
        if self.made.pallet and any(accepted.values()) and not values.get("pick_up_on"):
            self.add_error("pick_up_on", _("Say on which day the pallet is picked up."))
        return values


class PickUpAddressForm(forms.Form):
    """One of the customer's addresses."""

    address = forms.ModelChoiceField(label=gettext_lazy("Picked up at"), queryset=Address.objects.none())

    def __init__(self, made: Return, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["address"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Address.objects.filter(account_id=made.account_id, retired_at=None).order_by("name")


class PickUpForm(forms.Form):
    pick_up_on = pick_up_field()
    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=40, required=False)
    tracking = forms.CharField(label=gettext_lazy("Tracking number"), max_length=60, required=False)

    def clean_pick_up_on(self) -> dt.date | None:
        return check_pick_up(self.cleaned_data["pick_up_on"])


class WithdrawForm(forms.Form):
    because = forms.CharField(
        label=gettext_lazy("Reason, as the customer reads it"), max_length=200, required=False
    )


class CloseForm(forms.Form):
    """Where fewer came than were accepted, it says what becomes of the rest."""

    because = forms.CharField(
        label=gettext_lazy("What becomes of the rest, as the customer reads it"), max_length=200
    )

    def __init__(self, made: Return, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not missing(made):
            self.fields["because"].required = False
            self.fields["because"].label = _("Remark, as the customer reads it")


class DeviceField(_DeviceChoice):
    """Devices by their name, serial number and address."""

    def label_from_instance(self, obj: Device) -> str:
        return f"{obj.label} · {obj.serial} · {obj.address}"


class AssignForm(forms.Form):
    """A device that the supply fits."""

    device = DeviceField(label=gettext_lazy("Device"), queryset=Device.objects.none())

    def __init__(self, leftover: Leftover, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["device"]
        assert isinstance(field, forms.ModelChoiceField)
        ids = [device.pk for device in compatible(leftover)]
        field.queryset = (
            Device.objects.filter(pk__in=ids)
            .select_related("model", "address")
            .order_by("address__name", "name", "serial")
        )


class NoneLeftForm(OnceForm):
    """Nothing to fill in: that it carries its own name is enough."""


def form_of(form: type[forms.Form]) -> Callable[[Any], Callable[..., forms.Form]]:
    """For a button whose form is made for its row."""

    def for_row(row: Any) -> Callable[..., forms.Form]:
        return lambda data=None, **options: form(row, data, **options)

    return for_row
