"""What an agent says of itself, and when it is silent."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metered.fleet import actions as fleet
from metered.fleet.models import Agent, Device, Token
from metered.reads import agents, ingest
from metered.reads.models import AgentState, Batch, DeviceState
from metered.reads.sender import Sender
from tests import factories
from tests.reads.batches import batch, encode, report
from tests.reads.conftest import Send

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)

STATUS: dict[str, Any] = {
    "devices": 412,
    "silent": 3,
    "spooled": 1200,
    "spool_oldest": "2026-11-20T05:00:00Z",
    "dropped": 0,
    "refused": [{"serial": "X1", "reason": "unknown_serial"}, {"serial": None, "reason": "missing_serial"}],
}


def said(*reports: dict[str, Any], sequence: int = 1, **agent: Any) -> dict[str, Any]:
    body = batch(*reports, sequence=sequence)
    body["agent"] |= agent
    return body


def test_its_status_is_kept_and_the_latest_stands(
    cast: factories.Cast, answer: Callable[..., dict[str, Any]], device: Device, now: dt.datetime
) -> None:
    found = answer(said(report(device.serial, now), status=STATUS))
    assert found["accepted"] == 1
    state = AgentState.objects.get()
    assert (state.agent.name, state.account, state.version) == ("Head office", cast.northwind, "1.0.0")
    assert state.status == STATUS
    assert now <= state.received_at == state.status_at
    answer(said(sequence=2, status=STATUS | {"spooled": 0, "spool_oldest": None, "refused": []}))
    state.refresh_from_db()
    assert state.status is not None
    assert (state.status["spooled"], state.status["refused"]) == (0, [])


def test_what_it_does_not_say_stands_until_it_is_another_version(
    answer: Callable[..., dict[str, Any]],
) -> None:
    answer(said(status=STATUS))
    answer(said(sequence=2))
    state = AgentState.objects.get()
    assert state.status == STATUS and state.status_at is not None and state.status_at < state.received_at
    answer(said(sequence=3, version="1.1.0"))
    state.refresh_from_db()
    assert [state.status, state.status_at, state.version] == [None, None, "1.1.0"]


def test_a_batch_of_no_reports_is_contact(answer: Callable[..., dict[str, Any]]) -> None:
    found = answer(said(status={}))
    assert (found["received"], found["accepted"], found["refused"]) == (0, 0, [])
    assert AgentState.objects.get().status == {}
    assert Batch.objects.get().folded_at is not None, "there is nothing to fold"


def test_the_same_batch_again_is_contact_too(
    answer: Callable[..., dict[str, Any]], device: Device, now: dt.datetime
) -> None:
    body = said(report(device.serial, now), status=STATUS)
    answer(body)
    AgentState.objects.update(received_at=now - DAY)
    answer(body)
    assert AgentState.objects.get().received_at >= now
    assert Batch.objects.count() == 1


@pytest.mark.parametrize(
    "status",
    [
        [], "x", 1, {"devices": -1}, {"devices": 1.5}, {"devices": "1"}, {"spool_oldest": "yesterday"},
        {"spool_oldest": "2026-11-20T05:00:00"}, {"refused": {}}, {"refused": [{"serial": "X1"}]},
        {"refused": [{"serial": 1, "reason": "x"}]}, {"refused": [{"reason": "x" * 65}]},
    ],
)  # fmt: skip
def test_a_status_of_another_shape_is_no_batch(
    send: Send, device: Device, now: dt.datetime, status: Any
) -> None:
    refused = send(said(report(device.serial, now), status=status))
    assert refused.status_code == 400, refused.content
    assert not AgentState.objects.exists() and not DeviceState.objects.exists()


@pytest.mark.parametrize(
    "text", ['{"devices": 1, "devices": 2}', '{"refused": [{"reason": "a", "reason": "b"}]}']
)
def test_a_key_twice_in_the_status_is_found(send: Send, text: str) -> None:
    body = json.dumps(said(status={})).replace('"status": {}', f'"status": {text}')
    assert text in body
    assert send(body.encode()).status_code == 400


@pytest.mark.parametrize(
    "status",
    [
        None,
        {},
        {"newer": [1]},
        {"spool_oldest": "2026-11-20T06:00:00+01:00"},
        {"devices": None, "refused": None},
    ],
)
def test_what_is_absent_or_newer_is_no_fault(answer: Callable[..., dict[str, Any]], status: Any) -> None:
    answer(said(status=status))
    assert AgentState.objects.get().received_at is not None


def test_no_more_is_kept_than_is_shown(answer: Callable[..., dict[str, Any]]) -> None:
    long = [{"serial": "S" * 500, "reason": "unknown_serial"} for _ in range(250)]
    answer(said(status={"refused": long}))
    state = AgentState.objects.get()
    assert state.status is not None
    assert len(state.status["refused"]) == agents.REFUSED_MOST
    assert state.status["refused"][0]["serial"] == "S" * 64


def test_a_devices_own_token_is_no_agent(send: Send, device: Device, now: dt.datetime) -> None:
    token = fleet.issue_token(device=device)
    body = said(report(device.serial, now, path="direct"), status=STATUS)
    assert json.loads(send(body, token=token).content)["accepted"] == 1
    assert not AgentState.objects.exists()


def test_a_batch_costs_one_statement_more_and_no_more_with_more_printers(
    cast: factories.Cast, token: str, now: dt.datetime
) -> None:
    """The state of the agent is one row, however many printers it reads."""
    row = Token.objects.get(digest=fleet.token_digest(token))
    devices = [factories.device(cast.main_st) for _ in range(30)]
    every = [report(device.serial, now) for device in devices]

    def statements(sender: Sender, sequence: int, at: dt.datetime, *reports: dict[str, Any]) -> int:
        with CaptureQueriesContext(connection) as caught:
            body = encode(said(*reports, sequence=sequence, status=STATUS))
            ingest.take_batch(sender=sender, body=body, received_at=at)
        return len(caught)

    agent = Sender(row.pk, row.account_id, None, row.agent_id)
    nobody = Sender(row.pk, row.account_id, None)
    statements(agent, 1, now, *every)
    later = [item | {"observed_at": (now + DAY / 24).isoformat()} for item in every]
    again = [item | {"observed_at": (now + DAY / 12).isoformat()} for item in every]
    third = [item | {"observed_at": (now + DAY / 8).isoformat()} for item in every]
    whole = statements(agent, 2, now, *later)
    assert whole == statements(nobody, 3, now, *again) + 1
    assert whole == statements(agent, 4, now, *third[:2])


# --- silence -----------------------------------------------------------------------------------------


def heard(agent: Agent, at: dt.datetime) -> None:
    AgentState.objects.update_or_create(
        agent=agent, defaults={"account": agent.account, "received_at": at, "version": "1.0.0"}
    )


def silent_at(now: dt.datetime) -> list[str]:
    return [agent.name for agent in agents.silent_agents_for_system(now)]


def test_an_agent_is_silent_a_day_after_its_last_contact(
    cast: factories.Cast, token: str, now: dt.datetime
) -> None:
    agent = Agent.objects.get()
    heard(agent, now)
    Agent.objects.update(created_at=now - 9 * DAY, enrolled_at=now - 9 * DAY)
    assert silent_at(now + DAY - dt.timedelta(seconds=1)) == []
    assert silent_at(now + DAY) == ["Head office"]


def test_one_that_enrolled_and_never_reported_is_silent_too(
    cast: factories.Cast, token: str, now: dt.datetime
) -> None:
    Agent.objects.update(created_at=now - 9 * DAY, enrolled_at=now)
    assert silent_at(now + DAY / 2) == []
    assert silent_at(now + DAY) == ["Head office"]


def test_enrolling_anew_begins_anew(cast: factories.Cast, token: str, now: dt.datetime) -> None:
    heard(Agent.objects.get(), now - 30 * DAY)
    Agent.objects.update(created_at=now - 90 * DAY, enrolled_at=now)
    assert silent_at(now + DAY / 2) == []


def test_who_holds_no_key_is_not_silent(cast: factories.Cast, token: str, now: dt.datetime) -> None:
    agent = Agent.objects.get()
    Agent.objects.update(created_at=now - 9 * DAY, enrolled_at=now - 9 * DAY)
    assert silent_at(now) == ["Head office"]
    fleet.add_agent(account_id=cast.northwind.pk, name="Waits to enrol", actor=None, now=now - 9 * DAY)
    Token.objects.update(revoked_at=now)
    assert silent_at(now) == []
    Token.objects.update(revoked_at=None)
    fleet.revoke_agent(agent=agent, actor=None)
    assert silent_at(now) == []


def test_a_silence_is_noticed_and_ended_once(cast: factories.Cast, token: str, now: dt.datetime) -> None:
    agent = Agent.objects.get()
    heard(agent, now - 2 * DAY)
    Agent.objects.update(created_at=now - 9 * DAY, enrolled_at=now - 9 * DAY)
    (found,) = agents.newly_silent_for_system(now)
    silence = agents.begin_silence(agent=found, since=found.heard_at, now=now)
    assert silence is not None and silence.since == now - 2 * DAY
    assert agents.begin_silence(agent=found, since=now, now=now) is None
    assert not agents.newly_silent_for_system(now) and not agents.ended_for_system(now)
    heard(agent, now)
    assert [row.pk for row in agents.ended_for_system(now)] == [silence.pk]
    assert agents.end_silence(silence=silence, now=now) is True
    assert agents.end_silence(silence=silence, now=now) is False
