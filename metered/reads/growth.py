"""A device's layout grows when a report names a meter or slot for the first time. The rare way of ingest."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from metered.fleet.actions import SlotSeen, add_slots
from metered.fleet.models import Slot
from metered.reads.judge import MAX_METERS, MAX_SLOTS, Facts, Layout, Unknown
from metered.reads.models import DeviceState
from metered.reads.store import layout_of

# A late report may name something new without becoming the latest state: its arrays still get the place.
_PAD = """
UPDATE reads_devicestate SET
    levels = levels || array_fill(
        NULL::smallint, ARRAY[greatest(cardinality(slot_keys) - cardinality(levels), 0)]),
    meters = meters || array_fill(
        NULL::bigint, ARRAY[greatest(cardinality(meter_keys) - cardinality(meters), 0)])
WHERE device_id = ANY(%s)
    AND (cardinality(levels) < cardinality(slot_keys) OR cardinality(meters) < cardinality(meter_keys))
"""


def _slots_of(device_ids: set[int]) -> dict[int, set[tuple[str, str, str]]]:
    """The slots that these devices have, by (kind, colorant, code); also those that no report named yet."""
    found: dict[int, set[tuple[str, str, str]]] = {device_id: set() for device_id in device_ids}
    rows = Slot.objects.filter(device_id__in=device_ids).values_list("device_id", "kind", "colorant", "code")
    for device_id, *key in rows:
        found[device_id].add(tuple(key))
    return found


def grow(lacking: Iterable[tuple[Facts, Unknown]], account_id: int) -> dict[int, tuple[Facts, Layout]]:
    """Adds what the reports named to the devices' slots and latest states; returns their new layouts.

    Devices that never reported get their state row here. A report whose new meters or slots would pass
    the limits together with those before it adds none of them: its device's layout lacks them afterwards.
    """
    lacking = list(lacking)
    slots_of = _slots_of({known.device_id for known, _ in lacking})
    facts: dict[int, Facts] = {}
    meters: dict[int, list[str]] = {}
    seen: dict[int, list[SlotSeen]] = {}
    for known, unknown in lacking:
        device_id = known.device_id
        facts[device_id] = known
        keys = meters.setdefault(device_id, list(known.meter_keys))
        more_keys = [key for key in unknown.meters if key not in keys]
        mine, found = slots_of[device_id], seen.setdefault(device_id, [])
        named = {(supply.kind, supply.colorant or "", supply.slot) for supply in unknown.slots}
        if len(keys) + len(more_keys) > MAX_METERS or len(mine | named) > MAX_SLOTS:
            continue
        keys += more_keys
        mine |= named
        found.extend(
            SlotSeen(
                kind=supply.kind,
                colorant=supply.colorant or "",
                code=supply.slot,
                name=(supply.description or "").strip(),
                reorder_number=supply.reorder_number or None,
            )
            for supply in unknown.slots
        )
    slots = {device_id: [slot.key for slot in found] for device_id, found in add_slots(seen=seen).items()}
    DeviceState.objects.bulk_create(
        [
            DeviceState(
                device_id=device_id, account_id=account_id, meter_keys=meters[device_id], slot_keys=keys
            )
            for device_id, keys in sorted(slots.items())
        ],
        update_conflicts=True,
        unique_fields=["device"],
        update_fields=["meter_keys", "slot_keys"],
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        cursor.execute(_PAD, [sorted(slots)])
    grown: dict[int, tuple[Facts, Layout]] = {}
    for device_id, keys in slots.items():
        old = facts[device_id]
        new = Facts(
            device_id,
            meters[device_id],
            keys,
            old.meter_digits,
            old.waste_reports_fullness,
            old.minimum_software,
            old.refused_from,
        )
        grown[device_id] = (new, layout_of(new.meter_keys, keys))
    return grown
