"""How full a slot is, in two bytes. Pure.

A level is a typed state, never a bare number (domain, "Words"). It is kept as a small integer: 0..1000 are
tenths of a percent (for a waste container: of the space left), negative numbers are the other states,
and None says that the report did not mention the slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

State = Literal["percent", "unrestricted", "unknown", "some_remaining", "low", "empty", "not_reported"]

FULL = 1000
CODES: dict[str, int] = {"unrestricted": -1, "unknown": -2, "some_remaining": -3, "low": -4, "empty": -5}
"""Codes of the states that carry no percent."""

_STATES: dict[int, State] = {
    -1: "unrestricted",
    -2: "unknown",
    -3: "some_remaining",
    -4: "low",
    -5: "empty",
}


@dataclass(frozen=True)
class LevelState:
    """A level for people: `percent` (0.0 to 100.0) only where `state` is "percent"."""

    state: State
    percent: float | None = None

    @property
    def is_low(self) -> bool:
        """Whether it needs somebody soon, as far as the device itself says: low, empty, or at most 10 %."""
        return self.state in {"low", "empty"} or (self.percent is not None and self.percent <= 10)


NOT_REPORTED = LevelState("not_reported")


# A batch says the same few thousand levels over and over; looking one up costs less than making it.
@lru_cache(maxsize=4096)
def encode(state: str, percent: float | None = None, fullness: bool = False) -> int:
    """The small integer of a reported level.

    `fullness`: the percent says how full a waste container is, and is turned into the space left.
    Raises ValueError for an unknown state, a percent outside 0..100, or one beside another state.
    """
    if state != "percent":
        if percent is not None:
            raise ValueError(f"is {state} and has a percent")
        try:
            return CODES[state]
        except KeyError:
            raise ValueError(f"is {state!r}, which is no state of a level") from None
    if percent is None:
        raise ValueError("has no percent")
    if not 0 <= percent <= 100:
        raise ValueError("has a percent outside 0 to 100")
    tenths = round(percent * 10)
    return FULL - tenths if fullness else tenths


@lru_cache(maxsize=2048)
def decode(code: int | None) -> LevelState:
    """The level behind a small integer; None and unknown codes are "not_reported"."""
    if code is None:
        return NOT_REPORTED
    if code >= 0:
        return LevelState("percent", code / 10)
    state = _STATES.get(code)
    return LevelState(state) if state else NOT_REPORTED
