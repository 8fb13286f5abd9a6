"""What waits for support staff in the fleet: changes that customers ask for, and bulletins to publish."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.accounts.models import Address
from metered.fleet import actions
from metered.fleet.models import Bulletin, Contract, Device, DeviceRequest, PrinterModel
from metered.lib.admin import Button, LookOnly, WithButtons, actor


def _publish(bulletin: Bulletin, values: dict[str, Any], request: HttpRequest) -> str:
    actions.publish_bulletin(bulletin=bulletin)
    return _("Published: it counts from now on. Everybody whose devices it concerns is told by mail.")


class DateForm(forms.Form):
    from_date = forms.DateField(
        label=gettext_lazy("Refused from"), widget=forms.DateInput(attrs={"type": "date"})
    )


def _move_date(bulletin: Bulletin, values: dict[str, Any], request: HttpRequest) -> str:
    actions.move_bulletin(bulletin=bulletin, from_date=values["from_date"])
    return _("The date is moved.")


@admin.register(Bulletin)
class BulletinAdmin(WithButtons):
    list_display = ("model", "minimum_software", "from_date", "published_at")
    list_select_related = ("model",)
    search_fields = ("model__name", "model__vendor")
    autocomplete_fields = ("model",)
    readonly_fields = ("public_id", "published_at", "moved_at")
    formfield_overrides: ClassVar[Any] = {models.URLField: {"assume_scheme": "https"}}
    buttons = (
        Button(
            "publish",
            gettext_lazy("Publish"),
            _publish,
            explains=gettext_lazy(
                "It stands on the pages at once, and the owners and orderers of the devices that it concerns"
                " are told by mail. It can't be taken back."
            ),
            when=lambda bulletin: bulletin.published_at is None,
        ),
        Button(
            "move-date",
            gettext_lazy("Move the date"),
            _move_date,
            form=DateForm,
            explains=gettext_lazy(
                "Reports of older software are refused from that day on. If it is published, everybody whose"
                " devices it concerns is told of the new date."
            ),
            initial=lambda bulletin: {"from_date": bulletin.from_date},
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # People were told of a published one: its date moves by its button, and its model stays.
        told = obj is not None and obj.published_at is not None
        return (*self.readonly_fields, "model", "from_date") if told else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.published_at = None
        super().save_model(request, obj, form, change)


class AddressForm(forms.Form):
    """An address of the customer whose row it is about."""

    address = forms.ModelChoiceField(label=gettext_lazy("Ships to"), queryset=Address.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["address"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Address.objects.filter(account_id=self.initial["account_id"], retired_at=None)


class SerialForm(forms.Form):
    serial = forms.CharField(label=gettext_lazy("Serial number"), max_length=64)


class AddForm(SerialForm, AddressForm):
    model = forms.ModelChoiceField(label=gettext_lazy("Model"), queryset=PrinterModel.objects.all())
    contract = forms.ModelChoiceField(label=gettext_lazy("Contract"), queryset=Contract.objects.none())
    installed_on = forms.DateField(
        label=gettext_lazy("In use since"), widget=forms.DateInput(attrs={"type": "date"})
    )
    path = forms.ChoiceField(label=gettext_lazy("Connection"), choices=Device.Path.choices)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)
    place = forms.CharField(label=gettext_lazy("Where it stands"), max_length=120, required=False)

    field_order = ("serial", "model", "contract", "address", "installed_on", "path", "name", "place")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["contract"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Contract.objects.filter(account_id=self.initial["account_id"]).exclude(
            status=Contract.Status.ENDED
        )


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason, as the customer reads it"), max_length=300, widget=forms.Textarea
    )


def _add_asked(asked: DeviceRequest, values: dict[str, Any], request: HttpRequest) -> str:
    actions.add_as_asked(request=asked, actor=actor(request), **values)
    return _("The device is in use. Whoever asked is told by mail.")


def _move_asked(asked: DeviceRequest, values: dict[str, Any], request: HttpRequest) -> str:
    actions.move_as_asked(request=asked, address=values["address"], actor=actor(request))
    return _("The device is moved. Whoever asked is told by mail.")


def _remove_asked(asked: DeviceRequest, values: dict[str, Any], request: HttpRequest) -> str:
    actions.remove_as_asked(request=asked, actor=actor(request))
    return _("The device is out of use. Whoever asked is told by mail.")


def _correct_asked(asked: DeviceRequest, values: dict[str, Any], request: HttpRequest) -> str:
    actions.correct_as_asked(request=asked, serial=values["serial"], actor=actor(request))
    return _("The serial number is corrected. Whoever asked is told by mail.")


def _decline(asked: DeviceRequest, values: dict[str, Any], request: HttpRequest) -> str:
    actions.decline(request=asked, reason=values["reason"], actor=actor(request))
    return _("Declined. Whoever asked is told by mail, with the reason.")


def _open(kind: str) -> Any:
    return lambda asked: asked.state == DeviceRequest.State.OPEN and asked.kind == kind


def _to_add(asked: DeviceRequest) -> dict[str, Any]:
    contracts = Contract.objects.filter(account_id=asked.account_id, status=Contract.Status.ACTIVE)
    return {
        "account_id": asked.account_id,
        "serial": asked.serial,
        "address": asked.address_id,
        "contract": contracts[0].pk if len(contracts) == 1 else None,
        "installed_on": timezone.localdate(),
        "path": Device.Path.AGENT,
    }


@admin.register(DeviceRequest)
class DeviceRequestAdmin(LookOnly, WithButtons):
    list_display = ("asked_at", "account", "kind", "device", "serial", "address", "state", "asked_by")
    list_select_related = ("account", "device__model", "address", "asked_by")
    list_filter = ("state", "kind")
    search_fields = ("account__name", "account__number", "serial_key__startswith", "device__serial")
    show_full_result_count = False
    buttons = (
        Button(
            # Django's own "add" stands at the list.
            "add-device",
            gettext_lazy("Add the device"),
            _add_asked,
            form=AddForm,
            when=_open("add"),
            initial=_to_add,
            explains=gettext_lazy(
                "A mono device joins automatic replenishment at once, a colour one when a person switches it"
                " on."
            ),
        ),
        Button(
            "move",
            gettext_lazy("Move the device"),
            _move_asked,
            form=AddressForm,
            when=_open("move"),
            initial=lambda asked: {"account_id": asked.account_id, "address": asked.to_address_id},
            explains=gettext_lazy(
                "What it needs is sent to that address from now on. Lines for the old one that were not"
                " shipped are looked at again before they leave."
            ),
        ),
        Button(
            "remove",
            gettext_lazy("Remove the device"),
            _remove_asked,
            when=_open("remove"),
            explains=gettext_lazy(
                "Its history stays. Its tokens are refused and nothing more is sent for it."
            ),
        ),
        Button(
            "correct",
            gettext_lazy("Correct the serial number"),
            _correct_asked,
            form=SerialForm,
            when=_open("serial"),
            initial=lambda asked: {"serial": asked.serial},
            explains=gettext_lazy("Reports are known by the new number from now on."),
        ),
        Button(
            "decline",
            gettext_lazy("Decline"),
            _decline,
            form=DeclineForm,
            when=lambda asked: asked.state == DeviceRequest.State.OPEN,
            explains=gettext_lazy("Nothing is changed; whoever asked is told why."),
        ),
    )
