"""What would be sent if, in words. Pure: decisions in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.lib import wording
from metered.replenishment.explain import Explanation, explain
from metered.replenishment.what_if import Compared


@dataclass(frozen=True)
class Row:
    """A supply: what is decided, what would be, and why."""

    supply: str
    reorder_number: str
    now: str
    lasts_now: str
    then: str
    lasts_then: str
    differs: bool
    why: Explanation


def row(item: Compared) -> Row:
    supply = item.now["supply"]
    return Row(
        supply=str(supply["name"]),
        reorder_number=str(supply["reorder_number"]),
        now=_what(item.now),
        lasts_now=_lasts(item.now),
        then=_what(item.then),
        lasts_then=_lasts(item.then),
        differs=item.differs,
        why=explain(item.then),
    )


def _what(reason: Mapping[str, Any]) -> str:
    units = int(reason["quantity"])
    if units:
        return ngettext("%(n)s unit is sent", "%(n)s units are sent", units) % {"n": wording.grouped(units)}
    return {
        "open": _("Ordered already"),
        "held": _("Held back"),
        "barred": _("Not sent"),
        "unknown": _("Its use is not known yet"),
    }.get(str(reason["rule"]), _("Nothing now"))


def _lasts(reason: Mapping[str, Any]) -> str:
    """Until when the emptiest one lasts; empty when nobody knows."""
    ends = [slot["runs_out"] for slot in reason["slots"] if slot.get("runs_out")]
    if not ends:
        return ""
    early, _middle, late = (dt.date.fromisoformat(day) for day in min(ends))
    values = {"first": wording.day(early), "last": wording.day(late, early)}
    return _("lasts until %(first)s – %(last)s") % values


def heading(rows: Sequence[Row] | None) -> str:
    if rows is None:
        return _("What if it printed more, or parcels took longer?")
    if not rows:
        return _("Nothing is known of its supplies yet")
    if any(one.differs for one in rows):
        return _("Then something would be sent otherwise")
    return _("Then nothing would change")
