"""Whether a line may leave, and from when: asked under lock at release and at shipment."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings

from metered.accounts.models import Address
from metered.fleet.models import Contract, Device, Slot
from metered.fleet.policy import Use, may_be_sent, may_go
from metered.lib.said import said
from metered.orders import policy
from metered.orders.models import OrderLine
from metered.replenishment.calendars import calendars, date_of, day_number, place_of


def refusal_of(line: OrderLine, contract: Contract, address: Address, today: dt.date) -> str:
    """Why the line may not leave now, in words; empty when it may.

    What a person ordered is held to contract and address, and to a device of it that still stands somewhere.
    """
    if line.automatic:
        barred = may_be_sent(contract, address, line.supply, _uses(line, contract, address), today)
    else:
        barred = may_go(contract, address, today)
        if not barred and gone_with_its_devices(line):
            barred = "removed"
    return in_words(barred, address) if barred else ""


def gone_with_its_devices(line: OrderLine) -> bool:
    """Whether the line is meant for devices and all of them were removed; the devices are locked.

    Who removes one waits for us, or we see that it was removed.
    """
    uses = Slot.objects.filter(pk__in=line.slots.values("pk")).values("device_id")
    devices = Device.objects.select_for_update(no_key=True).filter(pk__in=uses).order_by("pk")
    standing = [device.removed_at is None for device in devices]
    return bool(standing) and not any(standing)


def in_words(barred: str, address: Address) -> str:
    """What bars something from being sent there (fleet.policy), as the customer reads it."""
    if barred == "address" and address.retired_at is None:
        return address.refused_reason
    return {
        "contract": said("The contract is no longer active."),
        "address": said("The address is no longer in use."),
        "kind": said("The contract does not include it."),
        "supply": said("This supply is no longer sent."),
        "removed": said("The device was removed."),
        "unused": said("No device here uses it any more."),
        "off": said("Automatic replenishment was switched off."),
    }[barred]


def _uses(line: OrderLine, contract: Contract, address: Address) -> list[Use]:
    """The slots that the line is meant for, as they are now; locked, devices first."""
    slots = Slot.objects.filter(pk__in=line.slots.values("pk"))
    standing = {
        device.pk: device
        for device in Device.objects.select_for_update(no_key=True)
        .filter(pk__in=slots.values("device_id"))
        .order_by("pk")
    }
    found = []
    for slot in slots.select_for_update(no_key=True).order_by("pk"):
        device = standing[slot.device_id]
        where = (device.address_id, device.contract_id, slot.supply_id)
        found.append(
            Use(
                here=where == (address.pk, contract.pk, line.supply_id),
                on=slot.replenished and device.replenishment != Device.Replenishment.OFF,
                removed=device.removed_at is not None,
            )
        )
    return found


def open_from(address: Address, now: dt.datetime) -> dt.datetime | None:
    """When a parcel may leave that should not meet closed doors; None when it may leave now."""
    here = now.astimezone(ZoneInfo(address.time_zone))
    closures = list(address.closures.filter(ends_on__gte=here.date()).values_list("starts_on", "ends_on"))
    if not closures:
        return None
    (calendar,) = calendars((place_of(address.country, address.subdivision),), now.date())

    def arrival(day: dt.date) -> dt.date:
        return date_of(calendar.working_after(day_number(day), settings.REPLENISHMENT_LEAD_DAYS))

    day = policy.leaves_on(here.date(), closures, arrival)
    return None if day == here.date() else dt.datetime.combine(day, here.timetz()).astimezone(dt.UTC)
