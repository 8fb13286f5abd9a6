"""Batches that arrive at the same moment."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from metered.fleet.models import Token
from metered.reads import actions, ingest, partitions, queries
from metered.reads.models import Batch, DeviceState, Observation
from metered.reads.partitions import ensure_partitions
from metered.reads.sender import Sender
from tests import factories
from tests.reads.batches import batch, encode, level, many, report
from tests.threads import at_once, fine

pytestmark = pytest.mark.django_db(transaction=True)


def post(token: str, body: Any) -> dict[str, Any]:
    response = Client().post(
        "/api/v1/telemetry",
        data=encode(body),
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {token}",
    )
    assert response.status_code == 200, response.content
    found: dict[str, Any] = json.loads(response.content)
    return found


def fleet_of(cast: factories.Cast, count: int) -> list[str]:
    model = factories.printer_model()
    return [factories.device(cast.main_st, model=model).serial for _ in range(count)]


def test_the_same_batch_at_once_is_kept_once(now: dt.datetime) -> None:
    cast = factories.cast()
    token = factories.agent_token(cast.northwind)
    body = many(fleet_of(cast, 30), now)
    found = fine(at_once(4, lambda _: post(token, body)))
    assert sorted(item["accepted"] for item in found) == [0, 0, 0, 30]
    assert sorted(item["duplicates"] for item in found) == [0, 30, 30, 30]
    assert Observation.objects.count() == 30 and Batch.objects.count() == 1


def test_two_agents_with_the_same_devices_do_not_deadlock(now: dt.datetime) -> None:
    cast = factories.cast()
    serials = fleet_of(cast, 40)
    tokens = [factories.agent_token(cast.northwind, f"agent {n}") for n in range(4)]
    hour = dt.timedelta(hours=1)

    def work(number: int) -> dict[str, Any]:
        turned = serials if number % 2 else serials[::-1]
        return post(tokens[number], many(turned, now + number * hour, offset=number))

    found = fine(at_once(4, work))
    assert [item["accepted"] for item in found] == [40] * 4
    assert Observation.objects.count() == 160
    # Whoever came last in time, not in the race, is the latest state.
    assert set(DeviceState.objects.values_list("observed_at", flat=True)) == {now + 3 * hour}
    assert all(len(state.slot_keys) == 6 for state in DeviceState.objects.all())


def test_two_agents_that_name_new_slots_agree_on_their_positions(now: dt.datetime) -> None:
    cast = factories.cast()
    device = factories.device(cast.main_st)
    tokens = [factories.agent_token(cast.northwind, f"agent {n}") for n in range(3)]
    minute = dt.timedelta(minutes=1)
    found = fine(
        at_once(
            3,
            lambda n: post(
                tokens[n],
                batch(report(device.serial, now + n * minute, supplies=[level(n), level(3)], complete=False)),
            ),
        )
    )
    assert [item["accepted"] for item in found] == [1, 1, 1]
    state = DeviceState.objects.get()
    assert [slot.key for slot in device.slots.order_by("position")] == state.slot_keys
    assert len(state.slot_keys) == 4 and len(state.levels) == 4


def test_partitions_made_at_once_are_made_once() -> None:
    start, end = dt.datetime(2019, 1, 1, tzinfo=dt.UTC), dt.datetime(2019, 4, 10, tzinfo=dt.UTC)
    # Partitions outlive the test that made them.
    with connection.cursor() as cursor:
        for month in range(1, 5):
            cursor.execute(f"DROP TABLE IF EXISTS reads_observation_2019_{month:02d}")
    partitions._known.clear()
    made = fine(at_once(4, lambda _: ensure_partitions(start, end)))
    assert sum(made) == 4
    assert ensure_partitions(start, end) == 0


def test_a_batch_is_claimed_by_one_worker(now: dt.datetime) -> None:
    cast = factories.cast()
    token = factories.agent_token(cast.northwind)
    serials = fleet_of(cast, 6)
    for number, serial in enumerate(serials):
        post(token, batch(report(serial, now), sequence=number))

    def claim(_: int) -> list[int]:
        with transaction.atomic():
            taken = [item.id for item in queries.claim_batches_for_system(2)]
            actions.mark_folded(batch_ids=taken)
            return taken

    claimed = [pk for taken in fine(at_once(3, claim)) for pk in taken]
    assert len(claimed) == len(set(claimed))
    assert queries.untaken_batches_for_system() == 6 - len(claimed)


def test_a_token_revoked_while_its_batch_waits_is_refused(now: dt.datetime) -> None:
    cast = factories.cast()
    factories.agent_token(cast.northwind)
    token = Token.objects.get()
    Token.objects.update(revoked_at=now)
    with pytest.raises(ingest.TokenRevoked):
        ingest.take_batch(sender=Sender(token.pk, cast.northwind.pk, None), body=encode(batch()))
    assert not Batch.objects.exists()
