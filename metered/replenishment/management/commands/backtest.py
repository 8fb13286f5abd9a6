"""What would have happened under other settings, over the operator's own history."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metered.replenishment import backtest_words, backtests


class Command(BaseCommand):
    help = (
        "Plays the past at some addresses again under other settings: orders, parcels, units on the shelf and"
        " units short. Changes nothing; the run is kept beside those that staff ask for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=180, help="how far back, 30 to 730 (180)")
        parser.add_argument("--sites", type=int, default=50, help="addresses at most, 1 to 2000 (50)")

    def handle(self, *args: Any, **options: Any) -> None:
        days, sites = options["days"], options["sites"]
        if not (30 <= days <= 730 and 1 <= sites <= 2000):
            raise CommandError("--days is 30 to 730, --sites 1 to 2000.")
        run = backtests.begin(once=uuid.uuid4(), days=days, sites=sites, actor=None)
        done = 0
        while (shard := backtests.take_shard(run=run)) is not None:
            done += len(shard.address_ids)
            self.stdout.write(f"part {shard.number} of {run.shards}, {done} addresses")
        run.refresh_from_db()
        if run.result is None:
            raise CommandError("Another backtest is running; this one goes on with the worker.")
        trials = backtests.trials_of(run)
        rows = backtest_words.rows(run.result, trials)
        heads = [head for head, _text in rows[0].cells]
        width = max(len(row.name) for row in rows) + 2
        self.stdout.write(" " * width + "".join(f"{head:>28}" for head in heads))
        for row in rows:
            self.stdout.write(f"{row.name:{width}}" + "".join(f"{text:>28}" for _head, text in row.cells))
        for place in backtest_words.apart(run.result, trials):
            self.stdout.write(f"address {place.address}: {place.setting}: {place.then}; as set: {place.now}")
