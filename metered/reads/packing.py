"""An observation's numbers as bytes. Pure.

Little-endian and without a header, so that a month of history becomes a numpy array by pointing at it;
PostgreSQL's own arrays would add 20 bytes to each value column of every row, a quarter of the table.
Meters are 8 bytes each (-1: not reported), levels 2 bytes each (-32768: not reported).
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

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


_HEAD, _ELEMENT = 20, 12
"""Bytes before the elements of an array as PostgreSQL sends it, and of each bigint with its length."""


def unpack_arrays(data: bytes, lengths: npt.NDArray[np.int32]) -> list[list[int | None]]:
    """Arrays of bigint as PostgreSQL sends them, behind one another; `lengths`: bytes of each."""
    if lengths.size and (lengths == lengths[0]).all() and lengths[0] > _HEAD:
        count = (int(lengths[0]) - _HEAD) // _ELEMENT
        shape = [("head", ">i4", (3,)), ("count", ">i4"), ("low", ">i4")]
        row = np.dtype([*shape, ("items", [("size", ">i4"), ("value", ">i8")], (count,))])
        # An array with gaps is shorter than its count: only one of fewer elements could be as long.
        if row.itemsize == lengths[0]:
            rows = np.frombuffer(data, row)
            if (rows["count"] == count).all():
                whole: list[list[int | None]] = rows["items"]["value"].tolist()
                return whole
    found, start = [], 0
    for length in lengths.tolist():
        found.append(_array(data[start : start + length]))
        start += length
    return found


def _array(data: bytes) -> list[int | None]:
    values: list[int | None] = []
    at = _HEAD
    while at < len(data):
        (size,) = struct.unpack_from(">i", data, at)
        at += 4
        values.append(None if size < 0 else struct.unpack_from(">q", data, at)[0])
        at += max(size, 0)
    return values


_ZERO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def unpack_moments(data: bytes) -> list[dt.datetime | None]:
    """Moments as PostgreSQL sends them (microseconds since 2000); None for -infinity."""
    known: dict[int, dt.datetime | None] = {-(2**63): None}
    found = []
    for us in np.frombuffer(data, ">i8").tolist():
        if us not in known:
            known[us] = _ZERO + dt.timedelta(microseconds=us)
        found.append(known[us])
    return found
