"""Automatic replenishment of a device, switched on and off, and begun (domain rule 7)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log, state
from metered.accounts.models import Fact, User
from metered.accounts.queries import recipients_for_system
from metered.fleet.models import Contract, Device
from metered.lib.errors import Refused
from metered.notify.actions import post

NAMED = 20
"""A mail names at most so many devices."""


def bar(device: Device) -> tuple[str, str]:
    """Why automatic replenishment can't be switched on: a code and a sentence, both empty when it can.

    `device` with its contract and model.
    """
    if device.removed_at:
        return "device_removed", _("This device was removed.")
    if device.contract.status != Contract.Status.ACTIVE:
        return "contract_inactive", _("Its contract is not active.")
    if device.model.eligibility == "not_eligible":
        return "not_eligible", _("This model can't be replenished automatically.")
    return "", ""


@transaction.atomic
def switch_replenishment(*, device: Device, on: bool, reason: str = "", actor: User | None = None) -> None:
    """Switches automatic replenishment of a device on or off (domain rule 7).

    Switching to what it is already changes nothing. Refused for a removed device, an inactive contract
    and a model that is not eligible. Who is sent things there is told when it stops (domain rule 8).
    """
    locked = (
        Device.objects.select_for_update(of=("self",))
        .select_related("contract", "model", "address")
        .get(pk=device.pk)
    )
    code, why_not = bar(locked)
    if on and code:
        raise Refused(why_not, code=code)
    before = locked.replenishment
    if on == (before != Device.Replenishment.OFF):
        return
    locked.replenishment = Device.Replenishment.STARTING if on else Device.Replenishment.OFF
    locked.replenishment_reason = reason
    locked.save(update_fields=["replenishment", "replenishment_reason", "serial_key"])
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="switched replenishment",
        kind="device",
        public_id=locked.public_id,
        before=before,
        after=locked.replenishment,
    )
    state(
        kind=Fact.Kind.DEVICE_CHANGED,
        account_id=locked.account_id,
        address_id=locked.address_id,
        public_id=locked.public_id,
    )
    if not on:
        _tell("replenishment_off", [locked], {"who": str(actor) if actor else "", "reason": reason})


@transaction.atomic
def mark_replenishment_started(*, device_ids: Sequence[int]) -> int:
    """Use of these devices is known now: from `starting` to `on`. Returns how many changed.

    The people of each address are told in one mail, however many devices start there at once.
    """
    waiting = (
        Device.objects.select_for_update(of=("self",))
        .filter(pk__in=device_ids, replenishment=Device.Replenishment.STARTING, removed_at=None)
        .select_related("model", "address")
        .order_by("pk")
    )
    by_address: dict[int, list[Device]] = {}
    for device in waiting:
        by_address.setdefault(device.address_id, []).append(device)
    started = [device.pk for devices in by_address.values() for device in devices]
    if started:
        Device.objects.filter(pk__in=started).update(replenishment=Device.Replenishment.ON)
    for devices in by_address.values():
        _tell("replenishment_on", devices, {})
    return len(started)


def _tell(template: str, devices: Sequence[Device], values: dict[str, str]) -> None:
    first = devices[0]
    path = f"/devices/{first.public_id}/" if len(devices) == 1 else "/devices/"
    post(
        # The step itself happens once; a device that is switched off and on again may start once more.
        event=f"{template}:{first.public_id}:{timezone.now().isoformat()}",
        to=recipients_for_system(first.account_id, address_id=first.address_id),
        template=template,
        values={
            **values,
            "address_name": first.address.name,
            "count": len(devices),
            "devices": [device.label for device in devices[:NAMED]],
            "more": max(len(devices) - NAMED, 0),
            "devices_path": path,
        },
    )
