"""Where open and used supplies go: the programmes that the operator names, by the printer's maker. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OTHERS = "*"
"""The programme of makers that have none of their own."""


@dataclass(frozen=True)
class Programme:
    """A take-back programme: what it is called, its page, and what is to be known of it (may be empty)."""

    name: str
    url: str
    note: str = ""


def programmes(entries: Iterable[str]) -> dict[str, Programme]:
    """Maker (in lower case; `*` for the others) → programme, of entries `maker|name|https://…|note`.

    Raises ValueError for an entry of another shape, or a page without TLS.
    """
    found = {}
    for entry in entries:
        parts = [part.strip() for part in entry.split("|")]
        if len(parts) not in (3, 4) or not all(parts[:3]) or not parts[2].startswith("https://"):
            raise ValueError(f"{entry!r} is no recycling programme: maker|name|https://…|note")
        found[parts[0].lower()] = Programme(parts[1], parts[2], parts[3] if len(parts) == 4 else "")
    return found


@dataclass(frozen=True)
class Way:
    """Where a supply goes when it is open or used up."""

    supply: Any
    models: list[str]
    """The printers that it is made for."""
    programmes: list[tuple[str, Programme]]
    """(maker, programme) of each maker of those that has one."""


def ways(
    supplies: Sequence[Any],
    used_in: Mapping[int, Sequence[tuple[str, str]]],
    known: Mapping[str, Programme],
) -> list[Way]:
    """The way of each supply; `used_in`: its printers as (maker, model)."""
    return [
        Way(
            supply=supply,
            models=list(dict.fromkeys(model for _maker, model in used_in.get(supply.pk, []))),
            programmes=_of(dict.fromkeys(maker for maker, _model in used_in.get(supply.pk, [])), known),
        )
        for supply in supplies
    ]


def _of(makers: Iterable[str], known: Mapping[str, Programme]) -> list[tuple[str, Programme]]:
    found = []
    for maker in makers:
        programme = known.get(maker.lower()) or known.get(OTHERS)
        if programme is not None:
            found.append((maker, programme))
    return found
