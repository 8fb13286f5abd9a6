"""Device agents as they are heard: what each last said of itself, and when one is silent."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from metered.fleet.models import Agent, Token
from metered.reads import wire
from metered.reads.models import AgentSilence, AgentState
from metered.reads.sender import Sender

REFUSED_MOST = 100
"""So many refused items of an agent are kept; it says no more."""
_WORD = 64

# What it said of itself stands until it says something else, or is another version.
_CONTACT = """
INSERT INTO reads_agentstate AS state
    (agent_id, account_id, received_at, version, instance, status, status_at)
VALUES (%(agent)s, %(account)s, %(at)s, %(version)s, %(instance)s, %(status)s, %(status_at)s)
ON CONFLICT (agent_id) DO UPDATE SET
    received_at = greatest(state.received_at, excluded.received_at),
    version = excluded.version, instance = excluded.instance,
    status = CASE WHEN excluded.status_at IS NULL AND excluded.version = state.version
        THEN state.status ELSE excluded.status END,
    status_at = CASE WHEN excluded.status_at IS NULL AND excluded.version = state.version
        THEN state.status_at ELSE excluded.status_at END
"""


def note_contact(sender: Sender, agent: wire.Sender, at: dt.datetime) -> None:
    """Writes down that an agent was heard, and what it said of itself, in the batch's own transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CONTACT,
            {
                "agent": sender.agent_id,
                "account": sender.account_id,
                "at": at,
                "version": agent.version,
                "instance": agent.instance,
                "status": msgspec.json.encode(_bounded(agent.status)).decode() if agent.status else None,
                "status_at": at if agent.status else None,
            },
        )


def _bounded(status: wire.Status) -> wire.Status:
    """No more than is shown: a long list or serial is no reason to refuse the reports beside it."""
    if status.refused:
        kept = [
            wire.SetAside(item.reason, item.serial[:_WORD] if item.serial else None)
            for item in status.refused[:REFUSED_MOST]
        ]
        return msgspec.structs.replace(status, refused=kept)
    return status


def reporting_agents_for_system() -> QuerySet[Any]:
    """The agents that hold a good key, with `heard_at`: the last contact, or since when they may report."""
    key = Token.objects.filter(agent=OuterRef("pk"), revoked_at=None)
    rows = Agent.objects.filter(Exists(key), revoked_at=None)
    # PostgreSQL's greatest leaves out what is not known.
    found: QuerySet[Any] = rows.annotate(heard_at=Greatest("state__received_at", "enrolled_at", "created_at"))
    return found


def silent_agents_for_system(now: dt.datetime) -> QuerySet[Any]:
    """Those of them that were not heard of for METERED_AGENT_SILENT_AFTER."""
    return reporting_agents_for_system().filter(heard_at__lte=now - settings.AGENT_SILENT_AFTER)


def newly_silent_for_system(now: dt.datetime) -> QuerySet[Any]:
    """The silent agents whose silence was not noticed yet."""
    noticed = AgentSilence.objects.filter(agent=OuterRef("pk"), ended_at=None)
    return silent_agents_for_system(now).exclude(Exists(noticed)).select_related("account").order_by("pk")


def ended_for_system(now: dt.datetime) -> QuerySet[AgentSilence]:
    """The noticed silences that are over: the agent was heard of again, or does not report any more."""
    rows: QuerySet[AgentSilence] = AgentSilence.objects.filter(ended_at=None)
    over = rows.exclude(agent__in=silent_agents_for_system(now).values("pk"))
    return over.select_related("agent__account", "agent__state").order_by("pk")


def begin_silence(*, agent: Agent, since: dt.datetime, now: dt.datetime) -> AgentSilence | None:
    """Notes that the agent is silent; None when somebody noted it meanwhile."""
    try:
        with transaction.atomic():
            made: AgentSilence = AgentSilence.objects.create(
                account_id=agent.account_id, agent=agent, since=since, noticed_at=now
            )
            return made
    except IntegrityError:
        return None


def end_silence(*, silence: AgentSilence, now: dt.datetime) -> bool:
    """Notes that it is over; False when somebody noted it meanwhile."""
    return AgentSilence.objects.filter(pk=silence.pk, ended_at=None).update(ended_at=now) == 1


def behind(agents: Any) -> Q:
    """The condition on Device: what it last said came through one of these agents (ids, or a query)."""
    last_by_agent = Q(state__direct_at=None) | Q(state__direct_at__lte=F("state__agent_at"))
    return Q(state__agent__in=agents) & last_by_agent


def behind_silent(now: dt.datetime) -> Q:
    """The condition on Device: a silent agent explains that it is not heard of."""
    return behind(silent_agents_for_system(now).values("pk"))


def behind_returned(since: dt.datetime, until: dt.datetime) -> Q:
    """The condition on Device: the agent that read it last was silent, and came back in that time."""
    came_back = AgentSilence.objects.filter(
        agent=OuterRef("state__agent"), ended_at__gt=since, ended_at__lte=until
    )
    return Q(Exists(came_back))


__all__ = [
    "AgentState",
    "begin_silence",
    "behind",
    "behind_returned",
    "behind_silent",
    "end_silence",
    "ended_for_system",
    "newly_silent_for_system",
    "note_contact",
    "reporting_agents_for_system",
    "silent_agents_for_system",
]
