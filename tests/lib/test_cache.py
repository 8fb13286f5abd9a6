"""When Valkey is away, the cache looks empty; nothing fails and nothing hangs."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client

from metered.lib.cache import ForgivingRedisCache
from tests import factories as make
from tests.lib.servers import NOBODY, silent


@pytest.fixture
def alive() -> Iterator[ForgivingRedisCache]:
    cache = ForgivingRedisCache(settings.CACHE_URL, {"KEY_PREFIX": f"test-cache-{time.time_ns()}"})
    yield cache
    cache.delete_many(["a", "b", "n"])


def away(url: str) -> ForgivingRedisCache:
    return ForgivingRedisCache(url, {"OPTIONS": {"socket_connect_timeout": 0.3, "socket_timeout": 0.3}})


def test_while_valkey_is_there_it_is_a_cache(alive: ForgivingRedisCache) -> None:
    alive.set("a", {"x": 1})
    assert alive.get("a") == {"x": 1}
    assert alive.add("a", 2) is False and alive.add("b", 2) is True
    assert alive.has_key("b") and alive.touch("b", 60) and not alive.touch("missing")
    assert alive.get_many(["a", "b", "c"]) == {"a": {"x": 1}, "b": 2}
    alive.set("n", 1)
    assert alive.incr("n") == 2 and alive.incr("n", 5) == 7
    assert alive.set_many({"a": 1}) == []
    assert alive.delete("a") is True
    alive.delete_many(["b", "n"])
    assert alive.get_many(["a", "b", "n"]) == {}


@pytest.mark.parametrize("silence", [False, True], ids=["nobody listens", "nobody answers"])
def test_while_valkey_is_away_every_look_is_a_miss(silence: bool) -> None:
    with silent() as mute:
        cache = away(mute if silence else NOBODY)
        cache.set("a", 1)
        assert cache.get("a", "default") == "default"
        assert cache.add("a", 1) is True, "who takes a lock for convenience goes on without it"
        assert cache.touch("a") is False and cache.has_key("a") is False and cache.delete("a") is False
        assert cache.get_many(["a"]) == {} and cache.set_many({"a": 1}) == ["a"]
        assert cache.incr("hits") == 1, "a counter that is away must not read as a limit that is reached"
        assert cache.get_or_set("a", lambda: "made") == "made"
        cache.delete_many(["a"])


@pytest.mark.django_db
def test_sign_in_and_pages_work_without_valkey(settings: pytest.FixtureRequest) -> None:
    from django.core.cache import caches

    user = make.user("ana@example.com")
    settings.CACHES = {  # type: ignore[attr-defined]
        "default": {
            "BACKEND": "metered.lib.cache.ForgivingRedisCache",
            "LOCATION": NOBODY,
            "OPTIONS": {"socket_connect_timeout": 0.3, "socket_timeout": 0.3},
        }
    }
    assert caches["default"].get("anything") is None
    client = Client()
    client.force_login(user)
    assert client.get("/no-account/").status_code == 200
    assert client.get("/no-account/").context["request"].user == user, "the session came from PostgreSQL"
