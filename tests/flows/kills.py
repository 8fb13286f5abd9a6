"""kill -9 in the middle of the pipeline, and what must be true afterwards."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone

from launch.terminal import Stop
from metered.reads.models import Batch
from metered.replenishment.models import AddressReview, Proposal
from tests.flows.scenes import Office, faults, office, send, switch_on, tell_history, today
from tests.flows.stack import Stack

VICTIMS = ("worker", "beat", "valkey")
OFFICES = 3
"""Addresses that are ordered for at once: a kill finds some of them done, one in hand, the rest waiting."""

_number = itertools.count(1)


@dataclass(frozen=True)
class Outcome:
    victim: str
    delay: float
    """Seconds from the answered report to the kill."""
    ordered: int
    """How many of the addresses had their order when it was killed."""
    seconds: float
    """From the kill until everything was right."""
    faults: list[str]

    def __str__(self) -> str:
        said = f"{self.victim} killed after {self.delay:.2f} s with {self.ordered} of {OFFICES} orders made"
        return f"{said}: " + ("; ".join(self.faults) or f"right again after {self.seconds:.1f} s")


def survive(stack: Stack, victim: str, delay: float, *, patience: float = 45.0) -> Outcome:
    """Reports come in at several addresses; the victim is killed so long after the answer, and comes back.

    Afterwards each address must have exactly one order with a line for each low toner, its stock expected
    once and its mail there once. The next sweeps, which find everything done, may change nothing of it.
    """
    run = next(_number)
    offices = [office(name=f"Run {run}.{n}", serials=(f"KILL{run:05d}{n}",)) for n in range(OFFICES)]
    for one in offices:
        tell_history(stack, one, timezone.now() - dt.timedelta(minutes=30))
    for one in offices:
        switch_on(one)
        assert send(stack, one.token, today(one, timezone.now()))["accepted"] == 1
    time.sleep(delay)
    done = sum(not faults(one) for one in offices)
    stack.kill(victim)
    begun = time.monotonic()
    try:
        stack.wait(lambda: _quiet(offices) and not any(faults(one) for one in offices), within=patience)
    except Stop as stop:
        found = [fault for one in offices for fault in faults(one)]
        return Outcome(victim, delay, done, patience, found or [str(stop)[:300]])
    seconds = time.monotonic() - begun
    stack.rest(2.5)
    return Outcome(victim, delay, done, seconds, [fault for one in offices for fault in faults(one)])


def _quiet(offices: list[Office]) -> bool:
    """Nothing of these addresses waits for a stage any more."""
    addresses = [one.address.pk for one in offices]
    accounts = [one.account.pk for one in offices]
    return not (
        Batch.objects.filter(account__in=accounts, folded_at=None).exists()
        or AddressReview.objects.filter(address__in=addresses, due_at__lte=timezone.now()).exists()
        or Proposal.objects.filter(address__in=addresses, status="open").exists()
    )


def moments(times: int, *, seed: int = 0) -> Iterator[tuple[str, float]]:
    """Victims in turn, half of them at once after the answer, the others until shortly after the orders."""
    chance = random.Random(seed)
    for number in range(times):
        yield VICTIMS[number % len(VICTIMS)], chance.choice((0.0, chance.uniform(0.0, 0.3)))
