"""Keeping reads that people type: the only writer of them, and of what becomes of them afterwards."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.fleet.models import Device, MeterType, ModelMeter
from metered.lib.errors import Refused
from metered.lib.said import joined, said
from metered.reads.models import Read, ReadValue
from metered.reads.plausible import Doubt, Verdict
from metered.reads.weighing import FUTURE, Entry, siblings, verdicts
from metered.reads.words_of_reads import doubt_sentence

WAITS = ("held", "confirmed")


@dataclass(frozen=True)
class Typed:
    """One read as a person typed it. `values`: by the meter's word, whole numbers of 0 or more.

    `sure`: it was asked about, and entered the same again. `once`: the form's own name, so that sending it
    twice keeps it once.
    """

    device_id: int
    values: Mapping[str, int]
    taken_at: dt.datetime
    sure: bool = False
    controller_replaced: bool = False
    once: uuid.UUID | None = None
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one typed read: `read` when it was kept, `doubt` when it is asked about first,
    `refused` (a sentence) when it can't be. `verdict` is None for what was refused."""

    typed: Typed
    read: Read | None = None
    verdict: Verdict | None = None
    refused: str = ""
    code: str = ""

    @property
    def doubt(self) -> Doubt | None:
        return self.verdict.doubt if self.verdict else None

    @property
    def waits(self) -> bool:
        """It was kept and waits for staff before it counts."""
        return self.read is not None and self.read.status in WAITS


@dataclass
class _Facts:
    devices: dict[int, Device]
    meters: dict[int, set[str]]
    """By model."""
    types: dict[str, MeterType] = field(default_factory=dict)


def preview(*, typed: Sequence[Typed], now: dt.datetime | None = None) -> list[Outcome]:
    """What would become of each, without keeping any."""
    now = now or timezone.now()
    return _judged(typed, _facts(typed, lock=False), now, Read.Source.CUSTOMER)


@transaction.atomic
def keep_reads(
    *,
    typed: Sequence[Typed],
    actor: User | None,
    source: str = Read.Source.CUSTOMER,
    now: dt.datetime | None = None,
) -> list[Outcome]:
    """Keeps those that are likely or that the person is sure of; says of the others why not (rules 11, 12).

    A likely read is accepted. One that was asked about and entered again is `confirmed`, below the last (or
    above the next) one `held`: both wait for staff. The devices are locked in the order of their ids, so two
    that type at once are judged one after the other. In one transaction, a few queries and two for each read
    that is kept.
    """
    now = now or timezone.now()
    facts = _facts(typed, lock=True)
    sent = [each.once for each in typed if each.once is not None]
    before = {
        (row.device_id, row.once): row
        for row in Read.objects.filter(once__in=sent, device_id__in=list(facts.devices))
    }
    found: list[Outcome] = []
    kept: list[tuple[Outcome, Read]] = []
    for outcome in _judged(typed, facts, now, source, skip=set(before)):
        each = outcome.typed
        again = before.get((each.device_id, each.once)) if each.once else None
        if again is not None:
            found.append(Outcome(each, read=again, verdict=Verdict(None, None)))
            continue
        status = _status(outcome)
        if outcome.refused or status is None:
            found.append(outcome)
            continue
        device = facts.devices[each.device_id]
        read = Read(
            account_id=device.account_id,
            address_id=device.address_id,
            device=device,
            taken_at=each.taken_at,
            received_at=now,
            source=source,
            status=status,
            note=_note(outcome),
            entered_by=actor,
            once=each.once,
        )
        made = Outcome(each, read=read, verdict=outcome.verdict)
        found.append(made)
        kept.append((made, read))
    try:
        with transaction.atomic():
            Read.objects.bulk_create([read for _made, read in kept], batch_size=500)
    except IntegrityError:
        raise Refused(
            _("One of these reads was entered before. Look at the list again."), code="known"
        ) from None
    ReadValue.objects.bulk_create(
        [
            ReadValue(read=read, meter_type=facts.types[meter], value=value)
            for made, read in kept
            for meter, value in made.typed.values.items()
        ],
        batch_size=1000,
    )
    for made, read in kept:
        device = facts.devices[read.device_id]
        log(
            actor=actor,
            account_id=device.account_id,
            address_id=device.address_id,
            verb="entered a read",
            kind="device",
            public_id=device.public_id,
            after={
                "values": dict(made.typed.values),
                "taken_at": read.taken_at.isoformat(),
                "status": str(read.status),
            },
        )
    close_requests(device_ids=[read.device_id for _made, read in kept])
    return found


@transaction.atomic
def correct_read(
    *,
    read: Read,
    values: Mapping[str, int],
    reason: str,
    actor: User | None,
    taken_at: dt.datetime | None = None,
    sure: bool = False,
    controller_replaced: bool = False,
    once: uuid.UUID | None = None,
    source: str = Read.Source.CUSTOMER,
    now: dt.datetime | None = None,
) -> Outcome:
    """Enters a read that replaces `read` (rule 13); the old one stays, marked as replaced.

    Judged like any other, as if the old one were not there. Refused: no reason, a machine's own read, one
    that was replaced before, one that is no longer open for it.
    """
    now = now or timezone.now()
    device = Device.objects.select_for_update(of=("self",)).select_related("model").get(pk=read.device_id)
    if once is not None:
        again = Read.objects.filter(device=device, once=once).first()
        if again is not None:
            return Outcome(Typed(device.pk, values, again.taken_at), read=again, verdict=Verdict(None, None))
    old = Read.objects.select_for_update().get(pk=read.pk)
    if not reason.strip():
        raise Refused(_("Say in a few words why the read was wrong."), code="reason")
    if old.status == Read.Status.REPLACED:
        raise Refused(_("That read was corrected before. Look at the list again."), code="replaces")
    if old.source not in (Read.Source.CUSTOMER, Read.Source.STAFF):
        raise Refused(_("Only a read that a person entered can be corrected here."), code="source")
    typed = Typed(
        device.pk, values, taken_at or old.taken_at, sure, controller_replaced, once, reason.strip()
    )
    with transaction.atomic():
        # Out of the way while its successor is judged, and back again if that one is not kept.
        Read.objects.filter(pk=old.pk).update(status=Read.Status.REPLACED)
        (outcome,) = _judged([typed], _facts([typed], lock=False), now, source)
        status = _status(outcome)
        if outcome.refused or status is None:
            transaction.set_rollback(True)
            return outcome
        made = Read.objects.create(
            account_id=device.account_id,
            address_id=device.address_id,
            device=device,
            taken_at=typed.taken_at,
            received_at=now,
            source=source,
            status=status,
            note=_note(outcome),
            entered_by=actor,
            once=once,
            replaces=old,
        )
        types = {row.code: row for row in MeterType.objects.filter(code__in=list(values))}
        ReadValue.objects.bulk_create(
            ReadValue(read=made, meter_type=types[meter], value=value) for meter, value in values.items()
        )
    was = {row.meter_type.code: row.value for row in old.values.select_related("meter_type")}
    log(
        actor=actor,
        account_id=device.account_id,
        address_id=device.address_id,
        verb="corrected a read",
        kind="device",
        public_id=device.public_id,
        before={"values": was, "taken_at": old.taken_at.isoformat()},
        after={
            "values": dict(values),
            "taken_at": typed.taken_at.isoformat(),
            "reason": reason.strip()[:200],
        },
    )
    close_requests(device_ids=[device.pk])
    return Outcome(typed, read=made, verdict=outcome.verdict)


@transaction.atomic
def reject_read(*, read: Read, reason: str, actor: User | None = None) -> None:
    """Staff don't accept a held or confirmed read: it stays in the history and counts for nothing."""
    changed = Read.objects.filter(pk=read.pk, status__in=WAITS).update(status=Read.Status.REJECTED)
    if changed != 1:
        raise Refused(_("This read does not wait for anybody."), code="settled")
    log(
        actor=actor,
        account_id=read.account_id,
        address_id=read.address_id,
        verb="did not accept a read",
        kind="device",
        public_id=read.device.public_id,
        before=read.status,
        after={"status": "rejected", "reason": reason[:200]},
    )


_CLOSE = """
UPDATE reads_readrequest q SET closed_at = r.received_at, read_id = r.id
FROM reads_readrequest open_one CROSS JOIN LATERAL (
    SELECT id, received_at FROM reads_read r
    WHERE r.device_id = open_one.device_id AND r.received_at >= open_one.asked_at
        AND r.source <> 'estimate' AND r.status IN ('accepted', 'held', 'confirmed')
    ORDER BY r.received_at, r.id LIMIT 1
) AS r
WHERE q.id = open_one.id AND q.closed_at IS NULL AND (%(all)s OR q.device_id = ANY(%(devices)s))
"""


def close_requests(*, device_ids: Sequence[int] | None = None) -> int:
    """What was asked for is settled by the next real read, a machine's too; None: of every device."""
    if device_ids is not None and not device_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"all": device_ids is None, "devices": list(device_ids or ())})
        return int(cursor.rowcount)


# --- the judgement ---------------------------------------------------------------------------------


def _facts(typed: Sequence[Typed], *, lock: bool) -> _Facts:
    rows = Device.objects.filter(pk__in={each.device_id for each in typed}).select_related("model")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    devices = {row.pk: row for row in rows.order_by("pk")}
    meters: dict[int, set[str]] = {}
    models = {device.model_id for device in devices.values()}
    for model_id, code in ModelMeter.objects.filter(model_id__in=models).values_list(
        "model_id", "meter_type__code"
    ):
        meters.setdefault(model_id, set()).add(code)
    return _Facts(devices, meters, {row.code: row for row in MeterType.objects.all()})


def _judged(
    typed: Sequence[Typed],
    facts: _Facts,
    now: dt.datetime,
    source: str,
    *,
    skip: set[tuple[int, uuid.UUID | None]] | None = None,
) -> list[Outcome]:
    before = {
        (device_id, taken_at)
        for device_id, taken_at in Read.objects.filter(
            device_id__in=list(facts.devices), taken_at__in={each.taken_at for each in typed}, source=source
        )
        .exclude(status__in=["replaced", "rejected"])
        .values_list("device_id", "taken_at")
    }
    known = _("A read of this very moment was entered before. Correct that one if it is wrong.")
    refused = [
        ("known", known)
        if (each.device_id, each.taken_at) in before and (each.device_id, each.once) not in (skip or ())
        else _refusal(each, facts, now)
        for each in typed
    ]
    plain = [
        place
        for place, each in enumerate(typed)
        if not refused[place] and (each.device_id, each.once) not in (skip or ())
    ]
    entries = [
        Entry(facts.devices[typed[place].device_id], typed[place].values, typed[place].taken_at)
        for place in plain
    ]
    alone = siblings(entries[0].device, now) if len(entries) == 1 else None
    found = dict(zip(plain, verdicts(entries, now, neighbours=alone), strict=True))
    outcomes = []
    for place, each in enumerate(typed):
        code, sentence = refused[place] or ("", "")
        outcomes.append(Outcome(each, verdict=found.get(place), refused=sentence, code=code))
    return outcomes


def _refusal(each: Typed, facts: _Facts, now: dt.datetime) -> tuple[str, str] | None:
    """What no counter can show and no clock can say; (code, sentence)."""
    device = facts.devices.get(each.device_id)
    if device is None:
        return "device", _("This device is not known.")
    if device.removed_at is not None and each.taken_at > device.removed_at:
        return "device_removed", _("This device was removed.")
    if each.taken_at > now + FUTURE:
        return "future", _("A read can't be dated in the future. Look at day and time.")
    if not each.values:
        return "empty", _("Enter at least one meter.")
    for meter, value in each.values.items():
        if meter not in facts.types or meter not in facts.meters.get(device.model_id, ()):
            return "meter", _("This model has no meter “%(meter)s”.") % {"meter": meter[:40]}
        name = facts.types[meter].name
        number: object = value
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            return "number", _("%(meter)s: enter a whole number.") % {"meter": name}
        if value >= 10**device.model.meter_digits:
            return "digits", _("%(meter)s has only %(digits)d digits.") % {
                "meter": name,
                "digits": device.model.meter_digits,
            }
    return None


def _status(outcome: Outcome) -> str | None:
    """How a read that can be is kept; None: it is asked about first."""
    doubt = outcome.doubt
    if doubt is None:
        return Read.Status.ACCEPTED
    if outcome.typed.controller_replaced and doubt.problem in ("below", "part", "low"):
        return Read.Status.ACCEPTED
    if not outcome.typed.sure:
        return None
    return Read.Status.HELD if doubt.problem in ("below", "after") else Read.Status.CONFIRMED


def _note(outcome: Outcome) -> str:
    parts = [outcome.typed.note[:300]]
    if outcome.typed.controller_replaced:
        parts.append(said("The controller was replaced."))
    elif outcome.doubt is not None:
        parts.append(doubt_sentence(outcome.doubt, _names(outcome.typed)))
    return joined(parts)


def _names(typed: Typed) -> dict[str, str]:
    return {row.code: row.name for row in MeterType.objects.filter(code__in=list(typed.values))}
