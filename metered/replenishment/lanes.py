"""How long a parcel takes, learnt from those that came (method section 6: "learn it per region")."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from metered.replenishment.arrays import Floats

POINT = 0.88
"""Share of parcels that are there in the days reckoned with: the 85 to 90 % point of section 6."""
PROMISE_POINT = 0.75
"""Where in the promised span that point is thought to lie before any parcel came."""
PROMISE_WEIGHT = 40.0
LONGEST = 60


@dataclass(slots=True)
class Lane:
    """Working days from the evening of an order to the morning of its delivery, as counts; O(1)."""

    promise: tuple[int, int]
    counts: Floats = field(default_factory=lambda: np.zeros(LONGEST + 1))

    def learn(self, days: int, parcels: float = 1.0) -> None:
        self.counts[min(max(days, 0), LONGEST)] += parcels

    @property
    def promised(self) -> int:
        least, most = self.promise
        return max(int(np.ceil(least + PROMISE_POINT * (most - least))), 1)

    def days(self) -> int:
        """The days in which `POINT` of all parcels come; the promise weighs as much as 40 parcels."""
        share = np.cumsum(self.counts)
        believed = share + PROMISE_WEIGHT * np.where(
            np.arange(share.size) >= self.promised, 1.0, POINT - 0.03
        )
        return max(int(np.argmax(believed >= POINT * (share[-1] + PROMISE_WEIGHT))), 1)
