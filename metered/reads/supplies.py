"""What a printer says of one supply, understood once.

Most supplies of a batch say, byte for byte, what others said before: the same slot of the same model at the
same level. What bytes mean depends on nothing else, so that it is kept by them, for as many as are usual.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from metered.reads.levels import encode

MOST_KEPT = 20_000
"""Of slots and levels: about 12 MB. One more, and all are forgotten."""
LONGEST_KEPT = 512
MOST_NEW = 1000
"""So many supplies of a batch that nobody said before, and the rest of its new ones are not worth keeping."""

SupplyUnit = Literal[
    "percent", "impressions", "sheets", "grams", "tenths_of_grams", "millilitres", "items", "hours", "other"
]  # fmt: skip
Short = Annotated[str, Meta(max_length=64)]
Text = str | None | UnsetType
Position = tuple[str, str, str]
"""Kind, colorant ("" for none) and the printer's own code: together they name a slot."""


class SupplyLevel(Struct, gc=False):
    slot: str
    kind: Literal["toner", "waste", "drum", "fuser", "ink", "staples", "other"]
    state: Literal["percent", "low", "empty", "some_remaining", "unknown", "unrestricted"]
    colorant: Text = UNSET
    percent: Annotated[float, Meta(ge=0, le=100)] | UnsetType | None = UNSET
    description: Text = UNSET
    reorder_number: Text = UNSET
    cartridge_serial: Short | UnsetType | None = UNSET
    level: float | UnsetType | None = UNSET
    capacity: float | UnsetType | None = UNSET
    unit: SupplyUnit | UnsetType | None = UNSET


class Supply(Struct, frozen=True, gc=False):
    """A supply as it was understood.

    `level`: its level as levels.py encodes it; None: it contradicts itself, as `problem` says.
    `if_full`: the same for a waste container whose percent says how full it is.
    """

    said: SupplyLevel
    position: Position
    level: int | None
    if_full: int | None
    cartridge: str | None
    problem: str


@lru_cache(maxsize=4096)
def position(kind: str, colorant: str, slot: str) -> Position:
    """Always the same object for the same slot, so that two are compared at a glance."""
    return kind, colorant, slot


def understood(said: SupplyLevel) -> Supply:
    """What a supply that was read by itself means."""
    where = position(said.kind, said.colorant or "", said.slot)
    percent = None if said.percent is UNSET else said.percent
    try:
        level = encode(said.state, percent)
        full = encode(said.state, percent, True) if said.kind == "waste" else level
    except ValueError as error:
        return Supply(said, where, None, None, None, str(error))
    return Supply(said, where, level, full, said.cartridge_serial or None, "")


_NAMES_A_CARTRIDGE = b'"cartridge_serial":"'
"""What such a list says is not kept; where nothing is kept, reading the list at once costs less."""
_levels = msgspec.json.Decoder(list[SupplyLevel])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_decoder = msgspec.json.Decoder(SupplyLevel)
_encoder = msgspec.json.Encoder()
_kept: dict[bytes, Supply] = {}
"""By what stands between a supply's braces. Each was read by itself and names no key twice."""


def read_supplies(lists: Iterable[msgspec.Raw | UnsetType]) -> tuple[list[list[Supply]], bool]:
    """The supplies in each report's list, and whether each of them is proven to name no key twice.

    The lists are known to be JSON. Raises msgspec's errors when one is no list of supplies.
    """
    kept = _kept
    found: list[list[Supply]] = []
    proven, new = True, 0
    for raw in lists:
        if raw is UNSET:
            found.append([])
            continue
        text = bytes(raw)
        if text[:2] == b"[{" and text[-2:] == b"}]":
            try:
                # Where each part is JSON between braces, so is the whole, and it can be read in one way only.
                found.append([kept[part] for part in text[2:-2].split(b"},{")])
                continue
            except KeyError:
                pass
        if new > MOST_NEW or _NAMES_A_CARTRIDGE in text:
            said = _levels.decode(text)
            found.append([understood(each) for each in said])
            proven = proven and text.count(b":") == _encoder.encode(said).count(b":")
            continue
        read = [_read(bytes(each)) for each in _list.decode(text)]
        new += len(read)
        found.append([supply for supply, _ in read])
        proven = proven and all(once for _, once in read)
    return found, proven


def _read(text: bytes) -> tuple[Supply, bool]:
    supply = _kept.get(text[1:-1]) if text[:1] == b"{" else None
    if supply is not None:
        return supply, True
    said = _decoder.decode(text)
    supply = understood(said)
    # As in wire.prove, which sees for the whole body whether a colon may be spelled otherwise.
    once = text.count(b":") == _encoder.encode(said).count(b":")
    # A cartridge's serial is of one cartridge: another device never says the same.
    if once and supply.cartridge is None and len(text) <= LONGEST_KEPT:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[text[1:-1]] = supply
    return supply, once


def forget() -> None:
    """Forgets all that was understood, for tests."""
    _kept.clear()
