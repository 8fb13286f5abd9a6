"""Shapes of what people type about a device."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.forms import Narrowing, search_field


class NameForm(forms.Form):
    """A device's name and place. `seen_…`: as they were when the person began to type."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("What your people call it, such as Front desk."),
    )
    place = forms.CharField(
        label=gettext_lazy("Where it stands"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("So that somebody new finds it: building, floor, room."),
    )
    seen_name = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)
    seen_place = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)


class SwitchForm(forms.Form):
    """Automatic replenishment on or off."""

    on = forms.ChoiceField(choices=[("1", "on"), ("0", "off")], widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Your colleagues read it beside the device."),
    )


class _Asking(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Anything else we should know"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class _AskingWhere(_Asking):
    address = forms.ChoiceField(label=gettext_lazy("Address"), required=False)

    def __init__(self, *args: Any, addresses: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["address"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", _("Choose an address")),
            *addresses,
            ("other", _("Another one: I describe it below")),
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("address") and "address" not in self.errors:
            self.add_error("address", _("Choose an address, or “another one” and describe it below."))
        if values.get("address") == "other" and not values.get("note") and "note" not in self.errors:
            self.add_error("note", _("Write down where it is: street, town, floor, and who knows it there."))
        return values


class MoveForm(_AskingWhere):
    field_order = ("address", "note")


class RemoveForm(_Asking):
    pass


class SerialForm(_Asking):
    serial = forms.CharField(
        label=gettext_lazy("Serial number as it stands on the device"),
        max_length=64,
        help_text=gettext_lazy("Usually on a label at the back or inside the front door."),
        widget=forms.TextInput(
            attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    field_order: Iterable[str] | None = ("serial", "note")


class AddForm(SerialForm, _AskingWhere):
    model = forms.CharField(
        label=gettext_lazy("Model"),
        max_length=120,
        help_text=gettext_lazy("As it stands on its front, such as VersaLink C7130."),
    )
    field_order: Iterable[str] | None = ("serial", "model", "address", "note")


class SoftwareForm(Narrowing):
    """Narrows the work list of bulletins."""

    search = search_field(gettext_lazy("Name, serial, model or place"))
    bulletin = forms.ChoiceField(label=gettext_lazy("Model"), required=False)
    address = forms.ChoiceField(label=gettext_lazy("Ships to"), required=False)

    def __init__(
        self, data: Any, *, addresses: Iterable[tuple[str, str]], models: Iterable[tuple[str, str]]
    ) -> None:
        super().__init__(data)
        self.offer("address", [("", _("All addresses")), *addresses])
        self.offer("bulletin", [("", _("All models")), *models])
