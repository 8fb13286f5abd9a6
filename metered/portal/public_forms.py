"""Shapes of what people ask for on the public pages, and of what they write to support."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.forms import Narrowing, search_field


class EligibilityForm(Narrowing):
    """A printer model by name."""

    search = search_field(gettext_lazy("Such as VersaLink C505"))

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["search"].label = _("Model")


class GuideForm(Narrowing):
    """Words that the guide is searched for."""

    search = search_field(gettext_lazy("Such as waste container"))

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["search"].label = _("Search the guide")


class CanReportForm(Narrowing):
    """A model and the software it has; for the signed-in also a serial number of their own."""

    model = forms.CharField(
        label=gettext_lazy("Model"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "VersaLink C505"}),
    )
    version = forms.CharField(
        label=gettext_lazy("Software version"),
        max_length=40,
        required=False,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "placeholder": "55.36.31",
            }
        ),
    )
    serial = forms.CharField(
        label=gettext_lazy("Serial number of one of your devices"),
        help_text=gettext_lazy("Instead of model and version: we look up what it last told us."),
        max_length=64,
        required=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )

    def __init__(self, data: Any, *, own: bool) -> None:
        super().__init__(data)
        if not own:
            del self.fields["serial"]


class UpdatesForm(forms.Form):
    """An address that asks for updates."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": gettext_lazy("Enter the e-mail address that updates should go to.")},
    )


def _once() -> str:
    return uuid.uuid4().hex


class MessageForm(forms.Form):
    """A message to support. `once` names this one form: sent twice, it is one message."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=_once)
    text = forms.CharField(
        label=gettext_lazy("Your message"),
        help_text=gettext_lazy("What happened, and what would you like us to do?"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 7, "maxlength": 5000}),
        error_messages={"required": gettext_lazy("Write what it is about; a line is enough.")},
    )

    def clean(self) -> dict[str, Any]:
        """A form that lost its name still says what it says."""
        values = dict(self.cleaned_data)
        if self.errors.pop("once", None) is not None:
            values["once"] = uuid.uuid4()
        return values
