"""One run of one policy, its score (part 3.4), and the table that compares them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from metered.replenishment.simulation import demand as demands
from metered.replenishment.simulation.family import REPORT_NAMES, SECTOR_NAMES, Fleet
from metered.replenishment.simulation.policies import Message, Policy
from metered.replenishment.simulation.world import World
from metered.replenishment.state import KINDS

FORECAST_DAYS = (200, 300, 400, 500)
WARM_UP = 90


@dataclass(frozen=True, slots=True)
class Score:
    """The columns of part 3.4, in its units."""

    out_days: float
    emergencies: float
    spare: float
    waste: float
    shipments: float
    cost: float
    manual_out_days: float
    warning_p10: float
    counts_asked: float
    before_q10: float
    by_q90: float
    q50_error: float
    seconds: float


def hello(fleet: Fleet, demand: demands.Demand) -> Message:
    return {
        "type": "hello", "protocol": "fleet-replay/1", "start_date": demand.start.isoformat(),
        "days": int(demand.pages.shape[0]), "holidays": demand.holidays,
        "lead_business_days_promise": [2, 6], "forecast_days": list(FORECAST_DAYS),
        "devices": {
            "site": fleet.d_site.tolist(), "model": fleet.d_model.tolist(),
            "color": fleet.d_colour.astype(int).tolist(), "connected": fleet.d_connected.astype(int).tolist(),
            "meter_modulus": fleet.d_modulus.astype(int).tolist(),
        },
        "sites": {"sector": [SECTOR_NAMES[i] for i in fleet.sector]},
        "supplies": {
            "device": fleet.s_device.tolist(), "kind": [KINDS[i] for i in fleet.s_kind],
            "pool": fleet.s_pool.tolist(), "yield": fleet.s_yield.tolist(),
            "reports": [REPORT_NAMES[i] for i in fleet.s_reports],
        },
        "pools": {
            "site": fleet.p_site.tolist(), "sku": fleet.p_sku.tolist(),
            "declared_stock": fleet.p_declared.tolist(),
        },
    }  # fmt: skip


def run(
    fleet: Fleet, demand: demands.Demand, policy: Policy, seed: int, tick: Callable[[int], None] | None = None
) -> Score:
    """Play all days against `policy`; the same seed gives every policy the same customers."""
    world = World(fleet, demand, seed)
    policy.hello(hello(fleet, demand))
    forecasts: list[tuple[int, Message]] = []
    for t in range(demand.pages.shape[0]):
        message = world.step(t)
        answer = policy.day(message)
        world.take_orders(t, answer, message["customer_orders"])
        if answer.get("forecast"):
            forecasts.append((t, answer["forecast"]))
        if tick:
            tick(t)
    policy.end()
    return _score(world, forecasts, policy.seconds)


def _score(world: World, forecasts: Sequence[tuple[int, Message]], seconds: float) -> Score:
    s = world.score
    dy = max(s["dy"], 1e-9)
    spare = s["spare"] / max(s["days"], 1)
    years = s["days"] / 365
    cost = (
        60 * s["out"] + 35 * s["emergency_parcels"] + 10 * s["parcels"] + 2 * s["units"]
        + 80 * (0.25 * years * spare + s["waste"] + 0.3 * s["stranded"]) + 0.5 * s["asked"]
    )  # fmt: skip
    early, late, errors = _calibration(world, forecasts)
    return Score(
        out_days=1000 * s["out"] / dy,
        emergencies=1000 * s["emergency"] / dy,
        spare=100 * spare / world.fleet.s_device.size,
        waste=100 * s["waste"] / max(s["used"], 1),
        shipments=s["parcels"] / dy,
        cost=cost / dy,
        manual_out_days=1000 * s["out_manual"] / max(s["dy_manual"], 1e-9),
        warning_p10=float(np.percentile(world.warnings, 10)) if world.warnings else float("nan"),
        counts_asked=s["asked"] / dy,
        before_q10=early,
        by_q90=late,
        q50_error=errors,
        seconds=seconds,
    )


def _calibration(world: World, forecasts: Sequence[tuple[int, Message]]) -> tuple[float, float, float]:
    """Shares empty before q10 and by q90, and the median relative error of q50 under 60 days (part 3.4).

    A cartridge swapped before it was empty, or still in use at the end, is left out.
    """
    end = world.demand.pages.shape[0]
    events: dict[int, list[tuple[int, int]]] = {}
    for t, s, dry in world.emptied:
        events.setdefault(s, []).append((t, dry))
    before = by = total = 0
    errors: list[float] = []
    for at, forecast in forecasts:
        for i, s in enumerate(forecast["s"]):
            after = [(t, dry) for t, dry in events.get(s, []) if t > at]
            if not after or after[0][1] == 0:
                if not after and at + forecast["q90"][i] < end and world.alive[world.fleet.s_device[s]]:
                    total += 1
                continue
            days = after[0][0] - at
            total += 1
            before += days < forecast["q10"][i]
            by += days <= forecast["q90"][i]
            if days <= 60:
                errors.append(abs(forecast["q50"][i] - days) / days)
    share = max(total, 1)
    return 100 * before / share, 100 * by / share, 100 * float(np.median(errors)) if errors else float("nan")


COLUMNS = (
    ("out-days", "out_days"), ("emerg.", "emergencies"), ("spares", "spare"), ("waste %", "waste"),
    ("ship.", "shipments"), ("cost", "cost"), ("manual", "manual_out_days"), ("warn p10", "warning_p10"),
    ("asked", "counts_asked"), ("<q10 %", "before_q10"), ("<=q90 %", "by_q90"), ("q50 err %", "q50_error"),
    ("s", "seconds"),
)  # fmt: skip


def table(scores: dict[str, Score]) -> str:
    """Lines of the scores, then the ratios of each policy to the last one (the yardstick)."""
    names = list(scores)
    base = scores[names[-1]]
    lines = ["".join([f"{'':14}", *(f"{title:>10}" for title, _ in COLUMNS)])]
    for name in names:
        lines.append("".join([f"{name:14}", *(f"{getattr(scores[name], f):10.2f}" for _, f in COLUMNS)]))
    ratios = ("out_days", "emergencies", "spare", "waste", "shipments", "cost", "manual_out_days")
    for name in names[:-1]:
        cells = [
            f"{getattr(scores[name], f) / getattr(base, f):10.2f}"
            if f in ratios and getattr(base, f)
            else f"{'':10}"
            for _, f in COLUMNS
        ]
        lines.append("".join([f"{'÷ ' + names[-1]:14}", *cells]))
    return "\n".join(lines)
