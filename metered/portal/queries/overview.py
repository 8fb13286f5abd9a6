"""What the overview shows: what needs somebody, worst first, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Min, Q, QuerySet, Window

from metered.accounts.access import Viewer
from metered.fleet.models import Bulletin, Device
from metered.fleet.queries import published_bulletins_for_system
from metered.fleet.software import is_below
from metered.portal.queries import agents, stock
from metered.portal.queries.agents import Silent
from metered.portal.queries.devices_in_use import in_use, silent_since
from metered.portal.queries.refusals import last_attempt_refused
from metered.reads.agents import behind
from metered.reads.due import Summary, summary
from metered.reads.models import Read
from metered.returns.queries import left_over_at

EACH = 4
"""So many of a kind are named one by one; the rest is counted."""


@dataclass(frozen=True)
class Outdated:
    """Devices of one model that report by themselves, with software below their bulletin's minimum."""

    model: str
    count: int
    public_id: str
    name: str
    """Of one of them; the one when `count` is 1."""
    software: str
    minimum: str
    from_date: dt.date
    device_ids: frozenset[str]


@dataclass(frozen=True)
class Needs:
    refused: list[dict[str, Any]]
    """The last refused first: public_id, name, model__name, state__refused_reason, and the model's
    `bulletin` (None without one). They stand in no other list."""
    refused_count: int
    silent: list[dict[str, Any]]
    """The longest silent first: public_id, name, model__name, state__received_at, state__software, …"""
    silent_count: int
    outdated: list[Outdated]
    held: list[dict[str, Any]]
    held_count: int
    counts: list[dict[str, Any]]
    """Addresses that are asked to count their shelves, as queries.stock.asked gives them."""
    left_over: list[dict[str, Any]]
    """Addresses with unused supplies of removed devices, as returns.queries.left_over_at gives them."""
    reads_due: Summary
    """The reads that a person is to enter; none for who may not enter them."""
    silent_agents: list[Silent]
    """The longest silent first. The devices that they explain stand in no other list of silent ones."""
    agents: list[dict[str, Any]]
    """All agents in use, as queries.agents gives them; none for who is limited to addresses."""


def needs(viewer: Viewer, now: dt.datetime) -> Needs:
    """What a person can do something about."""
    bulletins = {row.model_id: row for row in published_bulletins_for_system(now)}
    in_hand = agents.all_in_use(viewer)
    silent_agents = agents.silent(viewer, in_hand, now)
    refused = _first(
        in_use(viewer)
        .filter(last_attempt_refused())
        .order_by("-state__refused_at", "id")
        .values("public_id", "name", "model_id", "model__name", "state__refused_reason")
    )
    silent = _first(
        in_use(viewer)
        .filter(silent_since(now, settings.SILENT_WARN_DAYS))
        .exclude(last_attempt_refused())
        .exclude(explained(silent_agents))
        .order_by(F("state__received_at").asc(nulls_last=True), "id")
        .values(
            "public_id", "name", "model_id", "model__name", "path", "installed_on",
            "state__received_at", "state__software",
        )
    )  # fmt: skip
    held = _first(
        Read.objects.visible_to(viewer)
        .filter(status=Read.Status.HELD, device__removed_at=None)
        .order_by("-taken_at", "-id")
        .values("device__public_id", "device__name", "device__model__name", "taken_at", "note")
    )
    return Needs(
        refused=[row | {"bulletin": bulletins.get(row["model_id"])} for row in refused],
        refused_count=_count(refused),
        silent=silent,
        silent_count=_count(silent),
        outdated=_outdated(viewer, bulletins),
        held=held,
        held_count=_count(held),
        counts=stock.asked(viewer),
        left_over=left_over_at(viewer),
        reads_due=summary(viewer, now, named=True) if viewer.may("report") else Summary(0, None),
        silent_agents=silent_agents,
        agents=in_hand,
    )


def explained(silent_agents: Sequence[Silent]) -> Q:
    """The condition on Device: that it is not heard of is told of its agent already."""
    return behind([agent.id for agent in silent_agents])


def _first(rows: QuerySet[Any, Any]) -> list[dict[str, Any]]:
    """The first `EACH`, and with each of them how many there are: one query instead of two."""
    return list(rows.annotate(in_all=Window(Count("id")))[:EACH])


def _count(rows: Sequence[dict[str, Any]]) -> int:
    return int(rows[0]["in_all"]) if rows else 0


def _outdated(viewer: Viewer, bulletins: Mapping[int, Bulletin]) -> list[Outdated]:
    if not bulletins:
        return []
    groups = (
        in_use(viewer)
        .filter(path=Device.Path.DIRECT, model_id__in=bulletins)
        .exclude(state__software=None)
        .exclude(last_attempt_refused())
        .values("model_id", "model__name", "state__software")
        .annotate(n=Count("id"), one=Min("public_id"), named=Min("name"))
        .order_by("model__name", "state__software")
    )
    found: dict[int, Outdated] = {}
    for group in groups:
        bulletin = bulletins[group["model_id"]]
        if not is_below(group["state__software"], bulletin.minimum_software):
            continue
        before = found.get(group["model_id"])
        found[group["model_id"]] = Outdated(
            model=group["model__name"],
            count=group["n"] + (before.count if before else 0),
            public_id=group["one"],
            name=group["named"],
            software=group["state__software"],
            minimum=bulletin.minimum_software,
            from_date=bulletin.from_date,
            device_ids=frozenset({group["one"]}),
        )
    return sorted(found.values(), key=lambda item: (item.from_date, item.model))


def known_devices(viewer: Viewer) -> tuple[int, int]:
    """How many devices the viewer may see, and how many of them have ever reported."""
    counted = in_use(viewer).aggregate(every=Count("id"), heard=Count("state__received_at"))
    return counted["every"], counted["heard"]
