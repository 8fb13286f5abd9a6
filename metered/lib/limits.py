"""How often something may be asked for, counted in the cache: a courtesy limit, not the law.

When the cache is away nobody is refused. What must hold whatever happens is held by a row under lock.
"""

from __future__ import annotations

import hashlib

from django.core.cache import cache


def within(name: str, who: str, *, most: int, seconds: int) -> bool:
    """Counts one more try of `who` and says whether that is within `most` per `seconds`.

    `who` is kept only as a hash: it may be a network address.
    """
    key = f"limit:{name}:{hashlib.sha256(who.encode()).hexdigest()[:24]}"
    if cache.add(key, 1, timeout=seconds):
        return True
    try:
        return bool(cache.incr(key) <= most)
    except ValueError:
        # It ran out between the two.
        return True
