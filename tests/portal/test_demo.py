"""The demo: loaded once, consistent with its own ledger, and ready for the recordings to be pushed."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
from collections.abc import Iterator
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import models, transaction
from django.db.models import Case, F, Sum, When
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from metered.accounts.models import Account, Membership, User
from metered.agent.files import recordings
from metered.fleet.actions import token_digest
from metered.fleet.models import Bulletin, Device, EnrolmentCode, Slot, Supply, Token
from metered.fleet.software import is_below
from metered.notify.models import Message
from metered.orders import actions as orders
from metered.orders.models import Order, OrderLine, Shipment
from metered.portal.demo.catalogue import MODELS, supplies
from metered.portal.demo.catalogue.kit import FINE, FLAG
from metered.portal.demo.customers import RECORDED_AT
from metered.portal.demo.history import LOW, OK, Places, Printers, make
from metered.portal.demo.people import logins
from metered.portal.demo.recorded import OLDEST, RECORDED, SLACK, end_of_history
from metered.reads.agents import behind, silent_agents_for_system
from metered.reads.models import AgentState, DeviceState, Observation, Read
from metered.replenishment import actions as replenishment
from metered.replenishment import tasks
from metered.replenishment.models import HeavyJob, PoolForecast, Proposal
from metered.returns.models import Leftover, ReceiptPhoto, Return, ReturnState
from metered.stock.models import Entry, Pool
from tests.replenishment import fleets

RECORDINGS = Path(settings.BASE_DIR).parent / "shared" / "printers"
EPSON = "X3B8022793"
INKS = {"C13T945140", "C13T945240", "C13T945340", "C13T945440"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def _django_db_helper() -> None:
    """No transaction of each test's own: loading takes seconds, so one stands around all of this file."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo.json"


@pytest.fixture(scope="module", autouse=True)
def printed(django_db_setup: None, django_db_blocker: DjangoDbBlocker, file: Path) -> Iterator[str]:
    """The small demo, loaded once for all tests of this file and taken back after them; what was printed."""
    with django_db_blocker.unblock(), transaction.atomic():
        # Tests with transactions of their own empty every table, of the migrations' rows too.
        import_module("metered.fleet.migrations.0002_meter_types").add(apps, None)
        out = StringIO()
        call_command("demo_data", "--small", "--logins", str(file), stdout=out)
        yield out.getvalue()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def undone(printed: str) -> Iterator[None]:
    """What a test changes is taken back."""
    point = transaction.savepoint()
    yield
    transaction.savepoint_rollback(point)


def counts() -> dict[str, int]:
    kept: tuple[type[models.Model], ...] = (
        Account, User, Membership, Device, Slot, Supply, Observation, DeviceState, Read, Pool, Entry, Order,
        OrderLine, Shipment, Message, Proposal, PoolForecast, HeavyJob, Bulletin, Token,
    )  # fmt: skip
    return {model.__name__: model._default_manager.count() for model in kept}


def test_loading_again_changes_nothing_and_writes_the_logins_again(file: Path) -> None:
    before, token = counts(), json.loads(file.read_text())["agent_token"]
    out = StringIO()
    call_command("demo_data", "--small", "--logins", str(file), stdout=out)
    assert counts() == before
    assert "there already" in out.getvalue()
    assert json.loads(file.read_text())["agent_token"] == token


def test_a_lost_file_gets_a_new_token_that_holds(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    call_command("demo_data", "--small", "--logins", str(other), stdout=StringIO())
    digest = token_digest(json.loads(other.read_text())["agent_token"])
    token = Token.objects.get(digest=digest)
    assert token.revoked_at is None
    assert token.agent is not None
    assert token.agent.account.name == "Northwind Clinics"


def test_the_logins_are_written_for_the_owner_only_and_work(file: Path, printed: str) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = json.loads(file.read_text())
    assert written["logins"] == logins()
    assert written["agent_token"] not in printed
    for row in written["logins"]:
        assert row["email"] in printed
        assert User.objects.get(email=row["email"]).check_password(row["password"])


def test_every_role_can_sign_in(printed: str) -> None:
    roles = {row["role"].split(" (")[0] for row in logins()}
    assert roles == {"owner", "orderer", "reporter", "viewer", "staff"}
    assert all(role in printed for role in roles)
    assert Membership.objects.filter(role="orderer", limited=True, addresses__isnull=False).exists()
    two = Membership.objects.filter(user__email="pat.morgan@fieldservice.example")
    assert two.values("account").distinct().count() == 2
    assert User.objects.filter(is_staff=True, is_superuser=True).count() == 1


def test_the_pools_are_what_the_ledger_adds_up_to() -> None:
    found = Pool.objects.annotate(
        ledger_shelf=Sum("entries__shelf_change"),
        ledger_way=Sum(
            Case(
                When(entries__kind="expect", then=F("entries__quantity")),
                When(entries__kind__in=["receive", "cancel"], then=-F("entries__quantity")),
                default=0,
            )
        ),
    )
    assert found.count() > 50
    assert not found.exclude(ledger_shelf=F("shelf")).exists()
    assert not found.exclude(ledger_way=F("on_the_way")).exists()
    assert found.filter(shelf__gt=0).exists()
    assert found.filter(on_the_way__gt=0).exists()


def test_what_is_on_the_way_is_what_open_lines_say() -> None:
    open_lines = OrderLine.objects.exclude(state__in=["delivered", "cancelled", "declined"])
    by_pool = dict(open_lines.values_list("pool_id").annotate(units=Sum("quantity")))
    assert {pool.pk: pool.on_the_way for pool in Pool.objects.filter(on_the_way__gt=0)} == by_pool


def test_the_shelf_was_never_below_nothing() -> None:
    shelf: dict[int, int] = {}
    for pool, change in Entry.objects.order_by("at", "id").values_list("pool_id", "shelf_change"):
        shelf[pool] = shelf.get(pool, 0) + change
        assert shelf[pool] >= 0


def test_orders_stand_in_every_state_that_a_page_shows() -> None:
    northwind = OrderLine.objects.filter(account__name="Northwind Clinics")
    assert set(northwind.values_list("state", flat=True)) >= {
        "placed",
        "shipped",
        "delivered",
        "awaiting_read",
    }
    announced = northwind.filter(state="placed", automatic=True)
    assert all(line.release_at > timezone.now() for line in announced)
    assert all(line.reason and line.reason["slots"] for line in northwind.filter(automatic=True))
    assert set(Order.objects.values_list("origin", flat=True)) >= {"automatic", "customer"}
    assert not Shipment.objects.filter(tracking="").exists()
    numbers = list(
        Order.objects.filter(shipments__isnull=False).order_by("pk").values_list("number", flat=True)
    )
    assert len(set(numbers)) == len(numbers)


def test_the_stories_are_there() -> None:
    now = timezone.now()
    silent = DeviceState.objects.filter(
        received_at__lt=now - dt.timedelta(days=8), received_at__gt=now - dt.timedelta(days=11)
    )
    assert [state.device.name for state in silent] == ["Emergency triage"]
    bulletin = Bulletin.objects.get()
    below = [
        state
        for state in DeviceState.objects.filter(device__model=bulletin.model, device__path="direct")
        if is_below(state.software, bulletin.minimum_software)
    ]
    assert [state.device.name for state in below] == ["Billing"]
    assert 80 <= (bulletin.from_date - now.date()).days <= 88
    held = Read.objects.get(status=Read.Status.HELD)
    assert held.note
    assert held.source == Read.Source.CUSTOMER
    assert HeavyJob.objects.get(cancelled_at=None).starts_on > now.date()


def test_its_agents_are_well_silent_old_and_refused() -> None:
    now = timezone.now()
    silent = silent_agents_for_system(now).get()
    assert silent.name == "Lakeshore nurse station PC"
    assert Device.objects.get(behind([silent.pk])).name == "Emergency triage"
    assert Message.objects.filter(template="agent_silent").count() == 1
    said = {state.agent.name: state for state in AgentState.objects.select_related("agent")}
    assert is_below(said["Druckserver ESS-DRUCK"].version, settings.MINIMUM_AGENT_VERSION)
    refused = said["Print services MRU-PS1"].status["refused"]
    assert not Device.objects.filter(serial__in=[item["serial"] for item in refused]).exists()
    reported = Device.objects.filter(removed_at=None, state__received_at__isnull=False)
    assert not reported.filter(state__agent_at=None, state__direct_at=None).exclude(path="manual").exists()
    assert EnrolmentCode.objects.filter(used_at=None, withdrawn_at=None).count() == 1


def test_returns_stand_in_every_state_and_something_is_left_over() -> None:
    found = Return.objects.all()
    assert set(found.values_list("state", flat=True)) == set(ReturnState.values)
    assert found.filter(address=None).count() == 1 and found.filter(pallet=True).exists()
    assert ReceiptPhoto.objects.exists() and Leftover.objects.filter(state="open").exists()
    assert not Message.objects.filter(template__startswith="return").exclude(status="sent").exists()


def test_the_past_is_as_long_as_it_should_be() -> None:
    now = timezone.now()
    first = Observation.objects.filter(device_id=Device.objects.get(name="Front desk").pk).earliest(
        "observed_at"
    )
    assert 725 <= (now - first.observed_at).days <= 731
    maple = Account.objects.get(name="Maple Ridge University")
    assert Device.objects.filter(account=maple).count() == 40
    assert Device.objects.exclude(account=maple).count() == 47
    assert set(Read.objects.values_list("source", flat=True)) == {"device", "agent", "customer", "estimate"}
    assert not Observation.objects.filter(observed_at__gt=now).exists()


def test_meters_never_go_down() -> None:
    for name in ("Front desk", "Radiology", "Cardiology"):
        device = Device.objects.get(name=name)
        rows = (
            Observation.objects.filter(device_id=device.pk)
            .order_by("observed_at")
            .values_list("meters", flat=True)
        )
        table = np.array(list(rows), dtype=np.int64)
        assert (np.diff(table, axis=0) >= 0).all()
        assert table[-1, 0] > table[0, 0]


def test_recorded_devices_have_the_slots_that_the_table_says() -> None:
    for fact in RECORDED:
        device = Device.objects.get(serial=fact.serial)
        assert device.address.name == RECORDED_AT
        assert device.replenishment == Device.Replenishment.ON
        slots = list(device.slots.order_by("position").values_list("code", "kind", "colorant"))
        assert slots == [(code, kind, colorant) for code, kind, colorant, _, _ in fact.slots]


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings do not stand beside this checkout")
def test_the_table_says_what_the_agent_reads_from_the_recordings() -> None:
    reports = [item.report() for item in recordings(map(str, sorted(RECORDINGS.glob("*.snmprec"))), {})]
    read = {report.serial: report for report in reports if report.serial}
    assert set(read) == {fact.serial for fact in RECORDED}
    for fact in RECORDED:
        said = [
            (s.slot, str(s.kind), s.colorant or "", s.percent if s.state == "percent" else str(s.state))
            for s in read[fact.serial].supplies
        ]
        assert said == [(code, kind, colorant, level) for code, kind, colorant, level, _ in fact.slots]
        meters = {str(m.meter): m.count for m in read[fact.serial].meters}
        assert {m.unit for m in read[fact.serial].meters} <= {unit_of(fact)}
        assert meters == {k: v for k, v in zip(("total", "mono", "colour"), fact.meters, strict=True) if v}


def unit_of(fact: Any) -> str:
    return "sheets" if fact.sheets else "impressions"


def report_of(fact: Any, at: dt.datetime) -> dict[str, Any]:
    """A recorded device's report, as the agent sends it."""
    words = ("total", "mono", "colour")
    return {
        "serial": fact.serial,
        "observed_at": at.isoformat(),
        "path": "agent",
        "complete": True,
        "meters": [
            {"meter": word, "count": value, "unit": unit_of(fact)}
            for word, value in zip(words, fact.meters, strict=True)
            if value
        ],
        "supplies": [
            {"slot": code, "kind": kind, "colorant": colorant or None, "description": name}
            | ({"state": level} if isinstance(level, str) else {"state": "percent", "percent": level})
            for code, kind, colorant, level, name in fact.slots
        ],
        "alerts": [],
    }


def push(file: Path, at: dt.datetime) -> dict[str, Any]:
    body = {
        "schema": 1,
        "agent": {"instance": "demo", "version": "1.0.0", "sequence": 1, "sent_at": at.isoformat()},
        "reports": [report_of(fact, at) for fact in RECORDED],
    }
    response = Client().post(
        "/api/v1/telemetry",
        data=json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {json.loads(file.read_text())['agent_token']}"},
    )
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def decide(now: dt.datetime) -> None:
    while replenishment.fold_batches(now=now):
        pass
    while replenishment.review_addresses(now=now):
        pass
    orders.take_proposals(now=now)


def test_nothing_of_the_recorded_address_is_ordered_before_the_push() -> None:
    assert not Order.objects.filter(
        address__name=RECORDED_AT, lines__supply__reorder_number__in=INKS
    ).exists()
    assert not Proposal.objects.filter(address__name=RECORDED_AT).exists()
    there = PoolForecast.objects.filter(pool__address__name=RECORDED_AT)
    assert {(row.decision or {})["rule"] for row in there} == {"enough"}


def test_the_first_sweep_after_loading_finds_nothing_to_do() -> None:
    entries, placed = Entry.objects.count(), Order.objects.count()
    tasks.fold()
    tasks.decide()
    orders.take_proposals()
    assert (Entry.objects.count(), Order.objects.count()) == (entries, placed)
    # What people read is in the forecast, and no machine of theirs ran dry on paper.
    by_hand = fleets.kept(path=Device.Path.MANUAL)
    assert by_hand and not [slot for slot, told in by_hand.items() if told["f"] < -0.2]


def test_a_push_of_the_recordings_is_followed_by_one_order_of_four_inks(file: Path) -> None:
    known = set(Order.objects.values_list("pk", flat=True))
    slots, installs = Slot.objects.count(), Entry.objects.filter(kind="install").count()
    now = timezone.now()
    answer = push(file, now)
    assert answer["accepted"] == len(RECORDED)
    assert answer["refused"] == []
    assert answer["warnings"] == []
    decide(now)
    assert Slot.objects.count() == slots
    assert Entry.objects.filter(kind="install", pool__address__name=RECORDED_AT).count() <= installs
    order = Order.objects.exclude(pk__in=known).get(address__name=RECORDED_AT)
    lines = list(order.lines.select_related("supply"))
    assert {line.supply.reorder_number: line.quantity for line in lines} == dict.fromkeys(INKS, 1)
    assert all(slot.device.serial == EPSON for line in lines for slot in line.slots.all())
    assert all(line.reason["rule"] == "ship" for line in lines)
    assert Message.objects.filter(event=f"order_announced:{order.public_id}").exists()

    again = push(file, now)
    assert (again["accepted"], again["duplicates"]) == (0, len(RECORDED))
    decide(now)
    assert Order.objects.filter(address__name=RECORDED_AT).exclude(pk__in=known).count() == 1


def test_every_address_was_weighed_and_few_of_them_need_something() -> None:
    assert not PoolForecast.objects.filter(decision=None).exists()
    rules = [(row.decision or {})["rule"] for row in PoolForecast.objects.all()]
    assert rules.count("ship") < len(rules) / 8


def test_mails_of_earlier_orders_were_sent_on_their_days() -> None:
    sent = Message.objects.filter(status=Message.Status.SENT)
    assert sent.exists()
    assert not sent.filter(subject="").exists()
    assert not sent.filter(sent_at__gt=timezone.now()).exists()


def test_the_catalogue_says_each_thing_once() -> None:
    assert Supply.objects.count() == len(supplies())
    said: dict[str, set[tuple[str, int]]] = {}
    for model in MODELS.values():
        codes = [place.code for place in model.places]
        assert len(set(codes)) == len(codes)
        for place in model.places:
            if place.supply:
                said.setdefault(place.supply.number, set()).add((place.supply.kind, place.supply.pages))
    assert all(len(facts) == 1 for facts in said.values())


def test_histories_end_before_the_oldest_recording(tmp_path: Path) -> None:
    now = timezone.now()
    assert end_of_history(now, tmp_path / "none") == now - dt.timedelta(days=1)
    for name, days in (("a", 3), ("b", 5)):
        walk = tmp_path / f"{name}.snmprec"
        walk.write_text("")
        at = (now - dt.timedelta(days=days)).timestamp()
        os.utime(walk, (at, at))
    assert abs(end_of_history(now, tmp_path) - (now - dt.timedelta(days=5) - SLACK)) < dt.timedelta(seconds=1)
    os.utime(tmp_path / "a.snmprec", (0, 0))
    assert end_of_history(now, tmp_path) == now - OLDEST


def test_a_history_ends_where_it_was_told_to() -> None:
    printers = Printers(
        monthly=np.array([4000.0, 900.0]),
        share=np.array([0.4, 0.0]),
        last=np.array([99, 60]),
        end_total=np.array([500_000, 77_000]),
        end_mono=np.array([300_000, 77_000]),
        end_colour=np.array([200_000, 0]),
        weekends=np.array([True, False]),
    )
    places = Places(
        device=np.array([0, 0, 1]),
        yields=np.array([6000.0, 3000.0, 8000.0]),
        tinted=np.array([False, True, False]),
        step=np.array([FINE, FINE, FLAG]),
        final=np.array([0.415, 0.095, 0.05]),
        fixed=np.array([0, 0, 0]),
    )
    history = make(np.random.default_rng(7), 100, 0, printers, places)
    assert (history.total[99, 0], history.mono[99, 0], history.colour[99, 0]) == (500_000, 300_000, 200_000)
    assert history.total[60, 1] == 77_000
    assert history.level[99, 0] == 420
    assert history.level[99, 1] == 100
    assert history.level[60, 2] == LOW
    assert set(history.level[:, 2].tolist()) == {OK, LOW}
    assert history.reported[99, 0] and not history.reported[61:, 1].any()
    rises = {
        (day + 1, slot) for day, slot in zip(*np.nonzero(np.diff(history.left, axis=0) > 0), strict=True)
    }
    assert {(int(day), int(slot)) for day, slot in rises} == set(history.swaps)
