"""kill -9 of the worker, of beat and of Valkey in the middle of the pipeline: exactly one order afterwards.

A sample; `python3 manage.py prove kills --times 50` does many.
"""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from metered.reads.models import Batch
from tests.flows.kills import VICTIMS, survive
from tests.flows.scenes import faults, office, send, switch_on, tell_history, today
from tests.flows.stack import Stack

# Right after the report was answered, and while the orders are being made.
DELAYS = {"worker": (0.0, 0.1), "beat": (0.05,), "valkey": (0.0,)}


@pytest.mark.slow
def test_a_killed_process_neither_loses_nor_doubles_an_order(stack: Stack) -> None:
    assert set(DELAYS) == set(VICTIMS)
    outcomes = [survive(stack, victim, delay) for victim in VICTIMS for delay in DELAYS[victim]]
    wrong = [str(outcome) for outcome in outcomes if outcome.faults]
    assert not wrong, "\n".join(wrong)
    # At least one kill came while there was something left to do, or it proved nothing.
    assert any(outcome.ordered < 3 for outcome in outcomes)


@pytest.mark.slow
def test_without_a_broker_reports_are_kept_and_ordered_for_when_it_is_back(stack: Stack) -> None:
    """Valkey stays away while reports come in: they are answered at once, and the sweep finds them."""
    made = office()
    tell_history(stack, made, timezone.now() - dt.timedelta(minutes=30))
    # A worker that still has the history in hand would take the next batch along, broker or not.
    stack.wait(lambda: not Batch.objects.filter(folded_at=None).exists(), within=45)
    stack.rest(1)
    switch_on(made)
    child = stack.supervisor.children.pop("valkey")
    assert child.process is not None
    child.process.kill()
    child.process.wait()
    assert send(stack, made.token, today(made, timezone.now()))["accepted"] == 1
    stack.rest(4)
    assert Batch.objects.filter(folded_at=None).count() == 1 and faults(made)
    # These wait for the broker, however long. A worker with a task in hand may end and is started again:
    # kombu fails when it gives an unacknowledged message back to a broker that is gone.
    assert [stack.supervisor.failures(name) for name in ("web", "beat")] == [0, 0]
    stack.start("valkey")
    stack.wait(lambda: not faults(made), within=45)
