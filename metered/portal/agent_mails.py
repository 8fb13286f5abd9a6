"""Mails about device agents: the owners are told once when one falls silent, and once when it is back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from metered.accounts.models import Account, MailKind, Role
from metered.accounts.queries import Recipient, recipients_for_system
from metered.fleet.models import Agent, Device
from metered.notify.actions import post
from metered.reads.agents import (
    begin_silence,
    behind,
    end_silence,
    ended_for_system,
    newly_silent_for_system,
)
from metered.reads.models import AgentSilence


def tell_of_agents(*, now: dt.datetime | None = None) -> int:
    """Notices agents that fell silent or came back, and mails their accounts' owners; returns how many mails
    are new.

    A silence is a row: whoever writes or ends it tells, so that running twice, or at two places, tells once.
    """
    now = now or timezone.now()
    told = sum(_fell_silent(agent, now) for agent in newly_silent_for_system(now))
    return told + sum(_is_over(silence, now) for silence in ended_for_system(now))


@transaction.atomic
def _fell_silent(agent: Any, now: dt.datetime) -> int:
    silence = begin_silence(agent=agent, since=agent.heard_at, now=now)
    if silence is None:
        return 0
    heard = getattr(agent, "state", None)
    values = {
        "agent_name": agent.name,
        "host": agent.host,
        "last_heard_at": heard.received_at.isoformat() if heard else None,
        "hours": int(settings.AGENT_SILENT_AFTER.total_seconds() // 3600),
        "device_count": _devices(agent),
        "agent_path": f"/agents/{agent.public_id}/",
    }
    return _post("agent_silent", silence, agent.account, values)


@transaction.atomic
def _is_over(silence: AgentSilence, now: dt.datetime) -> int:
    if not end_silence(silence=silence, now=now):
        return 0
    agent = silence.agent
    heard = getattr(agent, "state", None)
    # Revoked or locked out meanwhile: it is not back, nobody waits for it any more.
    if heard is None or heard.received_at <= silence.since:
        return 0
    values = {
        "agent_name": agent.name,
        "since_at": silence.since.isoformat(),
        "back_at": heard.received_at.isoformat(),
        "device_count": _devices(agent),
        "agent_path": f"/agents/{agent.public_id}/",
    }
    return _post("agent_back", silence, agent.account, values)


def _post(template: str, silence: AgentSilence, account: Account, values: dict[str, Any]) -> int:
    return post(
        event=f"{template}:{silence.pk}",
        to=_owners(account.pk),
        template=template,
        values=values | {"account_name": account.name},
    )


def _owners(account_id: int) -> list[Recipient]:
    """Agents are the whole account's: so are those who are told."""
    return recipients_for_system(
        account_id, address_id=None, roles=[Role.OWNER], kind=MailKind.DEVICES, whole=True
    )


def _devices(agent: Agent) -> int:
    """How many devices are heard of through it."""
    return Device.objects.filter(behind([agent.pk]), account_id=agent.account_id, removed_at=None).count()
