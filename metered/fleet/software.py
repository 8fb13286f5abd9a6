"""Software (firmware) versions, compared as their makers count them."""

from __future__ import annotations

import re

_PART = re.compile(r"\d+|[a-z]+", re.IGNORECASE)


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """A sortable key: numbers compare as numbers, letters as letters, a number after letters.

    ``57.40.31`` < ``57.100``; ``2.0a`` < ``2.0b``; trailing zeros do not count, so 57.40 equals 57.40.0.
    """
    parts = [
        (1, int(part), "") if part.isdigit() else (0, 0, part.lower()) for part in _PART.findall(version)
    ]
    while parts and parts[-1] == (1, 0, ""):
        parts.pop()
    return tuple(parts)


def is_below(version: str, minimum: str) -> bool:
    """Whether `version` is older than `minimum`. An empty version is not below: nothing is known."""
    return bool(version) and version_key(version) < version_key(minimum)
