"""An observation's numbers as bytes. Pure.

Little-endian and without a header, so that a month of history becomes a numpy array by pointing at it;
PostgreSQL's own arrays would add 20 bytes to each value column of every row, a quarter of the table.
Meters are 8 bytes each (-1: not reported), levels 2 bytes each (-32768: not reported).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache

NO_METER = -1
NO_LEVEL = -32768


@lru_cache(maxsize=512)
def _shape(count: int, letter: str) -> struct.Struct:
    return struct.Struct(f"<{count}{letter}")


def pack_meters(values: Sequence[int | None]) -> bytes:
    """Meters in the order of the device's `meter_keys`; trailing gaps are left out."""
    if None not in values:
        return _shape(len(values), "q").pack(*values)
    numbers = [NO_METER if value is None else value for value in values]
    while numbers and numbers[-1] == NO_METER:
        numbers.pop()
    return _shape(len(numbers), "q").pack(*numbers)


def pack_levels(values: Sequence[int | None]) -> bytes:
    """Levels in the order of the device's slots; trailing gaps are left out."""
    if None not in values:
        return _shape(len(values), "h").pack(*values)
    numbers = [NO_LEVEL if value is None else value for value in values]
    while numbers and numbers[-1] == NO_LEVEL:
        numbers.pop()
    return _shape(len(numbers), "h").pack(*numbers)


def unpack_meters(data: bytes) -> list[int | None]:
    """The inverse of `pack_meters`."""
    return [None if value == NO_METER else value for value in _shape(len(data) // 8, "q").unpack(data)]


def unpack_levels(data: bytes) -> list[int | None]:
    """The inverse of `pack_levels`."""
    return [None if value == NO_LEVEL else value for value in _shape(len(data) // 2, "h").unpack(data)]
