"""Choosing the port of a demo so that two demos never share one."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass

from launch.terminal import Stop

FIRST, LAST = 8000, 8099


@dataclass
class Port:
    """A port promised to us. The web server may share ports with others of its kind (SO_REUSEPORT),
    so besides finding nobody listening we hold a name that only one process on the machine can have.
    """

    number: int
    claim: socket.socket | None

    def release(self) -> None:
        if self.claim is not None:
            self.claim.close()


def choose(wanted: str) -> Port:
    """The port in `wanted` (the variable PORT), or the first free one from 8000 on.

    Raises Stop when the wanted one isn't a port or isn't free.
    """
    if wanted:
        if not wanted.isascii() or not wanted.isdigit() or not 0 < int(wanted) < 65536:
            raise Stop(f"PORT must be a number from 1 to 65535, not {wanted!r}.")
        port = claim(int(wanted))
        if port is None:
            raise Stop(f"Port {wanted} is in use. Choose another PORT, or leave it out.")
        return port
    for number in range(FIRST, LAST + 1):
        port = claim(number)
        if port is not None:
            return port
    raise Stop(f"All ports from {FIRST} to {LAST} are in use. Choose one with PORT=….")


def claim(number: int) -> Port | None:
    """The port, or None when somebody has it."""
    name: socket.socket | None = None
    if sys.platform == "linux":
        name = socket.socket(socket.AF_UNIX)
        try:
            # An abstract name: no file, and gone with the process.
            name.bind(f"\0metered-port-{number}")
        except OSError:
            name.close()
            return None
    with socket.socket(socket.AF_INET) as probe:
        # Without this a connection closed a minute ago would count as "in use".
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            if name is not None:
                name.close()
            return None
    return Port(number, name)
