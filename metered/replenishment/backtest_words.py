"""A backtest's result as a table of words. Figures in, text out; no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from metered.replenishment.backtest import IN_FORCE
from metered.replenishment.policy import Settings


@dataclass(frozen=True, slots=True)
class Row:
    """One setting, or what really happened: text by the column's head."""

    name: str
    cells: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Apart:
    """An address where another setting comes to something else."""

    address: int
    setting: str
    now: str
    then: str


def rows(result: Mapping[str, Any], trials: Mapping[str, Settings]) -> list[Row]:
    """What really happened, then each setting, the one in force first."""
    found = [Row(_("What really happened"), _cells(result["real"], real=True))]
    return found + [
        Row(name_of(key, trials), _cells(result["trials"][key])) for key in trials if key in result["trials"]
    ]


def apart(result: Mapping[str, Any], trials: Mapping[str, Settings]) -> list[Apart]:
    return [
        Apart(row["address"], name_of(row["key"], trials), _short(row["now"]), _short(row["then"]))
        for row in result["apart"]
    ]


def name_of(key: str, trials: Mapping[str, Settings]) -> str:
    """A setting by what is different about it."""
    dials = trials[key]
    if key == IN_FORCE:
        return _("As set: risk %(risk)s, joining %(join)s days, delivery %(lead)s days") % {
            "risk": _percent(dials.alpha), "join": dials.join_days, "lead": dials.lead_days,
        }  # fmt: skip
    if key.startswith("risk"):
        return _("Risk %(risk)s") % {"risk": _percent(dials.alpha)}
    if key.startswith("join"):
        return _("Joining %(join)s days") % {"join": dials.join_days}
    return _("Delivery reckoned with %(lead)s days") % {"lead": dials.lead_days}


def _percent(alpha: float) -> str:
    return f"{number_format(100 * alpha, 1)}%"


def _cells(tally: Mapping[str, Any], *, real: bool = False) -> list[tuple[str, str]]:
    short = _("%(n)s urgent orders") % {"n": _number(tally["short"])} if real else _number(tally["short"])
    return [
        (_("Orders"), _number(tally["orders"])),
        (_("Parcels"), _number(tally["parcels"])),
        (_("Units sent"), _number(tally["units"])),
        (_("On the shelves, on average"), number_format(tally["spare"], 1, force_grouping=True)),
        (_("Units short"), short),
        (_("Days short"), "–" if real else _number(tally["short_days"])),
    ]


def _number(n: int) -> str:
    return str(number_format(n, 0, force_grouping=True))


def _short(tally: Mapping[str, Any]) -> str:
    return _("%(short)s short, %(spare)s on the shelves, %(parcels)s parcels") % {
        "short": _number(tally["short"]), "spare": number_format(tally["spare"], 1),
        "parcels": _number(tally["parcels"]),
    }  # fmt: skip
