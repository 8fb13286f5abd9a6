"""What a forecast of one supply stands on, the best first. Pure."""

from __future__ import annotations

import numpy as np

from metered.replenishment import use
from metered.replenishment.arrays import Ints
from metered.replenishment.state import PCT1, State

LEVELS_1, LEVELS_10, FLAGS, PAGES_ONLY, NO_LEVEL = range(5)
"""As the simulation's SOURCES: by hand only pages are told, and of some connected devices no level."""


def sources(state: State, s: Ints, t: float) -> Ints:
    """The source of each of the supplies `s` at time t."""
    sup = state.supplies
    unseen = use.blind(state, s, np.full(s.size, t))
    return np.select(
        [~state.devices.connected[sup.device[s]], unseen, sup.flag[s] != 0, sup.reports[s] == PCT1],
        [PAGES_ONLY, NO_LEVEL, FLAGS, LEVELS_1],
        LEVELS_10,
    ).astype(np.int64)
