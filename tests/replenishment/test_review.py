"""Weighing addresses: what is proposed, what is not, and that every decision has its reason."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import numpy as np
import pytest
from django.conf import settings as portal_settings
from django.utils import timezone

from metered.fleet.models import Contract, Device, Supply
from metered.reads.sender import Sender
from metered.replenishment import actions, deciding, job_actions, store, use
from metered.replenishment.calendars import day_number
from metered.replenishment.job_actions import Announced
from metered.replenishment.known import facts
from metered.replenishment.models import AddressReview, FleetStats, PoolForecast, Position, Proposal
from metered.stock import actions as stock
from metered.stock.models import Pool
from tests import factories
from tests.replenishment import fleets
from tests.replenishment.fleets import NOW, Catalogue, Told, decline, tell

DAY = dt.timedelta(days=1)
LOW: dict[str, Any] = {"days": 30, "start": (60, 90, 90, 90), "end": (4, 80, 80, 80)}


def fold(who: Sender, *told: Any) -> Any:
    tell(who, *told)
    actions.fold_batches()


def review() -> Any:
    AddressReview.objects.update(due_at=timezone.now() - DAY)
    actions.review_addresses()


@pytest.fixture
def low(device: Device, who: Sender) -> Any:
    """A device whose black toner is nearly out."""
    fold(who, *decline(device, **LOW))
    return device


def black(device: Device) -> Any:
    return Pool.objects.get(supply=device.slots.get(colorant="black").supply, address=device.address)


def decision(device: Device, colorant: Any = "black") -> Any:
    pool = Pool.objects.get(supply=device.slots.get(colorant=colorant).supply, address=device.address)
    return PoolForecast.objects.get(pool=pool).decision


def test_what_is_nearly_out_is_proposed_with_its_reason(low: Device) -> None:
    assert actions.review_addresses() == 1
    proposal = Proposal.objects.get()
    assert proposal.pool == black(low)
    assert (
        proposal.quantity == 2
    )  # of one in about 38 working days, for the 42 days of the joining window and the delivery
    assert proposal.status == "open"
    assert proposal.slot_ids == [low.slots.get(colorant="black").pk]
    reason = proposal.reason
    assert reason["rule"] == "ship"
    assert 0 < reason["alpha"] < portal_settings.REPLENISHMENT_RISK  # it would be used soon
    assert reason["risk"] > reason["alpha"]
    assert (reason["shelf"], reason["on_the_way"]) == (0, 0)
    slot = reason["slots"][0]
    assert slot["percent"] == pytest.approx(4, abs=1)
    assert slot["use"] == pytest.approx(2.6, abs=0.8)  # 56 % in about 21 working days
    assert 0 < slot["use_sd"] < 2
    assert len(slot["runs_out"]) == 3
    assert reason["lead_days"] == portal_settings.REPLENISHMENT_LEAD_DAYS
    assert reason["look_again_at"] > reason["decided_at"]
    assert json.dumps(reason) == json.dumps(decision(low))


def test_nothing_now_has_its_reason_too(low: Device) -> None:
    actions.review_addresses()
    reason = decision(low, "cyan")
    assert reason["rule"] == "enough"
    assert reason["quantity"] == 0
    assert reason["risk"] < reason["alpha"]
    assert reason["slots"][0]["percent"] == 80


def test_a_long_announcement_brings_the_order_forward(device: Device, who: Sender, settings: Any) -> None:
    fold(who, *decline(device, days=30, start=(60, 95, 95, 95), end=(36, 90, 90, 90)))
    review()
    assert decision(device)["rule"] == "enough"
    settings.ANNOUNCEMENT = 28 * DAY
    review()
    assert decision(device)["rule"] == "ship"


def test_the_calendar_of_a_device_is_that_of_its_region(device: Device) -> None:
    year = timezone.now().year
    # Epiphany, on a day on which parcels would move: a holiday in Bavaria, and not in Hamburg.
    epiphany = next(day for y in range(year - 2, year + 2) if (day := dt.date(y, 1, 6)).weekday() < 5)
    moves = []
    for region in ("BY", "HH", "nowhere"):
        type(device.address).objects.filter(pk=device.address_id).update(country="DE", subdivision=region)
        cal = store.load([device.pk], timezone.now()).calendar
        moves.append(cal.is_working(day_number(epiphany)))
    assert moves == [False, True, True]


def test_looking_twice_proposes_once(low: Device) -> None:
    review()
    review()
    assert Proposal.objects.count() == 1
    assert decision(low)["rule"] == "open"


def test_an_address_is_left_alone_until_it_is_due(low: Device) -> None:
    assert actions.review_addresses() == 1
    assert actions.review_addresses() == 0
    assert AddressReview.objects.get(address=low.address).due_at > timezone.now()


def test_a_spare_is_enough(low: Device) -> None:
    stock.count(pool_id=black(low).pk, quantity=2, cause="counted")
    review()
    assert not Proposal.objects.exists()
    assert decision(low)["shelf"] == 2


def test_what_is_on_the_way_is_enough(low: Device) -> None:
    stock.expect(pool_id=black(low).pk, quantity=1, cause="an order", origin="automatic")
    review()
    assert not Proposal.objects.exists()
    assert decision(low)["on_the_way"] == 1


def test_a_closed_proposal_makes_room_and_the_address_due(low: Device) -> None:
    review()
    pks = list(Proposal.objects.values_list("pk", flat=True))
    assert actions.close_proposals(proposal_ids=pks, because="cancelled") == 1
    assert AddressReview.objects.get(address=low.address).due_at <= timezone.now()
    actions.review_addresses()
    assert list(Proposal.objects.order_by("pk").values_list("status", flat=True)) == ["closed", "open"]


def test_what_a_person_cancelled_stays_away_for_its_time_and_says_so(low: Device) -> None:
    review()
    pks = list(Proposal.objects.values_list("pk", flat=True))
    until = timezone.now() + 7 * DAY
    actions.close_proposals(proposal_ids=pks, because="They have plenty.", not_before=until)
    review()
    assert list(Proposal.objects.values_list("status", flat=True)) == ["closed"]
    reason = decision(low)
    assert (reason["rule"], reason["held_because"]) == ("held", "They have plenty.")
    assert reason["held_until"].startswith(until.isoformat(timespec="minutes")[:16])
    assert decision(low, "cyan")["rule"] == "enough"
    AddressReview.objects.update(due_at=timezone.now() - DAY)
    actions.review_addresses(now=until + DAY / 24)
    assert list(Proposal.objects.order_by("pk").values_list("status", flat=True)) == ["closed", "open"]


def test_an_address_is_looked_at_when_a_hold_ends(low: Device) -> None:
    review()
    pks = list(Proposal.objects.values_list("pk", flat=True))
    now = timezone.now()
    until = now + DAY / 4
    actions.close_proposals(proposal_ids=pks, because="Later.", not_before=until)
    review()
    due = AddressReview.objects.get(address=low.address).due_at
    # The look of the coming night (UTC) may be earlier still, but not within the hour.
    night = dt.datetime.combine(now.date() + DAY, dt.time(), dt.UTC)
    if min(until, night) < now + DAY / 24:
        # An address is left alone for an hour.
        assert now + DAY / 24 <= due <= timezone.now() + DAY / 24
    else:
        assert abs(due - min(until, night)) < dt.timedelta(seconds=1)


def test_only_what_is_under_one_contract_travels_together(
    device: Device, who: Sender, catalogue: Catalogue
) -> None:
    other = factories.contract(device.account)
    twin = fleets.printer(device.address, *catalogue, contract=other)
    fold(who, *decline(device, days=30, start=(60, 60, 90, 90), end=(4, 80, 80, 80)))
    fold(who, *decline(twin, days=30, start=(60, 60, 90, 90), end=(80, 80, 4, 80)))
    actions.review_addresses()
    together = {
        (p.contract_id, p.reason["supply"]["colorant"]): p.reason["with"] for p in Proposal.objects.all()
    }
    assert together == {(device.contract_id, "black"): [], (other.pk, "magenta"): []}


def test_what_is_due_under_one_contract_takes_nothing_of_another_along(
    device: Device, who: Sender, catalogue: Catalogue
) -> None:
    other = factories.contract(device.account)
    twin = fleets.printer(device.address, *catalogue, contract=other)
    fold(who, *decline(device, days=30, start=(60, 98, 98, 98), end=(4, 93, 93, 93), pages=200))
    # As in what_is_due_soon_travels_along: the cyan would travel along if anything of its contract did.
    fold(who, *decline(twin, days=30, start=(60, 60, 98, 98), end=(50, 35, 93, 93), pages=200))
    actions.review_addresses()
    assert [p.contract_id for p in Proposal.objects.all()] == [device.contract_id]
    cyan = PoolForecast.objects.get(pool__contract=other, pool__supply__colorant="cyan")
    assert (cyan.decision or {})["rule"] == "enough"


@pytest.mark.parametrize(
    ("change", "barred"),
    [
        (lambda d: Contract.objects.update(status="suspended"), "contract"),
        (lambda d: Contract.objects.update(ends_on=NOW.date() - DAY), "contract"),
        (lambda d: Contract.objects.update(included_kinds=["drum"]), "kind"),
        (lambda d: Contract.objects.update(starts_on=NOW.date() + 30 * DAY), "contract"),
        (lambda d: Supply.objects.update(active=False), "supply"),
        (lambda d: Device.objects.update(replenishment="off"), "off"),
        (lambda d: d.slots.update(replenished=False), "off"),
        (
            lambda d: type(d.address).objects.filter(pk=d.address_id).update(refused_reason="moved away"),
            "address",
        ),
        (lambda d: type(d.address).objects.filter(pk=d.address_id).update(retired_at=NOW), "address"),
    ],
    ids=[
        "contract suspended",
        "contract over",
        "kind",
        "contract to come",
        "supply given up",
        "device off",
        "slot off",
        "refused",
        "retired",
    ],
)
def test_what_may_not_be_sent_is_not_proposed_and_says_why(low: Device, change: Any, barred: Any) -> None:
    change(low)
    review()
    assert not Proposal.objects.exists()
    assert (decision(low)["rule"], decision(low)["barred"]) == ("barred", barred)


def test_nothing_is_proposed_for_a_removed_device(low: Device) -> None:
    Device.objects.filter(pk=low.pk).update(removed_at=NOW)
    review()
    assert not Proposal.objects.exists()


def test_a_switched_off_slot_does_not_count_for_its_pool(
    low: Device, cast: factories.Cast, catalogue: Catalogue, who: Sender
) -> None:
    full = fleets.printer(cast.main_st, *catalogue)
    fold(who, *decline(full, days=20, start=(95, 95, 95, 95), end=(85, 85, 85, 85)))
    low.slots.update(replenished=False)
    review()
    assert not Proposal.objects.exists()
    assert [slot["device"] for slot in decision(full)["slots"]] == [full.public_id]


def test_what_is_due_soon_travels_along(device: Device, who: Sender) -> None:
    fold(who, *decline(device, days=30, start=(60, 60, 98, 98), end=(4, 35, 93, 93), pages=200))
    actions.review_addresses()
    by_rule = {p.reason["supply"]["colorant"]: p.reason for p in Proposal.objects.all()}
    assert by_rule["black"]["rule"] == "ship"
    assert by_rule["cyan"]["rule"] == "along"
    assert by_rule["cyan"]["later_risk"] > 0.2
    assert by_rule["black"]["with"] == ["cyan"]


def test_a_device_that_never_reported_enough_has_no_forecast(
    device: Device, cast: factories.Cast, catalogue: Catalogue, who: Sender
) -> None:
    fleets.printer(cast.main_st, *catalogue)
    fold(who, Told(device, NOW, 1000, (50, 50, 50, 50), 400))
    review()
    position = Position.objects.get(slot__device=device, slot__colorant="black")
    assert position.runs_out_at is None
    assert position.days_q50 is None
    slot = decision(device)["slots"][0]
    assert (slot["use"], slot["runs_out"]) == (None, None)


def test_a_device_that_never_reported_at_all_is_not_known_yet(device: Device) -> None:
    actions.look_again(address_ids=[device.address_id])
    review()
    assert decision(device)["rule"] == "unknown"
    assert not Proposal.objects.exists()


def test_a_part_without_a_supply_and_a_level_has_no_forecast(device: Device, who: Sender) -> None:
    device.slots.filter(colorant__in=["black", "cyan"]).update(supply=None)
    fold(who, *decline(device, days=30, start=(60, 90, 90, 90), end=(30, 80, 80, 80)))
    silent = [Told(device, NOW - (11 - i) * DAY / 48, 13_000 + i, (25, "unknown"), 5_500) for i in range(2)]
    fold(who, *silent)
    fleets.keep(device, "cyan", seen=float("nan"))
    review()
    known = dict(Position.objects.values_list("slot__colorant", "runs_out_at"))
    assert known["cyan"] is None
    assert known["black"] is not None


def test_a_count_is_asked_for_where_it_helps(device: Device, who: Sender) -> None:
    fold(who, *decline(device, days=30, start=(60, 90, 90, 90), end=(30, 80, 80, 80)))
    pool = black(device)

    def asked() -> list[int]:
        """What a look asks for when the shelf is doubtful, at the first level at which it asks."""
        now = timezone.now()
        for f in range(60, 0, -1):
            loaded = store.load([device.pk], now)
            row = int(np.flatnonzero(loaded.pools == pool.pk)[0]) if pool.pk in loaded.pools else 0
            loaded.state.pools.right[row] = 0.7
            loaded.state.supplies.f[loaded.state.supplies.pool == row] = f / 100
            known = facts(loaded, now)
            found = deciding.look(loaded, known, actions.dials(), now, DAY).asked
            if found:
                return found
        return []

    assert asked() == [pool.pk]
    type(pool.contract).objects.update(status="suspended")
    assert asked() == []
    type(pool.contract).objects.update(status="active")
    device.slots.filter(colorant="black").update(supply=None)
    assert asked() == []


def test_run_outs_are_kept_in_order_and_far_ahead_of_what_is_fuller(low: Device) -> None:
    review()
    rows = {p.slot.colorant: p for p in Position.objects.select_related("slot")}
    for row in rows.values():
        assert row.runs_out_from <= row.runs_out_at <= row.runs_out_until
    assert rows["black"].runs_out_at < rows["cyan"].runs_out_at
    assert rows["black"].days_q50 < 6


def test_an_announced_job_brings_the_order_forward(device: Device, who: Sender) -> None:
    fold(who, *decline(device, days=30, start=(50, 95, 95, 95), end=(38, 90, 90, 90)))
    review()
    assert not Proposal.objects.exists()
    today = timezone.now().date()
    announced = Announced([device], starts_on=today, ends_on=today + 2 * DAY, pages=6000)
    job_actions.announce_job(announced=announced, once=uuid.uuid4(), actor=None)
    actions.review_addresses()
    assert Proposal.objects.filter(pool=black(device)).count() == 1


def test_a_hand_order_teaches_that_the_shelf_was_empty(low: Device) -> None:
    pool = black(low)
    stock.count(pool_id=pool.pk, quantity=1, cause="counted")
    review()
    assert PoolForecast.objects.get(pool=pool).shelf == 1
    stock.expect(pool_id=pool.pk, quantity=1, cause="by hand", origin="customer")
    review()
    assert PoolForecast.objects.get(pool=pool).shelf == 0
    assert Pool.objects.get(pk=pool.pk).shelf == 1


def test_the_forecast_keeps_in_step_with_the_ledger_in_any_order_of_posting(low: Device) -> None:
    """Counts and deliveries come in late, and between looks: the shelf of both is the same."""
    pool = black(low)
    review()

    def both() -> tuple[float, float]:
        review()
        pool.refresh_from_db()
        return pool.shelf, PoolForecast.objects.get(pool=pool).shelf

    stock.count(pool_id=pool.pk, quantity=3, cause="n1", at=NOW - 2 * DAY)
    stock.receive(pool_id=pool.pk, quantity=5, cause="d1", origin="staff", at=NOW - 3 * DAY)
    assert both() == (3, 3)
    stock.install(pool_id=pool.pk, quantity=1, cause="i1", at=NOW - DAY / 2)
    stock.count(pool_id=pool.pk, quantity=7, cause="n2", at=NOW - DAY)
    assert both() == (6, 6)
    sure = PoolForecast.objects.get(pool=pool).right
    stock.count(pool_id=pool.pk, quantity=1, cause="n0", at=NOW - 5 * DAY)
    stock.install(pool_id=pool.pk, quantity=1, cause="i0", at=NOW - 4 * DAY)
    assert both() == (6, 6)
    assert PoolForecast.objects.get(pool=pool).right == sure


def test_the_fleet_teaches_weekly(cast: factories.Cast, catalogue: Catalogue, who: Sender) -> None:
    devices = [fleets.printer(cast.main_st, *catalogue) for _ in range(6)]
    for device in devices:
        # 4,500 pages are three quarters of a cartridge of 6,000 as rated; the level falls by 90 %.
        tell(who, *decline(device, days=30, start=(95, 95, 95, 95), end=(5, 50, 50, 50), pages=150))
    actions.fold_batches()
    fresh = fleets.printer(cast.harbor_st, *catalogue)
    tell(who, Told(fresh, NOW, 500, (70, 70, 70, 70), 200))
    actions.fold_batches()
    whole = store.load([*(device.pk for device in devices), fresh.pk], timezone.now()).state
    use.learn_fleet(whole)
    assert actions.learn_fleet() is True
    assert actions.learn_fleet() is False
    mean = FleetStats.objects.get(kind="K").c_mean
    assert mean == pytest.approx(1.16, abs=0.06)
    own = store.load([fresh.pk], timezone.now()).state.supplies
    assert own.c()[own.kind == 0].tolist() == pytest.approx([mean])
    # The fleet in memory learns the same from the same rows.
    assert mean == pytest.approx(float(whole.c_fleet[0]))
    again = store.load([*(device.pk for device in devices), fresh.pk], timezone.now()).state
    assert again.supplies.a.tolist() == pytest.approx(whole.supplies.a.tolist())
