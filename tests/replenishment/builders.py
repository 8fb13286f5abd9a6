"""Small states for the engine's tests: working days from Monday 2024-01-01, no holidays."""

from __future__ import annotations

import datetime as dt

import numpy as np

from metered.replenishment import state as st
from metered.replenishment.levels import start_marks
from metered.replenishment.workdays import Workdays

MONDAY = dt.date(2024, 1, 1)


def calendar(days: int = 900, holidays: tuple[int, ...] = ()) -> Workdays:
    return Workdays.build(MONDAY, 0, days, holidays)


def fleet(
    *,
    kinds: tuple[str, ...] = ("K",),
    reports: int = st.PCT1,
    shelf: int = 0,
    f: float | None = None,
    yields: float = 8400.0,
    connected: bool = True,
    devices: int = 1,
    same_pool: bool = False,
) -> st.State:
    """`devices` office devices at site 0, each with `kinds`, a pool per device and kind unless `same_pool`.

    The prior rate is yields / 84 = 100 pages a working day; `f` makes the level known.
    """
    n = devices * len(kinds)
    pools = 1 if same_pool else n
    kind = np.array([st.KINDS.index(k) for k in kinds] * devices, dtype=np.int64)
    c_fleet = st.expected_fleet_use()
    supplies = st.Supplies.fresh(
        np.repeat(np.arange(devices), len(kinds)).astype(np.int64),
        (np.zeros(n) if same_pool else np.arange(n)).astype(np.int64),
        kind, np.full(n, yields), np.full(n, reports, dtype=np.int64), c_fleet,
    )  # fmt: skip
    if f is not None:
        supplies.f[:] = f
        supplies.p0[:] = 0.003
        supplies.seen[:] = 0.0
    prior = np.full(devices, yields / 84)
    low_mean, low_weight = start_marks(pools)
    zeros = np.zeros(devices, dtype=np.int64)
    return st.State(
        devices=st.Devices.fresh(
            zeros, zeros, np.full(devices, connected), np.zeros(devices), prior, 0.4 * prior
        ),
        supplies=supplies,
        pools=st.Pools.fresh(
            np.zeros(pools, dtype=np.int64), np.arange(pools), np.full(pools, float(shelf)), 0.0
        ),
        c_fleet=c_fleet, low_mean=low_mean, low_weight=low_weight, jobs=st.Jobs(), since=0.0,
    )  # fmt: skip


def ints(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def floats(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)
