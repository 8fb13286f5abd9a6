"""How long to wait before the next try: exponential backoff with full jitter. Pure; the dice are passed in.

Full jitter spreads the agents of all customers over the whole time, so that a portal that comes back is not
felled by everybody at once.
"""

import random

FIRST = 1.0
LAST = 900.0
LONGEST_ASKED = 3600.0
"""Retry-After beyond this is cut: one wrong answer must not silence an agent for a day."""


class Backoff:
    """`failures`: in a row."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self.failures = 0
        self._chance = chance or random.Random()  # noqa: S311 -- no secret

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self, retry_after: float | None = None) -> float:
        """Seconds to wait: 1 s up to a ceiling that doubles until 15 min, and what the portal asks for."""
        ceiling = min(FIRST * 2 ** min(self.failures + 1, 20), LAST)
        self.failures += 1
        waiting = self._chance.uniform(FIRST, ceiling)
        return max(waiting, min(retry_after or 0.0, LONGEST_ASKED))

    def at_length(self) -> float:
        """For what only a person can mend: around 15 min at once."""
        self.failures += 1
        return self._chance.uniform(LAST / 2, LAST)
