"""What `manage.py` does with its first argument."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from launch import checks, demo, lock, testing, venv
from launch.paths import CHECKOUT, Checkout
from launch.terminal import Stop, say

NEEDS = {
    "demo": "demo",
    "test": "dev",
    "check_all": "dev",
    "bench": "dev",
    "prove": "dev",
    "screenshots": "dev",
}
"""Which requirements a command needs; every other one is content with what runs in production."""

MEASURING = ("bench", "prove")
"""Django commands that get servers of their own with durable defaults, so that figures are honest."""

HELP = """\
python3 manage.py demo                everything with demo data, until Ctrl-C (--fresh, --small; PORT)
python3 manage.py test [pytest's]     every test, on private servers or those of DATABASE_URL and REDIS_URL
python3 manage.py check_all           lint, types, import contracts, migrations, deployment settings
python3 manage.py simulate            our replenishment against others on a simulated fleet (--help)
python3 manage.py lock [--upgrade]    remake requirements/*.txt from pyproject.toml (needs uv)
python3 manage.py <any of Django's>   with the running demo's servers, if there is one
"""


def run(argv: Sequence[str]) -> int:
    """Run a command line (`manage.py` first) and return the exit code."""
    name, rest = (argv[1], list(argv[2:])) if len(argv) > 1 else ("help", [])
    try:
        if name == "help" and not rest:
            say(HELP)
            if not venv.installed(CHECKOUT, "run") and os.environ.get("METERED_NO_VENV") != "1":
                return 0
        if name == "lock":
            return lock.main(CHECKOUT, rest)
        venv.ensure(CHECKOUT, NEEDS.get(name, "run"), list(argv))
        if name == "demo":
            return demo.main(CHECKOUT, rest)
        if name == "test":
            return testing.main(CHECKOUT, rest)
        if name == "check_all":
            return checks.main(CHECKOUT, rest)
        helps = name == "help" or bool({"--help", "-h"} & set(rest))
        if name in MEASURING and not helps:
            return measure(CHECKOUT, name, rest)
        if name == "simulate":
            return simulate(CHECKOUT, rest)
        if name == "screenshots":
            return screenshots(CHECKOUT, rest)
        if helps:
            os.environ["METERED_DEMO"] = "1"  # to read how a command is used takes no secret
        return django(CHECKOUT, list(argv))
    except Stop as stop:
        say(f"\n{stop}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    except PermissionError as error:
        say(f"\n{error}\nDoes this checkout, or its .run or .venv folder, belong to another user?")
        return 1


def django(checkout: Checkout, argv: list[str]) -> int:
    """Django's own command line; without DATABASE_URL it talks to the demo that runs here."""
    if not os.environ.get("DATABASE_URL"):
        for variable, value in demo.running_environment(checkout).items():
            os.environ.setdefault(variable, value)
    from django.core.management import execute_from_command_line

    execute_from_command_line(argv)
    return 0


def measure(checkout: Checkout, name: str, arguments: list[str]) -> int:
    """A measuring command of Django's; it makes and drops a database of its own."""
    return testing.with_servers(
        checkout,
        name,
        [sys.executable, "-c", DJANGO, name, *arguments],
        durable=True,
        more={"METERED_DEMO": "1"},
    )


DJANGO = """\
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "metered.config.settings")
sys.path.insert(0, os.getcwd())
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


def simulate(checkout: Checkout, arguments: list[str]) -> int:
    """Pure code: no settings, no servers."""
    command = [sys.executable, "-m", "metered.replenishment.simulation", *arguments]
    return testing.foreground(command, dict(os.environ), checkout)


def screenshots(checkout: Checkout, arguments: list[str]) -> int:
    """Django's `screenshots` command against the running demo, or one started for it."""
    if demo.running_environment(checkout):
        return django(checkout, ["manage.py", "screenshots", *arguments])
    from launch import runs

    runs.end_on_signals()
    passing = demo.Demo(checkout)
    try:
        passing.start(fresh=False)
        command = [sys.executable, "-c", DJANGO, "screenshots", *arguments]
        environment = {**os.environ, **demo.running_environment(checkout)}
        return testing.foreground(command, environment, checkout)
    except runs.Ended:
        return 130
    finally:
        passing.close()
