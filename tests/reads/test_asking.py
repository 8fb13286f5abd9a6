"""Reads that are asked for, staff's queue, and how busy the connected devices are."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from metered.accounts.models import ActivityEntry
from metered.fleet.models import Device, MeterType
from metered.lib.errors import Refused
from metered.reads import actions, due
from metered.reads.models import Activity, DeviceState, Read, ReadRequest, ReadValue
from tests import factories
from tests.threads import while_open

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def ask(device: Device, now: dt.datetime, **more: Any) -> list[ReadRequest]:
    options: dict[str, Any] = {
        "because": "staff", "reason": "The last read looks odd", "due_on": (now + 5 * DAY).date()
    } | more  # fmt: skip
    return actions.ask_read(device_ids=[device.pk], now=now, **options)


def keep(device: Device, now: dt.datetime, total: int, **more: Any) -> actions.Outcome:
    options: dict[str, Any] = {"values": {"total": total}, "taken_at": now} | more
    (outcome,) = actions.keep_reads(typed=[actions.Typed(device.pk, **options)], actor=None, now=now)
    return outcome


def test_a_read_asked_for_is_due_until_the_next_one(
    cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    # It reports by itself: nothing is due of it otherwise.
    DeviceState.objects.create(device=device, account=cast.northwind, received_at=now, observed_at=now)
    assert due.summary(cast.owner, now).count == 0
    (asked,) = ask(device, now, actor=cast.sam)
    told = due.summary(cast.owner, now, named=True)
    assert (told.count, told.first) == (1, asked.due_on)
    assert due.summary(cast.outsider, now).count == 0
    assert ActivityEntry.objects.get(verb="asked for a read").actor == cast.sam
    later = now + DAY
    outcome = keep(device, later, 1000)
    asked.refresh_from_db()
    assert asked.read == outcome.read and asked.closed_at is not None
    assert due.summary(cast.owner, later).count == 0


def test_asked_twice_the_earlier_day_counts(device: Device, now: dt.datetime) -> None:
    (first,) = ask(device, now)
    (again,) = ask(device, now, due_on=(now + 2 * DAY).date(), reason="Sooner")
    assert again == first and again.due_on == (now + 2 * DAY).date()
    assert again.reason == "The last read looks odd"
    (order,) = ask(device, now, because="order", reason="Order SO-1 waits for it")
    assert order != first
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadRequest.objects.create(
            account=device.account, address=device.address, device=device, because="staff", reason="x",
            due_on=now.date(),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"reason": " "}, "reason"),
        ({"due_on": dt.date(2020, 1, 1)}, "past"),
        ({"because": "fun"}, "because"),
    ],
)
def test_what_is_not_asked(device: Device, now: dt.datetime, more: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(device, now, **more)
    assert refused.value.code == code and not ReadRequest.objects.exists()


def test_a_machines_read_settles_it_too(device: Device, now: dt.datetime) -> None:
    (asked,) = ask(device, now - DAY)
    read = Read.objects.create(
        account=device.account, address=device.address, device=device, taken_at=now, source="agent"
    )
    assert actions.close_requests() == 1 and actions.close_requests() == 0
    asked.refresh_from_db()
    assert asked.read == read


def test_staff_accept_or_reject_what_waits(cast: factories.Cast, device: Device, now: dt.datetime) -> None:
    keep(device, now - 2 * DAY, 5000)
    outcome = keep(device, now, 10, sure=True)
    assert outcome.waits and outcome.read is not None and outcome.read.status == "held"
    actions.reject_read(read=outcome.read, reason="Misread", actor=cast.sam)
    outcome.read.refresh_from_db()
    assert outcome.read.status == "rejected"
    for settle in (actions.accept_read, lambda read: actions.reject_read(read=read, reason="")):
        with pytest.raises(Refused):
            settle(read=outcome.read)
    # The same moment is free again.
    assert keep(device, now, 5001).read is not None


def test_the_last_day_of_a_silent_device_is_due(
    cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    cast.contract.read_day = min(now.day, 28)
    cast.contract.save()
    state = DeviceState.objects.create(
        device=device, account=cast.northwind, received_at=now - DAY, observed_at=now - DAY,
        meter_keys=["total"], meters=[900],
    )  # fmt: skip
    assert due.summary(cast.owner, now).count == 0
    DeviceState.objects.filter(pk=state.pk).update(received_at=now - 8 * DAY, observed_at=now - 8 * DAY)
    assert due.summary(cast.owner, now).count == 1
    assert due.summary(cast.orderer, now).count == 1
    # What the machine said last is what the read is compared with.
    assert keep(device, now, 890).doubt is not None
    assert keep(device, now, 910).read is not None
    assert due.summary(cast.owner, now).count == 0


def test_the_contracts_end_and_an_ended_contract_ask_for_nothing(
    cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    device.path = "manual"
    device.save()
    assert due.summary(cast.owner, now).count == 1
    cast.contract.ends_on = (now - 60 * DAY).date()
    cast.contract.save()
    assert due.summary(cast.owner, now).count == 0


def test_an_estimate_is_no_read(cast: factories.Cast, device: Device, now: dt.datetime) -> None:
    Device.objects.filter(pk=device.pk).update(path="manual")
    Read.objects.create(
        account=device.account, address=device.address, device=device, taken_at=now, source="estimate"
    )
    assert due.summary(cast.owner, now).count == 1


def test_activity_is_learnt_from_connected_devices(cast: factories.Cast, now: dt.datetime) -> None:
    model = factories.printer_model(meters=("total",))
    (kind,) = factories.meter_types("total")
    for n in range(6):
        made = factories.device(cast.main_st, contract=cast.contract, model=model)
        for days, total in ((100, 0), (70, 1000), (40, 2000), (10, 3000)):
            read = Read.objects.create(
                account=made.account, address=made.address, device=made, source="agent",
                taken_at=now - days * DAY,
            )  # fmt: skip
            ReadValue.objects.create(read=read, meter_type=kind, value=total)
        DeviceState.objects.create(
            device=made, account=made.account, observed_at=now - dt.timedelta(hours=1), received_at=now,
            meter_keys=["total"], meters=[3000 + 33 + n],
        )  # fmt: skip
    early, manual = (
        factories.device(cast.main_st, contract=cast.contract, model=model, path="manual") for _n in range(2)
    )
    for days in (100, 70, 40, 20):
        for made in (early, manual):
            keep(made, now - days * DAY, 10_000 + (100 - days) * 60)
    assert keep(early, now, 16_000).doubt is None
    assert actions.learn_activity(now=now) == 1 == actions.learn_activity(now=now)
    row = Activity.objects.get()
    assert row.devices == 6 and 0.08 < row.index < 0.14
    # In these days a device read by hand that printed as ever is a surprise, and one that hardly did is none.
    assert keep(manual, now, 16_000).doubt is not None
    assert keep(manual, now, 14_815).doubt is None
    Activity.objects.all().delete()
    assert MeterType.objects.filter(code="total").exists()
    actions.learn_activity(now=now + 11 * DAY)
    assert not Activity.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_is_kept_once(now: dt.datetime) -> None:
    cast = factories.cast()
    device = factories.device(cast.main_st)
    typed = actions.Typed(device.pk, {"total": 1000}, now, once=uuid.UUID(int=7))
    one, other = (partial(actions.keep_reads, typed=[typed], actor=None, now=now) for _n in range(2))
    second = while_open(one, other)
    assert second.waited and second.result[0].read == Read.objects.get()
    assert ReadValue.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_people_is_judged_after_the_first(now: dt.datetime) -> None:
    cast = factories.cast()
    device = factories.device(cast.main_st)
    first = actions.Typed(device.pk, {"total": 1000}, now - DAY)
    below = actions.Typed(device.pk, {"total": 999}, now)
    second = while_open(
        lambda: actions.keep_reads(typed=[first], actor=None, now=now),
        lambda: actions.keep_reads(typed=[below], actor=None, now=now),
    )
    assert second.waited and second.result[0].doubt.problem == "below"


@pytest.mark.django_db(transaction=True)
def test_two_that_ask_at_once_make_one_request(now: dt.datetime) -> None:
    cast = factories.cast()
    device = factories.device(cast.main_st)
    second = while_open(lambda: ask(device, now), lambda: ask(device, now))
    assert second.waited and second.result == [ReadRequest.objects.get()]
