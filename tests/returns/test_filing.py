"""Filing, deciding, withdrawing: what each does to the return and to the books."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from metered.lib.errors import Refused
from metered.notify.models import Message
from metered.returns import actions
from metered.returns.models import Return
from metered.returns.numbers import is_number
from tests import factories as make
from tests.returns.scene import DAY, books, delivered, file, filled, person_of, stocked
from tests.threads import at_once, fine

pytestmark = pytest.mark.django_db


def templates() -> list[str]:
    return list(Message.objects.filter(template__startswith="return").values_list("template", flat=True))


def test_an_ordinary_return_has_its_number_at_once() -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: 2})
    assert given.state == "confirmed" and is_number(given.number or "") and not given.asks
    assert books(made.pools[0]) == (1, 2) and books(made.pools[1]) == (3, 0)
    assert templates() == ["return_confirmed"]
    assert given.pick_up.splitlines()[0] and given.decided_by is None


def test_the_same_form_twice_is_one_return() -> None:
    made, once = stocked(3), uuid.uuid4()
    first, second = file(made, once=once), file(made, once=once)
    assert first == second and books(made.pools[0]) == (2, 1)


@pytest.mark.parametrize(
    ("units", "fields", "asks"),
    [
        (4, {}, "more_than_shipped"),
        (2, {"boxes": 21}, ""),
        (2, {"weight_kg": Decimal(95)}, ""),
    ],
)
def test_what_has_to_be_looked_at_waits_for_staff(units: int, fields: dict[str, Any], asks: str) -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: units}, **fields)
    assert (given.state, given.number) == ("filed", None) and given.asks
    assert given.lines.get().asks == asks
    assert books(made.pools[0]) == (3, 0) and templates() == ["return_filed"]


def test_what_was_never_shipped_here_waits_for_staff() -> None:
    made = stocked(1)
    assert file(made, {make.supply(reorder_number="999X1").pk: 1}).lines.get().asks == "not_shipped"


def test_two_returns_do_not_count_on_the_same_units() -> None:
    made = stocked(3)
    supply = made.pools[0].supply_id
    assert file(made, {supply: 2}).state == "confirmed"
    assert file(made, {supply: 2}).lines.get().asks == "more_than_shipped"


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_get_back_no_more_than_there_is() -> None:
    made = stocked(3)
    person = person_of(made)
    given = fine(at_once(10, lambda _: file(made, actor=person).pk))
    states = sorted(Return.objects.filter(pk__in=given).values_list("state", flat=True))
    assert states == ["confirmed"] * 3 + ["filed"] * 7
    assert books(made.pools[0]) == (0, 3)


@pytest.mark.parametrize(
    ("units", "fields", "code"),
    [({}, {}, "nothing"), ({1: 0}, {}, "too_many"), ({1: 20_000}, {}, "too_many"),
     ({1: 1}, {"boxes": 0}, "no_boxes"), ({1: 1}, {"boxes": 2_000}, "too_many_boxes")],
)  # fmt: skip
def test_what_is_no_return(units: dict[int, int], fields: dict[str, Any], code: str) -> None:
    made = stocked(1)
    with pytest.raises(Refused) as refused:
        file(made, units, **fields)
    assert refused.value.code == code and not Return.objects.exists()


def test_staff_accept_part_of_it_with_a_reason() -> None:
    made, sam = stocked(3), make.user("sam@example.com", is_staff=True)
    given = file(made, {made.pools[0].supply_id: 5})
    line = given.lines.get()
    with pytest.raises(Refused) as refused:
        actions.decide(made=given, accepted={line.public_id: 3}, reasons={}, actor=sam)
    assert refused.value.code == "no_reason"
    actions.decide(
        made=given, accepted={line.public_id: 3}, reasons={line.public_id: "Only 3 were sent."}, actor=sam
    )
    given.refresh_from_db()
    line.refresh_from_db()
    assert (given.state, given.decided_by, line.accepted, line.reason) == (
        "confirmed", sam, 3, "Only 3 were sent.",
    )  # fmt: skip
    assert books(made.pools[0]) == (0, 3)
    with pytest.raises(Refused) as again:
        actions.decide(made=given, accepted={}, reasons={}, actor=sam)
    assert again.value.code == "decided"


def test_staff_reject_all_of_it() -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: 5})
    line = given.lines.get()
    actions.decide(made=given, accepted={}, reasons={line.public_id: "These are not ours."})
    given.refresh_from_db()
    assert (given.state, given.number) == ("rejected", None)
    assert books(made.pools[0]) == (3, 0) and "return_rejected" in templates()
    # What was rejected does not count against what may be returned.
    assert file(made, {made.pools[0].supply_id: 3}).state == "confirmed"


def test_a_pallet_needs_its_day() -> None:
    made = stocked(3)
    given = file(made, boxes=30)
    line = given.lines.get()
    with pytest.raises(Refused) as refused:
        actions.decide(made=given, accepted={line.public_id: 1}, reasons={})
    assert refused.value.code == "no_pick_up"
    day = dt.date(2026, 12, 3)
    actions.decide(made=given, accepted={line.public_id: 1}, reasons={}, pick_up_on=day, carrier="Freight")
    given.refresh_from_db()
    assert (given.state, given.pick_up_on) == ("confirmed", day)


def test_a_withdrawn_return_stays_on_the_shelf() -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: 2})
    actions.withdraw(made=given)
    actions.withdraw(made=given)
    given.refresh_from_db()
    assert given.state == "withdrawn" and books(made.pools[0]) == (3, 0)
    handed = file(made)
    actions.hand_over(made=handed)
    with pytest.raises(Refused) as refused:
        actions.withdraw(made=handed)
    assert refused.value.code == "handed_over"


def test_nobody_answers_and_it_is_confirmed_as_the_last_day_begins() -> None:
    made = stocked(3)
    start = timezone.now()
    given = file(made, {made.pools[0].supply_id: 5}, filed_at=start)
    assert actions.answer_due(now=given.alarm_at - dt.timedelta(seconds=1)) == 0
    assert actions.answer_due(now=given.alarm_at) == 1
    assert actions.answer_due(now=given.alarm_at + DAY / 2) == 0
    assert actions.answer_due(now=given.escalate_at) == 1
    assert actions.answer_due(now=given.last_chance_at) == 1
    assert actions.answer_due(now=given.last_chance_at + DAY) == 0
    given.refresh_from_db()
    assert given.state == "confirmed" and given.unanswered and given.decided_at is not None
    assert given.decided_at < given.due_at
    assert templates().count("return_alarm") == 2 and templates().count("return_confirmed") == 1
    # What the ledger did not know of is set aside all the same.
    assert books(made.pools[0]) == (0, 5)


def test_after_an_outage_of_days_staff_are_told_once_and_loudly() -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: 5})
    assert actions.answer_due(now=given.escalate_at + dt.timedelta(hours=1)) == 1
    assert actions.answer_due(now=given.escalate_at + dt.timedelta(hours=2)) == 0
    assert templates().count("return_alarm") == 1


def test_the_database_refuses_an_illegal_step() -> None:
    made = stocked(1)
    given = file(made)
    with pytest.raises(IntegrityError), transaction.atomic():
        Return.objects.filter(pk=given.pk).update(state="filed")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE returns_return SET number = NULL WHERE id = %s", [given.pk])


def test_more_of_the_same_can_be_returned_after_more_was_sent() -> None:
    made = stocked(2)
    supply = made.pools[0].supply_id
    assert file(made, {supply: 2}).state == "confirmed"
    delivered(made, 1)
    assert file(made, {supply: 1}).state == "confirmed"
    assert books(made.pools[0]) == (0, 3)


def test_without_an_address_it_is_answered_in_time_with_what_was_typed() -> None:
    made = stocked(3)
    given = actions.file_return(
        account_id=made.address.account_id,
        address=None,
        filled=filled({made.pools[0].supply_id: 1}),
        once=uuid.uuid4(),
        actor=None,
        email="nora@example.com",
        pick_up="Side door",
        country="US",
    )
    assert (given.state, given.address_id) == ("filed", None)
    assert actions.answer_due(now=given.last_chance_at) == 1
    given = Return.objects.get(pk=given.pk)
    assert (given.state, given.address, given.pick_up) == ("confirmed", made.address, "Side door")
    assert given.decided_at is not None and given.decided_at < given.due_at
