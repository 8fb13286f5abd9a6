"""Heavy jobs: their pages spread, what they need, by when, and who may change them meanwhile."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some

from metered.fleet.models import Device
from metered.lib.errors import Refused
from metered.reads.sender import Sender
from metered.replenishment import actions, heavy, policy, store
from metered.replenishment.calendars import calendars
from metered.replenishment.heavy_offers import Plan, meaning_for_system
from metered.replenishment.job_actions import Announced, announce_job, change_job, withdraw_job
from metered.replenishment.models import AddressReview, AnnouncedJob, DeviceRate, HeavyJob
from tests.replenishment.fleets import NOW, Told, decline, tell
from tests.threads import at_once, fine

DAY = dt.timedelta(days=1)
CHRISTMAS = (dt.date(2026, 12, 24), dt.date(2027, 1, 3))


@given(some.integers(1, 10**6), some.data(), some.lists(some.booleans(), min_size=1, max_size=40))
def test_every_page_is_spread_and_colour_only_over_those_that_print_it(
    pages: int, data: some.DataObject, tinted: list[bool]
) -> None:
    colour = data.draw(some.integers(0, pages)) if any(tinted) else 0
    found = heavy.shares(pages, colour, tinted)
    assert sum(share.pages for share in found) == pages and sum(share.colour for share in found) == colour
    for share, tints in zip(found, tinted, strict=True):
        assert 0 <= share.colour <= share.pages and (tints or not share.colour)


def timing(today: dt.date, starts_on: dt.date, **more: Any) -> heavy.Timing:
    (cal,) = calendars(("US",), today)
    return heavy.timing(cal, today, starts_on, policy.Settings(), **more)


def test_by_when_to_announce() -> None:
    # Announced on Tuesday, decided that evening: it leaves on Wednesday and takes five working days.
    found = timing(dt.date(2026, 11, 30), dt.date(2026, 12, 9))
    assert found == heavy.Timing(dt.date(2026, 12, 1), dt.date(2026, 12, 8))
    assert timing(dt.date(2026, 12, 1), dt.date(2026, 12, 9)).announce_by == dt.date(2026, 12, 1)
    assert timing(dt.date(2026, 12, 2), dt.date(2026, 12, 9)).announce_by is None
    # A day's notice to the orderers takes a day more.
    assert timing(dt.date(2026, 11, 30), dt.date(2026, 12, 9), waits=1).announce_by == dt.date(2026, 11, 30)
    # Where doors are closed nothing arrives.
    found = timing(dt.date(2026, 12, 1), dt.date(2027, 1, 4), closures=[CHRISTMAS])
    assert found.announce_by is not None
    assert timing(found.announce_by, dt.date(2027, 1, 4), closures=[CHRISTMAS]).arrives_on <= dt.date(
        2027, 1, 4
    )
    assert timing(dt.date(2026, 12, 17), dt.date(2026, 12, 30), closures=[CHRISTMAS]).announce_by is None


@pytest.fixture
def known(device: Device, who: Sender) -> Device:
    tell(who, *decline(device, days=30, start=(80, 95, 95, 95), end=(60, 90, 90, 90)))
    actions.fold_batches()
    found: Device = Device.objects.select_related("model", "address").get(pk=device.pk)
    return found


def means(device: Device, pages: int, colour: int = 0, coverage: int | None = None, **more: Any) -> Any:
    first = timezone.localdate() + 14 * DAY
    plan = Plan({device.pk: heavy.Share(pages, colour)}, first, first + 2 * DAY, coverage)
    found = meaning_for_system(device.address_id, plan, timezone.now(), today=timezone.localdate(), **more)
    return {item.supply["colorant"]: item for item in found.supplies}


@pytest.mark.django_db
def test_more_pages_need_more_cartons_and_denser_ones_too(known: Device) -> None:
    small, large = means(known, 300), means(known, 60_000)
    assert small["black"].more == 0 and "cyan" not in small
    assert large["black"].more >= 8, "a job of many cartridges must not look as if it took six"
    assert means(known, 60_000, coverage=10)["black"].takes == pytest.approx(2 * large["black"].takes)
    tinted = means(known, 20_000, 20_000)
    assert tinted["cyan"].more > 0 and tinted["cyan"].covered < 1
    assert not AnnouncedJob.objects.exists()


@pytest.mark.django_db
def test_a_job_that_is_looked_at_again_is_not_counted_twice(known: Device) -> None:
    before = means(known, 20_000)
    day = timezone.localdate() + 14 * DAY
    announced = Announced([known], starts_on=day, ends_on=day + 2 * DAY, pages=20_000)
    job = announce_job(announced=announced, once=uuid.uuid4(), actor=None)
    assert means(known, 20_000, instead_of=job.pk)["black"].more == before["black"].more
    withdraw_job(job=job, actor=None)
    assert means(known, 20_000)["black"].more == before["black"].more


@pytest.mark.django_db
def test_what_cannot_be_announced(known: Device) -> None:
    today = timezone.localdate()

    def refused(**more: Any) -> str:
        values: dict[str, Any] = {"starts_on": today, "ends_on": today, "pages": 10} | more
        with pytest.raises(Refused) as caught:
            announce_job(announced=Announced([known], **values), once=uuid.uuid4(), actor=None)
        return str(caught.value.code)

    assert refused(starts_on=today - DAY) == "job_over"
    assert refused(ends_on=today - DAY) == "dates"
    assert refused(ends_on=today + 400 * DAY) == "too_far"
    assert refused(pages=0) == refused(colour_pages=11) == "no_pages"
    known.removed_at = timezone.now()
    assert refused() == "device_removed"


@pytest.mark.django_db
def test_a_change_makes_the_address_due_and_one_from_before_is_refused(known: Device) -> None:
    day = timezone.localdate() + 9 * DAY
    announced = Announced([known], starts_on=day, ends_on=day, pages=900, coverage=10)
    job = announce_job(announced=announced, once=uuid.uuid4(), actor=None)
    (factor,) = set(store.load([known.pk], timezone.now()).state.jobs.factor.tolist())
    assert factor == 2
    AddressReview.objects.update(due_at=timezone.now() + 9 * DAY)
    other, step = Announced([known], starts_on=day, ends_on=day, pages=700), uuid.uuid4()
    change_job(job=job, announced=other, once=step, seen=job.step, actor=None)
    assert AddressReview.objects.get(pk=known.address_id).due_at <= timezone.now()
    change_job(job=job, announced=announced, once=step, seen=job.step, actor=None)
    assert HeavyJob.objects.get(cancelled_at=None).pages == 700
    with pytest.raises(Refused, match="while you were typing"):
        change_job(job=job, announced=announced, once=uuid.uuid4(), seen=job.step, actor=None)


@pytest.mark.django_db
def test_afterwards_its_pages_are_left_out_of_the_usual_rate(device: Device, who: Sender) -> None:
    """Told through the real pipeline: a day of 6,000 pages that were announced, and one that was not."""

    def rate(announce: bool) -> float:
        last = decline(device, days=30, start=(90, 95, 95, 95), end=(70, 90, 90, 90))[-1]
        DeviceRate.objects.all().delete()
        HeavyJob.objects.all().delete()
        if announce:
            made = announced_today(device)
            HeavyJob.objects.update(starts_on=NOW.date() - DAY, ends_on=NOW.date() + DAY)
            assert made.pages == 12_000
        more = Told(device, NOW + dt.timedelta(minutes=1), last.total + 6000, last.levels, colour=last.colour)
        if not announce:
            tell(
                who, *decline(device, days=30, start=(90, 95, 95, 95), end=(70, 90, 90, 90), until=NOW - DAY)
            )
            tell(who, more)
        actions.rebuild(device_ids=[device.pk])
        row = DeviceRate.objects.get(device=device)
        return float(np.divide(row.n_slow, row.d_slow))

    unannounced = rate(announce=False)
    assert rate(announce=True) < 0.7 * unannounced


def announced_today(device: Device) -> AnnouncedJob:
    today = timezone.localdate()
    device = Device.objects.select_related("model", "address").get(pk=device.pk)
    announced = Announced([device], starts_on=today, ends_on=today, pages=12_000)
    return announce_job(announced=announced, once=uuid.uuid4(), actor=None)


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_by_eight_at_once_is_one_job_and_of_eight_changes_one_counts(device: Device) -> None:
    day, once = timezone.localdate() + 9 * DAY, uuid.uuid4()
    device = Device.objects.select_related("model", "address").get(pk=device.pk)

    def announced(pages: int) -> Announced:
        return Announced([device], starts_on=day, ends_on=day, pages=pages)

    made = fine(at_once(8, lambda _n: announce_job(announced=announced(900), once=once, actor=None).pk))
    assert len(set(made)) == 1 and HeavyJob.objects.count() == 1
    job = AnnouncedJob.objects.get()

    def change(n: int) -> int:
        new = announced(1000 + n)
        return change_job(job=job, announced=new, once=uuid.uuid4(), seen=job.step, actor=None).pages

    results = at_once(8, change)
    refused = [item for item in results if isinstance(item, Refused)]
    assert len(refused) == 7 and all(item.code == "changed" for item in refused)
    (pages,) = [item for item in results if isinstance(item, int)]
    assert HeavyJob.objects.get(cancelled_at=None).pages == pages
