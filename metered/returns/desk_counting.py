"""Counting what is in the boxes: scanned or typed, then compared with what was accepted, then kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from metered.fleet.models import Supply
from metered.fleet.queries import supplies_named
from metered.fleet.reorder_numbers import reorder_key
from metered.lib import wording
from metered.lib.admin import OnceForm
from metered.returns import numbers
from metered.returns.desk_words import Row, Words, rows_of
from metered.returns.filing import MOST_BOXES, MOST_LINES, MOST_UNITS
from metered.returns.models import ReceiptLine, Return, ReturnLine
from metered.returns.policy import Claim
from metered.returns.receiving import Counted

CONDITIONS = [(str(value), label) for value, label in ReceiptLine.Condition.choices]
LONGEST_SCAN = 64


class CountForm(OnceForm):
    """Units by line and condition. `extra`: supplies that nobody announced, as lines at the end."""

    boxes = forms.IntegerField(
        label=gettext_lazy("Boxes that came"), min_value=1, max_value=MOST_BOXES, required=False
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False)
    counts_as = forms.ChoiceField(
        label=gettext_lazy("What is scanned is"), choices=CONDITIONS, required=False, initial="sealed"
    )

    def __init__(self, made: Return, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.made = made
        self.rows = rows_of(made)
        known = {row.line.supply_id for row in self.rows}
        wanted = data.getlist("extra")[:MOST_LINES] if isinstance(data, QueryDict) else []
        ids = [public_id for public_id in wanted if public_id.isalnum()]
        extra = Supply.objects.filter(public_id__in=ids).exclude(pk__in=known)
        self.extra = {supply.pk: supply for supply in extra.order_by("reorder_number")}
        self.rows += [_unannounced(made, supply) for supply in self.extra.values()]
        for row in self.rows:
            self._ask(row)

    def _ask(self, row: Row) -> None:
        supply = row.line.supply
        for condition, label in CONDITIONS:
            field = forms.IntegerField(
                label=str(label).capitalize(), min_value=0, max_value=MOST_UNITS, required=False
            )
            # So that a count doesn't open letters' keys on a tablet.
            field.widget.attrs["inputmode"] = "numeric"
            self.fields[f"{condition}-{supply.public_id}"] = field
        self.fields[f"note-{supply.public_id}"] = forms.CharField(
            label=_("Note on it"), max_length=300, required=False
        )
        row.fields = {
            "counts": [self[f"{condition}-{supply.public_id}"] for condition, _label in CONDITIONS],
            "note": self[f"note-{supply.public_id}"],
            "key": reorder_key(supply.reorder_number),
        }

    def clean(self) -> dict[str, Any]:
        values = dict(super().clean() or {})
        if not self.errors and not any(units for _row, _condition, units in self._counts(values)):
            raise ValidationError(_("Nothing is counted yet: scan what is in the boxes, or type how many."))
        return values

    def _counts(self, values: dict[str, Any]) -> Iterator[tuple[Row, str, int]]:
        for row in self.rows:
            for condition, _label in CONDITIONS:
                yield row, condition, values.get(f"{condition}-{row.line.supply.public_id}") or 0

    def counted(self) -> list[Counted]:
        """What a valid form counted. A line's note stands with what is worst of it."""
        found: list[Counted] = []
        notes = {row.line.supply_id: self.cleaned_data[row.fields["note"].name] for row in self.rows}
        for row, condition, units in reversed(list(self._counts(self.cleaned_data))):
            if units:
                note = notes.pop(row.line.supply_id, "")
                found.append(Counted(row.line.supply_id, units, condition, note))
        return found[::-1]

    def compared(self) -> list[Compared]:
        """Each line of a valid form against what was accepted and had come before."""
        units: dict[int, int] = {}
        for row, _condition, n in self._counts(self.cleaned_data):
            units[row.line.supply_id] = units.get(row.line.supply_id, 0) + n
        return [_compare(row, units[row.line.supply_id]) for row in self.rows]


def _unannounced(made: Return, supply: Supply) -> Row:
    line = ReturnLine(parent=made, account_id=made.account_id, supply=supply, quantity=0, accepted=0)
    return Row(line, Claim(0, 0, 0, None), "", "")


@dataclass(frozen=True)
class Compared:
    row: Row
    units: int
    says: Words


def _compare(row: Row, units: int) -> Compared:
    line = row.line
    if not line.quantity:
        return Compared(row, units, Words(_("Nobody announced it"), "warn" if units else ""))
    left = (line.accepted or 0) - line.received - units
    n = {"n": wording.grouped(abs(left))}
    if left < 0:
        text = ngettext("%(n)s more than accepted", "%(n)s more than accepted", -left) % n
        return Compared(row, units, Words(text, "warn"))
    if left > 0:
        return Compared(
            row, units, Words(ngettext("%(n)s is missing", "%(n)s are missing", left) % n, "warn")
        )
    return Compared(row, units, Words(_("As accepted"), "good"))


@dataclass
class Scan:
    """What became of one scan: a sentence, and the supplies to choose from where it names several."""

    words: Words
    choices: list[Supply]
    added: str = ""
    """Reorder number of what was counted."""


def scan(made: Return, data: QueryDict, typed: str) -> Scan:
    """Counts one unit of what was scanned or typed in `data` (the form as it stands, changed in place)."""
    typed = typed.strip()[:LONGEST_SCAN]
    if not typed:
        return Scan(Words(_("Scan or type a reorder number."), "info"), [])
    found = supplies_named(typed)
    if len(found) == 1:
        return count_one(made, data, found[0])
    if found:
        return Scan(
            Words(_("“%(typed)s” names several supplies. Which one?") % {"typed": typed}, "warn"), found
        )
    number = numbers.typed(typed)
    if numbers.is_number(number):
        if number == made.number:
            return Scan(Words(_("That is the number of this very return."), "info"), [])
        return Scan(
            Words(
                _("That is another return's number, %(number)s. Keep this one first.")
                % {"number": numbers.spoken(number)},
                "warn",
            ),
            [],
        )
    words = _("“%(typed)s” is no reorder number that we know. Nothing was counted.") % {"typed": typed}
    return Scan(Words(words, "bad"), [])


def count_one(made: Return, data: QueryDict, supply: Supply) -> Scan:
    """One unit more of this supply, in the condition that what is scanned is said to be in."""
    condition = data.get("counts_as", "")
    condition = condition if condition in dict(CONDITIONS) else ReceiptLine.Condition.SEALED.value
    name = f"{condition}-{supply.public_id}"
    before = data.get(name, "").strip() or "0"
    if not (before.isascii() and before.isdecimal() and len(before) < 6):
        words = _("Write the number of %(supply)s as a whole number first.") % {"supply": supply.name}
        return Scan(Words(words, "bad"), [])
    data[name] = str(int(before) + 1)
    if not made.lines.filter(supply=supply).exists() and supply.public_id not in data.getlist("extra"):
        data.appendlist("extra", supply.public_id)
    words = _("%(supply)s, %(number)s: %(units)s now.") % {
        "supply": supply.name,
        "number": supply.reorder_number,
        "units": wording.grouped(int(before) + 1),
    }
    return Scan(Words(words, "good"), [], supply.reorder_number)
