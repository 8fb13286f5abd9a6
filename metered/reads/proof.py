"""What must be known of a body before the commit and not earlier."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from metered.reads import wire

_LARGE = 64 * 1024
_aside = ThreadPoolExecutor(2, thread_name_prefix="proof")


class Proof:
    """That no key stands twice in the body, and its digest.

    For a large body it is worked out aside, while this thread waits for PostgreSQL.
    """

    def __init__(self, body: bytes, batch: wire.Batch) -> None:
        self.body = body
        self.batch = batch
        self.begun: Future[bytes] | None = None

    def begin(self) -> None:
        if self.begun is None and len(self.body) >= _LARGE:
            self.begun = _aside.submit(self._prove)

    def digest(self) -> bytes:
        """SHA-256 of the body. Raises Unreadable when the body is no batch after all."""
        if self.begun is None:
            self.begun = Future()
            self.begun.set_result(self._prove())
        return self.begun.result()

    def then_empty(self, *lists: list[Any]) -> None:
        """Empties the lists aside as soon as it is worked out: to free a large batch takes its time."""
        if self.begun is not None:
            self.begun.add_done_callback(lambda _: _aside.submit(_empty, lists))

    def _prove(self) -> bytes:
        wire.prove(self.body, self.batch)
        return hashlib.sha256(self.body).digest()


def _empty(lists: Iterable[list[Any]]) -> None:
    for each in lists:
        each.clear()
