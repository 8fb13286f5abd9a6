"""What becomes of reports: the verdicts of telemetry.md, through HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F

from metered.fleet import actions as fleet
from metered.fleet.models import Device, PrinterModel, Slot, Token
from metered.reads import queries
from metered.reads.models import Batch, ClockCorrection, DeviceState, Note, Observation
from tests import factories
from tests.reads.batches import batch, level, many, report
from tests.reads.conftest import Take

pytestmark = pytest.mark.django_db

Answer = Callable[..., dict[str, Any]]
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


def state_of(device: Device) -> DeviceState:
    return DeviceState.objects.get(device=device)


def observations(device: Device) -> list[Observation]:
    return list(Observation.objects.filter(device_id=device.pk).order_by("observed_at"))


def reasons(found: dict[str, Any], part: str = "refused") -> list[str]:
    return [item["reason"] for item in found[part]]


def test_a_report_becomes_an_observation_and_the_latest_state(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    supplies = [level(0, 11.0), level(1, None, "low"), level(5, 40.5)]
    found = answer(
        batch(report(device.serial, now, meters={"total": 280587, "mono": 184210}, supplies=supplies))
    )

    assert (found["received"], found["accepted"], found["duplicates"]) == (1, 1, 0)
    assert found["refused"] == found["warnings"] == []
    state = state_of(device)
    assert dict(zip(state.meter_keys, state.meters, strict=True)) == {"total": 280587, "mono": 184210}
    assert dict(zip(state.slot_keys, state.levels, strict=True)) == {
        "toner/black/1.1": 110,
        "toner/cyan/1.2": -4,
        "waste//1.6": 405,
    }
    assert state.software == "57.40.31" and state.host == "10.1.4.22" and state.observed_at == now
    (kept,) = observations(device)
    assert (
        kept.meters == [280587, 184210]
        and kept.levels == [110, -4, 405]
        and kept.account_id == device.account_id
    )
    assert [slot.key for slot in Slot.objects.filter(device=device).order_by("position")] == state.slot_keys


def test_the_slots_of_a_new_device_get_the_supply_that_fits(
    answer: Answer, device: Device, model: PrinterModel, now: dt.datetime
) -> None:
    black = factories.supply("toner", "black", fits=model)
    answer(batch(report(device.serial, now)))
    assert Slot.objects.get(device=device).supply == black


def test_a_batch_is_handed_over_to_replenishment(answer: Answer, device: Device, now: dt.datetime) -> None:
    answer(batch(report(device.serial, now), sequence=7))
    row = Batch.objects.get()
    assert (
        row.folded_at is None
        and row.device_ids == [device.pk]
        and row.observed_to == now
        and row.sequence == 7
    )


def test_serials_are_compared_without_spaces_hyphens_and_case(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    assert answer(batch(report("3tx-48 1207", now)))["accepted"] == 1


def test_each_report_is_refused_by_itself(
    answer: Answer, cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    stranger = factories.device(cast.press_address)
    gone = factories.device(cast.main_st)
    fleet.remove_device(device=gone)
    found = answer(
        batch(
            report("NOBODY", now),
            report(stranger.serial, now),
            report(gone.serial, now),
            report(None, now),
            report(" - ", now),
            report(device.serial, now, supplies=[level(0, 101.0)]),
            report(device.serial, now + HOUR),
        )
    )
    assert reasons(found) == [
        "unknown_serial", "unknown_serial", "device_removed", "missing_serial", "missing_serial",
        "malformed_report",
    ]  # fmt: skip
    assert [item["index"] for item in found["refused"]] == [0, 1, 2, 3, 4, 5]
    assert found["refused"][0]["serial"] == "NOBODY" and found["refused"][3]["serial"] is None
    assert found["accepted"] == 1 and found["received"] == 7
    assert Observation.objects.count() == 1


def test_a_removed_devices_serial_may_be_used_again(
    answer: Answer, cast: factories.Cast, now: dt.datetime
) -> None:
    old = factories.device(cast.main_st, serial="AGAIN1")
    fleet.remove_device(device=old)
    new = factories.device(cast.main_st, serial="AGAIN1")
    assert answer(batch(report("AGAIN1", now)))["accepted"] == 1
    assert len(observations(new)) == 1 and observations(old) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"observed_at": "yesterday"},
        {"observed_at": "2026-11-20T06:01:40"},
        {"path": "carrier pigeon"},
        {"meters": [{"meter": "total", "count": -1}]},
        {"meters": [{"meter": "total", "count": 10**16}]},
        {"meters": [{"meter": "total", "count": 1}, {"meter": "total", "count": 2}]},
        {"meters": [{"meter": "", "count": 1}]},
        {"meters": [{"meter": f"m{n}", "count": 1} for n in range(65)]},
        {"supplies": [level(0, None)]},
        {"supplies": [level(0, -1)]},
        {"supplies": [level(0, 100.1)]},
        {"supplies": [level(0, 5.0, "low")]},
        {"supplies": [level(0, None, "brimming")]},
        {"supplies": [level(0), level(0, 20.0)]},
        {"supplies": [level(0) | {"slot": "１.１"}]},
        {"supplies": [level(0) | {"slot": "x" * 25}]},
        {"supplies": [level(0) | {"slot": "1\x1f1"}]},
        {"supplies": [level(0) | {"colorant": "bla\x1fck"}]},
        {"supplies": [level(0) | {"colorant": "black\n"}]},
        {"supplies": [level(0) | {"colorant": " "}]},
        {"supplies": [level(0) | {"colorant": "x" * 25}]},
        {"meters": [{"meter": "to\x1ftal", "count": 1}]},
        {"supplies": [level(0) | {"kind": "coffee"}]},
        {"software": "x" * 65},
        {"alerts": ["x"] * 33},
    ],
)
def test_a_report_that_is_none_is_malformed_and_the_others_are_kept(
    answer: Answer, cast: factories.Cast, device: Device, now: dt.datetime, wrong: dict[str, Any]
) -> None:
    other = factories.device(cast.main_st)
    found = answer(batch(report(other.serial, now), report(device.serial, now) | wrong))
    assert reasons(found) == ["malformed_report"]
    assert found["refused"][0]["index"] == 1 and found["refused"][0]["serial"] == device.serial
    assert found["accepted"] == 1 and observations(device) == []
    assert not Slot.objects.filter(device=device).exists()


def test_the_same_report_twice_counts_as_duplicate_and_changes_nothing(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    body = batch(report(device.serial, now, supplies=[level(0, 30.0)]), report("NOBODY", now))
    answer(body)
    before = Batch.objects.values().get()
    again = answer(body)
    assert (again["accepted"], again["duplicates"], reasons(again)) == (0, 1, ["unknown_serial"])
    assert Batch.objects.values().get() == before and len(observations(device)) == 1


def test_a_refused_report_is_judged_anew_when_the_batch_is_sent_again(
    answer: Answer, cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    body = batch(report(device.serial, now), report("LATER1", now))
    answer(body)
    late_comer = factories.device(cast.main_st, serial="LATER1")
    again = answer(body)
    assert (again["accepted"], again["duplicates"], again["refused"]) == (1, 1, [])
    assert Batch.objects.filter(folded_at=None).count() == 2
    assert Batch.objects.latest("id").device_ids == [late_comer.pk]
    third = answer(body)
    assert (third["accepted"], third["duplicates"]) == (0, 2)


def test_a_lost_spool_with_the_same_sequence_is_judged_report_by_report(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now), sequence=5))
    found = answer(batch(report(device.serial, now), report(device.serial, now + HOUR), sequence=5))
    assert (found["accepted"], found["duplicates"]) == (1, 1)
    assert len(observations(device)) == 2


def test_a_report_twice_in_one_batch_is_kept_once(answer: Answer, device: Device, now: dt.datetime) -> None:
    found = answer(batch(report(device.serial, now), report(device.serial, now, meters={"total": 5000})))
    assert (found["accepted"], found["duplicates"]) == (1, 1)
    assert state_of(device).meters == [1000]


def test_a_late_report_is_kept_in_its_place_and_leaves_the_latest_state(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now, meters={"total": 1000}, supplies=[level(0, 20.0)])))
    late = report(device.serial, now - 2 * DAY, meters={"total": 900}, supplies=[level(0, 30.0)])
    found = answer(batch(late, sequence=2))
    assert found["accepted"] == 1 and found["warnings"] == []
    first, last = observations(device)
    assert first.observed_at == now - 2 * DAY and first.notes == Note.LATE and last.notes == 0
    state = state_of(device)
    assert state.levels == [200] and state.meters == [1000] and state.observed_at == now


def test_a_spool_in_any_order_ends_at_its_youngest_report(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    spool = [report(device.serial, now - n * DAY, meters={"total": 1000 - n}) for n in (1, 3, 0, 2)]
    found = answer(batch(*spool))
    assert found["accepted"] == 4 and found["warnings"] == []
    assert state_of(device).meters == [1000] and [row.notes for row in observations(device)] == [0, 0, 0, 0]


# --- clocks (domain rule 11) -----------------------------------------------------------------------


def test_a_clock_far_ahead_is_kept_under_its_receipt(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    claimed = now + 25 * HOUR
    found = answer(batch(report(device.serial, claimed)))
    assert found["accepted"] == 1 and reasons(found, "warnings") == ["clock_ahead"]
    (kept,) = observations(device)
    assert kept.notes == Note.CLOCK and abs(kept.observed_at - now) < HOUR
    # The same report in another batch is still the same report.
    again = answer(batch(report(device.serial, claimed), sequence=2))
    assert (again["accepted"], again["duplicates"]) == (0, 1)


def _hours_pass(hours: int) -> None:
    """What was said so far was said so long before."""
    ago = dt.timedelta(hours=hours)
    said = {"observed_at": F("observed_at") - ago, "received_at": F("received_at") - ago}
    DeviceState.objects.update(**said)
    Observation.objects.update(**said)
    ClockCorrection.objects.update(claimed_at=F("claimed_at") - ago, observed_at=F("observed_at") - ago)


@pytest.mark.parametrize("hours", [2, 30])
def test_a_clock_that_was_ahead_is_known_when_it_no_longer_is(
    answer: Answer, device: Device, now: dt.datetime, hours: int
) -> None:
    answer(batch(report(device.serial, now + 25 * HOUR)))
    _hours_pass(hours)
    again = report(device.serial, now + (25 - hours) * HOUR)
    found = answer(batch(again, sequence=2))
    assert (found["accepted"], found["duplicates"]) == (0, 1)
    assert len(observations(device)) == 1 and (state_of(device).observed_at or now) < now


def test_old_history_sent_again_after_younger_is_known(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now - 400 * DAY)))
    DeviceState.objects.filter(device=device).update(observed_at=now - 400 * DAY)
    spool = [report(device.serial, now - 390 * DAY), report(device.serial, now)]
    assert answer(batch(*spool, sequence=2))["accepted"] == 2
    again = answer(batch(*spool, sequence=3))
    assert (again["accepted"], again["duplicates"]) == (0, 2)


def test_a_clock_a_little_ahead_is_believed(answer: Answer, device: Device, now: dt.datetime) -> None:
    found = answer(batch(report(device.serial, now + 23 * HOUR)))
    assert found["warnings"] == [] and observations(device)[0].observed_at == now + 23 * HOUR


@pytest.mark.parametrize("age", [91, 20_000])
def test_a_clock_far_behind_is_kept_under_its_receipt(
    answer: Answer, device: Device, now: dt.datetime, age: int
) -> None:
    found = answer(batch(report(device.serial, now - age * DAY)))
    (kept,) = observations(device)
    assert found["accepted"] == 1 and kept.notes == Note.CLOCK and abs(kept.observed_at - now) < HOUR


def test_two_reports_of_a_stopped_clock_are_both_kept(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    past = now - 4000 * DAY
    found = answer(
        batch(report(device.serial, past), report(device.serial, past + HOUR, meters={"total": 1010}))
    )
    assert found["accepted"] == 2 and len(observations(device)) == 2
    assert state_of(device).meters == [1010]


def test_old_history_of_a_device_that_was_silent_for_long_keeps_its_place(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now)))
    DeviceState.objects.filter(device=device).update(observed_at=now - 400 * DAY)
    found = answer(batch(report(device.serial, now - 430 * DAY, meters={"total": 10}), sequence=2))
    assert found["accepted"] == 1
    assert observations(device)[0].observed_at == now - 430 * DAY


def test_a_spool_from_months_without_a_partition_is_kept(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now)))
    DeviceState.objects.filter(device=device).update(observed_at=now - 900 * DAY)
    old = [report(device.serial, now - age * DAY, meters={"total": 2000 - age}) for age in (890, 500)]
    assert answer(batch(*old, sequence=2))["accepted"] == 2
    assert state_of(device).observed_at == now - 500 * DAY
    assert [row.notes for row in observations(device)] == [0, 0, 0]


def test_an_observation_that_the_state_does_not_know_is_a_duplicate(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now)))
    DeviceState.objects.filter(device=device).update(observed_at=None)
    found = answer(batch(report(device.serial, now), report(device.serial, now + HOUR), sequence=2))
    assert (found["accepted"], found["duplicates"]) == (1, 1)
    assert state_of(device).observed_at == now + HOUR


def test_a_clock_that_fell_back_by_weeks_neither_silences_nor_freezes_a_device(
    take: Take, device: Device, now: dt.datetime
) -> None:
    start = now - 10 * DAY
    take(start, report(device.serial, start, meters={"total": 1000}))
    for day in range(1, 11):
        at = start + day * DAY
        wrong = report(
            device.serial, at - 40 * DAY, meters={"total": 1000 + day}, supplies=[level(0, 50.0 - 4 * day)]
        )
        assert take(at, wrong).accepted == 1
        assert state_of(device).received_at == at
    state = state_of(device)
    assert (state.observed_at, state.levels, state.meters) == (now, [100], [1010])
    assert not queries.silent_for_system(7 * DAY, now=now).exists()
    notes = [row.notes for row in observations(device)]
    # The first still looked late; its meter was above what was known of a later moment.
    assert notes == [Note.LATE | Note.METER_HELD, 0] + [Note.CLOCK] * 9
    # Sent again, all of it is known.
    again = [
        report(device.serial, start + day * DAY - 40 * DAY, meters={"total": 1000 + day})
        for day in range(1, 11)
    ]
    found = take(now + HOUR, *again)
    assert (found.accepted, found.duplicates) == (0, 10) and len(observations(device)) == 11
    # Once its clock is right it is believed again.
    take(now + DAY, report(device.serial, now + DAY, meters={"total": 1020}))
    assert state_of(device).late_since is None and observations(device)[-1].notes == 0


def test_a_late_spool_stays_in_its_place_with_the_new_reports_behind_it(
    take: Take, device: Device, now: dt.datetime
) -> None:
    start = now - 9 * DAY
    take(start, report(device.serial, start, meters={"total": 1000}))
    # Another agent was cut off for days; its spool comes in two parts with hours between.
    spool = [
        report(device.serial, start - hours * HOUR, meters={"total": 1000 - hours})
        for hours in range(60, 0, -1)
    ]
    take(start + HOUR, *spool[:30])
    assert state_of(device).late_since == start + HOUR
    new = report(device.serial, start + 9 * HOUR, meters={"total": 1010})
    take(start + 9 * HOUR, *spool[30:], new)
    kept = observations(device)
    assert [row.notes for row in kept] == [Note.LATE] * 60 + [0, 0]
    assert [row.observed_at for row in kept[:60]] == [start - hours * HOUR for hours in range(60, 0, -1)]
    state = state_of(device)
    assert state.late_since is None and state.meters == [1010]


def test_late_reports_within_hours_and_known_ones_do_not_make_a_clock_wrong(
    take: Take, device: Device, now: dt.datetime
) -> None:
    start = now - 5 * DAY
    take(start, report(device.serial, start))
    for minutes in range(3):
        at = start + dt.timedelta(minutes=minutes + 1)
        take(at, report(device.serial, start - (9 - minutes) * DAY, meters={"total": 900}))
    take(start + DAY, report(device.serial, start - 9 * DAY, meters={"total": 900}))
    assert [row.notes for row in observations(device)] == [Note.LATE] * 3 + [0]
    assert state_of(device).received_at == start + dt.timedelta(minutes=3)


# --- meters (domain rule 11) -----------------------------------------------------------------------


def test_a_lower_meter_is_held_and_its_levels_count(answer: Answer, device: Device, now: dt.datetime) -> None:
    answer(batch(report(device.serial, now - DAY, meters={"total": 1000, "mono": 6000})))
    lower = report(device.serial, now, meters={"total": 1010, "mono": 4800}, supplies=[level(0, 9.0)])
    found = answer(batch(lower, sequence=2))
    assert found["accepted"] == 1
    assert found["warnings"] == [
        {
            "index": 0,
            "serial": device.serial,
            "reason": "meter_held",
            "detail": "mono is 1,200 below the last read; levels were kept",
        }
    ]
    state = state_of(device)
    assert state.meters == [1000, 6000] and state.held_meters == [1010, 4800] and state.levels == [90]
    assert observations(device)[1].notes == Note.METER_HELD


def test_a_held_meter_that_the_next_report_agrees_with_is_believed(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now - 2 * DAY, meters={"total": 5000})))
    answer(batch(report(device.serial, now - DAY, meters={"total": 12}), sequence=2))
    found = answer(batch(report(device.serial, now, meters={"total": 30}), sequence=3))
    assert found["warnings"] == []
    state = state_of(device)
    assert state.meters == [30] and state.held_meters is None
    assert observations(device)[2].notes == Note.CONTROLLER_REPLACED


def test_a_held_meter_sent_again_is_no_confirmation(answer: Answer, device: Device, now: dt.datetime) -> None:
    answer(batch(report(device.serial, now - DAY, meters={"total": 5000})))
    held = report(device.serial, now, meters={"total": 12})
    answer(batch(held, sequence=2))
    answer(batch(held, sequence=3))
    assert state_of(device).meters == [5000] and state_of(device).held_meters == [12]


def test_a_slip_that_the_next_report_contradicts_is_forgotten(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now - 2 * DAY, meters={"total": 5000})))
    answer(batch(report(device.serial, now - DAY, meters={"total": 500}), sequence=2))
    answer(batch(report(device.serial, now, meters={"total": 5020}), sequence=3))
    state = state_of(device)
    assert state.meters == [5020] and state.held_meters is None
    assert [row.notes for row in observations(device)] == [0, Note.METER_HELD, 0]


def test_a_meter_that_passes_its_maximum_is_no_slip(answer: Answer, device: Device, now: dt.datetime) -> None:
    answer(batch(report(device.serial, now - DAY, meters={"total": 9_999_900})))
    found = answer(batch(report(device.serial, now, meters={"total": 40}), sequence=2))
    assert found["warnings"] == [] and state_of(device).meters == [40]
    assert observations(device)[1].notes == Note.ROLLOVER


def test_more_digits_than_the_meter_has_are_held(answer: Answer, device: Device, now: dt.datetime) -> None:
    answer(batch(report(device.serial, now - 3 * DAY, meters={"total": 1000})))
    for day in (2, 1):
        long = report(device.serial, now - day * DAY, meters={"total": 10**12}, supplies=[level(0, 9.0)])
        found = answer(batch(long, sequence=5 - day))
        assert [item["detail"] for item in found["warnings"]] == [
            "total has more than the meter's 7 digits; levels were kept"
        ]
    state = state_of(device)
    assert state.meters == [1000] and state.held_meters == [10**12] and state.levels == [90]
    found = answer(batch(report(device.serial, now, meters={"total": 9_999_999}), sequence=9))
    assert found["warnings"] == [] and state_of(device).meters == [9_999_999]
    assert [row.notes for row in observations(device)] == [0, Note.METER_HELD, Note.METER_HELD, 0]


def test_a_first_or_late_report_may_not_have_more_digits_either(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now, meters={"total": 10**7})))
    assert state_of(device).meters == [None] and state_of(device).held_meters == [10**7]
    found = answer(batch(report(device.serial, now - DAY, meters={"total": 10**7}), sequence=2))
    assert reasons(found, "warnings") == ["meter_held"]
    assert observations(device)[0].notes == Note.METER_HELD | Note.LATE


def test_a_held_meter_waits_through_reports_that_do_not_mention_it(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now - 3 * DAY, meters={"total": 9000, "mono": 5000})))
    answer(batch(report(device.serial, now - 2 * DAY, meters={"total": 9010, "mono": 12}), sequence=2))
    answer(batch(report(device.serial, now - DAY, meters={"total": 9020}), sequence=3))
    state = state_of(device)
    assert state.meters == [9020, 5000] and state.held_meters == [None, 12]
    found = answer(batch(report(device.serial, now, meters={"total": 9030, "mono": 30}), sequence=4))
    assert found["warnings"] == []
    assert state_of(device).meters == [9030, 30] and state_of(device).held_meters is None
    assert observations(device)[-1].notes == Note.CONTROLLER_REPLACED


def test_a_meter_that_was_not_held_confirms_nothing(answer: Answer, device: Device, now: dt.datetime) -> None:
    answer(batch(report(device.serial, now - 3 * DAY, meters={"total": 9000, "mono": 5000})))
    answer(batch(report(device.serial, now - 2 * DAY, meters={"mono": 12}), sequence=2))
    found = answer(batch(report(device.serial, now, meters={"total": 40, "mono": 13}), sequence=3))
    assert reasons(found, "warnings") == ["meter_held"] and state_of(device).held_meters == [40, 13]


# --- levels and layout ------------------------------------------------------------------------------


def test_an_incomplete_report_leaves_standing_what_it_lacks(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now - DAY, supplies=[level(0, 50.0), level(1, 60.0)])))
    part = report(device.serial, now, supplies=[level(1, 59.0)], meters={}, complete=False)
    answer(batch(part, sequence=2))
    state = state_of(device)
    assert state.levels == [500, 590] and state.meters == [1000] and not state.complete
    last = observations(device)[1]
    assert last.notes == Note.INCOMPLETE and last.levels == [None, 590] and last.meters == []


def test_a_slot_that_a_complete_report_no_longer_names_has_no_level(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now - DAY, supplies=[level(0, 50.0), level(1, 60.0)])))
    answer(batch(report(device.serial, now, supplies=[level(0, 49.0)]), sequence=2))
    assert state_of(device).levels == [490, None]


def test_the_layout_grows_with_what_a_device_reports(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now - DAY, meters={"total": 1}, supplies=[level(2)])))
    wider = report(
        device.serial, now, meters={"mono": 2, "total": 3}, supplies=[level(0, 1.0), level(2, 2.0)]
    )
    answer(
        batch(
            wider,
            report(device.serial, now - HOUR, meters={"total": 2}, supplies=[level(2, 3.0)]),
            sequence=2,
        )
    )
    state = state_of(device)
    assert state.meter_keys == ["total", "mono"] and state.meters == [3, 2]
    assert state.slot_keys == ["toner/magenta/1.3", "toner/black/1.1"] and state.levels == [20, 10]


def test_a_late_report_that_names_a_new_slot_gives_it_a_place(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now, supplies=[level(0, 9.0)])))
    late = report(device.serial, now - DAY, meters={"total": 900, "mono": 1}, supplies=[level(0), level(1)])
    answer(batch(late, sequence=2))
    state = state_of(device)
    assert state.levels == [90, None] and len(state.slot_keys) == 2
    assert state.meters == [1000, None] and state.meter_keys == ["total", "mono"]


def test_slots_that_were_made_beforehand_keep_their_positions(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    factories.slot(device, "toner", "cyan", "1.2")
    factories.slot(device, "toner", "black", "1.1")
    answer(batch(report(device.serial, now, supplies=[level(0, 7.0), level(1, 8.0)])))
    assert state_of(device).levels == [80, 70] and Slot.objects.filter(device=device).count() == 2


def test_a_stored_layout_of_any_shape_refuses_nobody_else(
    answer: Answer, cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    other = factories.device(cast.main_st)
    answer(batch(report(device.serial, now - DAY), report(other.serial, now - DAY)))
    odd = ["toner/bla\x1fck/1.1", "toner", "", "toner/a/b/c", "toner/a/b/c"]
    DeviceState.objects.filter(device=device).update(
        slot_keys=odd, levels=[1] * 9, meter_keys=["total"], meters=[5, None, 7]
    )
    found = answer(
        batch(
            report(other.serial, now),
            report(device.serial, now, supplies=[level(0) | {"colorant": "a/b", "slot": "c"}]),
            sequence=2,
        )
    )
    assert found["accepted"] == 2
    assert answer(batch(report(device.serial, now + HOUR, supplies=[level(1)]), sequence=3))["accepted"] == 1


def _counted(word: str, count: int, unit: str | None) -> dict[str, Any]:
    return {"meter": word, "count": count, "unit": unit}


def test_what_is_not_counted_in_impressions_is_a_meter_of_its_own(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    counts = [
        _counted("total", 500, "sheets"),
        _counted("mono", 7, "other"),
        _counted("colour", 8, None),
        _counted("scans", 9, "other"),
        _counted("x" * 32, 10, "sheets"),
    ]
    assert answer(batch(report(device.serial, now - DAY) | {"meters": counts}))["accepted"] == 1
    state = state_of(device)
    assert dict(zip(state.meter_keys, state.meters, strict=True)) == {
        "total_sheets": 500,
        "mono_other": 7,
        "colour": 8,
        "scans": 9,
        "x" * 32 + "_sheets": 10,
    }
    both = [_counted("total", 990, "impressions"), _counted("total", 501, "sheets")]
    found = answer(batch(report(device.serial, now) | {"meters": both}, sequence=2))
    assert found["accepted"] == 1 and found["warnings"] == []
    state = state_of(device)
    meters = dict(zip(state.meter_keys, state.meters, strict=True))
    assert (meters["total"], meters["total_sheets"]) == (990, 501)
    # Ten digits are no slip of a counter of something else.
    long = [_counted("total", 10**9, "sheets")]
    assert answer(batch(report(device.serial, now + HOUR) | {"meters": long}, sequence=3))["warnings"] == []


def test_two_black_toners_stay_two(answer: Answer, device: Device, now: dt.datetime) -> None:
    answer(batch(report(device.serial, now, supplies=[level(0, 7.0), level(0, 8.0) | {"slot": "1.9"}])))
    assert state_of(device).levels == [70, 80]


def test_fullness_of_a_waste_container_is_turned_into_the_space_left(
    answer: Answer, device: Device, model: PrinterModel, now: dt.datetime
) -> None:
    model.waste_reports_fullness = True
    model.save()
    answer(batch(report(device.serial, now, supplies=[level(5, 66.0), level(0, 66.0)])))
    assert state_of(device).levels == [340, 660]


def test_a_new_cartridge_serial_is_kept_where_it_changed(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    for day, serial in enumerate(["A1", "A1", "B2"]):
        supplies = [level(0, cartridge_serial=serial)]
        answer(batch(report(device.serial, now + day * HOUR, supplies=supplies), sequence=day))
    assert [row.cartridges for row in observations(device)] == [["A1"], None, ["B2"]]
    assert state_of(device).cartridges == ["B2"]


def test_alerts_with_any_characters_are_kept_as_they_are(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    odd = ['say "hi"', "back\\slash", "tab\tline\nend", "{brace}", "NULL", "Füller 墨"]
    answer(batch(report(device.serial, now, alerts=odd, host="a\tb\\N")))
    state = state_of(device)
    assert state.alerts == odd and state.host == "a\tb\\N"


def _named(*codes: int) -> list[dict[str, Any]]:
    return [level(0) | {"slot": f"9.{code}"} for code in codes]


def test_reports_of_one_batch_keep_a_device_within_the_limits_together(
    answer: Answer, cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    other = factories.device(cast.main_st)
    found = answer(
        batch(
            report(device.serial, now, supplies=_named(*range(60))),
            report(device.serial, now + HOUR, supplies=_named(*range(100, 105)), meters={"lost": 1}),
            report(device.serial, now + 2 * HOUR, supplies=_named(*range(200, 204)), meters={"mono": 1}),
            report(other.serial, now, meters={f"m{n}": n for n in range(40)}),
            report(other.serial, now + HOUR, meters={f"n{n}": n for n in range(40)}),
        )
    )
    assert found["accepted"] == 3 and reasons(found) == ["malformed_report"] * 2
    assert [item["index"] for item in found["refused"]] == [1, 4]
    # What was refused leaves nothing behind.
    codes = {slot.code for slot in Slot.objects.filter(device=device)}
    assert codes == {f"9.{code}" for code in (*range(60), *range(200, 204))}
    assert state_of(device).meter_keys == ["total", "mono"]
    assert state_of(other).meter_keys == [f"m{n}" for n in range(40)]


def test_slots_that_no_report_named_yet_count_too(answer: Answer, device: Device, now: dt.datetime) -> None:
    for code in range(10):
        factories.slot(device, "toner", "cyan", f"1.{code}")
    found = answer(batch(report(device.serial, now, supplies=_named(*range(55)))))
    assert reasons(found) == ["malformed_report"] and Slot.objects.filter(device=device).count() == 10


def test_a_body_of_nothing_but_new_slots_is_answered(send: Any, device: Device, now: dt.datetime) -> None:
    body = batch(
        *(
            report(
                device.serial,
                now - n * dt.timedelta(seconds=1),
                supplies=[
                    {"slot": f"{n}.{place}", "kind": "other", "state": "unknown"} for place in range(64)
                ],
            )
            for n in range(515)
        )
    )
    response = send(body)
    assert response.status_code == 200 and response.json()["accepted"] == 1
    assert Slot.objects.filter(device=device).count() == 64


# --- bulletins (domain rule 9) ----------------------------------------------------------------------


def direct(device: Device, at: dt.datetime, software: str) -> dict[str, Any]:
    return report(device.serial, at, path="direct", software=software)


def test_old_software_is_refused_from_the_bulletins_date_on(
    answer: Answer, device: Device, model: PrinterModel, now: dt.datetime
) -> None:
    own = fleet.issue_token(device=device)
    factories.bulletin(model, "57.100", now.date())
    found = answer(batch(direct(device, now, "57.40.31")), token=own)
    assert reasons(found) == ["software_below_minimum"] and found["accepted"] == 0
    state = state_of(device)
    assert state.refused_reason == "software_below_minimum" and state.refused_count == 1 and state.refused_at
    # An agent is the way out, and so is new software.
    assert answer(batch(report(device.serial, now, software="57.40.31"), sequence=2))["accepted"] == 1
    newer = batch(direct(device, now + HOUR, "57.101"), sequence=3)
    assert answer(newer, token=own)["accepted"] == 1


def test_old_software_is_warned_of_before_the_bulletins_date(
    answer: Answer, device: Device, model: PrinterModel, now: dt.datetime
) -> None:
    factories.bulletin(model, "57.100", now.date() + DAY)
    found = answer(batch(direct(device, now, "57.40.31")), token=fleet.issue_token(device=device))
    assert found["accepted"] == 1 and reasons(found, "warnings") == ["software_below_minimum"]


@pytest.mark.parametrize(
    ("version", "refused"),
    [
        ("TLSv1.1", True),
        ("TLSv1", True),
        ("SSLv3", True),
        ("TLSv1.2", False),
        ("TLSv1.3", False),
        ("", False),
    ],
)
def test_old_tls_is_refused_where_the_proxy_passes_the_version(
    answer: Answer, device: Device, now: dt.datetime, settings: Any, version: str, refused: bool
) -> None:
    settings.TLS_VERSION_HEADER = "X-TLS-Version"
    own = fleet.issue_token(device=device)
    found = answer(batch(direct(device, now, "1")), token=own, HTTP_X_TLS_VERSION=version)
    assert reasons(found) == (["tls_below_minimum"] if refused else [])
    assert answer(batch(report(device.serial, now + HOUR)), HTTP_X_TLS_VERSION=version)["accepted"] == 1


def test_the_proxys_header_means_nothing_without_the_setting(
    answer: Answer, device: Device, now: dt.datetime
) -> None:
    found = answer(
        batch(direct(device, now, "1")), token=fleet.issue_token(device=device), HTTP_X_TLS_VERSION="TLSv1"
    )
    assert found["accepted"] == 1


# --- tokens -----------------------------------------------------------------------------------------


def test_a_devices_token_reports_only_this_device_and_only_directly(
    answer: Answer, cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    own = fleet.issue_token(device=device)
    other = factories.device(cast.main_st)
    found = answer(
        batch(direct(device, now, "1"), direct(other, now, "1"), report(device.serial, now + HOUR)), token=own
    )
    assert found["accepted"] == 1 and reasons(found) == ["unknown_serial", "malformed_report"]


def test_an_agents_token_reports_only_as_an_agent(answer: Answer, device: Device, now: dt.datetime) -> None:
    found = answer(batch(direct(device, now, "1"), report(device.serial, now + HOUR)))
    assert found["accepted"] == 1 and reasons(found) == ["malformed_report"]
    assert found["refused"][0]["detail"] == "an agent's token reports with the path agent"


def test_a_revoked_token_is_refused_and_nothing_is_kept(
    send: Callable[..., Any], token: str, device: Device, now: dt.datetime
) -> None:
    fleet.revoke_token(token=Token.objects.get(digest=fleet.token_digest(token)))
    response = send(batch(report(device.serial, now)))
    assert response.status_code == 401 and response.headers["WWW-Authenticate"].startswith("Bearer")
    assert not Batch.objects.exists()


def test_two_thousand_reports_are_accepted_in_one_piece(
    answer: Answer, cast: factories.Cast, model: PrinterModel, now: dt.datetime
) -> None:
    serials = [f"BULK{n:05d}" for n in range(2000)]
    first = factories.device(cast.main_st, model=model, serial="FIRST")
    Device.objects.bulk_create(
        Device(
            account=cast.northwind,
            contract=first.contract,
            address=cast.main_st,
            model=model,
            serial=serial,
            serial_key=serial,
            installed_on=dt.date(2025, 1, 1),
        )
        for serial in serials
    )
    found = answer(many(serials, now))
    assert (found["received"], found["accepted"], found["refused"]) == (2000, 2000, [])
    assert Observation.objects.count() == 2000 and Slot.objects.count() == 12_000
    again = answer(many(serials, now + HOUR, sequence=2, offset=1))
    assert again["accepted"] == 2000 and again["warnings"] == []
    last = DeviceState.objects.get(device__serial=serials[-1])
    assert last.meters == [102_000, 62_000, 42_000] and last.observed_at == now + HOUR
