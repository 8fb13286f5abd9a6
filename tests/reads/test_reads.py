"""Reads: by people, and at the cut-off (domain rules 11, 13 and 14)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from metered.accounts.models import ActivityEntry
from metered.fleet import actions as fleet
from metered.fleet.models import Device
from metered.lib.errors import Refused
from metered.reads import actions, queries
from metered.reads.columns import Layout
from metered.reads.models import Observation, Read, ReadValue
from metered.reads.packing import pack_meters
from metered.reads.words import Note, Path
from tests import factories
from tests.reads.batches import report
from tests.reads.conftest import Take

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def enter(device: Device, at: dt.datetime, **more: Any) -> Read:
    options: dict[str, Any] = {"values": {"total": 1000}, "source": "customer", "taken_at": at} | more
    return actions.enter_read(device=device, **options)


def values(read: Read) -> dict[str, int]:
    return {row.meter_type.code: row.value for row in read.values.select_related("meter_type")}


def test_a_read_is_kept_with_who_and_what(cast: factories.Cast, device: Device, now: dt.datetime) -> None:
    read = enter(device, now, values={"total": 1000, "mono": 600}, actor=cast.ana)
    assert read.status == "accepted" and values(read) == {"total": 1000, "mono": 600}
    assert (read.account, read.address, read.entered_by) == (cast.northwind, cast.main_st, cast.ana)
    entry = ActivityEntry.objects.get(verb="entered a read")
    assert entry.actor == cast.ana and (entry.after or {})["values"] == {"total": 1000, "mono": 600}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"values": {}}, "empty"),
        ({"values": {"total": 10.5}}, "number"),
        ({"values": {"total": "10"}}, "number"),
        ({"values": {"total": True}}, "number"),
        ({"values": {"total": -1}}, "number"),
        ({"values": {"total": 10_000_000}}, "digits"),
        ({"values": {"large_mono": 1}}, "meter"),
        ({"values": {"nonsense": 1}}, "meter"),
        ({"source": "agent"}, "source"),
    ],
)
def test_what_no_counter_can_show_is_refused(
    device: Device, now: dt.datetime, more: dict[str, Any], code: str
) -> None:
    factories.meter_types("large_mono")
    with pytest.raises(Refused) as refused:
        enter(device, now, **more)
    assert refused.value.code == code and not Read.objects.exists()


def test_a_read_from_the_future_is_refused(device: Device, now: dt.datetime) -> None:
    with pytest.raises(Refused) as refused:
        enter(device, now + dt.timedelta(minutes=11), now=now)
    assert refused.value.code == "future"
    assert enter(device, now + dt.timedelta(minutes=9), now=now).status == "accepted"


def test_below_the_last_read_it_is_held(device: Device, now: dt.datetime) -> None:
    enter(device, now - DAY)
    read = enter(device, now, values={"total": 990})
    assert read.status == "held" and read.note == "Total is 10 below the last read."
    # A held read is nobody's last read.
    assert enter(device, now, values={"total": 1001}, source="staff").status == "accepted"


def test_a_note_is_a_sentence_with_grouped_digits(device: Device, now: dt.datetime) -> None:
    enter(device, now - DAY, values={"total": 99_000})
    low = enter(device, now, values={"total": 81_310})
    assert low.note == "Total is 17,690 below the last read."


def test_above_the_next_read_it_is_held(device: Device, now: dt.datetime) -> None:
    enter(device, now, values={"total": 1000})
    assert enter(device, now - DAY, values={"total": 1001}).status == "held"
    assert enter(device, now - 2 * DAY, values={"total": 999}).status == "accepted"


def test_below_what_the_machine_said_it_is_held(device: Device, now: dt.datetime) -> None:
    past(device, [(now - DAY, 5000)])
    assert enter(device, now, values={"total": 4990}).status == "held"
    assert enter(device, now - 2 * DAY, values={"total": 4990}).status == "accepted"


def test_a_rollover_or_a_replaced_controller_explains_a_lower_value(device: Device, now: dt.datetime) -> None:
    enter(device, now - 2 * DAY, values={"total": 9_999_000})
    assert enter(device, now - DAY, values={"total": 1200}).status == "accepted"
    replaced = enter(device, now, values={"total": 7}, controller_replaced=True)
    assert replaced.status == "accepted" and "controller" in replaced.note


def test_a_correction_replaces_by_reference(device: Device, now: dt.datetime) -> None:
    wrong = enter(device, now, values={"total": 9000})
    right = enter(device, now, values={"total": 900}, replaces=wrong)
    wrong.refresh_from_db()
    assert (wrong.status, right.status, right.replaces) == ("replaced", "accepted", wrong)
    with pytest.raises(Refused) as refused:
        enter(device, now, values={"total": 901}, replaces=wrong)
    assert refused.value.code == "replaces"


def test_the_same_read_twice_is_refused(device: Device, now: dt.datetime) -> None:
    enter(device, now)
    with pytest.raises(Refused) as refused:
        enter(device, now)
    assert refused.value.code == "known" and Read.objects.count() == 1


def test_reads_can_not_be_edited_or_removed(device: Device, now: dt.datetime) -> None:
    read = enter(device, now)
    for change in (
        lambda: Read.objects.filter(pk=read.pk).update(taken_at=now - DAY),
        lambda: Read.objects.filter(pk=read.pk).update(status="held"),
        lambda: ReadValue.objects.filter(read=read).update(value=5),
        lambda: ReadValue.objects.filter(read=read).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM reads_read")


def test_staff_accept_a_held_read_once(cast: factories.Cast, device: Device, now: dt.datetime) -> None:
    enter(device, now - DAY)
    read = enter(device, now, values={"total": 1})
    actions.accept_read(read=read, actor=cast.sam)
    read.refresh_from_db()
    assert read.status == "accepted"
    with pytest.raises(Refused):
        actions.accept_read(read=read, actor=cast.sam)


def test_a_viewer_sees_the_reads_of_the_addresses_they_may(
    cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    elsewhere = factories.device(cast.harbor_st)
    enter(device, now)
    enter(elsewhere, now)
    enter(factories.device(cast.press_address), now)
    assert [read.device for read in queries.reads(cast.owner)] == [elsewhere, device]
    assert [read.device for read in queries.reads(cast.orderer)] == [device]
    assert list(queries.reads(cast.orderer, device=elsewhere)) == []


# --- the cut-off -----------------------------------------------------------------------------------

# The contract's day is the 25th; its address is in New York, where the day ends at 4:00 or 5:00 UTC.
CUT_OFF = dt.datetime(2026, 10, 26, 4, tzinfo=dt.UTC)


def past(device: Device, points: list[tuple[dt.datetime, int]], **more: Any) -> None:
    actions.import_history(
        layouts={device.pk: Layout(("total", "strange"), ("toner/black/1.1",))},
        observations=[
            actions.PastObservation(device.pk, at, [count, 5], [500], **more) for at, count in points
        ],
    )


def test_the_last_observation_before_the_cut_off_becomes_a_read(device: Device) -> None:
    minute = dt.timedelta(minutes=1)
    past(device, [(CUT_OFF - DAY, 100), (CUT_OFF - minute, 110), (CUT_OFF, 120)])
    assert actions.take_cut_off(now=CUT_OFF + DAY) == 1
    read = Read.objects.get()
    assert (read.taken_at, read.source, read.status) == (CUT_OFF - minute, "agent", "accepted")
    # A meter that nobody defined is not billed by.
    assert values(read) == {"total": 110}
    assert actions.take_cut_off(now=CUT_OFF + DAY) == 0


def test_a_device_that_reports_by_itself_is_its_own_source(device: Device) -> None:
    past(device, [(CUT_OFF - DAY, 100)], path=Path.DIRECT)
    actions.take_cut_off(now=CUT_OFF + DAY)
    assert Read.objects.get().source == "device"


def test_before_the_cut_off_nothing_is_due(device: Device) -> None:
    past(device, [(CUT_OFF - DAY, 100)])
    assert actions.take_cut_off(now=CUT_OFF - dt.timedelta(seconds=1)) == 0


def test_held_observations_and_those_without_a_meter_are_not_billed_by(device: Device) -> None:
    past(device, [(CUT_OFF - 3 * DAY, 100)])
    with connection.cursor() as cursor:
        for age, note in ((2, Note.METER_HELD), (1, Note.INCOMPLETE)):
            cursor.execute(
                "INSERT INTO reads_observation SELECT %s, device_id, account_id, received_at, path, %s,"
                " %s, levels FROM reads_observation LIMIT 1",
                [CUT_OFF - age * DAY, int(note), pack_meters([200 if age == 2 else None, 5])],
            )
    actions.take_cut_off(now=CUT_OFF + DAY)
    assert Read.objects.get().taken_at == CUT_OFF - 3 * DAY


def test_an_incomplete_observation_with_all_billed_meters_is_billed_by(take: Take, device: Device) -> None:
    def report_part(age: int, **counts: int) -> None:
        at = CUT_OFF - age * DAY
        take(at, report(device.serial, at, meters=counts, supplies=[], complete=False))

    report_part(4, total=100, mono=60, marker_2=5)
    report_part(3, total=110, mono=70)
    report_part(2, total=120)
    report_part(1, mono=90, marker_2=6)
    actions.take_cut_off(now=CUT_OFF + DAY)
    read = Read.objects.get()
    assert (read.status, values(read)) == ("accepted", {"total": 110, "mono": 70})


def test_a_silent_month_gets_no_read(device: Device) -> None:
    past(device, [(CUT_OFF - 70 * DAY, 100)])
    assert actions.take_cut_off(now=CUT_OFF + DAY) == 0


def test_a_missed_month_is_made_up_for(device: Device) -> None:
    past(device, [(CUT_OFF - 31 * DAY, 90), (CUT_OFF - DAY, 100)])
    assert actions.take_cut_off(now=CUT_OFF + DAY) == 2


def test_a_removed_device_gets_its_last_read_and_no_more(device: Device) -> None:
    past(device, [(CUT_OFF - 40 * DAY, 90), (CUT_OFF - 20 * DAY, 95)])
    fleet.remove_device(device=device, at=CUT_OFF - 35 * DAY)
    assert actions.take_cut_off(now=CUT_OFF + DAY) == 1
    assert Read.objects.get().taken_at == CUT_OFF - 40 * DAY


def test_a_corrected_read_of_a_machine_does_not_come_back(device: Device) -> None:
    past(device, [(CUT_OFF - DAY, 100)])
    actions.take_cut_off(now=CUT_OFF + DAY)
    wrong = Read.objects.get()
    enter(device, wrong.taken_at, values={"total": 90}, source="staff", replaces=wrong)
    assert actions.take_cut_off(now=CUT_OFF + DAY) == 0
    assert list(Read.objects.exclude(status="replaced").values_list("source", flat=True)) == ["staff"]


def _at_the_cut_off(device: Device) -> Read:
    assert actions.take_cut_off(now=CUT_OFF + DAY) == 1
    return Read.objects.get(source="agent")


def test_a_machines_lower_meter_waits_for_a_person(cast: factories.Cast, device: Device) -> None:
    enter(device, CUT_OFF - 20 * DAY, values={"total": 20_000})
    past(device, [(CUT_OFF - DAY, 2310)], notes=int(Note.CONTROLLER_REPLACED))
    read = _at_the_cut_off(device)
    assert (read.status, read.note) == ("held", "Total is 17,690 below the last read.")
    actions.accept_read(read=read, actor=cast.sam)
    assert actions.take_cut_off(now=CUT_OFF + DAY) == 0


def test_sheets_are_not_billed(take: Take, device: Device) -> None:
    sheets = [
        {"meter": "total", "count": 500, "unit": "sheets"},
        {"meter": "mono", "count": 700, "unit": "impressions"},
    ]
    take(CUT_OFF - DAY, report(device.serial, CUT_OFF - DAY) | {"meters": sheets})
    assert values(_at_the_cut_off(device)) == {"mono": 700}


def test_a_machines_meter_with_too_many_digits_waits_for_a_person(device: Device) -> None:
    past(device, [(CUT_OFF - DAY, 10**12)])
    read = _at_the_cut_off(device)
    assert (read.status, read.note) == ("held", "Total has more than its 7 digits.")


def test_a_report_with_too_many_digits_is_not_billed_by(take: Take, device: Device) -> None:
    take(CUT_OFF - 2 * DAY, report(device.serial, CUT_OFF - 2 * DAY))
    take(CUT_OFF - DAY, report(device.serial, CUT_OFF - DAY, meters={"total": 10**12}))
    read = _at_the_cut_off(device)
    assert read.status == "accepted" and values(read) == {"total": 1000}


HOUR = dt.timedelta(hours=1)


def test_a_late_report_above_what_is_known_later_is_not_billed_by(take: Take, device: Device) -> None:
    take(CUT_OFF - 40 * HOUR, report(device.serial, CUT_OFF - 40 * HOUR, meters={"total": 1000}))
    take(CUT_OFF + HOUR, report(device.serial, CUT_OFF + HOUR, meters={"total": 1010}))
    late = take(CUT_OFF + 2 * HOUR, report(device.serial, CUT_OFF - HOUR, meters={"total": 900_000}))
    assert [item["detail"] for item in late.warnings] == [
        "total is 898,990 above what was read later; levels were kept"
    ]
    read = _at_the_cut_off(device)
    assert read.status == "accepted" and values(read) == {"total": 1000}


def test_what_the_machine_said_later_holds_a_read_above_it(device: Device) -> None:
    past(device, [(CUT_OFF - HOUR, 900_000), (CUT_OFF + HOUR, 1010)], notes=int(Note.LATE))
    read = _at_the_cut_off(device)
    assert (read.status, read.note) == ("held", "Total is 898,990 above the next read.")


def test_a_controller_replaced_after_the_cut_off_says_nothing_of_the_read_before(
    take: Take, device: Device
) -> None:
    take(CUT_OFF, report(device.serial, CUT_OFF - 2 * HOUR, meters={"total": 4990}))
    for hours, count in ((20, 7), (40, 9)):
        at = CUT_OFF + hours * HOUR
        take(at, report(device.serial, at, meters={"total": count}))
    Observation.objects.filter(observed_at__lt=CUT_OFF).update(notes=Note.LATE)
    assert actions.take_cut_off(now=CUT_OFF + 2 * DAY) == 1
    assert Read.objects.get().status == "accepted"


def test_a_late_report_from_before_a_rollover_is_believed(take: Take, device: Device) -> None:
    for hours, count in ((-40, 9_999_000), (1, 40)):
        at = CUT_OFF + hours * HOUR
        take(at, report(device.serial, at, meters={"total": count}))
    late = take(CUT_OFF + 2 * HOUR, report(device.serial, CUT_OFF - HOUR, meters={"total": 9_999_990}))
    assert late.warnings == []
    read = _at_the_cut_off(device)
    assert read.status == "accepted" and values(read) == {"total": 9_999_990}


def test_a_rollover_before_the_cut_off_waits_for_nobody(device: Device) -> None:
    enter(device, CUT_OFF - 20 * DAY, values={"total": 9_999_000})
    past(device, [(CUT_OFF - DAY, 1200)], notes=int(Note.ROLLOVER))
    assert _at_the_cut_off(device).status == "accepted"


def test_a_restart_that_has_passed_the_last_read_again_waits_too(device: Device) -> None:
    enter(device, CUT_OFF - 20 * DAY, values={"total": 1000})
    past(device, [(CUT_OFF - 9 * DAY, 5000), (CUT_OFF - DAY, 1500)])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO reads_observation SELECT %s, device_id, account_id, received_at, path, %s,"
            " meters, levels FROM reads_observation LIMIT 1",
            [CUT_OFF - 5 * DAY, int(Note.CONTROLLER_REPLACED)],
        )
    read = _at_the_cut_off(device)
    assert read.status == "held" and read.note.startswith("Meters went down on 2")


def test_two_periods_made_up_for_at_once_are_compared_with_each_other(device: Device) -> None:
    past(device, [(CUT_OFF - 31 * DAY, 90), (CUT_OFF - DAY, 80)])
    assert actions.take_cut_off(now=CUT_OFF + DAY) == 2
    assert list(Read.objects.order_by("taken_at").values_list("status", flat=True)) == ["accepted", "held"]


def test_an_estimate_is_trued_up_by_the_next_real_read(device: Device) -> None:
    enter(device, CUT_OFF - 31 * DAY, values={"total": 500}, source="estimate")
    past(device, [(CUT_OFF - DAY, 450)])
    assert _at_the_cut_off(device).status == "accepted"
