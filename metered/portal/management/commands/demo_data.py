"""Puts the demo data in, once, and writes down who may sign in."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from metered.portal.demo import load
from metered.portal.demo.keys import write_logins
from metered.portal.demo.people import logins


class Command(BaseCommand):
    help = "Puts the demo data in (once) and writes the logins and the agent's token to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--logins", type=Path, required=True, help="file for the logins and the token (0600)"
        )
        parser.add_argument("--seed", type=int, default=1, help="another seed, another history")
        parser.add_argument("--small", action="store_true", help="40 instead of 2,000 devices on the campus")

    def handle(self, *args: Any, **options: Any) -> None:
        if load.is_loaded():
            self.stdout.write("The demo data is there already.")
        else:
            began = time.monotonic()
            written = load.load(seed=options["seed"], small=options["small"])
            with connection.cursor() as cursor:
                # Planned with the statistics of empty tables, the first pages take seconds.
                cursor.execute("ANALYZE")
            self.stdout.write(
                f"Demo data: {written.devices} devices, {written.observations} observations, "
                f"{written.reads} reads, {written.orders} orders in {time.monotonic() - began:.1f} s."
            )
        write_logins(options["logins"])
        self.stdout.write(self._table())

    def _table(self) -> str:
        rows = [("e-mail", "password", "account", "role")]
        rows += [
            (row["email"], row["password"], row["account"] or "(operator)", row["role"]) for row in logins()
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
