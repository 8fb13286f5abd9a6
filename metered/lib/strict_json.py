"""A small JSON body as a typed value. What a stock parser lets through is refused, before anything is kept.

For bodies of some kilobytes: every object is looked at. Batches of reports have a quicker way (reads.wire).
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

from metered.lib.bodies import Unreadable

T = TypeVar("T")
_LONGEST = 300


def decode(body: bytes, shape: type[T]) -> T:
    """`body` as `shape`. Raises Unreadable 400, with the reason: no JSON, another shape, a key twice in one
    object, nesting without end, or a NUL or half a surrogate pair in a string (PostgreSQL keeps neither)."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) != len(pairs):
            raise Unreadable(400, "An object names a key twice.")
        return dict(pairs)

    try:
        json.loads(body.decode(), object_pairs_hook=once)
        found = msgspec.json.decode(body, type=shape)
    except (ValueError, RecursionError) as error:
        # msgspec's errors are ValueErrors too.
        raise Unreadable(400, f"The body can't be read: {str(error)[:_LONGEST]}") from None
    if b"\\u0000" in msgspec.json.encode(found):
        raise Unreadable(400, "A string holds the character NUL.")
    return found
