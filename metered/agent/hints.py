"""What makers' own tables say of single supplies, where the Printer-MIB keeps silent.

A hint belongs to a supply only when exactly one supply fits it; two black toners get none.
"""

from dataclasses import dataclass
from typing import Literal

from metered.agent import colours, packed
from metered.agent.vendors import E
from metered.agent.walk import Walk

# Brother's maintenance string: hundredths of a percent that remain
BROTHER_MAINTENANCE = E + "2435.2.3.9.4.2.1.5.5.8.0"
BROTHER_REMAINING = {
    0x6F: (("toner", "ink"), "black"),
    0x70: (("toner", "ink"), "cyan"),
    0x71: (("toner", "ink"), "magenta"),
    0x72: (("toner", "ink"), "yellow"),
    0x41: (("drum",), None),
}

# RicohPrivateMIB ricohEngTonerTable: percent, or -100 near empty, 0 empty, -2 unknown, -3 some remaining
RICOH_TONER_NAME = E + "367.3.2.1.2.24.1.1.2"
RICOH_TONER_LEVEL = E + "367.3.2.1.2.24.1.1.5"
RICOH_NEAR_EMPTY = -100

# LEXMARK-MPS-MIB currentSuppliesTable
LEXMARK_DESCRIPTION = E + "641.6.4.4.1.1.5"
LEXMARK_SERIAL = E + "641.6.4.4.1.1.6"
LEXMARK_PART = E + "641.6.4.4.1.1.7"
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


def read(walk: Walk) -> list[Hint]:
    return [*_brother(walk), *_ricoh(walk), *_lexmark(walk)]


def _brother(walk: Walk) -> list[Hint]:
    raw = walk.get(BROTHER_MAINTENANCE)
    left = packed.numbers(raw) if isinstance(raw, bytes) else {}
    return [
        Hint(kinds=kinds, colorant=colorant, percent=round(left[code] / 100, 1))
        for code, (kinds, colorant) in BROTHER_REMAINING.items()
        if code in left and left[code] <= 10_000
    ]


def _ricoh(walk: Walk) -> list[Hint]:
    levels = walk.integers(RICOH_TONER_LEVEL)
    hints = []
    for row, name in walk.texts(RICOH_TONER_NAME).items():
        colorant, level = colours.in_words(name), levels.get(row)
        if colorant is None or level is None:
            continue
        if level == RICOH_NEAR_EMPTY:
            hints.append(Hint(kinds=("toner",), colorant=colorant, state="low"))
        elif level == 0:
            hints.append(Hint(kinds=("toner",), colorant=colorant, state="empty"))
        elif 0 < level <= 100:
            hints.append(Hint(kinds=("toner",), colorant=colorant, percent=float(level)))
    return hints


def _lexmark(walk: Walk) -> list[Hint]:
    parts, serials = (
        {row: text for row, text in walk.texts(column).items() if len(text) <= LONGEST_NUMBER}
        for column in (LEXMARK_PART, LEXMARK_SERIAL)
    )
    return [
        Hint(description=description, reorder_number=parts.get(row), cartridge_serial=serials.get(row))
        for row, description in walk.texts(LEXMARK_DESCRIPTION).items()
    ]
