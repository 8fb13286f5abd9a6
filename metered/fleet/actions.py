"""The only writer of the fleet."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log, state
from metered.accounts.models import Fact, User
from metered.fleet.models import Agent, Contract, Device, ModelSupply, Slot, Supply, Token
from metered.lib.errors import Refused


def token_digest(token: str) -> bytes:
    """SHA-256 of a token; enough for 256 random bits, and quick at every request."""
    return hashlib.sha256(token.encode()).digest()


@transaction.atomic
def issue_token(
    *, agent: Agent | None = None, device: Device | None = None, actor: User | None = None
) -> str:
    """A new token for an agent or for one device. It is returned once and never kept."""
    owner = agent or device
    if owner is None or (agent and device):
        raise Refused(_("A token belongs to an agent or to a device."), code="token_owner")
    token = f"mt_{secrets.token_urlsafe(32)}"
    Token.objects.create(
        account_id=owner.account_id,
        agent=agent,
        device=device,
        digest=token_digest(token),
        hint=token[:7],
        created_by=actor,
    )
    log(
        actor=actor,
        account_id=owner.account_id,
        verb="issued",
        kind="token",
        public_id=owner.public_id,
        after={"hint": token[:7]},
    )
    return token


@transaction.atomic
def revoke_token(*, token: Token, actor: User | None = None) -> None:
    """From now on the token is refused. Revoking twice changes nothing."""
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()) != 1:
        return
    log(
        actor=actor,
        account_id=token.account_id,
        verb="revoked",
        kind="token",
        public_id=token.hint,
    )


@dataclass(frozen=True)
class SlotSeen:
    """A slot as a report names it for the first time."""

    kind: str
    colorant: str
    code: str
    name: str
    reorder_number: str | None = None


@transaction.atomic
def add_slots(*, seen: Mapping[int, Sequence[SlotSeen]]) -> dict[int, list[Slot]]:
    """Adds the slots that devices (by id) do not have yet, at the end of their level arrays.

    Returns all slots of each device in the order of `position`. The device rows are locked, so that
    two reports of one device agree on the positions.
    """
    devices = list(Device.objects.select_for_update().filter(pk__in=list(seen)).order_by("pk"))
    slots: dict[int, list[Slot]] = {device.pk: [] for device in devices}
    for slot in Slot.objects.filter(device__in=devices).order_by("device_id", "position"):
        slots[slot.device_id].append(slot)
    fits: dict[int, list[ModelSupply]] = {device.model_id: [] for device in devices}
    for fit in ModelSupply.objects.filter(model__in=list(fits), supply__active=True).select_related("supply"):
        fits[fit.model_id].append(fit)
    added: list[Slot] = []
    for device in devices:
        mine = slots[device.pk]
        known = {(slot.kind, slot.colorant, slot.code) for slot in mine}
        for item in seen[device.pk]:
            if (item.kind, item.colorant, item.code) in known:
                continue
            slot = Slot(
                account_id=device.account_id,
                device=device,
                kind=item.kind,
                colorant=item.colorant,
                code=item.code,
                name=item.name[:120],
                position=mine[-1].position + 1 if mine else 0,
                supply=_supply_that_fits(fits[device.model_id], item),
            )
            known.add((item.kind, item.colorant, item.code))
            mine.append(slot)
            added.append(slot)
    Slot.objects.bulk_create(added, batch_size=1000)
    return slots


def _supply_that_fits(fits: Sequence[ModelSupply], seen: SlotSeen) -> Supply | None:
    """What is sent for a slot: by the printer's reorder number, else the one preferred for kind and colorant.

    A printer that names no colour, as those with one toner do, gets what fits of that kind.
    None when that leaves a choice: a wrong cartridge is worse than a question to staff.
    """
    if seen.reorder_number:
        for fit in fits:
            if fit.supply.reorder_number == seen.reorder_number:
                return fit.supply
    same = [
        fit.supply for fit in fits if fit.supply.kind == seen.kind and fit.supply.colorant == seen.colorant
    ]
    if not same and not seen.colorant:
        same = [fit.supply for fit in fits if fit.supply.kind == seen.kind]
    preferred = [fit.supply for fit in fits if fit.preferred and fit.supply in same]
    candidates = preferred or same
    return candidates[0] if len(candidates) == 1 else None


@transaction.atomic
def switch_replenishment(*, device: Device, on: bool, reason: str = "", actor: User | None = None) -> None:
    """Switches automatic replenishment of a device on or off (domain rule 7).

    Switching on what is on already changes nothing. Refused for a removed device, an inactive contract
    and a model that is not eligible.
    """
    locked = (
        Device.objects.select_for_update(of=("self",)).select_related("contract", "model").get(pk=device.pk)
    )
    if on and locked.removed_at:
        raise Refused(_("This device was removed."), code="device_removed")
    if on and locked.contract.status != Contract.Status.ACTIVE:
        raise Refused(_("Its contract is not active."), code="contract_inactive")
    if on and locked.model.eligibility == "not_eligible":
        raise Refused(_("This model can't be replenished automatically."), code="not_eligible")
    before = locked.replenishment
    if on and before != Device.Replenishment.OFF:
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
    _state(locked, Fact.Kind.DEVICE_CHANGED)


def mark_replenishment_started(*, device_ids: Sequence[int]) -> int:
    """Use of these devices is known now: from `starting` to `on`. Returns how many changed."""
    return Device.objects.filter(
        pk__in=device_ids, replenishment=Device.Replenishment.STARTING, removed_at=None
    ).update(replenishment=Device.Replenishment.ON)


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
    _state(device, Fact.Kind.DEVICE_REMOVED)


def _state(device: Device, kind: Fact.Kind) -> None:
    state(kind=kind, account_id=device.account_id, address_id=device.address_id, public_id=device.public_id)
