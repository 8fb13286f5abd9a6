"""Check now: the next contact of a device is written down for whoever waits (domain rule 8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from metered.accounts.models import ActivityEntry
from metered.fleet.actions import issue_token, remove_device
from metered.fleet.models import Device, PrinterModel
from metered.lib.errors import Refused
from metered.reads.actions import ask_for_contact
from metered.reads.models import ConnectionCheck
from tests import factories
from tests.reads.batches import batch, level, report
from tests.threads import at_once, fine

Answer = Callable[..., dict[str, Any]]
HOUR = dt.timedelta(hours=1)


def only(device: Device) -> ConnectionCheck:
    found: ConnectionCheck = ConnectionCheck.objects.get(device=device)
    return found


def test_what_is_heard_next_is_written_down_once(
    answer: Answer, cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    answer(batch(report(device.serial, now - 2 * HOUR)))
    other = factories.device(cast.main_st, model=device.model)
    for one in (device, other):
        ask_for_contact(device=one, actor=cast.ana, now=now - HOUR)
    answer(batch(report(device.serial, now, supplies=[level(0), level(1)], software="58.1"), sequence=2))
    heard = only(device)
    assert (heard.outcome, heard.software, heard.levels, heard.meters) == ("accepted", "58.1", 2, 1)
    assert heard.complete is True and heard.answered_at is not None
    assert only(other).outcome == ""
    answer(batch(report(device.serial, now + HOUR, software="59"), sequence=3))
    assert only(device).software == "58.1"


def test_a_refusal_is_an_answer_too(
    answer: Answer, cast: factories.Cast, device: Device, model: PrinterModel, now: dt.datetime
) -> None:
    factories.bulletin(model, "57.100", now.date())
    ask_for_contact(device=device, actor=cast.ana, now=now)
    own = issue_token(device=device)
    answer(batch(report(device.serial, now, path="direct", software="57.40.31")), token=own)
    assert (only(device).outcome, only(device).reason) == ("refused", "software_below_minimum")


def test_asked_twice_it_is_asked_once_until_a_day_is_over(
    cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    first = ask_for_contact(device=device, actor=cast.ana, now=now)
    assert ask_for_contact(device=device, actor=cast.ben, now=now + 23 * HOUR) == first
    second = ask_for_contact(device=device, actor=cast.ben, now=now + 25 * HOUR)
    first.refresh_from_db()
    assert (first.outcome, second.outcome) == ("nothing", "")
    assert ActivityEntry.objects.filter(verb="asked for the next report of").count() == 2


@pytest.mark.django_db(transaction=True)
def test_many_clicks_at_once_are_one_check() -> None:
    cast = factories.cast()
    device = factories.device(cast.main_st)
    asked = fine(at_once(8, lambda _n: ask_for_contact(device=device, actor=cast.ana).pk))
    assert len(set(asked)) == 1 and ConnectionCheck.objects.count() == 1


def test_where_nothing_can_be_heard(cast: factories.Cast, device: Device) -> None:
    by_hand = factories.device(cast.main_st, path="manual")
    with pytest.raises(Refused, match="read by hand"):
        ask_for_contact(device=by_hand, actor=cast.ana)
    remove_device(device=device)
    device.refresh_from_db()
    with pytest.raises(Refused, match="removed"):
        ask_for_contact(device=device, actor=cast.ana)
