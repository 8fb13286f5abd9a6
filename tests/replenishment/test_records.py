"""Records of slots: there and back, older ones, and those that fit nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metered.replenishment import records
from metered.replenishment.records import POSITION, POSITION_INTS


def some(n: int) -> Any:
    rng = np.random.default_rng(n)
    columns: dict[str, Any] = {name: rng.random(n) for name in POSITION}
    columns |= {name: rng.integers(-3, 3, n) for name in (*POSITION_INTS, "step")}
    return np.arange(n) + 100 * n, np.arange(n) % 2, columns, rng.random((n, 2)) + 0.1


def sent(parts: list[Any]) -> Any:
    slots = [records.pack(*part[:3]).tobytes() for part in parts]
    uses = [records.arrays(part[3].reshape(1, -1)).tobytes() for part in parts]
    return (
        np.frombuffer(b"".join(slots), np.uint8), np.array([len(item) for item in slots], dtype=np.int64),
        np.frombuffer(b"".join(uses), np.uint8), np.array([len(item) for item in uses], dtype=np.int64),
    )  # fmt: skip


@pytest.mark.parametrize("counts", [(), (0,), (1,), (3, 3), (2, 0, 5, 2)])
def test_there_and_back(counts: tuple[int, ...]) -> None:
    parts = [some(n) for n in counts]
    back = records.unpack(*sent(parts))
    assert back.slot_id.tolist() == [slot for part in parts for slot in part[0]]
    assert back.pool_id.tolist() == [pool for part in parts for pool in part[1]]
    assert back.uses.tolist() == [pair for part in parts for pair in part[3].tolist()]
    for name, column in back.columns.items():
        assert column.tolist() == [value for part in parts for value in part[2][name].tolist()]
        assert back.has[name].all()


def test_a_shorter_record_is_an_older_one() -> None:
    """As before `seen` was kept; beside it a device whose records are new."""
    old, new = some(2), some(3)
    slots, lengths, uses, use_lengths = sent([old, new])
    size = records.RECORD.itemsize
    shorter = b"".join(slots.tobytes()[i * size : (i + 1) * size - 8] for i in range(2))
    data = np.frombuffer(shorter + slots.tobytes()[2 * size :], np.uint8)
    back = records.unpack(data, lengths - np.array([16, 0]), uses, use_lengths)
    assert back.has["seen"].tolist() == [False, False, True, True, True]
    assert back.has["pend_t"].all()
    assert back.columns["f"].tolist() == [*old[2]["f"].tolist(), *new[2]["f"].tolist()]
    assert back.columns["seen"][2:].tolist() == new[2]["seen"].tolist()


@pytest.mark.parametrize("cut", [1, 4, 90])
def test_what_ends_within_a_field_or_fits_no_uses_is_refused(cut: int) -> None:
    slots, lengths, uses, use_lengths = sent([some(1)])
    with pytest.raises(ValueError, match=r"ends within|don't fit"):
        records.unpack(slots[: slots.size - cut], lengths - cut, uses, use_lengths)
    with pytest.raises(ValueError, match="don't fit"):
        records.unpack(slots, lengths, uses[:12], np.array([12]))


def test_plain_values_for_people() -> None:
    slot_id, pool_id, columns, uses = some(2)
    found = records.plain(records.pack(slot_id, pool_id, columns).tobytes(), uses.reshape(-1).tolist())
    assert list(found) == slot_id.tolist()
    assert found[int(slot_id[1])]["f"] == columns["f"][1]
    assert [found[int(slot_id[1])][name] for name in ("a", "b")] == uses[1].tolist()
