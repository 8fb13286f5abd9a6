"""Limits hold when everybody tries at the same moment."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from metered.accounts.limits import allowed
from metered.accounts.models import Tries
from tests.threads import at_once, fine

HOUR = dt.timedelta(hours=1)


@pytest.mark.django_db
def test_so_many_in_an_hour_and_then_anew() -> None:
    now = timezone.now()
    tries = [allowed("x", "somebody", at_most=3, within=HOUR, now=now) for _ in range(5)]
    assert tries == [True, True, True, False, False]
    assert allowed("x", "somebody else", at_most=3, within=HOUR, now=now)
    assert allowed("y", "somebody", at_most=3, within=HOUR, now=now)
    assert not allowed("x", "somebody", at_most=3, within=HOUR, now=now + dt.timedelta(minutes=59))
    assert allowed("x", "somebody", at_most=3, within=HOUR, now=now + HOUR)


@pytest.mark.django_db
def test_who_tried_is_kept_as_a_hash_only() -> None:
    allowed("x", "ana@example.com", at_most=3, within=HOUR)
    assert "ana" not in Tries.objects.get().key


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_are_twenty_tries() -> None:
    results = fine(at_once(20, lambda _n: allowed("x", "somebody", at_most=7, within=HOUR)))
    assert results.count(True) == 7
    assert Tries.objects.get().count == 20
