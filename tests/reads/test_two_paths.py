"""Domain rule 15: direct and agent may both report one device; nothing is counted or learnt twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from metered.fleet.actions import issue_token, token_digest
from metered.fleet.models import Agent, Device, Token
from metered.reads import ingest, queries
from metered.reads.judge import AGENT_LEADS
from metered.reads.models import DeviceState, Note, Observation
from metered.reads.sender import Sender
from tests import factories
from tests.reads.batches import batch, encode, level, report
from tests.reads.conftest import Take

pytestmark = pytest.mark.django_db
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
Direct = Callable[..., ingest.Answer]


@pytest.fixture
def direct(device: Device) -> Direct:
    """direct(received_at, **report): what the device itself sends."""
    row = Token.objects.get(digest=token_digest(issue_token(device=device)))
    sender = Sender(row.pk, row.account_id, device.pk)

    def call(received_at: dt.datetime, *reports: dict[str, Any]) -> ingest.Answer:
        own = [item | {"path": "direct"} for item in reports]
        body = batch(*own, sequence=int(received_at.timestamp() * 1000), instance="printer")
        return ingest.take_batch(sender=sender, body=encode(body), received_at=received_at)

    return call


def state() -> DeviceState:
    return DeviceState.objects.get()


def notes(device: Device) -> list[int]:
    rows = Observation.objects.filter(device_id=device.pk).order_by("observed_at")
    return [row.notes & int(Note.SECOND) for row in rows]


def test_beside_an_agent_the_devices_own_report_is_kept_and_changes_nothing(
    take: Take, direct: Direct, device: Device, now: dt.datetime
) -> None:
    take(now, report(device.serial, now, meters={"total": 1000}, supplies=[level(0, 40.0)]))
    after = now + 5 * MINUTE
    said = direct(after, report(device.serial, after, meters={"total": 1007}, supplies=[level(0, 42.0)]))
    assert (said.accepted, said.refused, said.warnings) == (1, [], [])
    found = state()
    assert (found.meters, found.levels, found.observed_at) == ([1000], [400], now)
    assert Observation.objects.count() == 2 and notes(device) == [0, int(Note.SECOND)]


def test_both_ways_are_seen(take: Take, direct: Direct, device: Device, now: dt.datetime) -> None:
    take(now, report(device.serial, now))
    after = now + 5 * MINUTE
    direct(after, report(device.serial, after))
    found = state()
    assert (found.agent, found.agent_at, found.direct_at) == (Agent.objects.get(), now, after)
    assert found.received_at == after, "it was heard of"
    assert found.late_since is None, "to be second is not to be late"


def test_an_older_reading_of_the_other_path_never_lowers_a_meter(
    take: Take, direct: Direct, device: Device, now: dt.datetime
) -> None:
    """What a printer counted before it sent it, under a clock that is ahead: twice it would pass for a new
    controller."""
    take(now, report(device.serial, now, meters={"total": 1000}))
    for step, count in enumerate((990, 995, 999), start=1):
        at = now + step * MINUTE
        said = direct(at, report(device.serial, at, meters={"total": count}))
        assert said.accepted == 1
    assert state().meters == [1000] and state().held_meters is None
    later = now + HOUR
    take(later, report(device.serial, later, meters={"total": 1010}))
    assert state().meters == [1010]
    assert not [row for row in Observation.objects.all() if row.notes & int(Note.CONTROLLER_REPLACED)]


def test_the_device_speaks_for_itself_again_when_the_agent_is_gone(
    take: Take, direct: Direct, device: Device, now: dt.datetime
) -> None:
    take(now, report(device.serial, now, meters={"total": 1000}, supplies=[level(0, 40.0)]))
    at = now + AGENT_LEADS - MINUTE
    direct(at, report(device.serial, at, meters={"total": 1090}, supplies=[level(0, 39.0)]))
    assert state().levels == [400]
    at = now + AGENT_LEADS
    direct(at, report(device.serial, at, meters={"total": 1100}, supplies=[level(0, 38.0)]))
    assert (state().levels, state().meters) == ([380], [1100])
    at += HOUR
    take(at, report(device.serial, at, meters={"total": 1105}, supplies=[level(0, 37.0)]))
    at += HOUR
    direct(at, report(device.serial, at, supplies=[level(0, 55.0)], meters={"total": 1106}))
    assert (state().levels, state().meters) == ([370], [1105]), "back, the agent leads again"


def test_an_agent_that_knows_no_level_leads_nothing(
    take: Take, direct: Direct, device: Device, now: dt.datetime
) -> None:
    """Some printers tell SNMP nothing of their supplies, and their maker's own protocol all of it."""
    take(now, report(device.serial, now, meters={"total": 1000}, supplies=[level(0, None, "unknown")]))
    at = now + MINUTE
    direct(at, report(device.serial, at, meters={"total": 1001}, supplies=[level(0, 40.0)]))
    assert state().levels == [400]
    at += MINUTE
    direct(at, report(device.serial, at, meters={"total": 1002}, supplies=[level(0, 39.0)]))
    assert state().levels == [390], "the level that stands is its own"


def test_the_forecast_and_the_pictures_hear_one_voice(
    cast: factories.Cast, take: Take, direct: Direct, device: Device, now: dt.datetime
) -> None:
    start = now - 10 * HOUR
    for step in range(10):
        at = start + step * HOUR
        take(at, report(device.serial, at, meters={"total": 1000 + step}, supplies=[level(0, 50.0)]))
        own = at + MINUTE
        direct(own, report(device.serial, own, meters={"total": 900 + step}, supplies=[level(0, 44.0)]))
    assert Observation.objects.count() == 20
    columns = queries.observations_after_for_system([device.pk], [None])
    assert len(columns) == 10
    assert set(columns.level_table()[:, 0].tolist()) == {500}
    assert sorted(columns.meter_table()[:, 0].tolist()) == list(range(1000, 1010))
    history = queries.level_history(cast.owner, device, days=2, now=now)
    assert {tenths for points in history.levels.values() for _, tenths in points} == {500}


def test_a_spool_that_comes_late_beside_direct_reports_stays_in_its_place(
    take: Take, direct: Direct, device: Device, now: dt.datetime
) -> None:
    """The agent was cut off for three days: the device spoke for itself, then the agent delivers it all."""
    day = 24 * HOUR
    start = now - 4 * day
    take(start, report(device.serial, start, meters={"total": 1000}))
    for step in (2, 3):
        at = start + step * day
        direct(at, report(device.serial, at, meters={"total": 1000 + 10 * step}))
    assert state().meters == [1030]
    spool = [
        report(device.serial, start + step * day + HOUR, meters={"total": 1000 + 10 * step + 1})
        for step in (1, 2)
    ]
    said = take(now, *spool, report(device.serial, now, meters={"total": 1041}))
    assert (said.accepted, said.warnings) == (3, [])
    assert state().meters == [1041]


def test_the_same_moment_by_both_paths_is_one_observation(
    take: Take, direct: Direct, device: Device, now: dt.datetime
) -> None:
    take(now, report(device.serial, now))
    said = direct(now + MINUTE, report(device.serial, now, meters={"total": 1}))
    assert (said.accepted, said.duplicates) == (0, 1)
    assert Observation.objects.count() == 1
