"""Makes the forecast's state anew from history."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metered.fleet.queries import device_ids_for_system
from metered.replenishment import actions


class Command(BaseCommand):
    help = (
        "Makes the state of the forecast anew from all reports, reads by hand and stock entries. Posts and"
        " orders nothing itself; addresses are weighed again with the next sweep."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--serial",
            action="append",
            default=[],
            help="only the devices of this serial and what stands at their addresses; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        serials: list[str] = options["serial"]
        found = device_ids_for_system(serials or None)
        unknown = sorted(set(serials) - {serial for _, serial in found})
        if unknown:
            raise CommandError(f"No device has the serial {', '.join(unknown)}.")
        done = taken = 0
        parts = actions.rebuild_parts(device_ids=[pk for pk, _ in found])
        total = sum(len(part) for part in parts)
        for part in parts:
            taken += actions.rebuild(device_ids=part)
            done += len(part)
            self.stdout.write(f"{done} of {total} devices, {taken} reports and reads")
        self.stdout.write(f"The forecast of {total} devices is made anew.")
