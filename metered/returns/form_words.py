"""The sheet that a return is filled in on, and its last look, in words. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from metered.lib import wording
from metered.orders.presentation import swatch
from metered.returns import policy
from metered.returns.presentation import units
from metered.returns.sheet import asked

if TYPE_CHECKING:
    from metered.returns.queries import Returnable


@dataclass(frozen=True)
class SupplyRow:
    """A supply that was sent to the address."""

    supply: int
    name: str
    reorder_number: str
    swatch: str
    shelf: str
    shelf_units: int
    sent: str
    note: str
    """Why it is left over; empty when it isn't."""
    left_over: bool


def supply_row(row: Returnable) -> SupplyRow:
    note = ""
    if row.left_over:
        note = (
            _("Left over since %(device)s was taken out of use") % {"device": row.device}
            if row.device
            else _("Left over: no device here uses it any more")
        )
    return SupplyRow(
        supply=row.supply.pk,
        name=row.supply.name,
        reorder_number=row.supply.reorder_number,
        swatch=swatch(row.supply.kind, row.supply.colorant),
        shelf=wording.grouped(row.shelf),
        shelf_units=row.shelf,
        sent=wording.grouped(row.sent),
        note=note,
        left_over=row.left_over,
    )


@dataclass(frozen=True)
class ReviewLine:
    """A line of the last look. `ask`: why somebody has to look at it first."""

    name: str
    reorder_number: str
    swatch: str
    quantity: str
    ask: str


def review_lines(
    wanted: Mapping[int, int], supplies: Mapping[int, Any], questions: Mapping[int, policy.Question]
) -> list[ReviewLine]:
    rows = [
        ReviewLine(
            name=supplies[pk].name,
            reorder_number=supplies[pk].reorder_number,
            swatch=swatch(supplies[pk].kind, supplies[pk].colorant),
            quantity=wording.grouped(n),
            ask=asked(questions.get(pk, "")),
        )
        for pk, n in wanted.items()
    ]
    return sorted(rows, key=lambda row: row.reorder_number)


def answer_text(questions: Sequence[policy.Question], *, pallet: bool, due_on: dt.date) -> str:
    """When the confirmation number comes."""
    if policy.at_once(questions, pallet=pallet):
        return _("Nothing has to be asked: you get your confirmation number at once.")
    return _("We look at it first, and answer by %(day)s at the latest.") % {"day": wording.long_day(due_on)}


def total(wanted: Mapping[int, int]) -> str:
    return units(sum(wanted.values()))
