"""The past played again under other settings: the shelves, a small real history, runs and their page."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as portal
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from metered.fleet.models import Device
from metered.reads.sender import Sender
from metered.replenishment import actions, backtests, tasks
from metered.replenishment.backtest import Played, Tally, Trial, as_json, from_json, summary, trials
from metered.replenishment.backtest_history import play
from metered.replenishment.models import AddressReview, BacktestRun, BacktestShard, PoolForecast, Proposal
from metered.replenishment.other_settings import under
from metered.replenishment.policy import Settings
from metered.stock import actions as stock
from metered.stock.models import Entry, Pool
from tests import factories
from tests.replenishment import fleets
from tests.replenishment.builders import floats, ints
from tests.replenishment.fleets import Told, decline, tell

DAY = dt.timedelta(days=1)

# --- shelves, worked by hand ---------------------------------------------------------------------------


def trial(*shelf: float, site: tuple[int, ...] = (), party: tuple[int, ...] = ()) -> Trial:
    where = ints(*(site or (0,) * len(shelf)))
    return Trial(floats(*shelf), where, ints(*party) if party else where)


def test_a_unit_that_falls_due_with_nothing_there_is_short_until_the_next_one_comes() -> None:
    shelves = trial(1.0)
    shelves.take(0, 2, day=3)
    assert shelves.shelf.tolist() == [0] and shelves.transit.tolist() == [-1]
    shelves.order(0, 2, day=3, leaves=4, arrives=8)
    assert shelves.transit.tolist() == [1]
    for day in range(4, 9):
        shelves.begin(day)
        shelves.end(day)
    assert shelves.shelf.tolist() == [1] and shelves.transit.tolist() == [0]
    assert shelves.tallies(until=9) == [Tally(1, 1, 2, 0.2, 1, 5)]


def test_what_is_still_short_at_the_end_counts_until_then() -> None:
    shelves = trial(0.0)
    shelves.take(0, 1, day=3)
    shelves.end(3)
    assert shelves.tallies(until=10) == [Tally(short=1, short_days=7)]


def test_orders_are_of_a_contract_and_parcels_of_an_address() -> None:
    shelves = trial(0.0, 0.0, 0.0, site=(0, 0, 1), party=(0, 1, 2))
    for pool in range(3):
        shelves.order(pool, 1, day=1, leaves=2, arrives=5)
    assert shelves.waits(1).tolist() == [True] * 3
    assert shelves.waits(2).tolist() == [False] * 3
    shelves.order(0, 1, day=2, leaves=3, arrives=6)
    found = shelves.tallies(until=3)
    assert [(tally.orders, tally.parcels, tally.units) for tally in found] == [(3, 2, 3), (1, 1, 1)]


def test_a_count_never_leaves_less_than_nothing() -> None:
    shelves = trial(1.0)
    shelves.correct(0, -3)
    shelves.correct(0, 2)
    assert shelves.shelf.tolist() == [2]


def test_the_trials_are_the_settings_in_force_and_others() -> None:
    found = trials(Settings(alpha=0.03, join_days=30, lead_days=5))
    assert list(found) == ["now", "risk_third", "risk_triple", "join_0", "join_90", "lead_more"]
    assert found["lead_more"].lead_days == 7
    assert found["risk_third"].alpha == pytest.approx(0.01)


def played(address: int, now: Tally, then: Tally) -> Played:
    return Played(address, {"now": now, "join_0": then}, Tally(orders=1))


def test_a_summary_adds_up_and_names_where_it_differs_most() -> None:
    rows = [
        played(1, Tally(orders=2, spare=1.5), Tally(orders=3, spare=1.5)),
        played(2, Tally(orders=1, spare=0.5), Tally(orders=1, spare=0.25)),
        played(3, Tally(orders=1, short=0), Tally(orders=1, short=2, short_days=9)),
    ]
    assert [from_json(as_json(row)) for row in rows] == rows
    found = summary(rows)
    assert (found["addresses"], found["real"]["orders"]) == (3, 3)
    assert (found["trials"]["now"]["orders"], found["trials"]["now"]["spare"]) == (4, 2.0)
    assert found["trials"]["join_0"]["short_days"] == 9
    # The first has as many parcels either way: it does not differ.
    assert [row["address"] for row in found["apart"]] == [3, 2]
    assert summary([])["apart"] == []


def test_a_record_says_what_was_due_at_another_risk() -> None:
    reason = {"rule": "ship", "alpha": 0.03, "risk": 0.05}
    assert [row.verdict for row in under(reason)] == ["due", "due", "not yet"]
    assert [row.verdict for row in under(reason | {"rule": "enough", "risk": 0.02})] == [
        "due", "not yet", "not yet",
    ]  # fmt: skip
    assert [row.verdict for row in under(reason | {"rule": "along", "risk": 0.001})] == ["along"] * 3
    assert [round(row.alpha, 3) for row in under(reason)] == [0.01, 0.03, 0.09]
    assert under({"rule": "barred", "alpha": 0.03, "risk": 1.0}) == []
    assert under({}) == []


# --- a small history that the system made itself ----------------------------------------------------------

DAYS = 80
TODAY = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


class Office:
    """One black-and-white printer that lives with the system day by day: reports, decisions, deliveries."""

    def __init__(self, device: Device, who: Sender) -> None:
        self.device, self.who = device, who
        self.level, self.total, self.shelf = 100.0, 10_000, 0
        self.coming: list[tuple[dt.date, int, int]] = []

    @property
    def pool(self) -> Pool:
        return Pool.objects.get(address=self.device.address)

    def day(self, at: dt.datetime) -> None:
        for proposal in Proposal.objects.filter(status="taken"):
            Proposal.objects.filter(pk=proposal.pk).update(status="closed")
        for when, line, units in [item for item in self.coming if item[0] <= at.date()]:
            stock.receive(
                pool_id=self.pool.pk, quantity=units, cause=f"delivery:s{line}:{line}", origin="automatic",
                at=at.replace(hour=9),
            )  # fmt: skip
            self.shelf += units
            self.coming.remove((when, line, units))
        if at.weekday() < 5:
            self.total += 360
            self.level -= 6.0
        if self.level <= 0 and self.shelf:
            self.level, self.shelf = 100.0, self.shelf - 1
        self.level = max(self.level, 0.0)
        tell(self.who, Told(self.device, at.replace(hour=20), self.total, [self.level]))
        actions.fold_batches(now=at.replace(hour=21))
        AddressReview.objects.update(due_at=at)
        actions.review_addresses(now=at.replace(hour=23))
        for proposal in Proposal.objects.filter(status="open"):
            stock.expect(
                pool_id=self.pool.pk, quantity=proposal.quantity, cause=f"order:{proposal.pk}",
                origin="automatic", at=at.replace(hour=23),
            )  # fmt: skip
            Proposal.objects.filter(pk=proposal.pk).update(status="taken")
            self.coming.append(((at + 7 * DAY).date(), proposal.pk, proposal.quantity))


@pytest.fixture
def office(cast: factories.Cast, who: Sender, settings: Any) -> Office:
    # A cartridge lasts seventeen working days: each has an order of its own.
    settings.REPLENISHMENT_JOIN_DAYS = 10
    model = factories.printer_model(colour=False)
    device = fleets.printer(cast.main_st, model, factories.toners(model))
    made = Office(device, who)
    for back in range(DAYS, 0, -1):
        made.day(TODAY - back * DAY)
    return made


def again(office: Office, **settings: Settings) -> dict[str, Tally]:
    usual = actions.dials()
    first, last = (TODAY - (DAYS - 5) * DAY).date(), (TODAY - DAY).date()
    (found,) = play(
        [office.device.address_id], first, last, {"now": usual, **settings}, portal.ANNOUNCEMENT, TODAY
    )
    assert found.address == office.device.address_id
    return dict(found.trials) | {"real": found.real}


def test_the_settings_in_force_do_again_what_was_done_and_a_larger_risk_sends_later(office: Office) -> None:
    usual = actions.dials()
    before = table()
    found = again(
        office, careless=replace(usual, alpha=0.999, least=1.0), careful=replace(usual, lead_days=15)
    )
    real = found["real"]
    assert real.orders >= 2 and real.units >= 2
    assert (found["now"].orders, found["now"].parcels, found["now"].units) == (
        real.orders, real.orders, real.units,
    )  # fmt: skip
    assert found["now"].spare == pytest.approx(real.spare, abs=0.05)
    assert found["now"].short == 0
    assert found["careless"].short >= 1
    assert found["careless"].short_days > found["careless"].short
    assert found["careless"].spare < found["now"].spare
    assert found["careful"].spare > found["now"].spare
    assert table() == before


def table() -> list[Any]:
    return [
        *Entry.objects.order_by("pk").values_list("pk", "shelf_change"),
        *PoolForecast.objects.order_by("pk").values_list("pk", "shelf", "entry_id", "decided_at"),
        *AddressReview.objects.order_by("pk").values_list("pk", "due_at"),
    ]


@pytest.fixture
def low(device: Device, who: Sender) -> Device:
    """A colour printer whose black toner is nearly out, decided about."""
    tell(who, *decline(device, days=30, start=(60, 90, 90, 90), end=(4, 80, 80, 80)))
    actions.fold_batches()
    actions.review_addresses()
    return device


def test_a_run_is_played_once(low: Device, cast: factories.Cast, client: Client) -> None:
    client.force_login(cast.sam)
    add = "/admin/replenishment/backtestrun/add/"
    assert "Play the past again" in client.get(add).content.decode()
    form = {"days": "40", "sites": "5", "key": str(uuid.uuid4())}
    for _ in range(2):
        assert client.post(add, form).status_code == 302
    run = BacktestRun.objects.get()
    assert (run.shards, run.ended_at, run.asked_by) == (1, None, cast.sam)
    assert (run.last_on - run.first_on).days == 39
    page = f"/admin/replenishment/backtestrun/{run.pk}/change/"
    assert "0 of 1 parts, 0%" in client.get(page).content.decode()
    assert "It is still being played" in client.get(page).content.decode()
    assert client.post(add, {**form, "days": "7"}).status_code == 200
    assert BacktestRun.objects.count() == 1

    def result() -> Any:
        tasks.backtest()
        run.refresh_from_db()
        assert run.ended_at is not None
        return run.result

    first = result()
    assert first["addresses"] == 1 and first["failed"] == 0
    assert first["trials"]["now"]["orders"] >= 1
    assert result() == first
    # As after a crash that lost only the marks.
    BacktestShard.objects.update(done_at=None)
    assert result() == first

    shown = client.get(page).content.decode()
    assert "What really happened" in shown and "As set: risk 2.5%, joining 42 days" in shown
    assert "1 of 1 parts, 100%" in client.get("/admin/replenishment/backtestrun/").content.decode()
    run.result = summary([played(low.address_id, Tally(), Tally(short=2))])
    run.save()
    shown = client.get(page).content.decode()
    assert f"/admin/accounts/address/{low.address_id}/change/" in shown
    said = StringIO()
    call_command("backtest", days=30, sites=5, stdout=said)
    assert "What really happened" in said.getvalue() and "Joining 0 days" in said.getvalue()


def test_a_run_over_nothing_is_over_at_once(cast: factories.Cast, client: Client) -> None:
    run = backtests.begin(once=uuid.uuid4(), days=30, sites=5, actor=None)
    assert run.ended_at is not None
    client.force_login(cast.sam)
    page = client.get(f"/admin/replenishment/backtestrun/{run.pk}/change/").content.decode()
    assert "there is nothing to play" in page


def test_an_address_that_fails_is_counted(low: Device) -> None:
    run = backtests.begin(once=uuid.uuid4(), days=30, sites=5, actor=None)
    run.settings = [{**row, "lead_days": None} for row in run.settings]
    run.save()
    shard = backtests.take_shard()
    assert shard is not None and shard.failed == 1
    run.refresh_from_db()
    assert run.result is not None
    assert run.result["failed"] == 1 and run.result["addresses"] == 0


def test_a_decisions_page_says_what_another_risk_would_have_done(
    low: Device, cast: factories.Cast, client: Client
) -> None:
    client.force_login(cast.sam)
    proposal = Proposal.objects.get()
    page = client.get(f"/admin/replenishment/proposal/{proposal.pk}/change/").content.decode()
    assert "Under other settings" in page and "due by itself" in page
    pool = PoolForecast.objects.get(pool__supply__colorant="cyan")
    page = client.get(f"/admin/replenishment/poolforecast/{pool.pk}/change/").content.decode()
    assert "not yet" in page
