"""A cache that is only a cache: when Valkey is away, pages are slower, not broken."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class ForgivingRedisCache(RedisCache):
    """Redis cache whose outages look like misses. Nothing that must not be lost is kept in it."""

    def _try(self, call: Callable[[], Any], instead: Any) -> Any:
        try:
            return call()
        except RedisError as error:
            logger.warning("cache is away: %s", error)
            return instead

    def add(self, key: Any, value: Any, timeout: Any = ..., version: Any = None) -> Any:
        kwargs = {} if timeout is ... else {"timeout": timeout}
        return self._try(
            lambda: super(ForgivingRedisCache, self).add(key, value, version=version, **kwargs), True
        )

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._try(lambda: super(ForgivingRedisCache, self).get(key, default, version), default)

    def set(self, key: Any, value: Any, timeout: Any = ..., version: Any = None) -> None:
        kwargs = {} if timeout is ... else {"timeout": timeout}
        self._try(lambda: super(ForgivingRedisCache, self).set(key, value, version=version, **kwargs), None)

    def touch(self, key: Any, timeout: Any = ..., version: Any = None) -> Any:
        kwargs = {} if timeout is ... else {"timeout": timeout}
        return self._try(
            lambda: super(ForgivingRedisCache, self).touch(key, version=version, **kwargs), False
        )

    def delete(self, key: Any, version: Any = None) -> Any:
        return self._try(lambda: super(ForgivingRedisCache, self).delete(key, version), False)

    def has_key(self, key: Any, version: Any = None) -> Any:
        return self._try(lambda: super(ForgivingRedisCache, self).has_key(key, version), False)

    def get_many(self, keys: Any, version: Any = None) -> Any:
        return self._try(lambda: super(ForgivingRedisCache, self).get_many(keys, version), {})

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> Any:
        # A counter that is away must not read as "limit reached".
        return self._try(lambda: super(ForgivingRedisCache, self).incr(key, delta, version), 1)

    def set_many(self, data: Any, timeout: Any = ..., version: Any = None) -> Any:
        kwargs = {} if timeout is ... else {"timeout": timeout}
        return self._try(
            lambda: super(ForgivingRedisCache, self).set_many(data, version=version, **kwargs), list(data)
        )

    def delete_many(self, keys: Any, version: Any = None) -> None:
        self._try(lambda: super(ForgivingRedisCache, self).delete_many(keys, version), None)
