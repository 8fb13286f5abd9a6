"""`python3 manage.py simulate`: our policy and what others do on one simulated fleet.

Prints the table of part 3.4, the goals, how well run-outs were told per kind of report, and what becomes of
typed reads, missing months and hoarders; `--frontier FILE` draws outages against stock for several dials. The
same seed gives the same fleet, customers and cartridges to every policy.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from metered.replenishment.policy import Settings
from metered.replenishment.simulation import (
    demand,
    family,
    frontier,
    hoarders,
    missing_months,
    report,
    typed_reads,
)
from metered.replenishment.simulation.clairvoyant import Clairvoyant
from metered.replenishment.simulation.policies import Engine, Policy, Process
from metered.replenishment.simulation.yardsticks import ByYield, ShipAt, Trend

BAR = 30
OURS, BASE, BEST = "ours", "fixed:20", "knows the future"
ALPHAS = (0.1, 0.05, 0.03, 0.02, 0.01, 0.005)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="manage.py simulate", description=__doc__)
    parser.add_argument("--devices", type=int, default=5000, help="of 500 each fleet is another")
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", choices=sorted(family.FAMILIES), default="public")
    parser.add_argument("--alpha", type=float, help="another risk; runs the engine in this process")
    parser.add_argument("--join-days", type=int, help="another joining window; likewise")
    parser.add_argument("--in-process", action="store_true", help="without the process and its pipes")
    parser.add_argument("--quick", action="store_true", help="only ours and fixed:20, nothing else")
    parser.add_argument("--no-reads", action="store_true", help="nothing of typed reads and excess")
    parser.add_argument("--frontier", type=Path, help="draw outages against stock into this SVG file")
    args = parser.parse_args(arguments)

    rng = np.random.default_rng(args.seed)
    fleet = family.draw(rng, args.devices, family.FAMILIES[args.family])
    wanted = demand.draw(rng, fleet, args.days)
    usual = Settings()
    settings = Settings(
        alpha=usual.alpha if args.alpha is None else args.alpha,
        join_days=usual.join_days if args.join_days is None else args.join_days,
    )
    here = args.alpha is not None or args.join_days is not None or args.in_process
    policies: dict[str, Policy] = {OURS: Engine(settings) if here else Process()}
    if not args.quick:
        policies |= {"days left": Trend(), "by yield": ByYield(), "fixed:10": ShipAt(10)}
        policies[BEST] = Clairvoyant()
    policies[BASE] = ShipAt()
    dials = {f"risk {alpha:g}": Engine(Settings(alpha=alpha)) for alpha in ALPHAS} if args.frontier else {}

    beside = not args.quick and not args.no_reads
    progress = Progress(len(policies) + len(dials) + beside, args.days)
    runs = {name: report.play(fleet, wanted, p, args.seed, progress.of(name)) for name, p in policies.items()}
    scores = {name: run.score for name, run in runs.items()}
    say = sys.stdout.write
    say(
        f"{args.devices} devices, {fleet.s_device.size} supplies, {args.days} days, seed {args.seed},"
        f" family {args.family}\n\n{report.table(scores)}\n\n"
    )
    goals = report.goals_of(scores[OURS], scores[BASE], scores.get(BEST))
    say(report.verdicts(goals) + "\n\n")
    say(report.told(runs[OURS]) + "\n\n" + report.causes(runs[OURS]) + "\n")
    if beside:
        say("\n" + reads_and_excess(fleet, wanted, args.seed, progress.of("excess")) + "\n")
    if args.frontier:
        points = {
            name: report.play(fleet, wanted, p, args.seed, progress.of(name)).score
            for name, p in dials.items()
        }
        args.frontier.write_text(frontier.draw(points, scores, BASE), encoding="utf-8")
        say(f"\n{args.frontier} written\n")
    progress.end()
    return 0


def reads_and_excess(fleet: family.Fleet, wanted: demand.Demand, seed: int, tick: report.Tick) -> str:
    """Typed reads, missing months and excess on the same fleet: what was counted, then the goals."""
    tally = typed_reads.judge(np.random.default_rng([seed, 3]), fleet, wanted)
    errors = missing_months.measure(np.random.default_rng([seed, 5]), fleet, wanted)
    found = hoarders.play(fleet, wanted, seed, tick=tick)
    goals = [*typed_reads.goals_of(tally), *missing_months.goals_of(errors), *hoarders.goals_of(found)]
    return "\n\n".join([
        typed_reads.table(tally),
        missing_months.table(errors) + "\n" + hoarders.table(found),
        report.verdicts(goals),
    ])  # fmt: skip


class Progress:
    """One line on standard error, on a terminal only."""

    def __init__(self, runs: int, days: int) -> None:
        self._runs, self._days, self._done = runs, days, 0
        self._began = time.monotonic()

    def of(self, name: str) -> report.Tick:
        number = self._done
        self._done += 1

        def tick(day: int) -> None:
            if not sys.stderr.isatty() or day % 5:
                return
            share = (number + (day + 1) / self._days) / self._runs
            full = int(BAR * share)
            left = (time.monotonic() - self._began) * (1 - share) / share
            bar = "█" * full + "░" * (BAR - full)
            sys.stderr.write(f"\r{bar} {share:4.0%}  {name}, day {day}, about {left:.0f} s left \x1b[K")
            sys.stderr.flush()

        return tick

    def end(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")


if __name__ == "__main__":
    sys.exit(main())
