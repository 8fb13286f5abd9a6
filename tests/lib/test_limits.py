"""A limit counts by who and by what, and an absent cache refuses nobody."""

from __future__ import annotations

import uuid

import pytest
from django.core.cache import cache

from metered.lib.limits import within


def test_so_many_and_no_more() -> None:
    name = uuid.uuid4().hex
    assert [within(name, "10.0.0.1", most=2, seconds=60) for _ in range(4)] == [True, True, False, False]
    assert within(name, "10.0.0.2", most=2, seconds=60)
    assert within(name + "x", "10.0.0.1", most=2, seconds=60)


def test_without_a_cache_everybody_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "add", lambda *args, **kwargs: True)
    assert all(within("n", "10.0.0.1", most=1, seconds=60) for _ in range(5))
