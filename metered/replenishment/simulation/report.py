"""One run of one policy, its score (part 3.4), and the table that compares them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from metered.replenishment.simulation import demand as demands
from metered.replenishment.simulation.family import REPORT_NAMES, SECTOR_NAMES, Fleet
from metered.replenishment.simulation.policies import Message, Policy, Seer
from metered.replenishment.simulation.world import SOURCES, World
from metered.replenishment.state import KINDS

Tick = Callable[[int], None]
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
        "lead_business_days_promise": list(fleet.traits.promise), "forecast_days": list(FORECAST_DAYS),
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


@dataclass(frozen=True, slots=True)
class Run:
    """One policy's two years: its score, how its run-outs were told, where its outages came from."""

    score: Score
    calibration: dict[str, Calibration]
    outages: dict[str, dict[str, int]]
    """Kind of report → days out, and of these by what."""
    device_years: float


@dataclass(slots=True)
class Calibration:
    """Forecasts of supplies that ran dry later: how many before q10 and by q90; errors of q50 under 60
    days.
    """

    total: int = 0
    before: int = 0
    by: int = 0
    errors: list[float] = field(default_factory=list)

    def add(self, days: float | None, q10: float, q50: float, q90: float) -> None:
        """`days` None: not empty by q90."""
        self.total += 1
        if days is None:
            return
        self.before += days < q10
        self.by += days <= q90
        if days <= 60:
            self.errors.append(abs(q50 - days) / days)

    @property
    def shares(self) -> tuple[float, float, float]:
        n = max(self.total, 1)
        error = 100 * float(np.median(self.errors)) if self.errors else float("nan")
        return 100 * self.before / n, 100 * self.by / n, error


def run(fleet: Fleet, demand: demands.Demand, policy: Policy, seed: int, tick: Tick | None = None) -> Score:
    """The score alone."""
    return play(fleet, demand, policy, seed, tick).score


def play(fleet: Fleet, demand: demands.Demand, policy: Policy, seed: int, tick: Tick | None = None) -> Run:
    """Play all days against `policy`; the same seed gives every policy the same customers."""
    world = World(fleet, demand, seed)
    policy.hello(hello(fleet, demand))
    if isinstance(policy, Seer):
        policy.sees(world)
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
    calibration = _calibration(world, forecasts)
    score = _score(world, calibration["all"], policy.seconds)
    return Run(score, calibration, world.outages, world.score["dy"])


def _score(world: World, told: Calibration, seconds: float) -> Score:
    s = world.score
    dy = max(s["dy"], 1e-9)
    spare = s["spare"] / max(s["days"], 1)
    years = s["days"] / 365
    cost = (
        60 * s["out"] + 35 * s["emergency_parcels"] + 10 * s["parcels"] + 2 * s["units"]
        + 80 * (0.25 * years * spare + s["waste"] + 0.3 * s["stranded"]) + 0.5 * s["asked"]
    )  # fmt: skip
    early, late, errors = told.shares
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


def _calibration(world: World, forecasts: Sequence[tuple[int, Message]]) -> dict[str, Calibration]:
    """Per kind of report and for all: shares empty before q10 and by q90, errors of q50 (part 3.4).

    A cartridge swapped before it was empty, or still in use at the end, is left out.
    """
    end = world.demand.pages.shape[0]
    events: dict[int, list[tuple[int, int]]] = {}
    for t, s, dry in world.emptied:
        events.setdefault(s, []).append((t, dry))
    found = {name: Calibration() for name in ("all", *SOURCES)}
    for at, forecast in forecasts:
        sources = world.sources(at)
        for i, s in enumerate(forecast["s"]):
            after = [(t, dry) for t, dry in events.get(s, []) if t > at]
            q = (forecast["q10"][i], forecast["q50"][i], forecast["q90"][i])
            days: float | None = None
            if after and after[0][1]:
                days = after[0][0] - at
            elif after or at + q[2] >= end or not world.alive[world.fleet.s_device[s]]:
                continue
            for name in ("all", SOURCES[sources[s]]):
                found[name].add(days, *q)
    return found


COLUMNS = (
    ("out-days", "out_days"), ("emerg.", "emergencies"), ("spares", "spare"), ("waste %", "waste"),
    ("ship.", "shipments"), ("cost", "cost"), ("manual", "manual_out_days"), ("warn p10", "warning_p10"),
    ("asked", "counts_asked"), ("<q10 %", "before_q10"), ("<=q90 %", "by_q90"), ("q50 err %", "q50_error"),
    ("s", "seconds"),
)  # fmt: skip


def table(scores: dict[str, Score]) -> str:
    """Lines of the scores, then the ratios of the first to the last one (the yardstick)."""
    names = list(scores)
    base = scores[names[-1]]
    lines = ["".join([f"{'':18}", *(f"{title:>10}" for title, _ in COLUMNS)])]
    for name in names:
        lines.append("".join([f"{name:18}", *(f"{getattr(scores[name], f):10.2f}" for _, f in COLUMNS)]))
    ratios = ("out_days", "emergencies", "spare", "waste", "shipments", "cost", "manual_out_days")
    for name in names[:1]:
        cells = [
            f"{getattr(scores[name], f) / getattr(base, f):10.2f}"
            if f in ratios and getattr(base, f)
            else f"{'':10}"
            for _, f in COLUMNS
        ]
        lines.append("".join([f"{'÷ ' + names[-1]:18}", *cells]))
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Goal:
    text: str
    value: float
    must: float
    aim: float
    """Below them is good, unless `aim` is the greater."""

    @property
    def verdict(self) -> str:
        more = self.aim > self.must
        if (self.value >= self.aim) if more else (self.value <= self.aim):
            return "aim"
        return "must" if ((self.value >= self.must) if more else (self.value <= self.must)) else "MISSED"


def goals_of(ours: Score, base: Score, best: Score | None = None) -> list[Goal]:
    """The goals of part 1 that a run answers. `best`: what knowing the future would have done."""

    def ratio(name: str) -> float:
        return float(getattr(ours, name) / max(getattr(base, name), 1e-9))

    rows = [
        Goal("out-days ÷ ship-at-20 %", ratio("out_days"), 0.20, 0.08),
        Goal("emergency units ÷ ship-at-20 %", ratio("emergencies"), 0.18, 0.08),
        Goal("spare stock ÷ ship-at-20 %", ratio("spare"), 1.20, 1.00),
        Goal("shipments ÷ ship-at-20 %", ratio("shipments"), 0.60, 0.45),
        Goal("toner thrown away ÷ ship-at-20 %", ratio("waste"), 1.5, 1.2),
    ]
    if best is not None:
        gap = 100 * (base.cost - ours.cost) / max(base.cost - best.cost, 1e-9)
        rows.append(Goal("cost gap to knowing the future, closed by %", gap, 70, 85))
    rows += [
        Goal("manual-read devices: out-days ÷ ship-at-20 %", ratio("manual_out_days"), 0.18, 0.08),
        Goal("days between ordering and need, 10th percentile", ours.warning_p10, 7, 10),
        Goal("count requests a device-year", ours.counts_asked, 6, 2),
        Goal("empty before q10: off 10 % by", abs(ours.before_q10 - 10), 7, 2),
        Goal("empty by q90: off 90 % by", abs(ours.by_q90 - 90), 15, 2),
        Goal("median error of days left under 60, %", ours.q50_error, 50, 25),
        Goal("candidate's own time, s", ours.seconds, 900, 60),
    ]
    return rows


def verdicts(rows: Sequence[Goal]) -> str:
    lines = [f"{'':52}{'is':>8}{'must':>8}{'aim':>8}"]
    for g in rows:
        lines.append(f"{g.text:52}{g.value:8.2f}{g.must:8g}{g.aim:8g}  {g.verdict}")
    return "\n".join(lines)


def told(run: Run) -> str:
    """How sure the run-outs were, per kind of report: the goal is 80 ± 5 % between q10 and q90."""
    lines = [f"{'run-outs told by':20}{'n':>8}{'<q10 %':>9}{'<=q90 %':>9}{'between':>9}{'q50 err %':>11}"]
    for name, c in run.calibration.items():
        early, late, error = c.shares
        lines.append(f"{name:20}{c.total:8}{early:9.1f}{late:9.1f}{late - early:9.1f}{error:11.1f}")
    return "\n".join(lines)


def causes(run: Run) -> str:
    """Days out per 1,000 device-years, by kind of report and what lacked."""
    per = 1000 / max(run.device_years, 1e-9)
    whats = list(dict.fromkeys(what for row in run.outages.values() for what in row))
    lines = [f"{'days out by':20}{'all':>8}" + "".join(f"{w:>12}" for w in whats)]
    for name, row in run.outages.items():
        cells = "".join(f"{per * row.get(w, 0):12.1f}" for w in whats)
        lines.append(f"{name:20}{per * sum(row.values()):8.1f}{cells}")
    return "\n".join(lines)
