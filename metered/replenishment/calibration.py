"""How well run-outs were told: what was said once, against what came. Pure.

The same definitions for a simulated fleet (simulation/report.py) and for the operator's own (accuracy.py):
the shares of cartridges that were empty before the 10 % point and by the 90 % point, and how far the median
was off for those that ran dry within `WITHIN` days. Eight in ten should end between the two points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

WITHIN = 60.0
"""Days: errors are of those that ran dry so soon; what is months away concerns nobody yet."""
GOAL, GIVE = 80.0, 5.0
"""Percent that should end between the points, and by how much it may be off."""
TOO_FEW = 30

Verdict = Literal["too few", "good", "too narrow", "too wide"]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """`total` judged, of these empty `before` the 10 % point and `by` the 90 % point.

    `bias` and `error`: the medians of (said - true) / true and of its size; None without any within 60 days.
    """

    total: int
    before: int
    by: int
    bias: float | None
    error: float | None

    @property
    def before_percent(self) -> float:
        return 100 * self.before / max(self.total, 1)

    @property
    def by_percent(self) -> float:
        return 100 * self.by / max(self.total, 1)

    @property
    def between_percent(self) -> float:
        return 100 * (self.by - self.before) / max(self.total, 1)

    @property
    def verdict(self) -> Verdict:
        """Whether the points stand as far apart as they should."""
        if self.total < TOO_FEW:
            return "too few"
        if abs(self.between_percent - GOAL) <= GIVE:
            return "good"
        return "too narrow" if self.between_percent < GOAL else "too wide"


@dataclass(slots=True)
class Calibration:
    """Collects forecasts one by one; `errors` are signed: below zero where it was said too early."""

    total: int = 0
    before: int = 0
    by: int = 0
    errors: list[float] = field(default_factory=list)

    def add(self, days: float | None, q10: float, q50: float, q90: float) -> None:
        """`days` until it was empty, above zero; None: not empty by q90."""
        self.total += 1
        if days is None:
            return
        self.before += days < q10
        self.by += days <= q90
        if days <= WITHIN:
            self.errors.append((q50 - days) / days)

    @property
    def accuracy(self) -> Accuracy:
        bias = float(np.median(self.errors)) if self.errors else None
        error = float(np.median(np.abs(self.errors))) if self.errors else None
        return Accuracy(self.total, self.before, self.by, bias, error)

    @property
    def shares(self) -> tuple[float, float, float]:
        """Percent before q10, percent by q90, error in percent (nan without any)."""
        found = self.accuracy
        error = float("nan") if found.error is None else 100 * found.error
        return found.before_percent, found.by_percent, error
