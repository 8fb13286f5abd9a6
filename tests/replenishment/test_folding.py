"""Folding what machines said into the state: once, in order, and the same as a rebuild."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from metered.fleet.models import Device
from metered.reads.actions import retry_batch
from metered.reads.models import Batch
from metered.reads.sender import Sender
from metered.replenishment import actions, packed
from metered.replenishment.models import AddressReview, DeviceRate, PoolForecast, Position, Proposal
from metered.stock import actions as stock
from metered.stock.models import Entry, Pool
from tests import factories
from tests.replenishment import fleets
from tests.replenishment.fleets import NOW, Catalogue, Told, decline, in_days, tell

DAY = dt.timedelta(days=1)
STATE = (
    "step",
    "f",
    "a",
    "b",
    "x",
    "e_acc",
    "x_acc",
    "p0",
    "pend",
    "pend_v",
    "pend_t",
    "flag",
    "seen",
)
RATE = ("folded_at", "t", "total", "colour", "n_fast", "n_slow", "nc_fast", "nc_slow", "d_fast", "d_slow")


def state() -> Any:
    return (
        [(pk, *(row[name] for name in STATE)) for pk, row in sorted(fleets.kept().items())],
        list(Position.objects.order_by("pk").values_list("pk", "device", "pool", "cartridge")),
        list(DeviceRate.objects.order_by("pk").values_list("pk", *RATE)),
    )


def same(left: Any, right: Any) -> Any:
    for rows, others in zip(left, right, strict=True):
        assert len(rows) == len(others)
        for row, other in zip(rows, others, strict=True):
            for a, b in zip(row, other, strict=True):
                assert a == b or (
                    isinstance(a, float) and np.isclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True)
                )
    return True


def pool_of(device: Device, colorant: Any) -> Any:
    return Pool.objects.get(supply=device.slots.get(colorant=colorant).supply, address=device.address)


def test_rows_survive_the_binary_way_there_and_back(db: None) -> None:
    columns = {"id": ">i8", "small": ">i2", "real": ">f8"}
    values = {
        "id": np.array([1, -(2**40)]), "small": np.array([7, -3]), "real": np.array([0.1, np.nan]),
    }  # fmt: skip
    with connection.cursor() as cursor:
        packed.stage(cursor, "there", columns, values)
        back = packed.fetch(cursor, columns, "SELECT * FROM there ORDER BY small DESC", {})
        with pytest.raises(ValueError, match="NULL"):
            packed.fetch(cursor, {"id": ">i8", "n": ">i8"}, "SELECT 1::bigint, NULL::bigint", {})
    for name, column in values.items():
        assert np.array_equal(back[name], column, equal_nan=name == "real")


def test_a_batch_becomes_state_and_the_address_is_due(device: Device, who: Sender) -> None:
    tell(who, *decline(device, days=20, start=(60, 70, 80, 90), end=(40, 50, 60, 70)))
    assert actions.fold_batches() == 1
    assert Batch.objects.get().folded_at is not None
    black = fleets.kept()[device.slots.get(colorant="black").pk]
    assert black["f"] == pytest.approx(0.395, abs=0.006)
    rate = DeviceRate.objects.get(device=device)
    assert rate.total == 12_000
    assert rate.folded_at == NOW
    # 14 or 15 of the 20 days are working days; the pages are there in any case.
    assert rate.n_slow == pytest.approx(2000, rel=0.25)
    assert AddressReview.objects.get(address=device.address).due_at <= dt.datetime.now(dt.UTC)
    assert PoolForecast.objects.filter(pool__address=device.address).count() == 4


def test_folding_again_changes_nothing(device: Device, who: Sender) -> None:
    tell(who, *decline(device, days=10, start=(60, 70, 80, 90), end=(50, 60, 70, 80)))
    actions.fold_batches()
    before = state()
    assert actions.fold_batches() == 0
    # The batch is put back, as after a crash that lost only the mark: what was folded is not taken again.
    Batch.objects.update(folded_at=None)
    assert actions.fold_batches() == 1
    assert same(before, state())


def test_fold_in_pieces_equals_a_rebuild_from_history(
    cast: factories.Cast, catalogue: Catalogue, who: Sender
) -> None:
    devices = [
        fleets.printer(address, *catalogue) for address in (cast.main_st, cast.harbor_st, cast.main_st)
    ]
    told = [
        *decline(devices[0], days=40, start=(90, 80, 70, 60), end=(20, 30, 40, 5)),
        *decline(devices[1], days=35, start=(55, 44, 33, 22), end=(11, 10, 9, 8), pages=700),
        *decline(devices[2], days=30, start=(100, 100, 50, 50), end=(60, 80, 20, 30), pages=20),
    ]
    # A new black cartridge, a blip, flags and a silence.
    for item in told:
        if item.device == devices[0] and item.at > NOW - 12 * DAY:
            item.levels[0] += 60
        if item.device == devices[1] and item.at == NOW - 9 * DAY:
            item.levels[1] = 100
        if item.device == devices[2]:
            item.levels[3] = "some_remaining" if item.at < NOW - 8 * DAY else "low"
    told = [
        item for item in told if not (item.device == devices[1] and NOW - 30 * DAY < item.at < NOW - 15 * DAY)
    ]
    for day in in_days(told):
        tell(who, *day)
        actions.fold_batches()
    before = state()
    assert all(len(rows) for rows in before)
    taken = actions.rebuild(device_ids=[device.pk for device in devices])
    assert taken == len(told)
    assert same(before, state())


def test_one_batch_of_all_days_equals_a_batch_a_day(
    cast: factories.Cast, catalogue: Catalogue, who: Sender
) -> None:
    one, other = (fleets.printer(address, *catalogue) for address in (cast.main_st, cast.harbor_st))
    fall: dict[str, Any] = {"days": 15, "start": (50, 50, 50, 50), "end": (20, 30, 40, 45)}
    tell(who, *decline(one, **fall))
    actions.fold_batches()
    for day in in_days(decline(other, **fall)):
        tell(who, *day)
        actions.fold_batches()
    rows, _positions, _rates = state()
    half = len(rows) // 2
    assert same(([row[1:] for row in rows[:half]],), ([row[1:] for row in rows[half:]],))


def test_a_swap_leaves_the_shelf_once(device: Device, who: Sender) -> None:
    tell(who, *decline(device, days=10, start=(30, 70, 80, 90), end=(8, 60, 70, 80), until=NOW - 3 * DAY))
    actions.fold_batches()
    pool = pool_of(device, "black")
    stock.count(pool_id=pool.pk, quantity=2, cause="first count", at=NOW - 3 * DAY)
    tell(who, Told(device, NOW - 2 * DAY, 11_100, (100, 59, 69, 79), 4_600))
    actions.fold_batches()
    assert Pool.objects.get(pk=pool.pk).shelf == 2
    tell(who, Told(device, NOW - DAY, 11_200, (99, 59, 69, 79), 4_650))
    actions.fold_batches()
    assert Pool.objects.get(pk=pool.pk).shelf == 1
    entry = Entry.objects.get(pool=pool, kind="install")
    assert (
        entry.cause
        == f"swap:{device.slots.get(colorant='black').pk}:{int((NOW - DAY).timestamp()) * 1_000_000}"
    )
    actions.rebuild(device_ids=[device.pk])
    assert Entry.objects.filter(pool=pool, kind="install").count() == 1
    assert PoolForecast.objects.get(pool=pool).shelf == 1


@pytest.mark.parametrize("counted", [2, 0])
@pytest.mark.parametrize("taken", [True, False], ids=["count taken before", "count still to be taken"])
def test_a_swap_that_a_count_had_in_it_leaves_the_shelf_alone(
    device: Device, who: Sender, counted: int, taken: bool
) -> None:
    tell(who, *decline(device, days=10, start=(30, 70, 80, 90), end=(8, 60, 70, 80), until=NOW - 3 * DAY))
    actions.fold_batches()
    pool = pool_of(device, "black")
    stock.count(pool_id=pool.pk, quantity=counted, cause="first count", at=NOW - DAY / 2)
    if taken:
        actions.review_addresses()
    tell(who, Told(device, NOW - 2 * DAY, 11_100, (100, 59, 69, 79), 4_600))
    tell(who, Told(device, NOW - DAY, 11_200, (99, 59, 69, 79), 4_650))
    actions.fold_batches()
    entry = Entry.objects.get(pool=pool, kind="install")
    assert entry.shelf_change == 0
    actions.review_addresses(now=dt.datetime.now(dt.UTC) + 8 * DAY)
    pool.refresh_from_db()
    forecast = PoolForecast.objects.get(pool=pool)
    assert (pool.shelf, forecast.shelf, forecast.entry_id) == (counted, counted, entry.pk)


def test_a_new_cartridge_serial_needs_no_second_report(device: Device, who: Sender) -> None:
    serials = ("A-1", "C-1", "M-1", "Y-1")
    for item in decline(device, days=5, start=(30, 70, 80, 90), end=(20, 60, 70, 80), until=NOW - DAY):
        item.serials = serials
        tell(who, item)
    actions.fold_batches()
    stock.count(pool_id=pool_of(device, "black").pk, quantity=1, cause="first count", at=NOW - DAY)
    tell(who, Told(device, NOW, 10_600, (97, 59, 69, 79), 4_300, ("A-2", *serials[1:])))
    actions.fold_batches()
    assert pool_of(device, "black").shelf == 0
    assert Position.objects.get(slot__device=device, slot__colorant="black").cartridge == "A-2"


def test_a_starting_device_is_on_once_it_has_reported(
    cast: factories.Cast, catalogue: Catalogue, who: Sender
) -> None:
    device = fleets.printer(cast.main_st, *catalogue, state=Device.Replenishment.STARTING)
    tell(who, Told(device, NOW, 1000, (50, 50, 50, 50), 400))
    actions.fold_batches()
    device.refresh_from_db()
    assert device.replenishment == Device.Replenishment.ON


def test_a_starting_device_read_by_hand_is_on_after_its_second_read(
    cast: factories.Cast, catalogue: Catalogue
) -> None:
    starting = Device.Replenishment.STARTING
    device = fleets.printer(cast.main_st, *catalogue, state=starting, path=Device.Path.MANUAL)
    said = []
    for _month in read_monthly(device, cast.ana, 2):
        actions.rebuild(device_ids=[device.pk])
        device.refresh_from_db()
        said.append(device.replenishment)
    assert said == [starting, Device.Replenishment.ON]


def test_levels_count_without_a_meter(device: Device, who: Sender) -> None:
    tell(who, *decline(device, days=5, start=(50, 50, 50, 50), end=(45, 45, 45, 45), until=NOW - DAY))
    actions.fold_batches()
    before = DeviceRate.objects.get(device=device)
    from metered.reads import ingest
    from tests.reads.batches import batch, encode, report

    supplies = [
        {
            "slot": s.code,
            "kind": s.kind,
            "colorant": s.colorant,
            "description": "",
            "state": "percent",
            "percent": 44,
        }
        for s in device.slots.order_by("position")
    ]
    body = encode(batch(report(device.serial, NOW, meters={}, supplies=supplies), sequence=9_000))
    ingest.take_batch(sender=who, body=body)
    actions.fold_batches()
    after = DeviceRate.objects.get(device=device)
    assert (after.t, after.n_slow, after.d_slow) == (before.t, before.n_slow, before.d_slow)
    assert after.folded_at == NOW
    assert [row["f"] <= 0.4401 for row in fleets.kept(pk=device.pk).values()] == [True] * 4


def read_monthly(device: Device, who: Any, months: int, *, pages: int = 4_000, every: int = 30) -> Any:
    """A month's read, then what the test does before the next one: yields after each."""
    from metered.reads.billing_reads import enter_read

    for month in range(months):
        total = 50_000 + pages * month
        enter_read(
            device=device,
            values={"total": total, "mono": total * 5 // 8, "colour": total - total * 5 // 8},
            taken_at=NOW - every * (months - 1 - month) * DAY,
            source="customer",
            actor=who,
        )
        actions.fold_reads()
        yield month


def ledger() -> Any:
    return (
        list(Entry.objects.order_by("pk").values_list("pk", "cause")),
        list(Pool.objects.order_by("pk").values_list("pk", "shelf")),
        list(PoolForecast.objects.order_by("pk").values_list("pk", "shelf", "entry_id")),
    )


def test_a_device_read_by_hand_is_folded_from_its_reads(cast: factories.Cast, catalogue: Catalogue) -> None:
    device = fleets.printer(cast.main_st, *catalogue, path=Device.Path.MANUAL)
    for month in read_monthly(device, cast.ana, 4):
        pool = pool_of(device, "black")
        if month == 0:
            stock.count(pool_id=pool.pk, quantity=2, cause="counted", at=NOW - 90 * DAY)
            actions.review_addresses()
    assert actions.fold_reads() == 0
    rate = DeviceRate.objects.get(device=device)
    assert rate.n_slow / rate.d_slow == pytest.approx(4_000 / 21.5, rel=0.1)
    # 12,000 of 6,000 pages a cartridge from a half-full one: the shelf gave two, as far as pages tell.
    assert Pool.objects.get(pk=pool.pk).shelf == 0


@pytest.mark.parametrize("delivered", [6, 2])
def test_a_rebuild_of_a_device_read_by_hand_posts_nothing_and_finds_the_same(
    cast: factories.Cast, catalogue: Catalogue, delivered: int
) -> None:
    device = fleets.printer(cast.main_st, *catalogue, path=Device.Path.MANUAL)
    for month in read_monthly(device, cast.ana, 8):
        at = NOW - (30 * (7 - month) - 1) * DAY
        pool = pool_of(device, "black")
        if month == 0:
            stock.count(pool_id=pool.pk, quantity=2, cause="counted", at=at)
        if month == 3:
            stock.receive(pool_id=pool.pk, quantity=delivered, cause="parcel", origin="automatic", at=at)
        actions.look_again(address_ids=[device.address_id])
        actions.review_addresses()
    assert Entry.objects.filter(pool=pool, kind="install").exists()
    before, kept = state(), ledger()
    assert actions.rebuild(device_ids=[device.pk]) == 8
    assert same(before, state())
    assert actions.fold_reads() == 0
    assert ledger() == kept


def test_a_rebuild_keeps_to_swaps_that_were_posted_at_another_read(
    cast: factories.Cast, catalogue: Catalogue
) -> None:
    device = fleets.printer(cast.main_st, *catalogue, path=Device.Path.MANUAL)
    slot = device.slots.get(colorant="black")
    for month in read_monthly(device, cast.ana, 8):
        pool = pool_of(device, "black")
        if month == 0:
            stock.count(pool_id=pool.pk, quantity=6, cause="counted", at=NOW - 209 * DAY)
    # Folding did not know of the count yet, and posted nothing; swaps were posted by another forecast.
    assert not Entry.objects.filter(pool=pool, kind="install").exists()
    for days in (170, 110, 50):
        at = NOW - days * DAY
        stock.install(pool_id=pool.pk, quantity=1, cause=f"swap:{slot.pk}:{days}", at=at)
    actions.rebuild(device_ids=[device.pk])
    black = fleets.kept()[slot.pk]
    # 28,000 pages of 6,000 a cartridge, out of a half-full one: five went in, the ledger knows three.
    # The count tells a little of the level, too.
    assert black["f"] == pytest.approx(0.5 - 28 / 6 + 5, abs=0.02)
    assert Pool.objects.get(pk=pool.pk).shelf == 3
    assert PoolForecast.objects.get(pool=pool).shelf == 1


def test_a_rebuild_without_levels_does_not_use_up_what_stands_on_the_shelf(
    cast: factories.Cast, catalogue: Catalogue
) -> None:
    from metered.reads.actions import PastObservation, import_history
    from metered.reads.columns import Layout
    from metered.reads.levels import encode

    device = fleets.printer(cast.main_st, *catalogue)
    keys = tuple(slot.key for slot in device.slots.order_by("position"))
    unknown: list[int | None] = [encode("unknown", None)] * 4
    observations = [
        PastObservation(device.pk, NOW - (364 - i) * DAY, [1000 + 100 * i, 300 + 40 * i], unknown)
        for i in range(365)
    ]
    import_history(layouts={device.pk: Layout(("total", "colour"), keys)}, observations=observations)
    actions.look_again(address_ids=[device.address_id])
    actions.review_addresses()
    for slot in device.slots.all():
        stock.count(pool_id=pool_of(device, slot.colorant).pk, quantity=3, cause=f"count {slot.pk}")
    actions.rebuild(device_ids=[device.pk])
    assert [(row["f"], row["p0"]) for row in fleets.kept().values()] == [(0.5, 0.29)] * 4
    actions.review_addresses()
    assert not Proposal.objects.exists()


def test_the_command_rebuilds_all_devices_or_those_of_a_serial(
    cast: factories.Cast, catalogue: Catalogue, who: Sender
) -> None:
    one, two, other = (
        fleets.printer(address, *catalogue) for address in (cast.main_st, cast.main_st, cast.harbor_st)
    )
    for device in (one, two, other):
        tell(who, *decline(device, days=10, start=(60, 70, 80, 90), end=(50, 60, 70, 80)))
    actions.fold_batches()
    kept = state()
    for item in (one, two, other):
        fleets.keep(item, f=0.9)
    AddressReview.objects.update(due_at=NOW + 9 * DAY)
    said = StringIO()
    call_command("rebuild_forecast", "--serial", one.serial, stdout=said)
    wrong = {slot for slot, row in fleets.kept().items() if row["f"] == 0.9}
    assert wrong == set(other.slots.values_list("pk", flat=True)), "what shares a shelf is made anew too"
    due = AddressReview.objects.filter(due_at__lte=timezone.now()).values_list("address_id", flat=True)
    assert list(due) == [cast.main_st.pk]
    assert said.getvalue().splitlines() == [
        "2 of 2 devices, 22 reports and reads",
        "The forecast of 2 devices is made anew.",
    ]
    call_command("rebuild_forecast", stdout=said)
    assert "3 of 3 devices, 33 reports and reads" in said.getvalue()
    assert same(kept, state())
    with pytest.raises(CommandError, match="NO-SUCH"):
        call_command("rebuild_forecast", "--serial", "NO-SUCH", stdout=said)


def test_a_rebuild_takes_many_devices_at_once(cast: factories.Cast, catalogue: Catalogue) -> None:
    from metered.reads.actions import PastObservation, import_history
    from metered.reads.columns import Layout

    devices = [fleets.printer(cast.main_st, *catalogue) for _ in range(200)]
    keys = [tuple(slot.key for slot in d.slots.order_by("position")) for d in devices]
    observations = [
        PastObservation(d.pk, NOW - (90 - i) * DAY, [1000 + 40 * i, 300 + 10 * i], [1000 - 8 * i] * 4)
        for d in devices
        for i in range(90)
    ]
    layouts = {d.pk: Layout(("total", "colour"), k) for d, k in zip(devices, keys, strict=True)}
    import_history(layouts=layouts, observations=observations)
    assert actions.rebuild(device_ids=[d.pk for d in devices]) == 18_000
    assert Position.objects.count() == 800


@pytest.fixture
def poison(db: None) -> Callable[[Device], None]:
    """PostgreSQL itself refuses to keep the state of a device: whatever folds it fails."""

    def give(device: Device) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$;"
                " CREATE TRIGGER poisoned BEFORE INSERT OR UPDATE ON replenishment_devicerate"
                f" FOR EACH ROW WHEN (NEW.device_id = {device.pk}) EXECUTE FUNCTION poisoned()"
            )

    return give


def test_a_bad_batch_holds_up_no_other_and_is_parked(
    cast: factories.Cast, catalogue: Catalogue, who: Sender, poison: Callable[[Device], None]
) -> None:
    bad, good = (fleets.printer(cast.main_st, *catalogue) for _ in range(2))
    poison(bad)
    for device in (bad, good):
        tell(who, *decline(device, days=3, start=(60, 70, 80, 90), end=(58, 68, 78, 88)))
    assert actions.fold_batches() == 1
    first, second = Batch.objects.order_by("pk")
    assert second.folded_at is not None
    assert (first.folded_at, first.attempts) == (None, 1)
    assert actions.fold_batches() == 0, "it waits for its time"
    for _ in range(4):
        Batch.objects.filter(pk=first.pk).update(retry_at=NOW - DAY)
        actions.fold_batches()
    first.refresh_from_db()
    assert first.parked_at is not None
    Batch.objects.filter(pk=first.pk).update(retry_at=NOW - DAY)
    assert actions.fold_batches() == 0
    assert Batch.objects.get(pk=first.pk).attempts == 5

    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER poisoned ON replenishment_devicerate")
    retry_batch(batch=first)
    assert actions.fold_batches() == 1
    assert DeviceRate.objects.filter(device=bad).exists()
