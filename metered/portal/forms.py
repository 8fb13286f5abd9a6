"""Shapes of what people ask for."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.accounts.queries import mail_kind_in_words, mail_ways
from metered.lib.forms import Narrowing, search_field


class DevicesForm(Narrowing):
    """Narrows and sorts the list of devices."""

    search = search_field(gettext_lazy("Name, serial, model or place"))
    address = forms.ChoiceField(label=gettext_lazy("Ships to"), required=False)
    state = forms.ChoiceField(label=gettext_lazy("Show"), required=False)
    path = forms.ChoiceField(label=gettext_lazy("Connection"), required=False)
    sort = forms.ChoiceField(label=gettext_lazy("Sort by"), required=False)

    def __init__(self, data: Any, *, addresses: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.offer("address", [("", _("All addresses")), *addresses])
        self.offer(
            "state",
            [
                ("", _("All devices")),
                ("low", _("Low on supplies")),
                ("silent", _("Not reporting")),
                ("refused", _("Last report refused")),
            ],
        )
        self.offer(
            "path",
            [
                ("", _("Any")),
                ("direct", _("Reports by itself")),
                ("agent", _("Device agent")),
                ("manual", _("Read by hand")),
            ],
        )
        self.offer(
            "sort",
            [
                ("", _("Runs out first")),
                ("name", _("Name")),
                ("contact", _("Longest silent")),
                ("model", _("Model")),
            ],
        )


class SuppliesForm(Narrowing):
    """Narrows the list of supplies."""

    address = forms.ChoiceField(label=gettext_lazy("Ships to"), required=False)

    def __init__(self, data: Any, *, addresses: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.offer("address", [("", _("All addresses")), *addresses])


def _zones() -> list[tuple[str, str]]:
    """Every zone that people live in, and the account's for who leaves it open."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and name[:3] != "Etc")
    return [("", _("The one of your company")), *((name, name.replace("_", " ")) for name in names)]


class KeyForm(forms.Form):
    """A new key for programs."""

    name = forms.CharField(
        label=gettext_lazy("What is it for?"),
        max_length=80,
        help_text=gettext_lazy("Such as the program's name, so that you know later which key to revoke."),
    )


class SettingsForm(forms.Form):
    """A person's own settings. `mails`: MailKind → MailChoice.How, as it is now."""

    name = forms.CharField(label=gettext_lazy("Your name"), max_length=120, required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False, choices=_zones)

    def __init__(self, *args: Any, mails: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)
        language.choices = [("", _("The one of your browser")), *settings.LANGUAGES]
        for kind, how in mails.items():
            self.fields[f"mail_{kind}"] = forms.ChoiceField(
                label=_("Mails about %(kind)s") % {"kind": mail_kind_in_words(kind)},
                choices=mail_ways(),
                initial=how,
            )

    def chosen(self) -> dict[str, Any]:
        """What actions.choose_settings takes."""
        values = dict(self.cleaned_data)
        mails = {name.removeprefix("mail_"): values.pop(name) for name in list(values) if name[:5] == "mail_"}
        return {**values, "mails": mails}
