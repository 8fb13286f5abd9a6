"""The clock of the benchmarks: how long something took, and how much of the processor.

On a busy machine the time on the wall says as much of the neighbours as of the code; what this process and
its PostgreSQL backend computed does not.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds: on the wall, and computed by this process and its backend; nan where nobody can tell."""

    wall: float
    cpu: float

    def __add__(self, other: Took) -> Took:
        return Took(self.wall + other.wall, self.cpu + other.cpu)


def _backend() -> float:
    """Milliseconds that the connection's backend computed so far. Linux, with the server on this machine."""
    connection.ensure_connection()
    try:
        text = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    except OSError:
        return float("nan")
    return int(text.split()[0]) / 1e6


def clock(run: Callable[[], Any]) -> Took:
    """One run."""
    gc.collect()
    backend, own, start = _backend(), time.process_time(), time.perf_counter()
    run()
    wall, cpu = time.perf_counter() - start, time.process_time() - own
    return Took(wall * 1000, cpu * 1000 + _backend() - backend)


def median(times: Sequence[Took]) -> Took:
    """The median of each."""
    return Took(statistics.median(t.wall for t in times), statistics.median(t.cpu for t in times))


def best(times: Sequence[Took]) -> Took:
    """The least of each."""
    return Took(min(t.wall for t in times), min(t.cpu for t in times))
