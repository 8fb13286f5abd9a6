"""`python -m metered.replenishment.simulation`: our policy and "ship one at 20 %" on one fleet."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from metered.replenishment.policy import Settings
from metered.replenishment.simulation import demand, family
from metered.replenishment.simulation.policies import Engine, Policy, Process, ShipAt
from metered.replenishment.simulation.report import Score, run, table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--alpha", type=float, help="another risk; runs the engine in this process")
    parser.add_argument("--join-days", type=int, help="another joining window; likewise")
    parser.add_argument("--in-process", action="store_true", help="without the process and its pipes")
    args = parser.parse_args()

    rng = np.random.default_rng(args.seed)
    fleet = family.draw(rng, args.devices)
    wanted = demand.draw(rng, fleet, args.days)
    dials = args.alpha is not None or args.join_days is not None
    usual = Settings()
    settings = Settings(
        alpha=usual.alpha if args.alpha is None else args.alpha,
        join_days=usual.join_days if args.join_days is None else args.join_days,
    )
    ours: Policy = Engine(settings) if dials or args.in_process else Process()
    scores: dict[str, Score] = {}
    for name, policy in {"the method": ours, "fixed:20": ShipAt()}.items():

        def tick(t: int, name: str = name) -> None:
            if sys.stderr.isatty() and t % 10 == 0:
                sys.stderr.write(f"\r{name}: day {t} of {args.days}")

        scores[name] = run(fleet, wanted, policy, args.seed, tick)
        if sys.stderr.isatty():
            sys.stderr.write("\r" + " " * 40 + "\r")
    sys.stdout.write(
        f"{args.devices} devices, {fleet.s_device.size} supplies, {args.days} days, seed {args.seed}\n"
    )
    sys.stdout.write(table(scores) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
