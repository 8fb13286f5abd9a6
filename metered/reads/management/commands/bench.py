"""`python3 manage.py bench NAME`: one benchmark, in a database of its own that is dropped afterwards."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pkgutil import iter_modules
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

PREFIX = "bench_"


def benchmarks() -> dict[str, str]:
    """Name → module: every `bench_<name>.py` of an installed app, with a function `run(say, rounds)`."""
    found: dict[str, str] = {}
    for app in apps.get_app_configs():
        if not app.name.startswith("metered."):
            continue
        spec = find_spec(app.name)
        for module in iter_modules((spec and spec.submodule_search_locations) or []):
            if module.name.startswith(PREFIX):
                found[module.name.removeprefix(PREFIX)] = f"{app.name}.{module.name}"
    return found


class Command(BaseCommand):
    help = "Measures a part of the portal against its floor and the naive way, in turn, in one run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(benchmarks()))
        parser.add_argument("--rounds", type=int, default=7)
        parser.add_argument("--positions", type=int, help="night alone: fewer of them, while working on it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rounds"] < 1:
            raise CommandError("--rounds must be at least 1")
        run = import_module(benchmarks()[options["name"]]).run
        if options["positions"] is not None and "positions" not in signature(run).parameters:
            raise CommandError(f"{options['name']} has no positions")
        # Every statement would be remembered, and nobody may be woken for rows that are about to go.
        settings.DEBUG = False
        settings.CELERY_BROKER_URL = "memory://localhost/"
        from celery import current_app

        current_app.conf.update(broker_url="memory://localhost/")
        name = connection.settings_dict["NAME"]
        connection.settings_dict["TEST"] |= {"NAME": f"{name}_bench_{os.getpid()}", "TEMPLATE": None}
        creation = connection.creation
        creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            size = {} if options["positions"] is None else {"positions": options["positions"]}
            run(self.stdout.write, options["rounds"], **size)
        finally:
            creation.destroy_test_db(name, verbosity=0)
