"""Observations as columns: what replenishment folds. Pure numpy.

Values of all observations stand behind one another; `meter_start[i] : meter_start[i + 1]` are those of
observation i. Their meaning is the device's layout (`Layout`): meters by key, levels by slot position.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from metered.reads.packing import NO_LEVEL, NO_METER

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """What one device's numbers mean: meters by word, levels by slot key (`Slot.key`, index = position)."""

    meter_keys: tuple[str, ...]
    slot_keys: tuple[str, ...]

    def meter(self, key: str) -> int:
        """The index of a meter, or -1 when the device never reported it."""
        return self.meter_keys.index(key) if key in self.meter_keys else -1


@dataclass(frozen=True)
class Columns:
    """Observations in the order (device, time); n of them.

    `observed_us` and `received_us`: microseconds since 1970 UTC. `notes`: bits of `Note`.
    `meters` and `levels` are flat. Meters that are held (not believed) are already missing here.
    `cartridges`: observation → its cartridge serials by slot position, only where one changed.
    """

    device: Ints
    observed_us: Ints
    received_us: Ints
    path: npt.NDArray[np.int16]
    notes: npt.NDArray[np.int16]
    meter_start: Ints
    meters: Ints
    level_start: Ints
    levels: npt.NDArray[np.int16]
    cartridges: dict[int, list[str | None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.device.size)

    def meter_table(self) -> Ints:
        """(n, most meters of a device) meters; -1 where nothing was reported."""
        return _table(self.meter_start, self.meters, NO_METER)

    def level_table(self) -> npt.NDArray[np.int16]:
        """(n, most slots of a device) levels as levels.py encodes them; -32768 where nothing was reported."""
        return _table(self.level_start, self.levels, NO_LEVEL)


def _table(start: Ints, flat: npt.NDArray[np.int64] | npt.NDArray[np.int16], missing: int) -> npt.NDArray:  # type: ignore[type-arg]
    lengths = np.diff(start)
    width = int(lengths.max(initial=0))
    table = np.full((lengths.size, width), missing, dtype=flat.dtype)
    table[np.arange(width) < lengths[:, None]] = flat
    return table


def starts(lengths: Ints) -> Ints:
    """Where each observation's values begin, and where the last one's end."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])
