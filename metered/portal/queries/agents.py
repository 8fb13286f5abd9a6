"""Device agents as pages show them. They are the whole account's: a viewer limited to addresses sees none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest, Lower

from metered.accounts.access import Viewer
from metered.fleet.models import Agent, EnrolmentCode, Token
from metered.lib import keyset
from metered.portal.presentation.agents import is_silent
from metered.portal.queries.devices import LONG_AGO
from metered.portal.queries.devices_in_use import in_use
from metered.reads.agents import behind, silent_agents_for_system
from metered.reads.models import AgentSilence
from metered.reads.queries import LatestLevels

BY_NAME = keyset.Order("called")
BY_CONTACT = keyset.by_time("heard", descending=False)
NAMED = (
    "id", "public_id", "name", "host", "created_at", "enrolled_at", "revoked_at", "has_key", "heard_at",
    "state__received_at", "state__version", "state__status", "state__status_at",
)  # fmt: skip


def _agents(viewer: Viewer) -> QuerySet[Agent]:
    """The viewer's agents, with whether each holds a good key, and `heard_at` as reads.agents counts it."""
    key = Token.objects.filter(agent=OuterRef("pk"), revoked_at=None)
    rows: QuerySet[Agent] = Agent.objects.visible_to(viewer)
    return rows.annotate(
        has_key=Exists(key), heard_at=Greatest("state__received_at", "enrolled_at", "created_at")
    )


def page(viewer: Viewer, which: str, *, after: str, before: str) -> keyset.Page:
    """Agents by name, as presentation.agents.row wants them. `which`: "revoked" for those."""
    rows = _agents(viewer).filter(revoked_at__isnull=which != "revoked").annotate(called=Lower("name"))
    found = keyset.page(rows.values(*NAMED, "called"), BY_NAME, after=after, before=before)
    _count_devices(viewer, found.rows)
    return found


def any_revoked(viewer: Viewer) -> bool:
    return Agent.objects.visible_to(viewer).filter(revoked_at__isnull=False).exists()


def all_in_use(viewer: Viewer) -> list[dict[str, Any]]:
    """Every agent that was not revoked, to be weighed together."""
    rows: QuerySet[Any, Any] = _agents(viewer).filter(revoked_at=None).order_by("name", "id")
    return list(rows.values(*NAMED))


def one(viewer: Viewer, public_id: str) -> dict[str, Any] | None:
    """One agent with its devices counted, its last code and its last silence; None for one that isn't."""
    rows: QuerySet[Any, Any] = _agents(viewer).filter(public_id=public_id)
    found: dict[str, Any] | None = rows.values(*NAMED).first()
    if found is None:
        return None
    _count_devices(viewer, [found])
    found["code"] = code(viewer, public_id)
    silences: QuerySet[Any, Any] = AgentSilence.objects.visible_to(viewer).filter(agent_id=found["id"])
    found["silence"] = silences.exclude(ended_at=None).order_by("-since").values("since", "ended_at").first()
    return found


def agent(viewer: Viewer, public_id: str) -> Agent | None:
    found: Agent | None = Agent.objects.visible_to(viewer).filter(public_id=public_id).first()
    return found


def code(viewer: Viewer, public_id: str) -> dict[str, Any] | None:
    """The last code that was made for the agent: until when it holds, and whether it was used."""
    rows: QuerySet[Any, Any] = EnrolmentCode.objects.visible_to(viewer).filter(agent__public_id=public_id)
    found: dict[str, Any] | None = (
        rows.order_by("-created_at", "-id")
        .values("created_at", "expires_at", "used_at", "withdrawn_at", "agent__host")
        .first()
    )
    return found


def devices(viewer: Viewer, agent_id: int, *, after: str, before: str) -> keyset.Page:
    """The devices that the agent reported last, the longest unheard first."""
    rows: QuerySet[Any, Any] = (
        in_use(viewer)
        .filter(state__agent=agent_id)
        .annotate(heard=Coalesce("state__received_at", Value(LONG_AGO)))
        .values(
            "id", "public_id", "name", "place", "serial", "path", "installed_on", "model__name",
            "address__name", "state__received_at", "state__agent_at", "state__direct_at", "heard",
        )
    )  # fmt: skip
    return keyset.page(rows, BY_CONTACT, after=after, before=before)


def _count_devices(viewer: Viewer, rows: Iterable[dict[str, Any]]) -> None:
    counted = dict(
        in_use(viewer)
        .filter(state__agent__in=[row["id"] for row in rows])
        .values_list("state__agent")
        .annotate(n=Count("id"))
        .order_by()
    )
    for row in rows:
        row["devices"] = counted.get(row["id"], 0)


@dataclass(frozen=True)
class Silent:
    """A silent agent, as who may not see agents may hear of it too: then `public_id` and `name` are empty."""

    id: int
    public_id: str
    name: str
    since: dt.datetime
    ever: bool
    """Whether it was ever heard."""
    devices: int
    """How many of the viewer's devices it explains."""


def silent(viewer: Viewer, in_hand: Iterable[dict[str, Any]], now: dt.datetime) -> list[Silent]:
    """The silent agents of the account, the longest first. `in_hand`: all_in_use.

    Who is limited to addresses hears of those that their own devices are behind, without a name.
    """
    whole = viewer.address_ids is None
    rows = [row for row in in_hand if is_silent(row, now)]
    if not whole:
        ours = silent_agents_for_system(now).filter(account_id=viewer.account_id)
        rows = list(ours.values("id", "public_id", "name", "heard_at", "state__received_at"))
    if not rows:
        return []
    rows.sort(key=lambda row: (row["heard_at"], row["id"]))
    explained = in_use(viewer).filter(behind([row["id"] for row in rows])).exclude(path="manual")
    counted = dict(explained.values_list("state__agent").annotate(n=Count("id")).order_by())
    return [
        Silent(
            row["id"],
            row["public_id"] if whole else "",
            row["name"] if whole else "",
            row["heard_at"],
            row["state__received_at"] is not None,
            counted.get(row["id"], 0),
        )
        for row in rows
        if whole or counted.get(row["id"])
    ]


@dataclass(frozen=True)
class Reader:
    """The agent that reported a device last. Who may not see agents gets no name."""

    public_id: str
    name: str
    silent_since: dt.datetime | None
    """Set while the agent is silent and explains that the device is not heard of."""


def reader(viewer: Viewer, latest: LatestLevels | None, now: dt.datetime) -> Reader | None:
    """None for a device that no agent has reported yet, or whose agent is gone. `latest`: its last word."""
    if latest is None or latest.agent_id is None or latest.agent_at is None:
        return None
    row = Agent.objects.filter(pk=latest.agent_id, account_id=viewer.account_id).first()
    if row is None:
        return None
    since = None
    if latest.direct_at is None or latest.direct_at <= latest.agent_at:
        found = silent_agents_for_system(now).filter(pk=row.pk)
        since = found.values_list("heard_at", flat=True).first()
    whole = viewer.address_ids is None
    return Reader(row.public_id if whole else "", row.name if whole else "", since)
