"""`python3 manage.py prove <what>`: claims of the documentation, tried many times.

The tests of the suite try a sample; this tries as often as one likes and says what it saw. It works in a
database of its own, which is dropped afterwards.
"""

from __future__ import annotations

import os
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection


class Command(BaseCommand):
    help = "Prove what the documentation claims, many times over (kills)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="what")
        kills = what.add_parser(
            "kills", help="kill -9 worker, beat and Valkey in turn: exactly one order each"
        )
        kills.add_argument("--times", type=int, default=50, help="how many kills (default 50)")
        kills.add_argument("--seed", type=int, default=0, help="chooses the moments of the kills")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        name = connection.settings_dict["NAME"]
        connection.settings_dict["TEST"] |= {"NAME": f"{name}_prove_{os.getpid()}", "TEMPLATE": None}
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            {"kills": self.kills}[what](**options)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)

    def kills(self, *, times: int, seed: int, **_: Any) -> None:
        # The stories live with the tests: one way to start everything, one definition of "right".
        from tests.flows.kills import moments, survive
        from tests.flows.stack import running, url_of

        begun, wrong, seen = time.monotonic(), 0, Counter[str]()
        with (
            tempfile.TemporaryDirectory(prefix="metered-prove-") as folder,
            running(Path(folder), url_of(connection.settings_dict)) as stack,
        ):
            for number, (victim, delay) in enumerate(moments(times, seed=seed), 1):
                outcome = survive(stack, victim, delay)
                seen[victim] += 1
                wrong += bool(outcome.faults)
                self.stdout.write(f"{number:>4}  {outcome}")
        minutes = (time.monotonic() - begun) / 60
        tally = ", ".join(f"{count} of {victim}" for victim, count in sorted(seen.items()))
        self.stdout.write(
            f"{times} kills ({tally}) in {minutes:.1f} min: {wrong} with anything lost or doubled"
        )
        if wrong:
            raise CommandError("an order was lost or doubled")
