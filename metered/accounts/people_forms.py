"""Shapes of what people type to come in, and to let others in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.accounts.models import Address, User
from metered.accounts.words import role_choices
from metered.lib.forms import Narrowing, search_field


class RegistrationForm(forms.Form):
    """What shows that somebody works with one of our devices (domain rule 1)."""

    serial = forms.CharField(
        label=gettext_lazy("Serial number of one of your printers"),
        max_length=64,
        help_text=gettext_lazy("On the back or inside the front door. Spaces and hyphens don't matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    place = forms.CharField(
        label=gettext_lazy("Postal code that its supplies are sent to"),
        max_length=80,
        help_text=gettext_lazy("Where your country has no postal codes: the town."),
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )
    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail at work"),
        max_length=254,
        help_text=gettext_lazy("We send you a link there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class AgainForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class NewcomerForm(forms.Form):
    """Somebody new, who came by a mailed link: a name and a password."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Choose a password"),
        strip=False,
        max_length=128,
        help_text=gettext_lazy("At least 10 characters. A few words in a row are easy to keep in mind."),
        widget=forms.PasswordInput(render_value=True, attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("The same password again"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(render_value=True, attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, data: Any = None, *, email: str, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        password = values.get("password", "")
        if password:
            try:
                get_adapter().clean_password(password, User(email=self.email, name=values.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        if password and values.get("again") and password != values["again"]:
            self.add_error("again", _("The two passwords differ."))
        return values


class PartForm(forms.Form):
    """What somebody may do in an account, and where. `addresses`: those that can be chosen."""

    role = forms.ChoiceField(label=gettext_lazy("What may they do?"), widget=forms.RadioSelect)
    scope = forms.ChoiceField(
        label=gettext_lazy("For which addresses?"), initial="all", widget=forms.RadioSelect
    )
    addresses = forms.MultipleChoiceField(
        label=gettext_lazy("Only these addresses"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data: Any = None, *, addresses: Sequence[Address], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.known = {address.public_id: address for address in addresses}
        for name, choices in {
            "role": role_choices(),
            "scope": [("all", _("All addresses, also new ones")), ("some", _("Only those ticked below"))],
            "addresses": [(address.public_id, address.name) for address in addresses],
        }.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        ticked = values.get("addresses") or []
        if values.get("scope") == "some" and not ticked:
            self.add_error("addresses", _("Tick at least one address, or choose all addresses above."))
        if values.get("scope") == "all" and ticked:
            # Nobody shall see more than was meant.
            self.add_error("scope", _("You ticked addresses below: choose “Only those”, or untick them."))
        return values

    @property
    def limits(self) -> list[Address] | None:
        """What was chosen, as actions take it: None for all addresses."""
        if self.cleaned_data["scope"] == "all":
            return None
        return [self.known[public_id] for public_id in self.cleaned_data["addresses"]]


class InviteForm(PartForm):
    email = forms.EmailField(
        label=gettext_lazy("Their e-mail"),
        max_length=254,
        help_text=gettext_lazy("The invitation works for this address alone."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    field_order = ("email", "role", "scope", "addresses")


class KeepForm(forms.Form):
    """What an owner stays when the account is handed over."""

    keep = forms.ChoiceField(label=gettext_lazy("You stay on as"), widget=forms.RadioSelect)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **{"initial": {"keep": "orderer"}, **kwargs})
        field = self.fields["keep"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [choice for choice in role_choices() if choice[0] != "owner"]


class PeopleForm(Narrowing):
    """Narrows the list of people."""

    search = search_field(gettext_lazy("Name or e-mail"))
