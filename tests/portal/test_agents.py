"""The pages about device agents: how each is, in words, and what can be done."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metered.fleet import actions as fleet
from metered.fleet.models import Agent, Device, EnrolmentCode, Token
from metered.portal.presentation import agents as words
from metered.reads.models import AgentState, DeviceState
from tests import factories

pytestmark = pytest.mark.django_db
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


@pytest.fixture
def cast() -> factories.Cast:
    return factories.cast()


@pytest.fixture
def ana(cast: factories.Cast) -> Client:
    client = Client()
    client.force_login(cast.ana)
    return client


def agent(cast: factories.Cast, name: str = "Head office", *, ago: dt.timedelta = HOUR, **said: Any) -> Agent:
    factories.agent_token(cast.northwind, name)
    row = Agent.objects.get(account=cast.northwind, name=name)
    now = timezone.now()
    Agent.objects.filter(pk=row.pk).update(
        created_at=now - 90 * DAY, enrolled_at=now - 90 * DAY, host="PRINTSRV1"
    )
    AgentState.objects.create(
        agent=row, account=cast.northwind, received_at=now - ago, version=said.pop("version", "1.0.0"),
        status=said or None, status_at=now - ago if said else None,
    )  # fmt: skip
    return row


def behind(
    row: Agent, address: Any, name: str, *, ago: dt.timedelta = HOUR, direct: dt.timedelta | None = None
) -> Device:
    device = factories.device(address, name=name, path="agent")
    now = timezone.now()
    DeviceState.objects.create(
        device=device, account=row.account, agent=row, agent_at=now - ago,
        direct_at=now - direct if direct is not None else None,
        received_at=now - min(ago, direct if direct is not None else ago), observed_at=now - ago,
    )  # fmt: skip
    return device


def text(response: Any) -> str:
    assert response.status_code == 200, response
    plain = re.sub(r"<[^>]+>", " ", response.content.decode())
    return html.unescape(re.sub(r"\s+", " ", plain))


# --- the list ----------------------------------------------------------------------------------------


def test_without_an_agent_the_page_says_what_it_is_and_how_to_begin(
    cast: factories.Cast, ana: Client
) -> None:
    page = text(ana.get("/agents/"))
    assert "No device agent reads your printers yet" in page
    for word in ("Choose a computer", "Install the agent", "Enrol it", "never reads what is printed"):
        assert word in page
    assert "/agents/new/" in ana.get("/agents/").content.decode()
    vera = Client()
    vera.force_login(cast.vera)
    assert "/agents/new/" not in vera.get("/agents/").content.decode()
    assert "An owner of your account enrols agents" in text(vera.get("/agents/"))


def test_the_list_says_how_each_is(cast: factories.Cast, ana: Client) -> None:
    well = agent(cast, devices=57, silent=0, spooled=0, dropped=0, refused=[])
    agent(cast, "Branch", ago=3 * DAY)
    agent(cast, "Old", version="0.0.9")
    oldest = (timezone.now() - 2 * DAY).isoformat()
    agent(cast, "Full", spooled=1200, spool_oldest=oldest)
    agent(cast, "Picky", refused=[{"serial": "X1", "reason": "unknown_serial"}])
    fleet.add_agent(account_id=cast.northwind.pk, name="New", actor=cast.ana)
    behind(well, cast.main_st, "Desk")
    page = text(ana.get("/agents/"))
    assert "4 of your 6 device agents need a look" in page
    for word in (
        "Silent for 3 days", "Reporting, 1 hour ago", "0.0.9", "too old", "1,200, the oldest for 2 days",
        "Not enrolled yet", "Reports wait", "1 refused",
    ):  # fmt: skip
        assert word in page, word


def test_the_heading_answers_in_the_singular_too(cast: factories.Cast, ana: Client) -> None:
    row = agent(cast)
    assert "Your device agent is well" in text(ana.get("/agents/"))
    AgentState.objects.update(received_at=timezone.now() - 2 * DAY)
    assert "Your device agent needs a look" in text(ana.get("/agents/"))
    fleet.revoke_agent(agent=row, actor=cast.ana)
    assert "No device agent reads your printers yet" in text(ana.get("/agents/"))
    assert "Revoked on" in text(ana.get("/agents/?which=revoked"))


def test_many_agents_are_paged_with_as_many_queries(
    cast: factories.Cast, ana: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        agent(cast, f"Site {number:02d}", devices=number)
    ana.get("/agents/")
    with django_assert_max_num_queries(14):
        page = ana.get("/agents/")
    assert len(page.context["rows"]) == 50
    assert "Site 59" in text(ana.get(f"/agents/{page.context['older']}"))


# --- one agent ---------------------------------------------------------------------------------------


def test_a_page_says_what_it_says_of_itself_and_what_was_refused(cast: factories.Cast, ana: Client) -> None:
    refused = [
        {"serial": "STRANGE1", "reason": "unknown_serial"},
        {"serial": None, "reason": "missing_serial"},
        {"serial": "GONE1", "reason": "device_removed"},
        {"serial": "ODD1", "reason": "malformed_report"},
        {"serial": "NEWER1", "reason": "something_new"},
        *({"serial": f"M{n}", "reason": "unknown_serial"} for n in range(20)),
    ]
    row = agent(cast, devices=57, silent=2, spooled=0, dropped=7, refused=refused)
    behind(row, cast.main_st, "Desk", direct=2 * HOUR)
    response = ana.get(f"/agents/{row.public_id}/")
    page = text(response)
    for word in (
        "25 reports of Head office were refused", "PRINTSRV1", "Printers that it reads 57",
        "Of these do not answer 2", "Reports that it gave up 7", "nothing",
        "No device of yours has this serial number", "tells no serial number", "taken out of use",
        "contradicts itself", "We could not accept it", "and 5 more", "Desk",
        "by this agent 1 hour ago, by itself 2 hours ago", "1 device was last reported by it",
    ):  # fmt: skip
        assert word in page, word
    assert "/devices/add/?serial=STRANGE1" in response.content.decode()
    assert 'value="STRANGE1"' in ana.get("/devices/add/?serial=STRANGE1").content.decode()
    vera = Client()
    vera.force_login(cast.vera)
    seen = vera.get(f"/agents/{row.public_id}/").content.decode()
    assert "/devices/add/" not in seen and f"/agents/{row.public_id}/revoke/" not in seen


def test_a_silent_one_says_what_helps(cast: factories.Cast, ana: Client) -> None:
    row = agent(cast, ago=3 * DAY)
    page = text(ana.get(f"/agents/{row.public_id}/"))
    assert "Head office has been silent for 3 days" in page and "Is the computer PRINTSRV1 on?" in page
    AgentState.objects.all().delete()
    assert "has enrolled and never reported" in text(ana.get(f"/agents/{row.public_id}/"))


def test_one_whose_key_was_taken_back_can_enrol_again(cast: factories.Cast, ana: Client) -> None:
    row = agent(cast)
    Token.objects.update(revoked_at=timezone.now())
    page = text(ana.get(f"/agents/{row.public_id}/"))
    assert "its key was taken back" in page and "Make a new code" in page


# --- enrolling ---------------------------------------------------------------------------------------


def test_enrolling_shows_the_code_once_and_notices_when_it_was_used(
    cast: factories.Cast, ana: Client
) -> None:
    answer = ana.post("/agents/new/", {"name": "Warehouse"})
    page = text(answer)
    (code,) = set(CODE.findall(page))
    assert f"metered-agent enroll {code}" in page and "Good until" in page
    assert "no-store" in answer.headers["Cache-Control"]
    row = cast.northwind.agents.get()
    here = f"/agents/{row.public_id}/"
    assert not CODE.findall(text(ana.get(here))) and not CODE.findall(text(ana.get("/agents/")))

    def part() -> Any:
        return ana.get(here, headers={"HX-Request": "true"})

    assert 'hx-trigger="every 5s"' in part().content.decode()
    assert "Waiting for it to enrol" in text(part())
    fleet.enrol(code=code, host="PRINTSRV1")
    assert "hx-trigger" not in part().content.decode()
    assert "It has enrolled" in text(part()) and "on the computer PRINTSRV1" in text(part())
    assert "has enrolled and starts to report" in text(ana.get(here))


def test_a_code_that_ran_out_leads_to_a_new_one(cast: factories.Cast, ana: Client) -> None:
    ana.post("/agents/new/", {"name": "Warehouse"})
    row = cast.northwind.agents.get()
    EnrolmentCode.objects.update(expires_at=timezone.now())
    part = ana.get(f"/agents/{row.public_id}/", headers={"HX-Request": "true"})
    assert "There is no code to enrol with now" in text(part)
    assert f"/agents/{row.public_id}/code/" in part.content.decode()
    new = CODE.findall(text(ana.post(f"/agents/{row.public_id}/code/")))
    assert fleet.enrol(code=new[0], host="").agent == row


def test_sending_the_form_twice_is_one_agent_with_one_good_code(cast: factories.Cast, ana: Client) -> None:
    first = CODE.findall(text(ana.post("/agents/new/", {"name": "Warehouse"})))[0]
    second = CODE.findall(text(ana.post("/agents/new/", {"name": "Warehouse"})))[0]
    assert cast.northwind.agents.count() == 1 and first != second
    assert EnrolmentCode.objects.filter(used_at=None, withdrawn_at=None).count() == 1


@pytest.mark.parametrize("name", ["", " ", "x" * 81])
def test_a_name_that_is_none_keeps_what_was_typed(cast: factories.Cast, ana: Client, name: str) -> None:
    answer = ana.post("/agents/new/", {"name": name})
    assert "No code was made yet" in text(answer)
    assert not Agent.objects.exists()


def test_a_name_in_use_is_said_and_kept(cast: factories.Cast, ana: Client) -> None:
    agent(cast)
    answer = ana.post("/agents/new/", {"name": "Head office"})
    assert "There is an agent of this name already" in text(answer)
    assert 'value="Head office"' in answer.content.decode()
    other = fleet.add_agent(account_id=cast.northwind.pk, name="Branch", actor=None)
    answer = ana.post(f"/agents/{other.public_id}/rename/", {"name": "Head office"})
    assert "There is an agent of this name already" in text(answer)


def test_revoking_says_what_becomes_of_the_devices_first(cast: factories.Cast, ana: Client) -> None:
    row = agent(cast)
    behind(row, cast.main_st, "Desk 1")
    behind(row, cast.main_st, "Desk 2")
    page = text(ana.get(f"/agents/{row.public_id}/revoke/"))
    assert "The 2 devices that it reported stay yours" in page and "can't be undone" in page
    assert Agent.objects.get().revoked_at is None
    assert "is revoked" in text(ana.post(f"/agents/{row.public_id}/revoke/", follow=True))
    assert Agent.objects.get().revoked_at is not None
    assert not row.tokens.filter(revoked_at=None).exists()
    assert "Head office was revoked" in text(ana.get(f"/agents/{row.public_id}/"))
    message = ana.post(f"/agents/{row.public_id}/code/", follow=True)
    assert "This agent was revoked" in text(message)


# --- what other pages say ----------------------------------------------------------------------------


def test_the_overview_tells_of_the_agent_instead_of_each_device(cast: factories.Cast, ana: Client) -> None:
    row = agent(cast, ago=5 * DAY)
    for number in range(3):
        behind(row, cast.harbor_st, f"Desk {number}", ago=5 * DAY)
    behind(row, cast.main_st, "Lobby", ago=5 * DAY, direct=4 * DAY)
    page = text(ana.get("/"))
    assert "The device agent Head office has been silent for 5 days" in page
    assert "3 devices are heard of through it" in page
    assert "Desk 1" not in page
    assert "Lobby" in page, "it spoke by itself since: its silence is its own"
    AgentState.objects.update(received_at=timezone.now())
    page = text(ana.get("/"))
    assert "device agent Head office" not in page and "Desk 1" in page


def test_who_is_limited_hears_of_the_silence_without_the_agents_name(cast: factories.Cast) -> None:
    row = agent(cast, ago=5 * DAY)
    behind(row, cast.harbor_st, "Desk", ago=5 * DAY)
    ben = Client()
    ben.force_login(cast.ben)
    assert "silent" not in text(ben.get("/")), "nothing of theirs is behind it"
    device = behind(row, cast.main_st, "Hall", ago=5 * DAY)
    page = text(ben.get("/"))
    assert "The device agent that reads your printers has been silent for 5 days" in page
    assert "1 device is heard of through it" in page and "Head office" not in page
    page = text(ben.get(f"/devices/{device.public_id}/connection/"))
    assert "The device agent that reads it has been silent for 5 days" in page and "Head office" not in page
    assert ben.get("/agents/").status_code == 403


def test_the_overview_names_what_else_is_the_matter(cast: factories.Cast, ana: Client) -> None:
    agent(cast, version="0.0.9", refused=[{"serial": "X1", "reason": "unknown_serial"}])
    assert "Head office needs a newer version" in text(ana.get("/"))


def test_a_devices_connection_shows_both_ways_and_which_counts(cast: factories.Cast, ana: Client) -> None:
    row = agent(cast)
    device = behind(row, cast.main_st, "Desk", direct=2 * HOUR)
    page = text(ana.get(f"/devices/{device.public_id}/connection/"))
    for word in (
        "It reports by itself, and a device agent reads it too", "Head office, 1 hour ago",
        "By itself 2 hours ago", "levels and meters are taken from it",
    ):  # fmt: skip
        assert word in page, word
    assert f"/agents/{row.public_id}/" in ana.get(f"/devices/{device.public_id}/connection/").content.decode()


def test_a_silent_device_behind_a_silent_agent_is_explained_by_it(cast: factories.Cast, ana: Client) -> None:
    row = agent(cast, ago=5 * DAY)
    device = behind(row, cast.main_st, "Desk", ago=5 * DAY)
    page = text(ana.get(f"/devices/{device.public_id}/connection/"))
    assert "The device agent Head office that reads it has been silent for 5 days" in page
    assert page.index("Begin with the device agent") < page.index("Leave it switched on")
    assert "that reads it has been silent" in text(ana.get(f"/devices/{device.public_id}/"))


def test_its_own_reports_that_are_refused_do_not_matter_beside_an_agent(
    cast: factories.Cast, ana: Client
) -> None:
    row = agent(cast)
    device = behind(row, cast.main_st, "Desk")
    now = timezone.now()
    DeviceState.objects.update(refused_at=now, refused_reason="software_below_minimum", refused_count=3)
    here = f"/devices/{device.public_id}/connection/"
    assert "Desk reports as it should" in text(ana.get(here)) and "3 times so far" in text(ana.get(here))
    assert "Desk" not in text(ana.get("/devices/?state=refused"))
    DeviceState.objects.update(agent_at=now - 30 * HOUR, received_at=now - 30 * HOUR)
    assert "The last report of Desk was refused" in text(ana.get(here))
    assert "Desk" in text(ana.get("/devices/?state=refused"))


def test_staff_see_silent_agents_and_make_codes(cast: factories.Cast) -> None:
    sam = Client()
    sam.force_login(cast.sam)
    row = agent(cast, ago=3 * DAY, spooled=5, refused=[{"serial": "X1", "reason": "unknown_serial"}])
    agent(cast, "Well")
    assert "Silent device agents" in text(sam.get("/admin/"))
    page = text(sam.get("/admin/fleet/agent/?state=silent"))
    assert "Head office" in page and "Well" not in page and "X1 (unknown serial)" in page
    for state in ("refused", "waiting"):
        page = text(sam.get(f"/admin/fleet/agent/?state={state}"))
        assert "Head office" in page and "Well" not in page, state
    assert "spooled" in text(sam.get(f"/admin/fleet/agent/{row.pk}/change/"))
    said = text(sam.post(f"/admin/fleet/agent/{row.pk}/new-code/", {"go": "1"}, follow=True))
    assert fleet.enrol(code=CODE.findall(said)[0], host="").agent == row
    sam.post(f"/admin/fleet/agent/{row.pk}/revoke/", {"go": "1"})
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_the_activity_says_what_was_done_to_agents(cast: factories.Cast, ana: Client) -> None:
    code = CODE.findall(text(ana.post("/agents/new/", {"name": "Warehouse"})))[0]
    row = cast.northwind.agents.get()
    fleet.enrol(code=code, host="PRINTSRV1", version="1.0.0")
    ana.post(f"/agents/{row.public_id}/rename/", {"name": "Tower"})
    ana.post(f"/agents/{row.public_id}/revoke/")
    page = text(ana.get("/activity/"))
    for word in (
        "Ana named the new device agent Tower", "Ana made an enrolment code for the device agent Tower",
        "The device agent Tower enrolled", "PRINTSRV1", "Ana renamed the device agent Tower",
        "Ana revoked the device agent Tower",
    ):  # fmt: skip
        assert word in page, word


def test_a_reason_that_nobody_knows_yet_is_answered_all_the_same() -> None:
    item = words.refusal({"serial": "A&B/1", "reason": "new"}, may_order=True)
    assert item.serial == "A&B/1" and item.url == "/support/messages/new/"
    assert (
        words.refusal({"serial": "A&B/1", "reason": "unknown_serial"}, may_order=True).url == "/devices/add/"
    )
