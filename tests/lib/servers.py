"""Servers that are no use: one that isn't there, and one that listens and never answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = "redis://127.0.0.1:1/0"
"""Refuses the connection at once."""


@contextmanager
def silent() -> Iterator[str]:
    """The URL of a server that accepts connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(32)
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
