"""What makers' own tables say of single supplies, where the Printer-MIB keeps silent.

A hint belongs to a supply only when exactly one supply fits it; two black toners get none.
"""

from dataclasses import dataclass
from typing import Literal

from metered.agent import colours, packed
from metered.agent.rules import PartNumbers, Remaining, TonerLevels
from metered.agent.vendors import Vendor
from metered.agent.walk import Walk

LONGEST_NUMBER = 64


@dataclass(frozen=True, slots=True)
class Hint:
    """Which supply it means (`kinds` and `colorant`, or `description`), and what is known of it."""

    kinds: tuple[str, ...] = ()
    colorant: str | None = None
    description: str | None = None
    state: Literal["low", "empty"] | None = None
    percent: float | None = None
    reorder_number: str | None = None
    cartridge_serial: str | None = None

    def means(self, *, kind: str, colorant: str | None, description: str) -> bool:
        if self.description is not None:
            return self.description == description
        return kind in self.kinds and (self.colorant is None or self.colorant == colorant)


def read(walk: Walk, vendor: Vendor) -> list[Hint]:
    hints: list[Hint] = []
    for rule in vendor.supplies:
        match rule:
            case Remaining():
                hints += _remaining(walk, rule)
            case TonerLevels():
                hints += _toners(walk, rule)
            case PartNumbers():
                hints += _parts(walk, rule)
    return hints


def _remaining(walk: Walk, rule: Remaining) -> list[Hint]:
    raw = walk.get(rule.row.oid)
    left = packed.numbers(raw) if isinstance(raw, bytes) else {}
    return [
        Hint(kinds=kinds, colorant=colorant, percent=round(left[code] / 100, 1))
        for code, (kinds, colorant) in rule.codes.items()
        if code in left and left[code] <= 10_000
    ]


def _toners(walk: Walk, rule: TonerLevels) -> list[Hint]:
    levels = walk.integers(rule.levels.oid)
    hints = []
    for row, name in walk.texts(rule.names.oid).items():
        colorant, level = colours.in_words(name), levels.get(row)
        if colorant is None or level is None:
            continue
        if level == rule.near_empty:
            hints.append(Hint(kinds=("toner",), colorant=colorant, state="low"))
        elif level == 0:
            hints.append(Hint(kinds=("toner",), colorant=colorant, state="empty"))
        elif 0 < level <= 100:
            hints.append(Hint(kinds=("toner",), colorant=colorant, percent=float(level)))
    return hints


def _parts(walk: Walk, rule: PartNumbers) -> list[Hint]:
    numbers, serials = (
        {row: text for row, text in walk.texts(column.oid).items() if len(text) <= LONGEST_NUMBER}
        for column in (rule.numbers, rule.serials)
    )
    return [
        Hint(description=description, reorder_number=numbers.get(row), cartridge_serial=serials.get(row))
        for row, description in walk.texts(rule.descriptions.oid).items()
    ]
