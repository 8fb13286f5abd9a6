"""The only writer of the fleet.

Devices are changed in changes.py, switched in switching.py; what customers ask for stands in requests.py,
what bulletins do in bulletins.py, agents in agents.py, keys to report with in tokens.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from metered.fleet.agents import add_agent, enrol, make_code, rename_agent, revoke_agent
from metered.fleet.bulletins import mark_bulletin_told, move_bulletin, publish_bulletin
from metered.fleet.changes import add_device, correct_serial, move_device, remove_device, rename_device
from metered.fleet.models import Device, ModelSupply, Slot, Supply
from metered.fleet.requests import (
    add_as_asked,
    ask_for_change,
    correct_as_asked,
    decline,
    move_as_asked,
    remove_as_asked,
)
from metered.fleet.switching import mark_replenishment_started, switch_replenishment
from metered.fleet.tokens import issue_token, revoke_token, token_digest


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


__all__ = [
    "SlotSeen",
    "add_agent",
    "add_as_asked",
    "add_device",
    "add_slots",
    "ask_for_change",
    "correct_as_asked",
    "correct_serial",
    "decline",
    "enrol",
    "issue_token",
    "make_code",
    "mark_bulletin_told",
    "mark_replenishment_started",
    "move_as_asked",
    "move_bulletin",
    "move_device",
    "publish_bulletin",
    "remove_as_asked",
    "remove_device",
    "rename_agent",
    "rename_device",
    "revoke_agent",
    "revoke_token",
    "switch_replenishment",
    "token_digest",
]
