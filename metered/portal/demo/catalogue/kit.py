"""The shape of the catalogue's facts, and the words that keep its tables short."""

from __future__ import annotations

from dataclasses import dataclass

MONO, COLOUR, INK = "ISO/IEC 19752", "ISO/IEC 19798", "ISO/IEC 24711"
CODES = ("1.1", "1.2", "1.3", "1.4")
FINE, COARSE, FLAG = 1, 10, 0


@dataclass(frozen=True, slots=True)
class SupplyFact:
    """An item with a reorder number. `pages` at the coverage that `standard` says; "" where none applies."""

    number: str
    name: str
    kind: str
    colorant: str
    pages: int
    standard: str


@dataclass(frozen=True, slots=True)
class Place:
    """A slot of a model: the printer's own index, what fits, its steps: 1 or 10 percent, 0 for words."""

    code: str
    kind: str
    colorant: str
    name: str
    supply: SupplyFact | None
    step: int = FINE


@dataclass(frozen=True, slots=True)
class ModelFact:
    """A model of printer. In `serial`, # stands for a digit and ? for a letter."""

    vendor: str
    name: str
    colour: bool
    software: str
    serial: str
    monthly: int
    places: tuple[Place, ...]

    @property
    def key(self) -> str:
        return f"{self.vendor} {self.name}"

    @property
    def meters(self) -> tuple[str, ...]:
        return ("total", "mono", "colour") if self.colour else ("total", "mono")


def toner(
    code: str, colorant: str, number: str, pages: int, *, standard: str = MONO, step: int = FINE
) -> Place:
    name = f"{colorant.capitalize()} toner cartridge"
    return Place(
        code, "toner", colorant, name, SupplyFact(number, name, "toner", colorant, pages, standard), step
    )


def four(
    numbers: str,
    black: int,
    colour: int,
    *,
    order: str = "KCMY",
    codes: tuple[str, ...] = CODES,
    step: int = FINE,
) -> tuple[Place, ...]:
    """Four toners: `numbers` of black, cyan, magenta, yellow; `order` is that of the printer's indexes."""
    number = dict(zip("KCMY", numbers.split(), strict=True))
    word = {"K": "black", "C": "cyan", "M": "magenta", "Y": "yellow"}
    return tuple(
        toner(code, word[c], number[c], black if c == "K" else colour, standard=COLOUR, step=step)
        for code, c in zip(codes, order, strict=True)
    )


def part(
    code: str, kind: str, number: str, pages: int, *, colorant: str = "", name: str = "", step: int = FINE
) -> Place:
    """A drum, a waste container or another part. Makers rate those in pages of their own, by no standard."""
    word = {"drum": "drum cartridge", "waste": "waste toner container"}[kind]
    name = name or f"{colorant} {word}".strip().capitalize()
    return Place(code, kind, colorant, name, SupplyFact(number, name, kind, colorant, pages, ""), step)


def ink(code: str, colorant: str, number: str, pages: int, *, standard: str = INK, step: int = FINE) -> Place:
    name = f"{colorant.capitalize()} ink"
    return Place(
        code, "ink", colorant, name, SupplyFact(number, name, "ink", colorant, pages, standard), step
    )


def bare(code: str, kind: str, colorant: str, name: str, *, step: int = FINE) -> Place:
    """A slot for which nothing is sent: a technician's part, or one whose reorder number is not known."""
    return Place(code, kind, colorant, name, None, step)
