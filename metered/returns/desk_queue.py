"""The queues of the returns desk, and how a return is found in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.fleet.queries import supplies_named
from metered.returns import numbers
from metered.returns.models import Return, ReturnLine, ReturnState

ALL = "all"
TO_ANSWER = "answer"

Rows = QuerySet[Return]


@dataclass(frozen=True)
class Queue:
    label: Any
    rows: Q
    order: tuple[Any, ...]
    """What comes first is what has waited longest."""


_DAYS = F("pick_up_on").asc(nulls_first=True)
QUEUES = {
    TO_ANSWER: Queue(gettext_lazy("To answer"), Q(state=ReturnState.FILED), ("due_at", "pk")),
    "pallet": Queue(
        gettext_lazy("Pallets"),
        Q(pallet=True, state__in=[ReturnState.FILED, ReturnState.CONFIRMED]),
        (_DAYS, "due_at", "pk"),
    ),
    "pick-up": Queue(
        gettext_lazy("To be picked up"),
        Q(state=ReturnState.CONFIRMED, handed_over_at=None),
        (_DAYS, "decided_at", "pk"),
    ),
    "receive": Queue(gettext_lazy("To receive"), Q(state=ReturnState.CONFIRMED), ("decided_at", "pk")),
    "close": Queue(gettext_lazy("To close"), Q(state=ReturnState.RECEIVED), ("received_at", "pk")),
}


def chosen(request: HttpRequest) -> str:
    """The queue that is looked at: those to answer unless another is chosen; a search looks among all."""
    wanted = request.GET.get("queue", "")
    if wanted in QUEUES or wanted == ALL:
        return wanted
    return ALL if request.GET.get("q", "").strip() else TO_ANSWER


def order_of(request: HttpRequest) -> tuple[Any, ...]:
    """How the chosen queue is sorted."""
    queue = QUEUES.get(chosen(request))
    return queue.order if queue else ("-filed_at", "-pk")


class QueueFilter(admin.SimpleListFilter):
    title = gettext_lazy("what it waits for")
    parameter_name = "queue"

    def __init__(self, request: HttpRequest, *more: Any) -> None:
        self.chosen = chosen(request)
        super().__init__(request, *more)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((name, str(queue.label)) for name, queue in QUEUES.items()), (ALL, _("All"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for name, label in self.lookup_choices:
            yield {
                "selected": self.chosen == name,
                "query_string": changelist.get_query_string({self.parameter_name: name}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        queue = QUEUES.get(self.chosen)
        return queryset.filter(queue.rows) if queue else queryset


def wrong_number(typed: str) -> str:
    """Why what was typed is no RMA number, as a sentence; empty for one, and for what isn't meant as one."""
    digits = numbers.typed(typed)
    letters = "".join(filter(str.isalpha, typed)).upper()
    if len(digits) != numbers.LENGTH or letters not in ("", "RMA") or numbers.is_number(digits):
        return ""
    return _("%(number)s is not an RMA number: one digit is misheard.") % {"number": numbers.spoken(digits)}


def named(rows: Rows, typed: str) -> Rows | None:
    """The rows that a number names: an RMA number as it is read aloud, else a reorder number on them."""
    digits = numbers.typed(typed)
    if numbers.is_number(digits) and rows.filter(number=digits).exists():
        return rows.filter(number=digits)
    supplies = supplies_named(typed)
    if supplies:
        return rows.filter(pk__in=ReturnLine.objects.filter(supply__in=supplies).values("parent"))
    return None
