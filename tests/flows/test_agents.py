"""The device agent against the real portal; samples of `python3 manage.py prove agent`."""

from __future__ import annotations

import pathlib
import time

import pytest
from django.db import connection

from metered.fleet.agents import add_agent, make_code
from metered.fleet.models import Device
from metered.reads.models import DeviceState
from metered.reads.words import Path
from tests import factories as make
from tests.agent.sites import site
from tests.flows.agents import account_with, agent_at, kill_and_look, outage
from tests.flows.stack import Stack


@pytest.mark.slow
def test_killed_at_random_nothing_is_lost_and_nothing_double(web: Stack, tmp_path: pathlib.Path) -> None:
    """A sample of `prove agent kills`."""
    said: list[str] = []
    with agent_at(web, tmp_path / "site", printers=4) as books:
        found = kill_and_look(web, books, agent_kills=4, portal_kills=2, seed=3, say=said.append)
        assert not found, said
        # The kills came while there was something to lose.
        assert len(books.committed()) >= 8


@pytest.mark.slow
def test_an_outage_is_delivered_whole(web: Stack, tmp_path: pathlib.Path) -> None:
    """A sample of `prove agent offline`: ten hours of 60 printers. Times are its business, not the
    suite's."""
    said: list[str] = []
    seen = outage(web, tmp_path / "spool", printers=60, hours=10, say=said.append)
    assert not seen.faults
    assert seen.batches == 2 and seen.megabytes < 1.5


@pytest.mark.slow
def test_from_a_code_to_an_observation(web: Stack, tmp_path: pathlib.Path) -> None:
    """A person makes a code, the agent enrols with it, finds its printers, and the portal has what they
    say."""
    account, _ = account_with(["3TX000000", "3TX000001"], "Enrolled")
    agent = add_agent(account_id=account.pk, name="Second floor", actor=None)
    code = make_code(agent=agent, actor=None).text
    with site(tmp_path / "site", 3, portal=web.url, token=None) as made:
        done = made.call("enroll", code)
        assert done.returncode == 0 and "enrolled as Second floor of Enrolled" in done.stdout, done.stderr
        again = made.call("enroll", code)
        assert again.returncode == 1 and "each works once" in again.stderr
        done = made.call("once")
        assert done.returncode == 0, done.stderr
        assert "refused 3TX000002: unknown_serial" in done.stderr
        assert "read 3 printers, delivered 2 readings; 0 wait" in done.stderr
        states = DeviceState.objects.filter(account=account)
        assert sorted(states.values_list("device__serial", flat=True)) == ["3TX000000", "3TX000001"]
        assert all(state.complete and state.path == Path.AGENT for state in states)
        # The printer becomes known to the portal: what was refused comes after all.
        first = Device.objects.select_related("address", "contract", "model").filter(account=account)[0]
        make.device(first.address, contract=first.contract, model=first.model, serial="3TX000002")
        time.sleep(1)  # readings are told apart by their second
        done = made.call("once")
        assert "1 that were refused before are sent again" in done.stderr
        assert made.status()["refused"] == [] and made.status()["waiting"] == 0
        assert made.call("check").returncode == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM reads_observation WHERE account_id = %s", [account.pk])
        assert cursor.fetchone() == (6,)
