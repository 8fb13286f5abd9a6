"""A wrong setting fails at start and names its variable."""

from __future__ import annotations

import datetime as dt

import pytest

from metered.lib import env


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(env.SettingError, match="METERED_NOWHERE must be set"):
        env.text("METERED_NOWHERE")


@pytest.mark.parametrize(
    ("value", "meant"), [("1", True), ("Yes", True), ("ON", True), ("0", False), ("no", False)]
)
def test_flags(monkeypatch: pytest.MonkeyPatch, value: str, meant: bool) -> None:
    monkeypatch.setenv("METERED_X", value)
    assert env.flag("METERED_X", not meant) is meant


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERED_X", "")
    assert env.flag("METERED_X", True) is True
    assert env.integer("METERED_X", 7) == 7
    assert env.number("METERED_X", 0.5) == 0.5
    assert env.duration("METERED_X", "24h") == dt.timedelta(hours=24)


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda: env.flag("METERED_X", False), "maybe"),
        (lambda: env.integer("METERED_X", 1), "1.5"),
        (lambda: env.number("METERED_X", 1), "a lot"),
        (lambda: env.duration("METERED_X", "1h"), "1 week"),
        (lambda: env.duration("METERED_X", "1h"), "-5m"),
    ],
)
def test_nonsense_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, read: object, value: str) -> None:
    monkeypatch.setenv("METERED_X", value)
    assert callable(read)
    with pytest.raises(env.SettingError, match="METERED_X must be"):
        read()


@pytest.mark.parametrize(
    ("value", "seconds"), [("45s", 45), ("90m", 5400), ("24h", 86400), ("7d", 604800), (" 5 m ", 300)]
)
def test_durations(monkeypatch: pytest.MonkeyPatch, value: str, seconds: int) -> None:
    monkeypatch.setenv("METERED_X", value)
    assert env.duration("METERED_X", "1s").total_seconds() == seconds


def test_words_drop_what_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERED_X", "a.example, ,b.example,")
    assert env.words("METERED_X") == ["a.example", "b.example"]


def test_a_database_by_tcp_with_an_escaped_password() -> None:
    found = env.database("postgresql://me:p%40ss@db.example:5433/metered?sslmode=require")
    assert (found["NAME"], found["USER"], found["PASSWORD"]) == ("metered", "me", "p@ss")
    assert (found["HOST"], found["PORT"], found["OPTIONS"]) == ("db.example", "5433", {"sslmode": "require"})


def test_a_database_by_unix_socket() -> None:
    found = env.database("postgresql://me@/metered?host=/tmp/sockets")
    assert (found["NAME"], found["HOST"], found["PORT"], found["OPTIONS"]) == (
        "metered",
        "/tmp/sockets",
        "",
        {},
    )


def test_another_database_is_refused() -> None:
    with pytest.raises(env.SettingError, match="DATABASE_URL"):
        env.database("sqlite:///db.sqlite3")


@pytest.mark.parametrize(
    ("url", "cache", "broker"),
    [
        ("redis://h:1/2", "redis://h:1/2", "redis://h:1/2"),
        ("rediss://h:1/2", "rediss://h:1/2", "rediss://h:1/2"),
        ("unix:///run/v.sock?db=3", "unix:///run/v.sock?db=3", "redis+socket:///run/v.sock?virtual_host=3"),
        (
            "redis+socket:///v.sock?virtual_host=4",
            "unix:///v.sock?db=4",
            "redis+socket:///v.sock?virtual_host=4",
        ),
        ("unix:///run/v.sock", "unix:///run/v.sock?db=0", "redis+socket:///run/v.sock?virtual_host=0"),
    ],
)
def test_one_redis_url_for_cache_and_broker(url: str, cache: str, broker: str) -> None:
    assert env.redis_urls(url) == (cache, broker)


def test_another_broker_is_refused() -> None:
    with pytest.raises(env.SettingError, match="REDIS_URL"):
        env.redis_urls("amqp://localhost")
