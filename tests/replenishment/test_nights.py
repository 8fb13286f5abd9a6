"""The nightly run: shared by workers, resumed after a death, and harmless when run twice."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone

from metered.fleet.models import Device
from metered.reads.sender import Sender
from metered.replenishment import actions, nights, tasks
from metered.replenishment.models import AddressReview, NightRun, NightShard, PoolForecast, Proposal
from tests import factories
from tests.replenishment import fleets
from tests.replenishment.fleets import Catalogue, decline, tell
from tests.replenishment.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.timedelta(days=1)


@pytest.fixture
def low(cast: factories.Cast, catalogue: Catalogue, who: Sender) -> list[Device]:
    """A device at each of four addresses, its black toner nearly out, all due."""
    places = [cast.main_st, cast.harbor_st, *(factories.address(cast.northwind) for _ in range(2))]
    devices = [fleets.printer(place, *catalogue) for place in places]
    for device in devices:
        tell(who, *decline(device, days=25, start=(60, 90, 90, 90), end=(4, 80, 80, 80)))
    while actions.fold_batches():
        pass
    return devices


def every_shard() -> int:
    return sum(1 for _ in iter(nights.take_shard, None))


def test_a_night_is_cut_once_a_day_and_weighs_what_is_due(low: list[Device]) -> None:
    later = AddressReview.objects.get(address=low[3].address_id)
    AddressReview.objects.filter(pk=later.pk).update(due_at=timezone.now() + DAY)
    run = nights.begin_night(size=2)
    assert nights.begin_night(size=1) == run
    parts = [(part.number, part.due) for part in run.parts.all()]
    assert (run.shards, parts, run.ended_at) == (2, [(1, 2), (2, 1)], None)
    assert every_shard() == 2
    run.refresh_from_db()
    assert run.ended_at is not None
    assert sorted(run.parts.values_list("looked", "failed")) == [(1, 0), (2, 0)]
    assert Proposal.objects.count() == 3
    assert not AddressReview.objects.filter(due_at__lte=timezone.now()).exists()


def test_a_night_with_nothing_due_is_over_at_once(cast: factories.Cast) -> None:
    assert nights.begin_night().ended_at is not None
    assert nights.take_shard() is None


def test_two_workers_share_a_night(low: list[Device]) -> None:
    nights.begin_night(size=1)
    assert sum(at_once(2, every_shard)) == 4
    assert Proposal.objects.count() == 4
    assert set(NightShard.objects.values_list("looked", flat=True)) == {1}
    assert NightRun.objects.get().ended_at is not None


def test_run_twice_nothing_is_doubled(low: list[Device]) -> None:
    nights.begin_night(size=1)
    every_shard()
    before = list(PoolForecast.objects.order_by("pk").values_list("pk", "decided_at"))
    # As after a crash that lost only the marks.
    NightShard.objects.update(done_at=None)
    NightRun.objects.update(ended_at=None)
    assert every_shard() == 4
    assert Proposal.objects.count() == 4
    assert list(PoolForecast.objects.order_by("pk").values_list("pk", "decided_at")) == before
    assert NightRun.objects.get().ended_at is not None


def test_a_worker_that_dies_in_the_middle_leaves_its_shard_to_another(low: list[Device]) -> None:
    """Its backend is ended while it waits for the second of its addresses; the first was weighed already."""
    nights.begin_night(size=4)
    last = max(device.address_id for device in low)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            actions._lock_addresses([last])
            worker = pool.submit(_closing, nights.take_shard)
            _end_whoever_waits(worker.done)
        with pytest.raises(OperationalError):
            worker.result(timeout=60)
    assert not Proposal.objects.exists()
    assert NightShard.objects.get().done_at is None
    assert every_shard() == 1
    assert Proposal.objects.count() == 4
    assert NightRun.objects.get().ended_at is not None


def _closing(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connection.close()


def _end_whoever_waits(over: Callable[[], bool]) -> None:
    while not over():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        time.sleep(0.01)


def test_an_address_that_fails_holds_up_no_other(low: list[Device]) -> None:
    bad = low[1].address_id
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN IF NEW.address_id = {bad} THEN RAISE EXCEPTION 'poisoned'; END IF;"
            " RETURN NEW; END $$;"
            " CREATE TRIGGER poisoned BEFORE INSERT ON replenishment_proposal"
            " FOR EACH ROW EXECUTE FUNCTION poisoned()"
        )
    try:
        nights.begin_night()
        shard = nights.take_shard()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER poisoned ON replenishment_proposal; DROP FUNCTION poisoned()")
    assert shard is not None
    assert (shard.looked, shard.failed) == (3, 1)
    assert set(Proposal.objects.values_list("address_id", flat=True)) == {
        device.address_id for device in low
    } - {bad}
    assert AddressReview.objects.get(pk=bad).failed_at is not None


def test_staff_see_how_far_a_night_is(low: list[Device], cast: factories.Cast, client: Client) -> None:
    run = nights.begin_night(size=1)
    nights.take_shard()
    client.force_login(cast.sam)
    page = client.get("/admin/replenishment/nightrun/").content.decode()
    assert "1 of 4 parts, 25%" in page
    assert "1 of 4" in page
    assert client.get(f"/admin/replenishment/nightrun/{run.pk}/change/").status_code == 200


def test_the_tasks_take_a_whole_night(low: list[Device]) -> None:
    for _ in range(2):
        tasks.begin_night()
        tasks.night()
    assert Proposal.objects.count() == 4
    assert NightRun.objects.get().ended_at is not None
    assert nights.forget_nights(now=timezone.now() + 100 * DAY) == 1
