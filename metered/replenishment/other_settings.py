"""A decision under other settings, as far as its record tells: what was due by itself at another risk. Pure.

The record keeps the chance to run short and the risk in force, which is a fixed share of the risk that is
set (policy.Idle.accepted). So whether it was due by itself at another risk follows exactly. How much would
have travelled along, or been sent with other days, needs the whole address again: that is a backtest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

TIMES = (1 / 3, 1.0, 3.0)
WEIGHED = ("ship", "along", "enough")
"""Rules of decisions that weighed the risk; the others were barred, held, open or unknown."""

Verdict = Literal["due", "along", "not yet"]


@dataclass(frozen=True, slots=True)
class Under:
    """`times` the risk that was set: `alpha` would have been in force. "along": not due by itself, and it
    came along with what was, as far as that was still due.
    """

    times: float
    alpha: float
    verdict: Verdict


def under(reason: Mapping[str, Any]) -> list[Under]:
    """The decision at a third, at once and at three times the risk; empty where it weighed none."""
    if reason.get("rule") not in WEIGHED or not reason.get("alpha"):
        return []
    return [_at(reason, times) for times in TIMES]


def _at(reason: Mapping[str, Any], times: float) -> Under:
    alpha = float(reason["alpha"]) * times
    if float(reason["risk"]) > alpha:
        return Under(times, alpha, "due")
    return Under(times, alpha, "along" if reason["rule"] == "along" else "not yet")
