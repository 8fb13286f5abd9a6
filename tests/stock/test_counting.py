"""Counts of an address, and asking for them: once each, the next count answers, nothing is overwritten."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from metered.accounts.models import ActivityEntry, Address
from metered.fleet import actions as fleet
from metered.fleet.models import Contract
from metered.lib.errors import Refused
from metered.stock import actions, queries, tasks
from metered.stock.models import CountRequest, Entry, Pool
from tests import factories
from tests.access_world import signed_in
from tests.orders.scene import Scene, scene
from tests.stock.ledger import pool_of
from tests.threads import at_once, fine, while_open

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def shelves(made: Scene, counted: dict[Pool, int], once: str = "form", **more: object) -> actions.Kept:
    address = made.address
    seen = {pool.pk: pool.counted_at for pool in counted}
    return actions.count_shelves(
        account_id=address.account_id,
        address_id=address.pk,
        address_public_id=address.public_id,
        counted={pool.pk: units for pool, units in counted.items()},
        once=once,
        **({"seen": seen} | more),  # type: ignore[arg-type]
    )


def fresh(pool: Pool) -> Pool:
    return Pool.objects.get(pk=pool.pk)


def open_requests() -> list[tuple[int, str]]:
    rows = CountRequest.objects.filter(closed_at=None).order_by("pool_id")
    return list(rows.values_list("pool_id", "because"))


def test_one_form_counts_an_address_once_and_is_on_the_log() -> None:
    made, ana = scene(), factories.user("ana@example.com")
    first, second = made.pools
    for _ in range(2):
        kept = shelves(made, {first: 3, second: 0}, actor=ana)
        assert [kept.entries[pool.pk].quantity for pool in made.pools] == [3, 0] and not kept.meanwhile
    assert (fresh(first).shelf, fresh(second).shelf) == (3, 0)
    assert Entry.objects.filter(kind="count", actor=ana).count() == 2
    entry = ActivityEntry.objects.get(verb="counted")
    assert entry.after == {first.public_id: 3, second.public_id: 0} and entry.address == made.address


def test_what_was_not_counted_stays_as_it_was() -> None:
    made = scene()
    shelves(made, {made.pools[0]: 3})
    assert fresh(made.pools[1]).counted_at is None


def test_a_pool_of_another_address_is_not_counted_here() -> None:
    made, other = scene(), pool_of()
    shelves(made, {other: 3})
    assert fresh(other).counted_at is None and not Entry.objects.exists()


def test_who_counts_what_somebody_counted_meanwhile_is_told_and_overwrites_nothing() -> None:
    made = scene()
    mine, theirs = made.pools
    actions.count(pool_id=theirs.pk, quantity=9, cause="theirs")
    kept = shelves(made, {mine: 1, theirs: 2})
    assert kept.meanwhile == [theirs.pk] and list(kept.entries) == [mine.pk]
    assert fresh(theirs).shelf == 9
    # Having seen it, the person may say so all the same.
    assert not shelves(made, {fresh(theirs): 2}, once="again").meanwhile
    assert fresh(theirs).shelf == 2


@pytest.mark.parametrize(("away", "code"), [(DAY, "in_the_future"), (-31 * DAY, "too_old")])
def test_a_time_that_can_not_be_is_refused(away: dt.timedelta, code: str) -> None:
    made = scene()
    with pytest.raises(Refused) as refused:
        shelves(made, {made.pools[0]: 3}, at=timezone.now() + away)
    assert refused.value.code == code and not Entry.objects.exists()


def test_a_count_is_asked_for_once_and_the_next_count_answers() -> None:
    pool = pool_of()
    assert actions.ask_count(pool_ids=[pool.pk], because="unsure") == 1
    assert actions.ask_count(pool_ids=[pool.pk], because="staff") == 0
    assert open_requests() == [(pool.pk, "unsure")]
    actions.count(pool_id=pool.pk, quantity=1, cause="c")
    assert open_requests() == []
    assert actions.ask_count(pool_ids=[pool.pk], because="staff") == 1


def test_an_older_count_that_is_entered_late_answers_nothing() -> None:
    pool, now = pool_of(), timezone.now()
    actions.count(pool_id=pool.pk, quantity=1, cause="c", at=now)
    actions.ask_count(pool_ids=[pool.pk], because="staff", at=now + DAY)
    actions.count(pool_id=pool.pk, quantity=1, cause="late", at=now - DAY)
    assert len(open_requests()) == 1


def test_what_was_counted_since_is_not_asked_for() -> None:
    pool, now = pool_of(), timezone.now()
    actions.count(pool_id=pool.pk, quantity=1, cause="c", at=now)
    assert actions.ask_count(pool_ids=[pool.pk], because="unsure", at=now - DAY) == 0


def test_a_retired_address_is_not_asked() -> None:
    pool = pool_of()
    Address.objects.update(retired_at=timezone.now())
    assert actions.ask_count(pool_ids=[pool.pk], because="unsure") == 0


def test_the_due_day_is_a_day_of_the_address() -> None:
    address = factories.address(factories.account(), time_zone="Pacific/Auckland")
    pool = pool_of(address)
    actions.ask_count(pool_ids=[pool.pk], because="staff", at=dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC))
    assert CountRequest.objects.get().due_on == dt.date(2026, 11, 28)


def test_the_database_holds_one_open_request_a_pool() -> None:
    pool = pool_of()
    values = {"pool": pool, "account_id": pool.account_id, "because": "staff", "due_on": dt.date(2026, 1, 1)}
    CountRequest.objects.create(**values)
    with pytest.raises(IntegrityError, match="one_open"), transaction.atomic():
        CountRequest.objects.create(**values)


def test_the_contracts_cadence_asks_and_takes_along_what_is_due_soon() -> None:
    made, now = scene(colours=4), timezone.now()
    old, soon, new, never = made.pools
    for pool, days in ((old, 91), (soon, 80), (new, 5)):
        actions.count(pool_id=pool.pk, quantity=1, cause=f"c{pool.pk}", at=now - days * DAY)
    assert actions.ask_due_counts(now=now) == 2
    assert open_requests() == [(old.pk, "cadence"), (soon.pk, "cadence")]
    assert actions.ask_due_counts(now=now) == 0
    # Of `never` nothing is known until something was sent there.
    actions.receive(pool_id=never.pk, quantity=1, cause="d", origin="staff", at=now - 200 * DAY)
    tasks.ask_due_counts()
    assert len(open_requests()) == 3


@pytest.mark.parametrize("why", ["soon", "ended", "removed", "retired", "longer"])
def test_nobody_is_asked_in_vain(why: str) -> None:
    made, now = scene(colours=1), timezone.now()
    actions.count(
        pool_id=made.pools[0].pk, quantity=1, cause="c", at=now - (80 if why == "soon" else 91) * DAY
    )
    if why == "ended":
        Contract.objects.update(status="ended")
    elif why == "longer":
        Contract.objects.update(count_every_days=120)
    elif why == "removed":
        fleet.remove_device(device=made.device)
    elif why == "retired":
        Address.objects.update(retired_at=now)
    assert actions.ask_due_counts(now=now) == 0


def test_when_ordering_a_count_is_stale_after_sixty_days() -> None:
    pool, now = pool_of(), timezone.now()
    assert queries.count_is_stale(pool, now)
    pool.counted_at = now - 59 * DAY
    assert not queries.count_is_stale(pool, now)
    pool.counted_at = now - 61 * DAY
    assert queries.count_is_stale(pool)


def test_staff_ask_for_one_supply_or_the_whole_address() -> None:
    made = scene()
    desk: Client = signed_in(factories.user("sam@example.com", is_staff=True, is_superuser=True))
    path = f"/admin/stock/pool/{made.pools[0].pk}/ask-count/"
    desk.post(path)
    assert open_requests() == [(made.pools[0].pk, "staff")]
    desk.post(path, {"everything": "on"})
    assert len(open_requests()) == 2
    desk.post(path, {"everything": "on"})
    assert len(open_requests()) == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_form_from_ten_at_once_counts_once() -> None:
    made, once = scene(colours=1), uuid.uuid4().hex
    fine(at_once(10, lambda _: shelves(made, {made.pools[0]: 3}, once=once)))
    assert Entry.objects.count() == 1 and ActivityEntry.objects.filter(verb="counted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_count_at_once_the_second_is_told() -> None:
    made = scene(colours=1)
    (pool,) = made.pools
    second = while_open(
        lambda: shelves(made, {pool: 3}, once="first"), lambda: shelves(made, {pool: 5}, once="second")
    )
    assert second.waited and second.result.meanwhile == [pool.pk]
    assert fresh(pool).shelf == 3


@pytest.mark.django_db(transaction=True)
def test_asking_while_somebody_counts_asks_for_nothing() -> None:
    pool, now = pool_of(), timezone.now()
    second = while_open(
        lambda: actions.count(pool_id=pool.pk, quantity=3, cause="c"),
        lambda: actions.ask_count(pool_ids=[pool.pk], because="unsure", at=now),
    )
    assert second.waited and second.result == 0 and open_requests() == []
