"""The demo's device agents: one is well, one fell silent, one has refused reports, one is old."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F, Q

from metered.accounts.models import Account, User
from metered.fleet.actions import add_agent, issue_token, make_code
from metered.fleet.models import Agent
from metered.portal.actions import tell_of_agents
from metered.portal.demo.customers import MAPLE, NORTHWIND, RHEINTAL
from metered.reads.models import AgentState, DeviceState

SILENT = "Lakeshore nurse station PC"
BOTH = "Radiology"
"""A device that reports by itself and is read by an agent too."""


def write(now: dt.datetime) -> None:
    """What each agent says, the devices behind it, and the mail about the silent one."""
    _who_reported()
    hour = dt.timedelta(hours=1)
    well = Agent.objects.get(account__number=NORTHWIND.number, name=NORTHWIND.agent)
    _state(well, "ROC-PRINT01", now - hour / 3, version="1.0.0", silent=0)
    quiet = add_agent(account_id=well.account_id, name=SILENT, actor=None)
    triage = DeviceState.objects.get(device__name="Emergency triage", account=well.account_id)
    triage.agent = quiet
    triage.save(update_fields=["agent"])
    _state(quiet, "LKS-NS2", triage.agent_at, version="1.0.0", silent=0)
    full = Agent.objects.get(account__number=RHEINTAL.number, name=RHEINTAL.agent)
    _state(
        full, "ESS-DRUCK", now - hour, version="0.0.9", silent=1,
        spooled=340, spool_oldest=(now - 31 * hour).isoformat(),
    )  # fmt: skip
    strangers = [("CNBRR31077", "unknown_serial"), ("PHBHJ04512", "unknown_serial"), (None, "missing_serial")]
    picky = Agent.objects.get(account__number=MAPLE.number, name=MAPLE.agent)
    refused = [{"serial": serial, "reason": reason} for serial, reason in strangers]
    _state(picky, "MRU-PS1", now - hour / 4, version="1.0.0", silent=2, refused=refused)
    _waits_to_enrol()
    tell_of_agents(now=now)


def _who_reported() -> None:
    """The histories know the way by which each device last reported."""
    for number, name in ((fact.number, fact.agent) for fact in (NORTHWIND, RHEINTAL, MAPLE)):
        agent = Agent.objects.get(account__number=number, name=name)
        mine = DeviceState.objects.filter(account=agent.account_id, received_at__isnull=False)
        mine.filter(device__path="direct").update(direct_at=F("received_at"))
        by_agent = Q(device__path="agent") | Q(device__name=BOTH, account__number=NORTHWIND.number)
        mine.filter(by_agent).update(agent=agent, agent_at=F("received_at"))


def _state(
    agent: Agent, host: str, at: dt.datetime | None, *, version: str, silent: int, **said: Any
) -> None:
    assert at is not None
    issue_token(agent=agent)
    since = at - dt.timedelta(days=200)
    Agent.objects.filter(pk=agent.pk).update(host=host, created_at=since, enrolled_at=since)
    devices = DeviceState.objects.filter(agent=agent).count() + silent
    status: dict[str, Any] = {
        "devices": devices,
        "silent": silent,
        "spooled": 0,
        "spool_oldest": None,
        "dropped": 0,
        "refused": [],
    }
    AgentState.objects.create(
        agent=agent, account_id=agent.account_id, received_at=at, version=version, instance="demo",
        status=status | said, status_at=at,
    )  # fmt: skip


def _waits_to_enrol() -> None:
    account = Account.objects.get(number=NORTHWIND.number)
    maria = User.objects.get(email="maria.alvarez@northwind.example")
    agent = add_agent(account_id=account.pk, name="Desert Ridge reception PC", actor=maria)
    make_code(agent=agent, actor=maria)
