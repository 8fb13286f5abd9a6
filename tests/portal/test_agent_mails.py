"""Owners are told once when an agent falls silent and once when it is back; its devices are told with it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from metered.accounts.models import MailChoice
from metered.fleet import actions as fleet
from metered.fleet.models import Agent, Device, Token
from metered.notify.actions import send_due
from metered.notify.models import Message
from metered.portal.actions import tell_of_agents, tell_of_silent_devices
from metered.reads.models import AgentSilence, AgentState, DeviceState
from tests import factories
from tests.threads import at_once, fine

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

pytestmark = pytest.mark.django_db


def scene(devices: int = 2, *, heard: dt.datetime = NOON - 2 * DAY) -> factories.Cast:
    """Northwind's agent and the devices behind it, all last heard of at `heard`."""
    cast = factories.cast()
    factories.agent_token(cast.northwind)
    agent = Agent.objects.get()
    Agent.objects.update(created_at=NOON - 90 * DAY, enrolled_at=NOON - 90 * DAY)
    AgentState.objects.create(agent=agent, account=cast.northwind, received_at=heard, version="1.0.0")
    for number in range(devices):
        device = factories.device(cast.main_st, name=f"Desk {number}", path="agent")
        DeviceState.objects.create(
            device=device, account=cast.northwind, received_at=heard, agent=agent, agent_at=heard
        )
    return cast


def mails() -> list[tuple[str, str]]:
    send_due()
    return list(Message.objects.order_by("pk").values_list("email", "template"))


def test_the_owners_are_told_once_of_a_silence() -> None:
    scene()
    assert tell_of_agents(now=NOON) == 1
    assert tell_of_agents(now=NOON) == 0
    assert tell_of_agents(now=NOON + 3 * DAY) == 0
    assert mails() == [("ana@example.com", "agent_silent")]
    mail = Message.objects.get()
    assert "Head office" in mail.subject and "2 devices" in mail.text and "/agents/" in mail.text
    assert "not been heard of for 24 hours" in mail.text


def test_and_once_when_it_is_back_and_again_of_the_next_silence() -> None:
    scene()
    tell_of_agents(now=NOON)
    AgentState.objects.update(received_at=NOON + DAY)
    assert tell_of_agents(now=NOON + DAY) == 1
    assert tell_of_agents(now=NOON + DAY) == 0
    assert mails()[-1] == ("ana@example.com", "agent_back")
    assert "reports again" in Message.objects.get(template="agent_back").subject
    assert tell_of_agents(now=NOON + 3 * DAY) == 1
    assert [template for _, template in mails()] == ["agent_silent", "agent_back", "agent_silent"]
    assert AgentSilence.objects.filter(ended_at=None).count() == 1


def test_the_setting_says_after_how_long(settings: Any) -> None:
    scene(heard=NOON - dt.timedelta(hours=5))
    assert tell_of_agents(now=NOON) == 0
    settings.AGENT_SILENT_AFTER = dt.timedelta(hours=4)
    assert tell_of_agents(now=NOON) == 1
    mails()
    assert "for 4 hours" in Message.objects.get().text


def test_one_that_never_reported_is_told_as_that() -> None:
    scene(devices=0)
    AgentState.objects.all().delete()
    assert tell_of_agents(now=NOON) == 1
    mails()
    text = Message.objects.get().text
    assert "never reported" in text and "devices" not in text.split("\n\n")[1]


def test_owners_of_the_whole_account_are_told_and_nobody_else() -> None:
    cast = scene()
    factories.member(cast.northwind, factories.user("part@example.com"), "owner", cast.main_st)
    factories.member(cast.northwind, factories.user("zoe@example.com"), "owner")
    assert tell_of_agents(now=NOON) == 2
    assert {email for email, _ in mails()} == {"ana@example.com", "zoe@example.com"}


def test_who_wants_no_mails_of_devices_gets_none() -> None:
    cast = scene()
    MailChoice.objects.create(user=cast.ana, kind="devices", how="off")
    assert tell_of_agents(now=NOON) == 0
    assert AgentSilence.objects.count() == 1, "it is noticed all the same"


def test_an_agent_that_was_revoked_meanwhile_is_not_back() -> None:
    cast = scene()
    tell_of_agents(now=NOON)
    fleet.revoke_agent(agent=Agent.objects.get(), actor=cast.ana, now=NOON)
    assert tell_of_agents(now=NOON + DAY) == 0
    assert AgentSilence.objects.get().ended_at is not None
    assert not Message.objects.filter(template="agent_back").exists()


def test_one_that_was_locked_out_is_silent_no_more() -> None:
    scene()
    Token.objects.update(revoked_at=NOON)
    assert tell_of_agents(now=NOON) == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_once() -> None:
    scene()
    told = fine(at_once(4, lambda _: tell_of_agents(now=NOON)))
    assert sum(told) == 1
    assert Message.objects.count() == AgentSilence.objects.count() == 1


# --- the devices behind it ----------------------------------------------------------------------------


def test_devices_behind_a_silent_agent_are_not_told_one_by_one() -> None:
    cast = scene(heard=NOON - 8 * DAY)
    alone = factories.device(cast.main_st, name="Alone", path="direct")
    DeviceState.objects.create(
        device=alone, account=cast.northwind, received_at=NOON - 8 * DAY, direct_at=NOON - 8 * DAY
    )
    # Ana, and Ben who orders for Main St.
    assert tell_of_silent_devices(now=NOON) == 2
    mails()
    for mail in Message.objects.all():
        assert "Alone" in mail.subject and "Desk" not in mail.text


def test_one_that_last_reported_by_itself_is_no_matter_of_the_agent() -> None:
    scene(devices=1, heard=NOON - 9 * DAY)
    DeviceState.objects.update(direct_at=NOON - 8 * DAY, received_at=NOON - 8 * DAY)
    assert tell_of_silent_devices(now=NOON) == 2


def test_behind_an_agent_that_is_well_a_silent_device_is_its_own_matter() -> None:
    scene(devices=1, heard=NOON - 8 * DAY)
    AgentState.objects.update(received_at=NOON)
    assert tell_of_silent_devices(now=NOON) == 2


def test_what_did_not_come_back_with_the_agent_is_told_a_day_later() -> None:
    cast = scene(heard=NOON - 12 * DAY)
    tell_of_agents(now=NOON - 11 * DAY)
    assert tell_of_silent_devices(now=NOON) == 0
    back = NOON + dt.timedelta(hours=3)
    AgentState.objects.update(received_at=back)
    tell_of_agents(now=back)
    returned = Device.objects.get(name="Desk 0")
    DeviceState.objects.filter(device=returned).update(received_at=back + DAY / 24, agent_at=back + DAY / 24)
    AgentState.objects.update(received_at=back + 3 * DAY)
    told = [tell_of_silent_devices(now=NOON + step * DAY) for step in range(4)]
    assert told == [0, 0, 2, 0]
    mails()
    for mail in Message.objects.filter(template="device_silent"):
        assert "Desk 1" in mail.subject
    assert cast.ana.email in {email for email, template in mails() if template == "device_silent"}
