"""`python3 manage.py test [pytest's arguments]`: private servers without durability, then pytest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType

from launch import runs
from launch.paths import Checkout
from launch.processes import RUN_VARIABLE
from launch.terminal import say


def main(checkout: Checkout, arguments: Sequence[str]) -> int:
    """Run the tests and return pytest's exit code."""
    command = [sys.executable, "-m", "pytest", *in_parallel(arguments), *arguments]
    return with_servers(checkout, "test", command, durable=False)


def in_parallel(arguments: Sequence[str]) -> list[str]:
    """Three workers, unless the person chose a number or wants the debugger.

    One more than the two cores the suite is made for: stories wait for browsers and for processes of their
    own. By file: such a story starts its servers once. In the order of tests/conftest.py: the longest first.
    """
    chosen = ("-n", "--numprocesses", "--pdb", "--dist", "--trace")
    if any(argument.startswith(chosen) for argument in arguments):
        return []
    return ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]


def with_servers(
    checkout: Checkout,
    kind: str,
    command: Sequence[str],
    *,
    durable: bool,
    more: Mapping[str, str] | None = None,
) -> int:
    """Run a command with servers of its own (or those of the environment); returns its exit code."""
    runs.end_on_signals()
    run = runs.open_passing(checkout, kind)
    try:
        found = run.start_servers(os.environ, durable=durable)
        environment = {**os.environ, **(more or {}), **found, "METERED_NO_VENV": "1"}
        environment[RUN_VARIABLE] = str(run.folder)
        environment["METERED_TEST_PRIVATE_REDIS"] = "" if os.environ.get("REDIS_URL") else "1"
        return foreground(command, environment, checkout)
    except runs.Ended:
        say("\nEnding …")
        return 130
    finally:
        run.close()


def foreground(command: Sequence[str], environment: Mapping[str, str], checkout: Checkout) -> int:
    """Run in the same terminal session: Ctrl-C reaches the command itself, a TERM is passed on."""
    process = subprocess.Popen(list(command), env=dict(environment), cwd=checkout.root)

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT:
            process.send_signal(number)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, pass_on) for number in signals]
    try:
        code = process.wait()
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
    return 128 - code if code < 0 else code
