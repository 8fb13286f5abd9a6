"""Reads made by people, and from observations at the billing cut-off. The writing half of `Read`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.fleet.models import Device, MeterType
from metered.lib import wording
from metered.lib.errors import Refused
from metered.lib.zones import time_zone_or_none
from metered.reads.cutoff import Period, periods
from metered.reads.models import DeviceState, Read, ReadValue
from metered.reads.neighbours import Neighbours, contradiction, nearest
from metered.reads.packing import pack_meters, unpack_meters
from metered.reads.words import Note, Path

FUTURE = dt.timedelta(minutes=10)
SHARD = 500
_CUT_OFF_LOCK = 0x63757466  # "cutf"
_BY_PEOPLE = {Read.Source.CUSTOMER, Read.Source.STAFF, Read.Source.ESTIMATE}


@transaction.atomic
def enter_read(
    *,
    device: Device,
    values: Mapping[str, int],
    taken_at: dt.datetime,
    source: str,
    actor: User | None = None,
    note: str = "",
    controller_replaced: bool = False,
    replaces: Read | None = None,
    now: dt.datetime | None = None,
) -> Read:
    """A read by a person (domain rule 11): `values` by the meter's word, as of `taken_at`.

    Accepted, or held when a value is below the read before it or above the one after it and neither a
    rollover nor a replaced controller explains it. `replaces` corrects an earlier read of the same device.
    Refused: a value that is no whole number or has more digits than the meter, a date over 10 minutes
    ahead, a meter the model does not have, no value at all, a removed device, the same read twice.
    """
    now = now or timezone.now()
    device = Device.objects.select_for_update(of=("self",)).select_related("model").get(pk=device.pk)
    if source not in _BY_PEOPLE:
        raise Refused(_("Machines report by telemetry."), code="source")
    if device.removed_at is not None and taken_at > device.removed_at:
        raise Refused(_("This device was removed."), code="device_removed")
    if taken_at > now + FUTURE:
        raise Refused(_("A read can't be dated in the future."), code="future")
    types = _checked(device, values)
    if replaces is not None:
        _replace(device, replaces)
    names = {code: row.name for code, row in types.items()}
    problem = None if controller_replaced else _against_neighbours(device, values, taken_at, names)
    status = Read.Status.HELD if problem else Read.Status.ACCEPTED
    try:
        with transaction.atomic():
            read = Read.objects.create(
                account_id=device.account_id,
                address_id=device.address_id,
                device=device,
                taken_at=taken_at,
                received_at=now,
                source=source,
                status=status,
                note=(note or problem or (_("The controller was replaced.") if controller_replaced else ""))[
                    :300
                ],
                entered_by=actor,
                replaces=replaces,
            )
    except IntegrityError:
        raise Refused(_("This read was entered before."), code="known") from None
    ReadValue.objects.bulk_create(
        ReadValue(read=read, meter_type=types[key], value=value) for key, value in values.items()
    )
    log(
        actor=actor,
        account_id=device.account_id,
        address_id=device.address_id,
        verb="entered a read",
        kind="device",
        public_id=device.public_id,
        after={"values": dict(values), "taken_at": taken_at.isoformat(), "status": str(status)},
    )
    return read


def _checked(device: Device, values: Mapping[str, object]) -> dict[str, MeterType]:
    """The meter types of the values. Refuses what no counter can show."""
    if not values:
        raise Refused(_("Enter at least one meter."), code="empty")
    types = {row.code: row for row in MeterType.objects.filter(code__in=list(values))}
    known = set(device.model.meters.values_list("code", flat=True))
    for key, value in values.items():
        if key not in types or key not in known:
            raise Refused(_("This model has no meter “%(meter)s”.") % {"meter": key[:40]}, code="meter")
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise Refused(_("%(meter)s: enter a whole number.") % {"meter": types[key].name}, code="number")
        if value >= 10**device.model.meter_digits:
            raise Refused(
                _("%(meter)s has only %(digits)d digits.")
                % {"meter": types[key].name, "digits": device.model.meter_digits},
                code="digits",
            )
    return types


def _replace(device: Device, read: Read) -> None:
    if read.device_id != device.pk:
        raise Refused(_("That read is of another device."), code="replaces")
    if Read.objects.filter(pk=read.pk).exclude(status="replaced").update(status="replaced") != 1:
        raise Refused(_("That read was replaced before."), code="replaces")


def _against_neighbours(
    device: Device, values: Mapping[str, int], taken_at: dt.datetime, names: Mapping[str, str]
) -> str | None:
    """Why the read must wait, or None: its neighbours in time, and what the machine itself last said."""
    (near,) = nearest([(device.pk, taken_at)])
    state = DeviceState.objects.filter(device=device, observed_at__lte=taken_at).first()
    if state is not None and (near.since is None or state.observed_at > near.since):
        near.floor |= {
            key: value
            for key, value in zip(state.meter_keys, state.meters, strict=False)
            if value is not None
        }
    return contradiction(values, near, digits=device.model.meter_digits, names=names)


@transaction.atomic
def accept_read(*, read: Read, actor: User | None = None) -> None:
    """Staff accept a held or confirmed read. Refused for one that is settled already."""
    changed = Read.objects.filter(pk=read.pk, status__in=["held", "confirmed"]).update(status="accepted")
    if changed != 1:
        raise Refused(_("This read does not wait for anybody."), code="settled")
    log(
        actor=actor,
        account_id=read.account_id,
        address_id=read.address_id,
        verb="accepted a read",
        kind="device",
        public_id=read.device.public_id,
        before=read.status,
        after="accepted",
    )


# --- the cut-off -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Due:
    device_id: int
    account_id: int
    address_id: int
    digits: int
    period: Period


def take_cut_off(*, now: dt.datetime | None = None, account_id: int | None = None) -> int:
    """Makes the reads that are due from observations (domain rule 14); returns how many were made.

    For each device of a contract in force: the last believed observation, whole or at least with all meters
    that are billed, of the period that ended last, and of the one before in case a day was missed. A period
    that has had a machine's read gets no other, a replaced one counting too, so it may run as often as it
    likes. Meters that went down since the last read are held for a person (rule 11): the forecast may believe
    a replaced controller, a bill not.
    In shards of 500 devices, each a transaction of its own.
    """
    now = now or timezone.now()
    due = _due(now, account_id)
    return sum(_take(due[start : start + SHARD], now) for start in range(0, len(due), SHARD))


def _due(now: dt.datetime, account_id: int | None) -> list[_Due]:
    devices = Device.objects.exclude(path="manual").filter(state__observed_at__isnull=False)
    if account_id is not None:
        devices = devices.filter(account_id=account_id)
    rows = devices.order_by("pk").values_list(
        "pk", "account_id", "address_id", "installed_on", "removed_at", "address__time_zone",
        "contract__read_day", "contract__read_every_months", "contract__starts_on", "contract__ends_on",
        "model__meter_digits",
    )  # fmt: skip
    known: dict[tuple[str, int, int, dt.date], list[Period]] = {}
    found: list[_Due] = []
    for pk, account, address, installed, removed, zone_name, day, every, starts, ends, digits in rows:
        key = (zone_name, day, every, starts)
        if key not in known:
            zone = time_zone_or_none(zone_name) or ZoneInfo("UTC")
            known[key] = periods(
                now, zone=zone, read_day=day, every_months=max(every, 1), starts_on=starts, count=2
            )
        found += [
            _Due(pk, account, address, digits, period)
            for period in known[key]
            if installed < period.end.date()
            and (removed is None or removed > period.start)
            and (ends is None or ends >= period.start.date())
        ]
    return found


_LAST_WHOLE = """
SELECT due.place, o.observed_at, o.path, o.notes, o.meters, s.meter_keys
FROM unnest(%(places)s::int[], %(devices)s::bigint[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS due (place, device_id, starts_at, ends_at)
JOIN reads_devicestate s ON s.device_id = due.device_id
CROSS JOIN LATERAL (
    SELECT observed_at, path, notes, meters FROM reads_observation o
    WHERE o.device_id = due.device_id AND o.observed_at >= due.starts_at AND o.observed_at < due.ends_at
        AND o.observed_at >= %(first)s AND o.observed_at < %(last)s AND o.notes & %(held)s = 0
        AND o.meters <> ''::bytea
        AND (o.notes & %(incomplete)s = 0 OR NOT EXISTS (
            SELECT 1 FROM unnest(s.meter_keys) WITH ORDINALITY AS kept (code, place)
            JOIN fleet_metertype kind ON kind.code = kept.code
            WHERE substring(o.meters FROM (8 * (place - 1) + 1)::int FOR 8) IN (''::bytea, %(no_meter)s)
        ))
    ORDER BY o.observed_at DESC LIMIT 1
) o
WHERE NOT EXISTS (
    SELECT 1 FROM reads_read r WHERE r.device_id = due.device_id AND r.source IN ('device', 'agent')
        AND r.taken_at >= due.starts_at AND r.taken_at < due.ends_at
)
ORDER BY due.place
"""


@transaction.atomic
def _take(due: Sequence[_Due], now: dt.datetime) -> int:
    with connection.cursor() as cursor:
        # Two runs at once would both find no read yet.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CUT_OFF_LOCK])
        cursor.execute(
            _LAST_WHOLE,
            {
                "places": list(range(len(due))),
                "devices": [item.device_id for item in due],
                "starts": [item.period.start for item in due],
                "ends": [item.period.end for item in due],
                "first": min(item.period.start for item in due),
                "last": max(item.period.end for item in due),
                "held": int(Note.METER_HELD | Note.SECOND),
                "incomplete": int(Note.INCOMPLETE),
                "no_meter": pack_meters([None, 0])[:8],
            },
        )
        rows = cursor.fetchall()
    types = {row.code: row for row in MeterType.objects.all()}
    found = [
        _Found(
            due[place],
            observed_at,
            Read.Source.DEVICE if path == Path.DIRECT else Read.Source.AGENT,
            {
                key: value
                for key, value in zip(keys, unpack_meters(bytes(meters)), strict=False)
                if value is not None and key in types
            },
            late=bool(notes & Note.LATE),
        )
        for place, observed_at, path, notes, meters, keys in rows
    ]
    # In the order of time, so that a period is compared with the one before it.
    found = sorted((item for item in found if item.values), key=lambda item: item.taken_at)
    doubts = _doubts(found, {code: row.name for code, row in types.items()})
    reads = [
        Read(
            account_id=item.due.account_id,
            address_id=item.due.address_id,
            device_id=item.due.device_id,
            taken_at=item.taken_at,
            received_at=now,
            source=item.source,
            status=Read.Status.HELD if doubt else Read.Status.ACCEPTED,
            note=doubt or "",
        )
        for item, doubt in zip(found, doubts, strict=True)
    ]
    Read.objects.bulk_create(reads, batch_size=500)
    values = [
        ReadValue(read=read, meter_type=types[key], value=value)
        for read, item in zip(reads, found, strict=True)
        for key, value in item.values.items()
    ]
    ReadValue.objects.bulk_create(values, batch_size=1000)
    return len(reads)


@dataclass(frozen=True)
class _Found:
    """The observation that a period's read is made of. `late`: younger ones were not judged against it."""

    due: _Due
    taken_at: dt.datetime
    source: str
    values: dict[str, int]
    late: bool


def _doubts(found: Sequence[_Found], names: Mapping[str, str]) -> list[str | None]:
    """Why each must wait for a person, or None. `found` in the order of time."""
    near = nearest([(item.due.device_id, item.taken_at) for item in found])
    later = _said_later([item for item in found if item.late])
    restarts = _restarts(found, near)
    believed: dict[int, _Found] = {}
    notes: list[str | None] = []
    for item, around in zip(found, near, strict=True):
        device_id = item.due.device_id
        before = believed.get(device_id)
        if before is not None and (around.since is None or around.since < before.taken_at):
            around.floor |= before.values
            around.since = before.taken_at
        around.ceiling = later.get((device_id, item.taken_at), {}) | around.ceiling
        note = contradiction(item.values, around, digits=item.due.digits, names=names)
        since = around.since
        if note is None and since is not None:
            restarted = [at for at in restarts.get(device_id, []) if since < at <= item.taken_at]
            if restarted:
                note = _("Meters went down on %(day)s, as if the controller was replaced.") % {
                    "day": wording.full_day(restarted[0].date())
                }
        if note is None:
            believed[device_id] = item
        notes.append(note)
    return notes


# Nothing is said by a later observation whose counters had restarted by then.
_LATER = """
SELECT item.device_id, item.taken_at, o.meters, s.meter_keys
FROM unnest(%s::bigint[], %s::timestamptz[]) AS item (device_id, taken_at)
JOIN reads_devicestate s ON s.device_id = item.device_id
CROSS JOIN LATERAL (
    SELECT meters, notes FROM reads_observation o
    WHERE o.device_id = item.device_id AND o.observed_at > item.taken_at AND o.observed_at > %s
        AND o.notes & %s = 0 AND o.meters <> ''::bytea
    ORDER BY o.observed_at LIMIT 1
) o
WHERE o.notes & %s = 0
"""


def _said_later(found: Sequence[_Found]) -> dict[tuple[int, dt.datetime], dict[str, int]]:
    """The meters that each device said next and that were believed, by (device, moment)."""
    if not found:
        return {}
    devices = [item.due.device_id for item in found]
    moments = [item.taken_at for item in found]
    with connection.cursor() as cursor:
        cursor.execute(
            _LATER,
            [
                devices,
                moments,
                min(moments),
                int(Note.METER_HELD | Note.SECOND),
                int(Note.CONTROLLER_REPLACED),
            ],
        )
        return {
            (device_id, taken_at): {
                key: value
                for key, value in zip(keys, unpack_meters(bytes(meters)), strict=False)
                if value is not None
            }
            for device_id, taken_at, meters, keys in cursor.fetchall()
        }


_RESTARTS = """
SELECT o.device_id, o.observed_at
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS item (device_id, since, until)
JOIN reads_observation o ON o.device_id = item.device_id
    AND o.observed_at > item.since AND o.observed_at <= item.until
WHERE o.notes & %s <> 0 AND o.observed_at > %s AND o.observed_at <= %s
ORDER BY o.observed_at
"""


def _restarts(found: Sequence[_Found], near: Sequence[Neighbours]) -> dict[int, list[dt.datetime]]:
    """When the meters of these devices restarted lower since their last read: a device without one has
    nothing to compare with but what this run makes."""
    first: dict[int, dt.datetime] = {}
    for item in found:
        first.setdefault(item.due.device_id, item.taken_at)
    spans = [
        (item.due.device_id, around.since or first[item.due.device_id], item.taken_at)
        for item, around in zip(found, near, strict=True)
    ]
    moments: dict[int, list[dt.datetime]] = {}
    if not spans:
        return moments
    devices, since, until = zip(*spans, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            _RESTARTS,
            [list(devices), list(since), list(until), int(Note.CONTROLLER_REPLACED), min(since), max(until)],
        )
        for device_id, observed_at in cursor.fetchall():
            moments.setdefault(device_id, []).append(observed_at)
    return moments
