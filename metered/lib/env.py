"""Typed readers of the environment. A wrong value fails at start, with the variable's name."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit


class SettingError(ValueError):
    """An environment variable holds something that can't be used."""


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise SettingError(f"{name} must be set")
    return value


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise SettingError(f"{name} must be true or false, not {value!r}")


def integer(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise SettingError(f"{name} must be a whole number, not {value!r}") from None


def number(name: str, default: float) -> float:
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        return float(value)
    except ValueError:
        raise SettingError(f"{name} must be a number, not {value!r}") from None


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list without empty items."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


_DURATION = re.compile(r"(\d+)\s*(s|m|h|d)")


def duration(name: str, default: str) -> dt.timedelta:
    """A duration such as ``24h``, ``90m``, ``30s`` or ``7d``."""
    value = os.environ.get(name) or default
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise SettingError(f"{name} must be a duration such as 24h, 90m or 30s, not {value!r}")
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
    return dt.timedelta(seconds=int(match[1]) * seconds)


def database(url: str) -> dict[str, object]:
    """Django's DATABASES entry for a ``postgresql://`` URL; ``?host=/folder`` names a Unix socket."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SettingError("DATABASE_URL must begin with postgresql://")
    query: Mapping[str, list[str]] = parse_qs(parts.query)
    options = {key: values[-1] for key, values in query.items() if key not in {"host", "port"}}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [unquote(parts.hostname or "")])[-1],
        "PORT": query.get("port", [str(parts.port or "")])[-1],
        "OPTIONS": options,
    }


def redis_urls(url: str) -> tuple[str, str]:
    """(for redis-py and Django's cache, for Celery) of one REDIS_URL.

    The two spell a Unix socket differently: ``unix:///path?db=1`` and
    ``redis+socket:///path?virtual_host=1``.
    """
    parts = urlsplit(url)
    if parts.scheme in {"redis", "rediss"}:
        return url, url
    if parts.scheme in {"unix", "redis+socket"}:
        query = parse_qs(parts.query)
        db = (query.get("db") or query.get("virtual_host") or ["0"])[-1]
        return f"unix://{parts.path}?db={db}", f"redis+socket://{parts.path}?virtual_host={db}"
    raise SettingError("REDIS_URL must begin with redis://, rediss:// or unix://")
