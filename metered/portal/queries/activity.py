"""The account's activity, newest first, and what its entries are about as far as that still exists."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from metered.accounts.access import Viewer
from metered.accounts.models import ActivityEntry, Address, Membership
from metered.fleet.models import Agent, Contract, Device
from metered.lib import keyset
from metered.orders.models import Order, OrderLine, Problem
from metered.portal.presentation.activity import KINDS, Known
from metered.returns.models import Leftover, Return
from metered.returns.numbers import spoken
from metered.stock.models import Pool

NEWEST_FIRST = keyset.by_time("at", name="id")
PEOPLE = 200
"""The filter offers at most so many people."""

PERIODS = {"week": 7, "month": 30, "quarter": 91, "year": 365}


@dataclass(frozen=True)
class Wanted:
    """What the activity is narrowed to; every part may be empty."""

    person: str = ""
    """A user's public id; `portal`: done by no person."""
    kind: str = ""
    period: str = ""

    def __bool__(self) -> bool:
        return bool(self.person or self.kind or self.period)


def activity(
    viewer: Viewer, wanted: Wanted, now: dt.datetime, *, after: str = "", before: str = ""
) -> keyset.Page:
    rows: QuerySet[ActivityEntry] = ActivityEntry.objects.visible_to(viewer)
    if wanted.person == "portal":
        rows = rows.filter(actor=None)
    elif wanted.person:
        rows = rows.filter(actor__public_id=wanted.person)
    if wanted.kind in KINDS:
        rows = rows.filter(kind__in=KINDS[wanted.kind])
    elif wanted.kind:
        rows = rows.exclude(kind__in=[kind for kinds in KINDS.values() for kind in kinds])
    if wanted.period in PERIODS:
        rows = rows.filter(at__gte=now - dt.timedelta(days=PERIODS[wanted.period]))
    values = rows.values("id", "at", "actor_id", "actor_name", "verb", "kind", "public_id", "before", "after")
    return keyset.page(values, NEWEST_FIRST, after=_readable(after), before=_readable(before))


def _readable(place: str) -> str:
    """An entry is called by its number; a place that calls it otherwise is the beginning."""
    name = place.rpartition("~")[2]
    return place if name.isascii() and name.isdecimal() and len(name) < 18 else ""


def actors(viewer: Viewer) -> list[tuple[str, str]]:
    """Everybody who did something for the account: public id and name, by name."""
    rows = ActivityEntry.objects.visible_to(viewer).filter(actor__isnull=False)
    found = rows.order_by().values_list("actor__public_id", "actor__name", "actor__email").distinct()
    return sorted(
        ((public_id, name or email) for public_id, name, email in found[:PEOPLE]), key=lambda p: p[1]
    )


def known(viewer: Viewer, rows: Iterable[Mapping[str, Any]]) -> dict[str, Known]:
    """What the entries are about, by public id; what is gone is missing. A query per kind."""
    ids: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        ids[row["kind"]].add(row["public_id"])
    found: dict[str, Known] = {}
    for device in (
        Device.objects.visible_to(viewer)
        .filter(public_id__in=ids["device"] | ids["token"])
        .select_related("model")
    ):
        found[device.public_id] = Known(device.label, reverse("device", args=[device.public_id]))
    lines = OrderLine.objects.visible_to(viewer).filter(public_id__in=ids["order line"])
    for line_id, number, order_id in lines.values_list("public_id", "order__number", "order__public_id"):
        found[line_id] = Known(number, reverse("order", args=[order_id]))
    for order_id, number in (
        Order.objects.visible_to(viewer).filter(public_id__in=ids["order"]).values_list("public_id", "number")
    ):
        found[order_id] = Known(number, reverse("order", args=[order_id]))
    problems = Problem.objects.visible_to(viewer).filter(public_id__in=ids["problem"])
    for problem_id, number, order_id in problems.values_list(
        "public_id", "line__order__number", "line__order__public_id"
    ):
        found[problem_id] = Known(number, reverse("order", args=[order_id]))
    pools = Pool.objects.visible_to(viewer).filter(public_id__in=ids["stock"])
    for pool_id, supply, place in pools.values_list("public_id", "supply__name", "address__name"):
        found[pool_id] = Known(f"{supply}, {place}", reverse("stock_ledger", args=[pool_id]))
    members = Membership.objects.visible_to(viewer).filter(public_id__in=ids["member"])
    for member_id, name, email in members.values_list("public_id", "user__name", "user__email"):
        found[member_id] = Known(name or email, reverse("person", args=[member_id]))
    for place_id, name in (
        Address.objects.visible_to(viewer)
        .filter(public_id__in=ids["address"] | ids["stock"])
        .values_list("public_id", "name")
    ):
        page = "stock_at" if place_id in ids["stock"] - ids["address"] else "address"
        found[place_id] = Known(name, _page(page, place_id))
    found |= _named(viewer, ids)
    found |= _returned(viewer, ids)
    return found


def _returned(viewer: Viewer, ids: Mapping[str, set[str]]) -> dict[str, Known]:
    """Returns by their number, before they have one by their address; leftovers by their supply."""
    returns = Return.objects.visible_to(viewer).filter(public_id__in=ids.get("return", set()))
    known = {
        public_id: Known(
            spoken(number)
            if number
            else _("from %(address)s") % {"address": place or _("an address not known")},
            reverse("return", args=[public_id]),
        )
        for public_id, number, place in returns.values_list("public_id", "number", "address__name")
    }
    left = Leftover.objects.visible_to(viewer).filter(public_id__in=ids.get("leftover", set()))
    return known | {
        public_id: Known(f"{supply}, {place}", reverse("returns"))
        for public_id, supply, place in left.values_list("public_id", "pool__supply__name", "address__name")
    }


def _named(viewer: Viewer, ids: Mapping[str, set[str]]) -> dict[str, Known]:
    """Contracts, which have no page of their own, and device agents."""
    contracts = Contract.objects.visible_to(viewer).filter(public_id__in=ids.get("contract", set()))
    agents = Agent.objects.visible_to(viewer).filter(
        Q(public_id__in=ids.get("agent", set())) | Q(public_id__in=ids.get("token", set()))
    )
    known = {public_id: Known(number) for public_id, number in contracts.values_list("public_id", "number")}
    return known | {
        public_id: Known(name, reverse("agent", args=[public_id]))
        for public_id, name in agents.values_list("public_id", "name")
    }


def _page(name: str, public_id: str) -> str:
    """The thing's page, where the portal has one."""
    try:
        return reverse(name, args=[public_id])
    except NoReverseMatch:
        return ""
