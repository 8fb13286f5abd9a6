"""What happens to a device: added, named, moved, its serial corrected, removed (domain rule 6)."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log, state
from metered.accounts.models import Address, Fact, User
from metered.fleet.models import Contract, Device, Eligibility, PrinterModel, Token
from metered.fleet.serials import serial_key
from metered.lib.errors import Refused


@transaction.atomic
def add_device(
    *,
    contract: Contract,
    address: Address,
    model: PrinterModel,
    serial: str,
    installed_on: dt.date,
    path: str = Device.Path.AGENT,
    name: str = "",
    place: str = "",
    actor: User | None = None,
) -> Device:
    """Puts a device into use. A mono device joins automatic replenishment at once (domain rule 7).

    Refused for a contract that is over, an address that is retired or another customer's, and a serial
    number that is in use.
    """
    if contract.status == Contract.Status.ENDED:
        raise Refused(_("That contract has ended."), code="contract_ended")
    here = _standing(address.pk, contract.account_id)
    device = Device(
        account_id=contract.account_id,
        contract=contract,
        address=here,
        model=model,
        serial=_clean(serial),
        name=name.strip(),
        place=place.strip(),
        path=path,
        installed_on=installed_on,
        replenishment=_joins(model),
    )
    _keep_serial(device)
    log(
        actor=actor,
        account_id=device.account_id,
        address_id=here.pk,
        verb="added",
        kind="device",
        public_id=device.public_id,
        after={"serial": device.serial, "model": str(model), "ships to": here.name},
    )
    _fact(device, Fact.Kind.DEVICE_ADDED)
    return device


def _joins(model: PrinterModel) -> str:
    """Mono devices join at install, colour ones when a person switches it on (domain rule 7)."""
    joins = not model.colour and model.eligibility != Eligibility.NONE
    return Device.Replenishment.STARTING if joins else Device.Replenishment.OFF


@transaction.atomic
def rename_device(
    *,
    device: Device,
    name: str,
    place: str,
    seen: tuple[str, str] | None = None,
    actor: User | None = None,
) -> None:
    """Names a device and says where it stands. The same again changes nothing.

    `seen`: name and place as the person saw them before; Refused (`changed_meanwhile`) when somebody has
    changed them since, so that nobody's words are lost unnoticed.
    """
    locked = Device.objects.select_for_update().get(pk=device.pk)
    before, after = (locked.name, locked.place), (name.strip(), place.strip())
    if before == after:
        return
    if seen is not None and seen != before:
        raise Refused(_("Somebody changed this while you were typing."), code="changed_meanwhile")
    locked.name, locked.place = after
    locked.save(update_fields=["name", "place"])
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="named",
        kind="device",
        public_id=locked.public_id,
        before=dict(zip(("name", "place"), before, strict=True)),
        after=dict(zip(("name", "place"), after, strict=True)),
    )


@transaction.atomic
def move_device(*, device: Device, address: Address, actor: User | None = None) -> None:
    """From now on the device ships to `address`. Moving it to where it is changes nothing.

    Both addresses are weighed again: one has a device less, the other one more. Refused for a removed
    device and for an address that is retired or another customer's.
    """
    # Address before device: CONTRIBUTING.md, locks.
    there = _standing(address.pk, device.account_id)
    locked = _in_use(device)
    if locked.address_id == there.pk:
        return
    before, left = locked.address.name, locked.address_id
    locked.address = there
    locked.save(update_fields=["address"])
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=there.pk,
        verb="moved",
        kind="device",
        public_id=locked.public_id,
        before=before,
        after=there.name,
    )
    for address_id in (left, there.pk):
        _fact(locked, Fact.Kind.DEVICE_CHANGED, address_id=address_id)


@transaction.atomic
def correct_serial(*, device: Device, serial: str, actor: User | None = None) -> None:
    """The device is known by `serial` from now on. Refused for a removed one, and a serial that is in use."""
    locked = _in_use(device)
    before = locked.serial
    locked.serial = _clean(serial)
    if locked.serial == before:
        return
    _keep_serial(locked)
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="corrected the serial of",
        kind="device",
        public_id=locked.public_id,
        before=before,
        after=locked.serial,
    )
    _fact(locked, Fact.Kind.DEVICE_CHANGED)


@transaction.atomic
def remove_device(*, device: Device, at: dt.datetime | None = None, actor: User | None = None) -> None:
    """Takes a device out of use. Its history stays; its serial may be used again."""
    at = at or timezone.now()
    # In the order of a report: its token, then its device.
    list(Token.objects.select_for_update(no_key=True).filter(device_id=device.pk).order_by("pk"))
    if Device.objects.filter(pk=device.pk, removed_at=None).update(removed_at=at) != 1:
        return
    Token.objects.filter(device_id=device.pk, revoked_at=None).update(revoked_at=at)
    log(
        actor=actor,
        account_id=device.account_id,
        address_id=device.address_id,
        verb="removed",
        kind="device",
        public_id=device.public_id,
    )
    _fact(device, Fact.Kind.DEVICE_REMOVED)


def _standing(address_id: int, account_id: int) -> Address:
    """The address of that customer, locked against being retired meanwhile."""
    found: Address | None = (
        Address.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk=address_id, account_id=account_id)
        .first()
    )
    if found is None:
        raise Refused(_("This address belongs to another customer."), code="address_of_other")
    if found.retired_at is not None:
        raise Refused(_("This address is not used any more."), code="address_retired")
    return found


def _in_use(device: Device) -> Device:
    locked: Device = (
        Device.objects.select_for_update(of=("self",)).select_related("address").get(pk=device.pk)
    )
    if locked.removed_at is not None:
        raise Refused(_("This device was removed."), code="device_removed")
    return locked


def _clean(serial: str) -> str:
    cleaned = serial.strip()
    if not serial_key(cleaned):
        raise Refused(_("A device needs a serial number."), code="serial_missing")
    return cleaned


def _keep_serial(device: Device) -> None:
    try:
        with transaction.atomic():
            device.save()
    except IntegrityError as error:
        if "device_serial_once_in_use" not in str(error):
            raise
        raise Refused(_("Another device in use has this serial number."), code="serial_taken") from error


def _fact(device: Device, kind: Fact.Kind, *, address_id: int | None = None) -> None:
    state(
        kind=kind,
        account_id=device.account_id,
        address_id=address_id or device.address_id,
        public_id=device.public_id,
    )
