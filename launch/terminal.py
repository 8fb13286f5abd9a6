"""What the person in front of the terminal sees: lines, steps with their time, and ends of logs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Stop(Exception):
    """The start can't go on; the text says why and what to do."""


def say(line: str = "") -> None:
    """Print a line at once. A reader that went away (`| head`) doesn't end the servers."""
    with suppress(BrokenPipeError, ValueError):
        print(line, flush=True)


def rewrite(line: str) -> None:
    """Replace the current line on a terminal; elsewhere print nothing."""
    if sys.stdout.isatty():
        sys.stdout.write("\r\x1b[K" + line[:110])
        sys.stdout.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step that may take long, and say how long it took."""
    begun = time.monotonic()
    live = sys.stdout.isatty()
    if live:
        rewrite(f"  {title} …")
    else:
        say(f"  {title} …")
    yield
    took = time.monotonic() - begun
    if live:
        rewrite("")
        say(f"  {title}: {took:.1f} s")
    elif took >= 1:
        say(f"  {title}: {took:.1f} s")


def end_of(log: Path, lines: int = 30) -> str:
    """The last lines of a log file, or an empty text."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
