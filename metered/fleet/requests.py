"""What customers ask to be changed about their devices, and what staff make of it (domain rule 6)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import Address, User
from metered.accounts.queries import recipient_for_system
from metered.fleet import changes
from metered.fleet.models import Contract, Device, DeviceRequest, PrinterModel
from metered.fleet.serials import serial_key
from metered.lib.errors import Refused
from metered.notify.actions import post

Kind = DeviceRequest.Kind


@transaction.atomic
def ask_for_change(
    *,
    account_id: int,
    kind: str,
    actor: User,
    device: Device | None = None,
    address: Address | None = None,
    serial: str = "",
    model_name: str = "",
    note: str = "",
) -> DeviceRequest:
    """Writes down what somebody asks for; staff decide. The same asked twice is one request.

    `device` for everything but a new one. `address`: where the device is to go; None: the note says where.
    Refused when somebody else's request for the same is open, when nothing would change, and for a serial
    number that a device of this account has.
    """
    serial, note, model_name = serial.strip(), note.strip(), model_name.strip()
    _check(account_id, kind, device, address, serial, note)
    fields: dict[str, Any] = {
        "account_id": account_id,
        "kind": kind,
        "device": device,
        "address_id": device.address_id if device else address.pk if address else None,
        "to_address": address if kind == Kind.MOVE else None,
        "serial": serial if kind in (Kind.ADD, Kind.SERIAL) else "",
        "model_name": model_name,
        "note": note,
    }
    try:
        with transaction.atomic():
            asked = DeviceRequest.objects.create(asked_by=actor, **fields)
    except IntegrityError as error:
        if "request_open_once" not in str(error):
            raise
        return _asked_before(fields, actor)
    log(
        actor=actor,
        account_id=account_id,
        address_id=asked.address_id,
        verb="asked for a change of",
        kind="device",
        public_id=device.public_id if device else asked.public_id,
        after={
            name: value
            for name, value in {
                "change": kind,
                "serial": asked.serial,
                "model": model_name,
                "ships to": address.name if address else "",
                "note": note,
            }.items()
            if value
        },
    )
    return asked


def _check(
    account_id: int, kind: str, device: Device | None, address: Address | None, serial: str, note: str
) -> None:
    if kind not in Kind.values or (device is None) != (kind == Kind.ADD):
        raise Refused(_("Choose what is to change."), code="kind")
    if address is not None and address.account_id != account_id:
        raise Refused(_("Choose one of your addresses."), code="address_of_other")
    if device is not None and device.removed_at is not None:
        raise Refused(_("This device was removed."), code="device_removed")
    if kind in (Kind.ADD, Kind.MOVE) and address is None and not note:
        raise Refused(_("Choose an address, or write down where it is."), code="where")
    if kind == Kind.MOVE and device is not None and address is not None and address.pk == device.address_id:
        raise Refused(_("It ships to that address already."), code="same_address")
    if kind in (Kind.ADD, Kind.SERIAL):
        key = serial_key(serial)
        if not key:
            raise Refused(_("Type the serial number as it stands on the device."), code="serial_missing")
        if device is not None and serial == device.serial:
            raise Refused(_("That is the serial number that we have."), code="same_serial")
        others = Device.objects.filter(account_id=account_id, serial_key=key, removed_at=None)
        if device is not None:
            others = others.exclude(pk=device.pk)
        if others.exists():
            raise Refused(
                _("A device with this serial number is on your account already."), code="serial_known"
            )


def _asked_before(fields: dict[str, Any], actor: User) -> DeviceRequest:
    """The open request that stands in the way: the very same one again is no new one."""
    same = {"device": fields["device"], "kind": fields["kind"], "account_id": fields["account_id"]}
    if fields["device"] is None:
        same["serial_key"] = serial_key(fields["serial"])
    rows = DeviceRequest.objects.select_related("asked_by")
    found: DeviceRequest | None = rows.filter(state="open", **same).first()
    if found is None:
        raise Refused(_("It was decided this moment. Look at it and ask again."), code="just_decided")
    told = ("to_address_id", "serial", "model_name", "note")
    wanted = {**fields, "to_address_id": fields["to_address"].pk if fields["to_address"] else None}
    if found.asked_by_id == actor.pk and all(getattr(found, name) == wanted[name] for name in told):
        return found
    raise Refused(
        _("%(who)s asked for this already, and we have not decided yet.") % {"who": found.asked_by},
        code="asked_before",
    )


@transaction.atomic
def add_as_asked(
    *,
    request: DeviceRequest,
    contract: Contract,
    address: Address,
    model: PrinterModel,
    serial: str,
    installed_on: dt.date,
    path: str,
    name: str = "",
    place: str = "",
    actor: User,
) -> Device:
    """Adds the device that was asked for; what staff know better counts."""
    locked = _claim(request, Kind.ADD)
    if contract.account_id != locked.account_id:
        raise Refused(_("This contract belongs to another customer."), code="contract_of_other")
    device = changes.add_device(
        contract=contract,
        address=address,
        model=model,
        serial=serial,
        installed_on=installed_on,
        path=path,
        name=name,
        place=place,
        actor=actor,
    )
    _settle(locked, actor, device=device)
    return device


@transaction.atomic
def move_as_asked(*, request: DeviceRequest, address: Address, actor: User) -> None:
    """Moves the device."""
    locked = _claim(request, Kind.MOVE)
    changes.move_device(device=_device(locked), address=address, actor=actor)
    _settle(locked, actor)


@transaction.atomic
def remove_as_asked(*, request: DeviceRequest, actor: User) -> None:
    """Takes the device out of use."""
    locked = _claim(request, Kind.REMOVE)
    changes.remove_device(device=_device(locked), actor=actor)
    _settle(locked, actor)


@transaction.atomic
def correct_as_asked(*, request: DeviceRequest, serial: str, actor: User) -> None:
    """Corrects the serial number."""
    locked = _claim(request, Kind.SERIAL)
    changes.correct_serial(device=_device(locked), serial=serial, actor=actor)
    _settle(locked, actor)


@transaction.atomic
def decline(*, request: DeviceRequest, reason: str, actor: User) -> None:
    """Says no, with the reason that the customer reads."""
    if not reason.strip():
        raise Refused(_("Say why, as the customer will read it."), code="reason_missing")
    _settle(_claim(request), actor, reason=reason.strip())


def _claim(request: DeviceRequest, kind: str | None = None) -> DeviceRequest:
    locked: DeviceRequest = (
        DeviceRequest.objects.select_for_update(of=("self",))
        .select_related("device__model", "asked_by", "account", "address")
        .get(pk=request.pk)
    )
    if locked.state != DeviceRequest.State.OPEN or (kind is not None and locked.kind != kind):
        raise Refused(_("This was decided already."), code="decided")
    return locked


def _device(request: DeviceRequest) -> Device:
    assert request.device is not None
    return request.device


def _settle(locked: DeviceRequest, actor: User, *, device: Device | None = None, reason: str = "") -> None:
    """Closes the request, writes it down and tells who asked."""
    locked.state = DeviceRequest.State.DECLINED if reason else DeviceRequest.State.DONE
    locked.reason = reason
    locked.decided_by, locked.decided_at = actor, timezone.now()
    locked.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    about = device or locked.device
    if about is not None:
        about.refresh_from_db()
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="declined a change of" if reason else "made a change of",
        kind="device",
        public_id=about.public_id if about else locked.public_id,
        before={"asked by": str(locked.asked_by)},
        after={"change": locked.kind, **({"reason": reason} if reason else {})},
    )
    asker = recipient_for_system(locked.asked_by_id, locked.account_id)
    if asker is None:
        return
    post(
        event=f"device_request:{locked.public_id}",
        to=[asker],
        template="device_request",
        values={
            "kind": locked.kind,
            "declined": bool(reason),
            "reason": reason,
            "device_name": about.label if about else locked.model_name or locked.serial,
            "serial": about.serial if about else locked.serial,
            "address_name": about.address.name if about else "",
            "page_path": f"/devices/{about.public_id}/" if about else "/devices/requests/",
        },
    )
