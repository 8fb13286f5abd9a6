"""What would be sent if, in words. Pure: decisions in, strings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from metered.replenishment.explain import Explanation, explain, supply_name, title
from metered.replenishment.what_if import Compared


@dataclass(frozen=True)
class Row:
    """A supply: what is decided, what would be, and why."""

    supply: str
    reorder_number: str
    now: str
    then: str
    differs: bool
    why: Explanation


def row(item: Compared) -> Row:
    supply = item.now["supply"]
    return Row(
        supply=supply_name(supply),
        reorder_number=str(supply["reorder_number"]),
        now=title(item.now),
        then=title(item.then),
        differs=item.differs,
        why=explain(item.then),
    )


def heading(rows: Sequence[Row] | None) -> str:
    if rows is None:
        return _("What if it printed more, or parcels took longer?")
    if not rows:
        return _("Nothing is known of its supplies yet")
    if any(one.differs for one in rows):
        return _("Then something would be sent otherwise")
    return _("Then nothing would change")
