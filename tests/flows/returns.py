"""Returns over a simulated year, against their books, and against a fleet that changes under them.

`python3 manage.py prove returns` does each of PARTS at full size, the suite a sample. A part says what it
sees and returns what was wrong.
"""

from __future__ import annotations

import datetime as dt
import random
import threading
import traceback
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Count, F
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

from metered.accounts.models import Address
from metered.fleet import actions as fleet
from metered.lib.errors import Refused
from metered.notify.models import Message
from metered.orders import actions as orders
from metered.orders.models import LineState, Order, OrderLine, Shipment
from metered.returns import actions
from metered.returns.models import Return
from tests import factories as make
from tests.orders.scene import Scene, scene
from tests.returns.books import Books
from tests.returns.scene import file, filled, person_of, sent, stocked

Say = Callable[[str], Any]

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
)
FIRST = dt.datetime(2027, 10, 1, tzinfo=dt.UTC)
"""400 days from here: both changes of the clocks on both halves of the world, a new year, a 29 February."""

LONGEST_OUTAGE = 22
"""Hours without a worker that the last chance is early enough for."""


@dataclass(frozen=True)
class Size:
    """How much of each a part does."""

    days: int = 400
    runs: int = 2_000
    steps: int = 50
    interleavings: int = 10_000
    seed: int = 0


# A year of filings


def days(size: Size, say: Say) -> list[str]:
    """Random filings, staff who are away for days, workers that are down for hours: nobody waits too long."""
    dice = random.Random(size.seed)
    scenes = [_scene_in(zone) for zone in ZONES]
    people = [person_of(scene) for scene in scenes]
    at, end = FIRST, FIRST + dt.timedelta(days=size.days)
    up_again = staff_back = FIRST
    filed = seen = 0
    while at < end + dt.timedelta(days=9):
        if at < end and dice.random() < 0.08:
            which = dice.randrange(len(scenes))
            made = scenes[which]
            units = {dice.choice(made.pools).supply_id: dice.choice([1, 1, 2, 500])}
            if dice.random() < 0.1:
                _file_signed_out(made, units, at)
            else:
                file(made, units, actor=people[which], boxes=dice.choice([1, 3, 25]), filed_at=at)
            filed += 1
        if at >= up_again:
            actions.answer_due(now=at)
            if dice.random() < 0.2:
                # A message that came twice.
                actions.answer_due(now=at)
            if dice.random() < 0.03:
                up_again = at + dt.timedelta(hours=dice.uniform(1, LONGEST_OUTAGE))
        if at >= staff_back:
            seen += _staff_decide(dice, at)
            if dice.random() < 0.05:
                staff_back = at + dt.timedelta(days=dice.uniform(0.5, 12))
        at += dt.timedelta(minutes=dice.choice([10, 30, 60, 120]))
    return _judge(filed, seen, say)


def _file_signed_out(made: Scene, units: dict[int, int], at: dt.datetime) -> None:
    """By somebody who named the customer number alone: nobody knows the address until staff choose it."""
    actions.file_return(
        account_id=made.address.account_id,
        address=None,
        filled=filled(units),
        once=uuid.uuid4(),
        actor=None,
        email=f"{uuid.uuid4().hex[:8]}@example.com",
        pick_up="Side door",
        country="US",
        filed_at=at,
    )


def _scene_in(zone: str) -> Scene:
    account = make.account()
    made = scene(make.address(account, time_zone=str(ZoneInfo(zone))))
    sent(made, 400)
    return made


def _staff_decide(dice: random.Random, at: dt.datetime) -> int:
    waiting = list(Return.objects.filter(state="filed").order_by("due_at", "pk")[:3])
    decided = 0
    for made in waiting:
        if dice.random() < 0.9:
            continue
        lines = list(made.lines.all())
        accepted = {line.public_id: dice.choice([0, min(line.quantity, 1), line.quantity]) for line in lines}
        reasons = {line.public_id: "More than we sent." for line in lines}
        day = (at + dt.timedelta(days=2)).date()
        if made.address_id is None:
            actions.choose_address(made=made, address=Address.objects.get(account_id=made.account_id))
        actions.decide(made=made, accepted=accepted, reasons=reasons, pick_up_on=day, now=at)
        decided += 1
    return decided


def _judge(filed: int, seen: int, say: Say) -> list[str]:
    rows = Return.objects.all()
    late = rows.filter(decided_at__gte=F("due_at")).count()
    open_still = rows.filter(state="filed").count()
    twice = (
        Message.objects.filter(template__in=["return_confirmed", "return_rejected"])
        .values("event", "email")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
        .count()
    )
    told = Message.objects.filter(template__in=["return_confirmed", "return_rejected"]).count()
    early = rows.filter(unanswered=True, decided_at__lt=F("last_chance_at")).count()
    unalarmed = rows.filter(unanswered=True, escalated_at=None).count()
    unanswered = rows.filter(unanswered=True).count()
    say(
        f"  {filed} filed: {rows.filter(decided_by=None, unanswered=False).count() - seen} at once,"
        f" {seen} decided by staff, {unanswered} confirmed unanswered;"
        f" {late} late, {twice} sent twice, {unalarmed} of the unanswered never escalated"
    )
    wrong = {
        "late": late,
        "still open": open_still,
        "sent twice": twice,
        "not told": rows.count() - told,
        "confirmed before its last chance": early,
        # An outage may reach from day 6 to the last chance; then there was nobody to tell.
        "lost": filed - rows.count(),
    }
    return [f"{count} {what}" for what, count in wrong.items() if count]


# Returns against their books


def machine(size: Size, say: Say) -> list[str]:
    """A Hypothesis machine over returns and ledger: `runs` of `steps` steps."""
    Books.steps.clear()
    Books.tell = lambda: say(f"  {Books.runs:,} of {size.runs:,} runs, {sum(Books.steps.values()):,} steps")
    try:
        run_state_machine_as_test(
            seeded(size.seed)(Books),
            settings=settings(
                max_examples=size.runs,
                stateful_step_count=size.steps,
                deadline=None,
                database=None,
                # Shrinking takes far longer than finding: each step is a handful of statements.
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    except Exception as error:
        say(traceback.format_exc())
        return [f"books: {type(error).__name__} {error}"]
    tally = ", ".join(f"{n:,} {name}" for name, n in sorted(Books.steps.items()))
    say(f"  {sum(Books.steps.values()):,} steps ({tally}): nothing negative, nothing returned twice")
    return []


# A device is removed while its supplies are being shipped


def removals(size: Size, say: Say) -> list[str]:
    """`interleavings` of a removal and a shipment, at random moments: never shipped to a removed device."""
    dice = random.Random(size.seed)
    made = stocked(1)
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    for number in range(size.interleavings):
        outcome = race(made, automatic=number % 2 == 0, head_start=dice.uniform(-0.05, 0.01))
        seen[outcome] += 1
        if outcome.startswith("wrong"):
            wrong.append(f"{number}: {outcome}")
    say("  " + ", ".join(f"{count:,} {what}" for what, count in sorted(seen.items())))
    return wrong[:10]


def race(made: Scene, *, automatic: bool, head_start: float) -> str:
    """One removal beside one shipment of what is for the device alone; one has a head start, in seconds.

    Says how it ended. The removal looks for parcels before it commits: one that appears later was sent to a
    device that was gone.
    """
    device = make.device(made.address, model=made.device.model, contract=made.contract, replenishment="on")
    slot = make.slot(device, supply=made.pools[0].supply)
    order = orders.place(
        account_id=made.address.account_id,
        contract_id=made.contract.pk,
        address_id=made.address.pk,
        origin=Order.Origin.AUTOMATIC if automatic else Order.Origin.CUSTOMER,
        release_at=timezone.now() if automatic else None,
        lines=[orders.Wanted(made.pools[0], 1, [slot.pk])],
    )
    OrderLine.objects.filter(order=order).update(state=LineState.RELEASED)
    gate, errors, before = threading.Barrier(2), list[BaseException](), list[bool]()

    def run(work: Callable[[], None], wait: float) -> None:
        try:
            connection.ensure_connection()
            gate.wait(20)
            if wait > 0:
                threading.Event().wait(wait)
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    def remove() -> None:
        with transaction.atomic():
            fleet.remove_device(device=device)
            before.append(Shipment.objects.filter(order=order).exists())

    def ship() -> None:
        try:
            orders.ship(order=order, carrier="UPS", tell=False)
        except Refused as refused:
            if refused.code != "nothing_released":
                raise

    threads = [
        threading.Thread(target=run, args=(remove, -head_start)),
        threading.Thread(target=run, args=(ship, head_start)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        return f"wrong: {errors[0]!r}"
    return _how_it_ended(order, before[0])


def _how_it_ended(order: Order, seen_before: bool) -> str:
    orders.stop_removed()
    parcel = Shipment.objects.filter(order=order).first()
    state = order.lines.get().state
    if parcel is None:
        return "stopped" if state == "cancelled" else f"wrong: not shipped and {state}"
    orders.deliver(shipment=parcel)
    if not seen_before:
        return "wrong: shipped to a removed device"
    return "shipped before"


PARTS: dict[str, Callable[[Size, Say], list[str]]] = {"days": days, "machine": machine, "removals": removals}
