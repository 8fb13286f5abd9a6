"""How right the run-outs were that we told: counted in the database, whatever the fleet's size."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Aggregate, Count, F, FloatField, Q, QuerySet
from django.db.models.functions import Abs

from metered.replenishment.calibration import WITHIN, Accuracy
from metered.replenishment.models import RunOutTold, Source

MOST_MODELS = 50

JUDGED = (RunOutTold.Outcome.DRY, RunOutTold.Outcome.LATER, RunOutTold.Outcome.OPEN)
"""Counted once their last date is over. The others were changed with something left, or unseen."""


class Median(Aggregate):
    """The middle one, between the two middle ones of an even number; NULL of none."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the page."""

    name: str
    found: Accuracy


@dataclass(frozen=True, slots=True)
class Accuracies:
    """All together, by what the forecast stood on, and the printer models told of most."""

    all: Accuracy
    by_source: list[Line]
    by_model: list[Line]
    waiting: int
    """Told, and their last date is still to come."""


def accuracies(rows: QuerySet[RunOutTold], now: dt.datetime) -> Accuracies:
    """What became of these rows, in four queries.

    A row is judged when its last date is over, not before: else those that end early would come in first.
    """
    rows = rows.order_by()
    # Any: what is counted, and under which name, stands in `_counts`.
    judged: Any = rows.filter(outcome__in=JUDGED, until__lt=now)
    sources = {row["source"]: _accuracy(row) for row in judged.values("source").annotate(**_counts())}
    models = judged.values("slot__device__model__vendor", "slot__device__model__name").annotate(**_counts())
    return Accuracies(
        all=_accuracy(judged.aggregate(**_counts())),
        by_source=[
            Line(str(source.label), sources[source.value]) for source in Source if source.value in sources
        ],
        by_model=[
            Line(f"{row['slot__device__model__vendor']} {row['slot__device__model__name']}", _accuracy(row))
            for row in models.order_by("-total", "slot__device__model__name")[:MOST_MODELS]
        ],
        waiting=rows.filter(outcome__in=JUDGED, until__gte=now).count(),
    )


def _counts() -> dict[str, Any]:
    off = (F("q50") - F("days")) / F("days")
    soon = Q(days__lte=WITHIN)
    return {
        "total": Count("pk"),
        "before": Count("pk", filter=Q(days__lt=F("q10"))),
        "by": Count("pk", filter=Q(days__lte=F("q90"))),
        "bias": Median(off, filter=soon),
        "error": Median(Abs(off), filter=soon),
    }


def _accuracy(row: dict[str, Any]) -> Accuracy:
    return Accuracy(row["total"], row["before"], row["by"], row["bias"], row["error"])
