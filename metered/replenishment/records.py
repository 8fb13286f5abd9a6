"""The running state of a device's slots as one value of its row: what folding reads and writes most. Pure.

A row per slot would be six updates for one report of a usual printer. `slots` holds a record of fixed size
for each slot, `uses` their a and b (use.py), in the same order: as an array, so that PostgreSQL can hold them
above zero. Fields are only ever added at the end of POSITION: a shorter record is an older one, and what it
lacks starts as for a new slot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metered.replenishment.arrays import Floats, Ints

Bytes = npt.NDArray[np.uint8]

POSITION = ("f", "x", "e_acc", "x_acc", "p0", "pend_v", "pend_t", "seen")
USES = ("a", "b")
POSITION_INTS = ("pend", "flag")
RECORD = np.dtype(
    [("slot_id", ">i8"), ("pool_id", ">i8"), ("step", ">i2")]
    + [(name, ">i2") for name in POSITION_INTS]
    + [(name, ">f8") for name in POSITION]
)
_FLOAT8 = 701
_ARRAY_HEAD, _ELEMENT = 20, 12
"""Bytes before the elements of an array as PostgreSQL sends it, and of each float8 with its length."""


@dataclass(frozen=True, slots=True)
class Records:
    """n records. `pool_id` is 0 where there is none; `columns` has what was kept of POSITION_INTS, POSITION
    and `step`; a field that older records lack is missing where `has` says so."""

    slot_id: Ints
    pool_id: Ints
    uses: Floats
    """(n, 2)"""
    columns: dict[str, npt.NDArray[Any]]
    has: dict[str, npt.NDArray[np.bool_]]


def pack(slot_id: Ints, pool_id: Ints, columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """One record per slot."""
    rows = np.empty(slot_id.size, dtype=RECORD)
    rows["slot_id"], rows["pool_id"] = slot_id, pool_id
    for name in ("step", *POSITION_INTS, *POSITION):
        rows[name] = columns[name]
    return rows


def arrays(uses: Floats) -> npt.NDArray[Any]:
    """Rows of float8 (n, k) as PostgreSQL receives arrays of k, as bytes (n, size)."""
    n, k = uses.shape
    if k == 0:
        head = np.array([0, 0, _FLOAT8], dtype=">i4").tobytes()
        return np.tile(np.frombuffer(head, np.uint8), (n, 1))
    out = np.zeros(n, dtype=[("head", ">i4", (5,)), ("items", [("size", ">i4"), ("value", ">f8")], (k,))])
    out["head"] = (1, 0, _FLOAT8, k, 1)
    out["items"]["size"] = 8
    out["items"]["value"] = uses
    return np.frombuffer(out.tobytes(), np.uint8).reshape(n, -1)


def unpack(slots: Bytes, slot_lengths: Ints, uses: Bytes, use_lengths: Ints) -> Records:
    """The records of some devices. `slots` and `uses` (as PostgreSQL sends arrays) stand behind one another,
    with the lengths of each device's. Raises ValueError when they don't fit each other.
    """
    each = np.maximum(use_lengths - _ARRAY_HEAD, 0) // (2 * _ELEMENT)
    start = np.cumsum(use_lengths) - use_lengths + _ARRAY_HEAD
    total = int(each.sum())
    owner = np.repeat(np.arange(each.size), each)
    nth = np.arange(total) - np.repeat(np.cumsum(each) - each, each)
    first = start[owner] + nth * 2 * _ELEMENT + 4
    at = (first[:, None] + np.array([0, _ELEMENT]))[:, :, None] + np.arange(8)
    pairs = np.ascontiguousarray(uses[at]).reshape(total, 16).view(">f8").astype(np.float64)

    sizes = np.where(each > 0, slot_lengths // np.maximum(each, 1), 0)
    if (sizes * each != slot_lengths).any() or (sizes[each > 0] > RECORD.itemsize).any():
        raise ValueError("slots and uses of a device don't fit each other")
    known = _fields(sizes[each > 0])
    rows = np.zeros(total, dtype=RECORD)
    begin = np.cumsum(slot_lengths) - slot_lengths
    for size in np.unique(sizes[each > 0]).tolist():
        mine = np.flatnonzero(sizes[owner] == size)
        if size == RECORD.itemsize and mine.size == total:
            rows = np.frombuffer(slots.tobytes(), dtype=RECORD)
            continue
        at = (begin[owner[mine]] + nth[mine] * size)[:, None] + np.arange(size)
        rows.view(np.uint8).reshape(total, -1)[mine[:, None], np.arange(size)] = slots[at]
    names = ("step", *POSITION_INTS, *POSITION)
    columns = {name: rows[name].astype(rows.dtype[name].newbyteorder("=")) for name in names}
    has = {name: sizes[owner] >= known[name] for name in names}
    return Records(rows["slot_id"].astype(np.int64), rows["pool_id"].astype(np.int64), pairs, columns, has)


def plain(slots: bytes, uses: Sequence[float]) -> dict[int, dict[str, float]]:
    """Slot → its state by name, of one device's row; what an older record lacks is missing."""
    as_sent = arrays(np.array([uses], dtype=np.float64)).reshape(-1)
    data = np.frombuffer(bytes(slots), np.uint8)
    found = unpack(data, np.array([data.size]), as_sent, np.array([as_sent.size]))
    return {
        slot: {name: column[i].item() for name, column in found.columns.items() if found.has[name][i]}
        | dict(zip(USES, found.uses[i].tolist(), strict=True))
        for i, slot in enumerate(found.slot_id.tolist())
    }


def _fields(sizes: Ints) -> dict[str, int]:
    """Where each field ends. Raises ValueError for records that end within one."""
    ends = {name: RECORD.fields[name][1] + RECORD[name].itemsize for name in RECORD.names or ()}  # type: ignore[index]
    if not set(sizes.tolist()) <= set(ends.values()):
        raise ValueError("a record ends within a field")
    return ends


def same_length(counts: Ints) -> Sequence[tuple[int, Ints]]:
    """(count, positions that have it), for each count."""
    return [(int(n), np.flatnonzero(counts == n).astype(np.int64)) for n in np.unique(counts)]
