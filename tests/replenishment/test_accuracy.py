"""How right the run-outs were that were told: the arithmetic, what settles a row, and the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.fleet.models import Device, Slot
from metered.reads.sender import Sender
from metered.replenishment import actions, sources, tasks, told
from metered.replenishment import state as st
from metered.replenishment.accuracy import accuracies
from metered.replenishment.calibration import Accuracy, Calibration
from metered.replenishment.models import AddressReview, Position, RunOutTold, Source
from metered.replenishment.simulation.world import SOURCES
from metered.stock import actions as stock
from metered.stock.models import Pool
from tests import factories
from tests.replenishment import builders, fleets
from tests.replenishment.fleets import NOW, Catalogue, Told, decline, tell

DAY = dt.timedelta(days=1)


# --- the arithmetic ----------------------------------------------------------------------------------


def collected(*days: float | None, q: Sequence[float] = (8.0, 10.0, 20.0)) -> Calibration:
    found = Calibration()
    for each in days:
        found.add(each, *q)
    return found


def test_shares_bias_and_error() -> None:
    found = collected(4, 8, 20, 21, None)
    assert (found.accuracy.total, found.accuracy.before, found.accuracy.by) == (5, 1, 3)
    # (10 - days) / days: 1.5, 0.25, -0.5, -0.52; the one that outlasted the last date has no error.
    assert found.accuracy.bias == pytest.approx((0.25 - 0.5) / 2)
    assert found.accuracy.error == pytest.approx((0.5 + 11 / 21) / 2)
    assert found.shares[:2] == (20.0, 60.0)


def test_errors_are_of_those_that_ran_dry_soon() -> None:
    far = collected(61, 400, None, q=(30.0, 90.0, 200.0))
    assert (far.accuracy.by, far.accuracy.bias, far.accuracy.error) == (1, None, None)
    assert np.isnan(far.shares[2])
    assert Calibration().accuracy.between_percent == 0


@pytest.mark.parametrize(
    ("between", "verdict"), [(74, "too narrow"), (75, "good"), (85, "good"), (86, "too wide")]
)
def test_a_share_is_judged_against_the_goal(between: int, verdict: str) -> None:
    assert Accuracy(100, 5, 5 + between, None, None).verdict == verdict
    assert Accuracy(29, 0, 23, None, None).verdict == "too few"


def test_sources_are_those_of_the_simulation() -> None:
    assert len(Source) == len(SOURCES)
    assert SOURCES[Source.LEVELS_1] == "levels 1 %" and SOURCES[Source.FLAGS] == "flags"
    assert SOURCES[Source.PAGES_ONLY] == "pages only" and SOURCES[Source.NO_LEVEL] == "no level"


def test_what_a_forecast_stands_on() -> None:
    def of(t: float = 5.0, connected: bool = True, flag: int = 0, reports: int = st.PCT1) -> Any:
        state = builders.fleet(f=0.5, reports=reports, connected=connected)
        state.supplies.flag[:] = flag
        return sources.sources(state, builders.ints(0), t)[0]

    assert of() == Source.LEVELS_1
    assert of(reports=st.PCT10) == Source.LEVELS_10
    assert of(flag=st.OK) == Source.FLAGS
    assert of(t=30.0) == Source.NO_LEVEL
    assert of(connected=False) == Source.PAGES_ONLY


# --- what settles a row ------------------------------------------------------------------------------


@pytest.fixture
def printing(device: Device, who: Sender) -> Device:
    """A colour device a month ago, its black toner at 12 %, looked at then."""
    tell(who, *decline(device, days=30, start=(60, 90, 90, 90), end=(12, 50, 50, 51), until=NOW - 30 * DAY))
    look(NOW - 30 * DAY)
    return device


def look(at: dt.datetime) -> None:
    actions.fold_batches(now=at)
    AddressReview.objects.update(due_at=at)
    actions.review_addresses(now=at)


def of(device: Device, colorant: str = "black") -> Any:
    return RunOutTold.objects.get(slot__device=device, slot__colorant=colorant)


def goes_on(device: Device, who: Sender, *black: float | str, after: int = 0) -> None:
    """A report a day from a month ago on."""
    tell(
        who,
        *[
            Told(device, NOW - (29 - after - i) * DAY, 13_100 + 100 * i, [level, 49, 49, 49], colour=5_600)
            for i, level in enumerate(black)
        ],
    )


def test_a_month_is_told_once_and_of_what_is_known(printing: Device) -> None:
    assert told.tell(now=NOW - 30 * DAY, share=0.0) == 0
    assert told.tell(now=NOW - 30 * DAY) == 4
    assert told.tell(now=NOW - 30 * DAY) == 0
    row, position = of(printing), Position.objects.get(slot__device=printing, slot__colorant="black")
    assert (row.q10, row.q50, row.q90) == (position.days_q10, position.days_q50, position.days_q90)
    assert (row.told_at, row.until) == (position.looked_at, position.runs_out_until)
    assert row.month.day == 1 and row.account_id == printing.account_id
    assert row.source == Source.LEVELS_1
    # A look of long ago tells nothing today.
    RunOutTold.objects.all().delete()
    assert told.tell(now=NOW) == 0


def test_a_share_of_the_slots_is_the_same_each_time(printing: Device) -> None:
    def chosen(share: float) -> set[int]:
        RunOutTold.objects.all().delete()
        told.tell(now=NOW - 30 * DAY, share=share)
        return set(RunOutTold.objects.values_list("slot_id", flat=True))

    few, more = chosen(0.3), chosen(0.7)
    assert few == chosen(0.3)
    assert few <= more <= chosen(1.0)


def test_a_report_of_empty_settles_and_a_second_time_changes_nothing(printing: Device, who: Sender) -> None:
    told.tell(now=NOW - 30 * DAY)
    goes_on(printing, who, 9, 6, 3, 0, 0)
    look(NOW - 20 * DAY)
    assert told.settle(now=NOW - 20 * DAY) == 1
    row = of(printing)
    assert (row.outcome, row.days) == ("dry", pytest.approx(4, abs=0.01))
    assert of(printing, "cyan").outcome == "open"
    before = list(RunOutTold.objects.order_by("pk").values())
    assert told.settle(now=NOW - 20 * DAY) == 0
    assert list(RunOutTold.objects.order_by("pk").values()) == before


def test_a_change_of_a_cartridge_that_was_nearly_empty_settles(printing: Device, who: Sender) -> None:
    told.tell(now=NOW - 30 * DAY)
    goes_on(printing, who, 10, 7, 4, 100, 99, 98)
    look(NOW - 20 * DAY)
    told.settle(now=NOW - 20 * DAY)
    # Two reports show a change: those of the fourth and the fifth day.
    assert (of(printing).outcome, of(printing).days) == ("dry", pytest.approx(5, abs=0.01))


def test_a_change_with_something_left_is_left_out(printing: Device, who: Sender) -> None:
    told.tell(now=NOW - 30 * DAY)
    goes_on(printing, who, 10, 9, 100, 99, 98)
    look(NOW - 20 * DAY)
    told.settle(now=NOW - 20 * DAY)
    assert (of(printing).outcome, of(printing).days) == ("early", None)


def test_a_change_that_nobody_saw_is_no_proof(printing: Device) -> None:
    told.tell(now=NOW - 30 * DAY)
    slot = printing.slots.get(colorant="black")
    pool = Pool.objects.get(supply=slot.supply, address=printing.address)
    stock.install(
        pool_id=pool.pk, quantity=1, cause=f"swap:{slot.pk}:1", at=NOW - 28 * DAY, note="Worked out"
    )
    told.settle(now=NOW - 20 * DAY)
    assert of(printing).outcome == "unseen"


def test_an_urgent_order_says_that_the_only_machine_is_empty(
    printing: Device, catalogue: Catalogue, who: Sender
) -> None:
    told.tell(now=NOW - 30 * DAY)
    pools = {
        slot.colorant: Pool.objects.get(supply=slot.supply, address=printing.address)
        for slot in printing.slots.all()
    }
    stock.expect(pool_id=pools["black"].pk, quantity=1, cause="o", origin="emergency", at=NOW - 26 * DAY)
    told.settle(now=NOW - 20 * DAY)
    assert (of(printing).outcome, of(printing).days) == ("dry", pytest.approx(4, abs=0.01))
    # Of two machines that share a shelf it does not say which.
    other = fleets.printer(printing.address, *catalogue)
    tell(who, *decline(other, days=30, start=(60, 90, 90, 90), end=(12, 50, 50, 51), until=NOW - 30 * DAY))
    look(NOW - 30 * DAY)
    stock.expect(pool_id=pools["cyan"].pk, quantity=1, cause="p", origin="emergency", at=NOW - 26 * DAY)
    told.settle(now=NOW - 20 * DAY)
    assert of(printing, "cyan").outcome == "open"


def test_what_outlasts_its_last_date_was_not_empty_by_then(printing: Device, who: Sender) -> None:
    told.tell(now=NOW - 30 * DAY)
    row = of(printing)
    assert row.q90 < 50
    assert accuracies(RunOutTold.objects.all(), row.until + DAY).all == Accuracy(1, 0, 0, None, None)
    # How far it is off is still to be seen, for sixty days.
    told.settle(now=row.until + DAY)
    assert of(printing).outcome == "open"
    told.settle(now=row.told_at + 61 * DAY)
    assert of(printing).outcome == "later"
    # A device that is taken away before the last date tells nothing.
    RunOutTold.objects.filter(slot__colorant="cyan").update(outcome="open")
    Device.objects.update(removed_at=row.told_at + DAY)
    told.settle(now=row.told_at + 62 * DAY)
    assert of(printing, "cyan").outcome == "removed"
    assert of(printing).outcome == "later"


# --- the page ------------------------------------------------------------------------------------------


def many(device: Device, days: Sequence[float | None], *, source: int, back: int = 200) -> None:
    """Rows of one slot each, told `back` days ago with 10, 20 and 30 days."""
    at = timezone.now() - back * DAY
    for n, each in enumerate(days):
        slot = factories.slot(device, code=f"{source}.{back}.{n}")
        RunOutTold.objects.create(
            account=device.account, slot=slot, month=at.date().replace(day=1), told_at=at,
            until=at + 30 * DAY, q10=10, q50=20, q90=30, source=source, days=each,
            outcome="open" if each is None else "dry",
        )  # fmt: skip


def test_the_database_counts_as_the_pure_rule(device: Device) -> None:
    days = [4.0, 9.9, 10.0, 25.0, 30.0, 31.0, 80.0, None]
    many(device, days, source=Source.LEVELS_1)
    rule = Calibration()
    for each in days:
        rule.add(each, 10, 20, 30)
    found = accuracies(RunOutTold.objects.all(), timezone.now())
    assert found.all.bias == pytest.approx(rule.accuracy.bias)
    assert found.all.error == pytest.approx(rule.accuracy.error)
    assert (found.all.total, found.all.before, found.all.by) == (8, 2, 5)
    assert [line.name for line in found.by_model] == [str(device.model)]


def test_staff_read_how_right_it_was(device: Device, cast: factories.Cast, client: Client) -> None:
    client.force_login(cast.sam)
    at = "/admin/replenishment/runouttold/"
    assert "Nothing can be judged here yet: no run-out" in client.get(at).content.decode()
    many(device, [5.0] * 3 + [20.0] * 24 + [None] * 3, source=Source.LEVELS_1)
    many(device, [5.0] * 20 + [20.0] * 20, source=Source.FLAGS)
    many(device, [20.0] * 5, source=Source.PAGES_ONLY)
    many(device, [5.0] * 31, source=Source.LEVELS_10, back=500)
    with CaptureQueriesContext(connection) as few:
        page = client.get(at).content.decode()
    assert "as it should be" in page and "surer than it may be" in page and "too few to judge" in page
    assert (
        "steps of 10%"
        not in page.split("result_list")[0].split("changelist-filter")[0].split("desk-table")[1]
    )
    many(device, [20.0] * 60, source=Source.NO_LEVEL)
    with CaptureQueriesContext(connection) as more:
        page = client.get(at).content.decode()
    assert len(more) <= len(few)
    assert "less sure than it could be" in page
    older = client.get(at + "?months=36").content.decode()
    assert older.count("desk-tag") == page.count("desk-tag") + 1
    one = client.get(at + f"?source__exact={Source.FLAGS.value}").content.decode()
    assert "as it should be" not in one and "surer than it may be" in one


def test_the_task_runs_twice_like_once_and_forgets(printing: Device) -> None:
    Position.objects.update(looked_at=timezone.now())
    tasks.keep_told()
    rows = list(RunOutTold.objects.order_by("pk").values())
    assert len(rows) == 4
    tasks.keep_told()
    assert list(RunOutTold.objects.order_by("pk").values()) == rows
    assert told.forget(now=timezone.now() + 4 * 365 * DAY) == 4
    assert Slot.objects.count() == 4
