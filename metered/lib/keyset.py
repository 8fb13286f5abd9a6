"""Keyset paging: page 200 costs what page 1 costs, and rows that come and go move nothing.

A place in a list is written as ``<sort value>~<the row's name>``; it names nothing that the viewer could
not see anyway, and a place that can't be read is the beginning.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet, Subquery

PAGE = 50


@dataclass(frozen=True)
class Order:
    """How a list is sorted: by `field` (never null), then by `tie` in the same direction.

    `name` is what a place calls its row by. Where it is not the tie itself, it is the model's own field.
    """

    field: str
    descending: bool = False
    read: Callable[[str], Any] = str
    write: Callable[[Any], str] = str
    tie: str = "id"
    name: str = "public_id"

    def by(self, backwards: bool) -> tuple[str, str]:
        sign = "-" if self.descending is not backwards else ""
        return f"{sign}{self.field}", f"{sign}{self.tie}"


@dataclass(frozen=True)
class Page:
    """Some rows of a list. `newer` and `older` are places to ask for next, empty at an end."""

    rows: list[dict[str, Any]]
    newer: str = ""
    older: str = ""


def by_time(field: str, *, descending: bool = True, tie: str = "id", name: str = "public_id") -> Order:
    return Order(field, descending, _moment, lambda value: value.isoformat(), tie, name)


def page(
    rows: QuerySet[Any, Any], order: Order, *, after: str = "", before: str = "", size: int = PAGE
) -> Page:
    """The `size` rows behind the place `after`, or in front of `before`, or the first ones.

    `rows` are values() with the order's field and name among them. One query.
    """
    backwards = bool(before)
    place = _place(before or after, order)
    if place is not None:
        value, name = place
        rows = rows.filter(_beyond(rows, order, value, name, backwards))
    found = list(rows.order_by(*order.by(backwards))[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    has_newer = (more if backwards else place is not None) and bool(found)
    has_older = (place is not None if backwards else more) and bool(found)
    return Page(
        rows=found,
        newer=_write(found[0], order) if has_newer else "",
        older=_write(found[-1], order) if has_older else "",
    )


def links(newer: str, older: str, kept: Mapping[str, str] | None = None) -> dict[str, str]:
    """Two places as the URLs that components/pager.html takes; `kept` is what the list is narrowed to."""
    asked = {name: value for name, value in (kept or {}).items() if value}
    return {
        "newer": f"?{urlencode({**asked, 'before': newer})}" if newer else "",
        "older": f"?{urlencode({**asked, 'after': older})}" if older else "",
    }


def _beyond(rows: QuerySet[Any, Any], order: Order, value: Any, name: str, backwards: bool) -> Q:
    step = "lt" if order.descending is not backwards else "gt"
    identity: Any = name
    if order.tie != order.name:
        identity = Subquery(rows.model._default_manager.filter(**{order.name: name}).values(order.tie))
    # The first condition lets the index begin at the place; the second settles equal values.
    return Q(**{f"{order.field}__{step}e": value}) & (
        Q(**{f"{order.field}__{step}": value}) | Q(**{f"{order.tie}__{step}": identity})
    )


def _place(text: str, order: Order) -> tuple[Any, str] | None:
    value, sign, name = text.rpartition("~")
    if not sign or not name.replace("-", "").isalnum() or "\x00" in value:
        return None
    try:
        return order.read(value), name
    except (ValueError, OverflowError):
        return None


def _write(row: dict[str, Any], order: Order) -> str:
    return f"{order.write(row[order.field])}~{row[order.name]}"


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a place in time needs its zone")
    # Beyond the calendar in UTC this overflows: the database could not compare with it.
    return moment.astimezone(dt.UTC)
