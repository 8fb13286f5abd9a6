"""The only writer of observations and reads. Telemetry itself is ingest.py, reads are billing_reads.py."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from metered.fleet.models import Device
from metered.lib.wake import wake
from metered.reads import copying
from metered.reads.activity import learn_activity
from metered.reads.asking import ask_read, withdraw_request
from metered.reads.billing_reads import accept_read, enter_read, take_cut_off
from metered.reads.checks import ask_for_contact
from metered.reads.columns import Layout
from metered.reads.drafts import bring_rows, keep_draft
from metered.reads.keeping import Outcome, Typed, close_requests, correct_read, keep_reads, reject_read
from metered.reads.models import Batch, DeviceState, Path
from metered.reads.packing import pack_levels, pack_meters
from metered.reads.partitions import ensure_partitions


def mark_folded(*, batch_ids: Iterable[int], at: dt.datetime | None = None) -> int:
    """Replenishment has taken these batches: call it in the transaction that claimed them."""
    return Batch.objects.filter(pk__in=list(batch_ids), folded_at=None).update(folded_at=at or timezone.now())


ATTEMPTS = 5
"""A batch that failed so often is parked and shown to staff."""


def postpone_batch(*, batch_id: int, now: dt.datetime | None = None) -> None:
    """Folding this batch failed: it is tried again later (after 2, 4, 8, … minutes), then parked."""
    now = now or timezone.now()
    with transaction.atomic():
        batch = Batch.objects.select_for_update().filter(pk=batch_id, folded_at=None).first()
        if batch is None:
            return
        batch.attempts += 1
        batch.retry_at = now + dt.timedelta(minutes=2**batch.attempts)
        batch.parked_at = now if batch.attempts >= ATTEMPTS else None
        batch.save(update_fields=["attempts", "retry_at", "parked_at"])


def retry_batch(*, batch: Batch) -> None:
    """Staff let a parked batch try again, from its first attempt."""
    Batch.objects.filter(pk=batch.pk, folded_at=None).update(attempts=0, retry_at=None, parked_at=None)
    wake("reads.batch")


@dataclass(frozen=True, slots=True)
class PastObservation:
    """An observation that comes from elsewhere: another system's export, or demo data.

    `meters` and `levels` (encoded as levels.py says) follow the device's layout; None: not reported.
    """

    device_id: int
    observed_at: dt.datetime
    meters: list[int | None]
    levels: list[int | None]
    path: Path = Path.AGENT
    notes: int = 0


@transaction.atomic
def import_history(
    *,
    layouts: Mapping[int, Layout],
    observations: Iterable[PastObservation],
    software: Mapping[int, str] | None = None,
) -> int:
    """Adds past observations by COPY and makes each device's latest state of its last one; returns how many.

    For devices without observations of their own so far: what is known already raises IntegrityError.
    `layouts` names every device that occurs; slot keys in the order of `Slot.position`. Received is
    taken to be observed. No batch is written: replenishment is rebuilt from history, not woken.
    """
    rows = list(observations)
    if not rows:
        return 0
    accounts = dict(Device.objects.filter(pk__in=list(layouts)).values_list("pk", "account_id"))
    last: dict[int, PastObservation] = {}
    first_at = last_at = rows[0].observed_at
    lines: list[str] = []
    for row in rows:
        at = row.observed_at.isoformat()
        lines.append(
            f"{at}\t{row.device_id}\t{accounts[row.device_id]}\t{at}\t{int(row.path)}\t{row.notes}\t"
            f"{copying.packed(pack_meters(row.meters))}\t{copying.packed(pack_levels(row.levels))}\n"
        )
        known = last.get(row.device_id)
        if known is None or known.observed_at < row.observed_at:
            last[row.device_id] = row
        first_at, last_at = min(first_at, row.observed_at), max(last_at, row.observed_at)
    ensure_partitions(first_at, last_at)
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY reads_observation"
            " (observed_at, device_id, account_id, received_at, path, notes, meters, levels) FROM STDIN"
        ) as copy,
    ):
        for start in range(0, len(lines), 5000):
            copy.write("".join(lines[start : start + 5000]))
    DeviceState.objects.bulk_create(
        [
            _state_of(row, layouts[row.device_id], accounts[row.device_id], software or {})
            for row in last.values()
        ],
        update_conflicts=True,
        unique_fields=["device"],
        update_fields=[
            "meter_keys", "slot_keys", "meters", "levels", "observed_at", "received_at", "path", "software",
            "complete",
        ],
        batch_size=500,
    )  # fmt: skip
    return len(rows)


def _state_of(
    row: PastObservation, layout: Layout, account_id: int, software: Mapping[int, str]
) -> DeviceState:
    return DeviceState(
        device_id=row.device_id,
        account_id=account_id,
        meter_keys=list(layout.meter_keys),
        slot_keys=list(layout.slot_keys),
        meters=row.meters + [None] * (len(layout.meter_keys) - len(row.meters)),
        levels=row.levels + [None] * (len(layout.slot_keys) - len(row.levels)),
        observed_at=row.observed_at,
        received_at=row.observed_at,
        path=row.path,
        software=software.get(row.device_id, ""),
        complete=True,
    )


__all__ = [
    "Outcome",
    "PastObservation",
    "Typed",
    "accept_read",
    "ask_for_contact",
    "ask_read",
    "bring_rows",
    "close_requests",
    "correct_read",
    "enter_read",
    "import_history",
    "keep_draft",
    "keep_reads",
    "learn_activity",
    "mark_folded",
    "reject_read",
    "take_cut_off",
    "withdraw_request",
]
