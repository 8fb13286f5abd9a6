"""By when a return is answered, and what is asked of it. Pure: no database."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metered.returns.policy import Claim, at_once, deadlines, kg_of_pounds, needs_pallet, question
from metered.returns.policy import sure as sure_units

NEW_YORK = ZoneInfo("America/New_York")


def filed(text: str, zone: ZoneInfo = NEW_YORK) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-03-04T09:00", "2026-03-11"),  # the clocks go forward on the 8th
        ("2026-10-28T23:59", "2026-11-04"),  # and back on the 1st
        ("2026-12-28T12:00", "2027-01-04"),
        ("2028-02-24T00:00", "2028-03-02"),  # across the 29th
        ("2027-02-24T00:00", "2027-03-03"),
        ("2028-02-29T17:30", "2028-03-07"),
    ],
)
def test_seven_days_of_the_calendar(at: str, due: str) -> None:
    dues = deadlines(filed(at), NEW_YORK)
    assert dues.due_on.isoformat() == due
    assert dues.due_at.astimezone(NEW_YORK).isoformat()[:16] == (
        (dues.due_on + dt.timedelta(days=1)).isoformat() + "T00:00"
    )
    alarm, louder = dues.alarm_at.astimezone(NEW_YORK), dues.escalate_at.astimezone(NEW_YORK)
    assert (dues.due_on - alarm.date()).days == 2 and alarm.hour == 8
    assert (dues.due_on - louder.date()).days == 1 and louder.hour == 8
    assert dues.last_chance_at.astimezone(NEW_YORK).date() == dues.due_on


@given(
    st.integers(946_684_800, 2_840_140_800).map(lambda s: dt.datetime.fromtimestamp(s, dt.UTC)),
    st.sampled_from(sorted(available_timezones())),
)
def test_in_every_zone_the_steps_follow_each_other_and_leave_a_day(at: dt.datetime, zone: str) -> None:
    dues = deadlines(at, ZoneInfo(zone))
    assert at < dues.alarm_at < dues.escalate_at < dues.last_chance_at < dues.due_at
    # An outage of 22 hours from the last chance on is survived even where the day lost an hour or two.
    assert dues.due_at - dues.last_chance_at >= dt.timedelta(hours=22)
    assert dues.due_at - at <= dt.timedelta(days=8, hours=2)


@pytest.mark.parametrize(
    ("boxes", "kg", "pallet"),
    [(20, None, False), (21, None, True), (1, "90.6", False), (1, "90.7", True), (1, "91", True)],
)
def test_a_pallet_from_200_pounds_or_over_20_boxes(boxes: int, kg: str | None, pallet: bool) -> None:
    assert needs_pallet(boxes, Decimal(kg) if kg else None) is pallet


def test_200_pounds_are_a_pallet_and_199_are_none() -> None:
    assert needs_pallet(1, kg_of_pounds(Decimal(200))) and not needs_pallet(1, kg_of_pounds(Decimal(199)))


@pytest.mark.parametrize(
    ("claim", "asked"),
    [
        (Claim(2, sent=5, back=0, shelf=2), ""),
        (Claim(1, sent=0, back=0, shelf=4), "not_shipped"),
        (Claim(3, sent=5, back=3, shelf=9), "more_than_shipped"),
        (Claim(2, sent=5, back=3, shelf=2), ""),
        (Claim(3, sent=5, back=0, shelf=2), "more_than_counted"),
        (Claim(1, sent=5, back=0, shelf=None), "not_here"),
    ],
)
def test_what_is_asked_of_a_line(claim: Claim, asked: str) -> None:
    assert question(claim) == asked


def test_confirmed_at_once_only_when_nobody_has_to_look() -> None:
    assert at_once(["", ""], pallet=False)
    assert not at_once(["", "not_here"], pallet=False) and not at_once([""], pallet=True)


@pytest.mark.parametrize(
    ("claim", "sure"),
    [
        (Claim(2, 5, 0, 5), 2),
        (Claim(9, 5, 2, 9), 3),
        (Claim(9, 5, 0, 4), 4),
        (Claim(2, 5, 0, None), 2),
        (Claim(2, 0, 0, 5), 0),
        (Claim(2, 1, 3, 5), 0),
        (Claim(2, 5, 0, -1), 0),
    ],
)
def test_what_can_be_said_yes_to_without_a_question(claim: Claim, sure: int) -> None:
    assert sure_units(claim) == sure
    # All of it is sure exactly where nothing is asked, or where the address alone is.
    assert (sure == claim.quantity) == (question(claim) in ("", "not_here"))
