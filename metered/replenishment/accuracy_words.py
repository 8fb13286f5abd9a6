"""The accuracy page's tables in words. Figures in, text out; no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from metered.replenishment.accuracy import Accuracies, Line
from metered.replenishment.calibration import GIVE, GOAL, Accuracy


@dataclass(frozen=True, slots=True)
class Row:
    """`cells`: text by the column's head; `tone`: a class of the admin's tags."""

    name: str
    cells: list[tuple[str, str]]
    verdict: str
    tone: str


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    heads: list[str]
    rows: list[Row]


def tables(found: Accuracies) -> list[Table]:
    """By what the forecasts stood on, with the sum below; by printer model."""
    together = Line(_("All together"), found.all)
    return [
        _table(_("What the forecast stood on"), [*found.by_source, together]),
        _table(_("Printer model"), found.by_model),
    ]


def goal() -> str:
    return f"{number_format(GOAL, 0)} ± {number_format(GIVE, 0)}%"


def _table(title: str, lines: Sequence[Line]) -> Table:
    rows = [Row(line.name, _cells(line.found), *_judged(line.found)) for line in lines]
    return Table(title, [head for head, _text in rows[0].cells] if rows else [], rows)


def _cells(found: Accuracy) -> list[tuple[str, str]]:
    return [
        (_("Cartridges"), number_format(found.total, 0, force_grouping=True)),
        (_("Empty before the first date"), _percent(found.before_percent)),
        (_("Empty by the last date"), _percent(found.by_percent)),
        (_("Between the two"), _percent(found.between_percent)),
        (_("Told too late by"), "–" if found.bias is None else _percent(100 * found.bias, sign=True)),
        (_("Off by"), "–" if found.error is None else _percent(100 * found.error)),
    ]


def _percent(value: float, *, sign: bool = False) -> str:
    shown = number_format(abs(value), 1)
    mark = "" if not sign or round(value, 1) == 0 else "+" if value > 0 else "−"
    return f"{mark}{shown}%"


def _judged(found: Accuracy) -> tuple[str, str]:
    return {
        "too few": (_("too few to judge"), ""),
        "good": (_("as it should be"), "good"),
        "too narrow": (_("surer than it may be"), "bad"),
        "too wide": (_("less sure than it could be"), "warn"),
    }[found.verdict]
