"""Shapes of what people type about a device agent."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy


class AgentForm(forms.Form):
    """What an agent is called."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("What your people call it: usually its computer or the site that it reads."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
