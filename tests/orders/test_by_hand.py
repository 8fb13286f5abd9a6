"""Orders by hand: up to the limit at once, the rest waits, and each form once (domain rules 18 and 19)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metered.accounts.models import AddressClosure, User
from metered.lib.errors import Refused
from metered.notify.models import Message
from metered.orders import actions, policy
from metered.orders.models import Cart, Order, OrderLine
from metered.replenishment.models import DeviceRate
from metered.stock import actions as stock
from metered.stock.models import Entry
from tests import factories as make
from tests.orders.scene import Scene, lines, on_the_way, scene, shelf, states
from tests.threads import at_once, fine

NOW = timezone.now()


@pytest.fixture
def ana() -> User:
    return make.user("ana@example.com")


def order(made: Scene, ana: User, *quantities: int, **more: Any) -> list[Order]:
    asked = [
        actions.Asked(pool.pk, quantity)
        for pool, quantity in zip(made.pools, quantities, strict=False)
        if quantity
    ]
    more = {"once": uuid.uuid4()} | more
    return actions.order_by_hand(
        account_id=made.address.account_id, address_id=made.address.pk, asked=asked, actor=ana, **more
    )


def heard(made: Scene, at: dt.datetime) -> None:
    DeviceRate.objects.update_or_create(
        device=made.device, defaults={"account": made.address.account, "folded_at": at}
    )


@pytest.mark.parametrize(
    ("need", "on_shelf", "coming", "limit"), [(3, 0, 0, 3), (3, 1, 1, 1), (3, 2, 2, 0), (0, 0, 0, 0)]
)
def test_the_limit_is_the_need_less_shelf_and_what_comes(
    need: int, on_shelf: int, coming: int, limit: int
) -> None:
    assert policy.limit(need, on_shelf, coming) == limit


def test_who_is_out_gets_one_whatever_the_books_say() -> None:
    assert policy.room(0, 3, 2, suggested=0, urgent=True) == 1
    assert policy.room(0, 0, 0, suggested=2, urgent=False) == 2


def test_what_could_explain_more_is_asked_for() -> None:
    today = dt.date(2026, 11, 20)
    days = {"count_days": 60, "silent_days": 7}
    lately, long_ago = today - dt.timedelta(days=3), today - dt.timedelta(days=90)
    assert policy.waits_for(None, lately, today, **days) == "count"
    assert policy.waits_for(long_ago, lately, today, **days) == "count"
    assert policy.waits_for(lately, long_ago, today, **days) == "read"
    assert policy.waits_for(lately, None, today, **days) == "read"
    assert policy.waits_for(lately, lately, today, **days) == ""


@pytest.mark.django_db
def test_up_to_the_limit_leaves_and_the_rest_waits_for_a_count(ana: User) -> None:
    made = scene(colours=1)
    (placed,) = order(made, ana, 9)
    sent, held = lines(placed)
    assert (sent.state, held.state) == ("released", "awaiting_read")
    weighed = held.weighed or {}
    assert sent.quantity + held.quantity == 9 and sent.quantity == weighed["limit"]
    assert weighed["asks"] == "count" and on_the_way(made) == [9]
    mail = Message.objects.get(event=f"order_placed:{placed.public_id}")
    assert mail.email == ana.email and mail.values["held_count"] == held.quantity


@pytest.mark.django_db
def test_what_a_fresh_count_and_read_do_not_explain_goes_to_staff(ana: User) -> None:
    made = scene(colours=1)
    stock.count(pool_id=made.pools[0].pk, quantity=0, cause="c")
    heard(made, timezone.now())
    (placed,) = order(made, ana, 9)
    assert states(placed) == ["released", "in_review"]


@pytest.mark.django_db
def test_a_count_that_explains_it_releases_it_and_tells_who_ordered(ana: User) -> None:
    made = scene(colours=1)
    stock.count(pool_id=made.pools[0].pk, quantity=9, cause="old", at=timezone.now() - dt.timedelta(days=90))
    (placed,) = order(made, ana, 1)
    assert states(placed) == ["awaiting_read"]
    assert actions.weigh_held() == 0, "nothing was counted since"
    stock.count(pool_id=made.pools[0].pk, quantity=0, cause="new")
    assert actions.weigh_held() == 1
    assert states(placed) == ["released"] and on_the_way(made) == [1]
    line = lines(placed)[0]
    assert Message.objects.get(event=f"order_released:{line.public_id}").email == ana.email
    assert actions.weigh_held() == 0


@pytest.mark.django_db
def test_a_count_that_explains_nothing_hands_it_to_staff(ana: User) -> None:
    made = scene(colours=1)
    (placed,) = order(made, ana, 9)
    stock.count(pool_id=made.pools[0].pk, quantity=20, cause="new")
    assert actions.weigh_held() == 1
    assert states(placed) == ["released", "in_review"]


@pytest.mark.django_db
def test_staff_release_reduce_or_decline_and_the_customer_reads_why(ana: User) -> None:
    made, sam = scene(colours=1), make.user("sam@example.com", is_staff=True)
    (placed,) = order(made, ana, 9)
    sent, held = lines(placed)
    with pytest.raises(Refused, match="fewer"):
        actions.reduce_line(line=held, quantity=held.quantity, because="x", actor=sam)
    actions.reduce_line(line=held, quantity=1, because="Two are enough.", actor=sam)
    assert states(placed) == ["released", "released", "declined"]
    declined = lines(placed)[2]
    assert declined.closed_reason == "Two are enough."
    assert on_the_way(made) == [sent.quantity + 1]
    mail = Message.objects.get(event=f"order_declined:{declined.public_id}")
    assert mail.email == ana.email and mail.values["because"] == "Two are enough."
    with pytest.raises(Refused) as refused:
        actions.release_line(line=declined, actor=sam)
    assert refused.value.code == "not_held"


@pytest.mark.django_db
def test_the_same_for_the_same_device_needs_a_yes(ana: User) -> None:
    made = scene(colours=1)
    order(made, ana, 1)
    with pytest.raises(Refused) as refused:
        order(made, ana, 1)
    assert refused.value.code == "already_ordered" and Order.objects.count() == 1
    order(made, ana, 1, anyway=True)
    order(made, ana, 1, now=timezone.now() + dt.timedelta(days=15))
    assert Order.objects.count() == 3


@pytest.mark.django_db
def test_an_urgent_order_leaves_at_once_and_the_shelf_is_taken_for_empty(ana: User) -> None:
    made = scene(colours=1)
    AddressClosure.objects.create(
        address=made.address, starts_on=NOW.date(), ends_on=NOW.date() + dt.timedelta(days=3)
    )
    stock.count(pool_id=made.pools[0].pk, quantity=9, cause="c")
    (placed,) = order(made, ana, 1, urgent=True)
    assert placed.origin == "emergency" and states(placed) == ["released"]
    assert Entry.objects.get(kind="expect").origin == "emergency"


@pytest.mark.django_db
def test_a_closed_address_gets_it_when_it_opens(ana: User) -> None:
    made = scene(colours=1)
    shut = NOW.date() + dt.timedelta(days=20)
    AddressClosure.objects.create(address=made.address, starts_on=NOW.date(), ends_on=shut)
    (placed,) = order(made, ana, 1)
    assert states(placed) == ["placed"]
    leaves = placed.lines.get().release_at
    assert leaves is not None and leaves.date() > shut
    assert actions.release_due(now=timezone.now() + dt.timedelta(days=25)) == 1
    assert states(placed) == ["released"]


@pytest.mark.django_db
def test_what_does_not_fit_is_refused(ana: User) -> None:
    made, other = scene(colours=1), scene(colours=1)
    with pytest.raises(Refused) as refused:
        order(Scene(made.device, made.slots, other.pools), ana, 1)
    assert refused.value.code == "other_pool"
    made.contract.included_kinds = ["waste"]
    made.contract.save()
    with pytest.raises(Refused) as refused:
        order(made, ana, 1)
    assert refused.value.code == "not_fitting" and not Order.objects.exists()
    assert on_the_way(made) == [0]


@pytest.mark.django_db(transaction=True)
def test_fifty_submits_of_one_form_place_one_order(ana: User) -> None:
    made, once = scene(colours=1), uuid.uuid4()
    numbers = fine(at_once(50, lambda _: order(made, ana, 1, once=once)[0].number))
    assert len(set(numbers)) == 1 and Order.objects.count() == 1
    assert on_the_way(made) == [1] and Message.objects.filter(template="order_placed").count() == 1


@pytest.mark.django_db
def test_damaged_units_leave_the_shelf_and_are_replaced_without_charge(ana: User) -> None:
    made = scene(colours=1)
    (placed,) = order(made, ana, 1, urgent=True)
    parcel = actions.ship(order=placed, carrier="UPS")
    assert parcel is not None
    line = lines(placed)[0]
    with pytest.raises(Refused) as refused:
        actions.report_problem(
            order=placed,
            reported=[actions.Reported(line.public_id, "damaged", 1)],
            once=uuid.uuid4(),
            actor=ana,
        )
    assert refused.value.code == "too_many", "it has not arrived"
    actions.deliver(shipment=parcel, actor=ana)
    assert shelf(made) == [1]
    once, report = uuid.uuid4(), [actions.Reported(line.public_id, "damaged", 1, "crushed")]
    (problem,) = actions.report_problem(order=placed, reported=report, once=once, actor=ana)
    assert actions.report_problem(order=placed, reported=report, once=once, actor=ana) == [problem]
    assert shelf(made) == [0] and on_the_way(made) == [1]
    assert problem.status == "replaced" and problem.replacement is not None
    assert problem.replacement.origin == "replaced" and states(problem.replacement) == ["released"]
    assert Entry.objects.filter(kind="adjust", note__contains="damaged").count() == 1
    # The forecast must not take a replacement for an order by hand.
    assert Entry.objects.filter(kind="expect").order_by("-pk")[0].origin == "staff"


@pytest.mark.django_db
def test_many_wait_for_staff_who_replace_or_answer(ana: User) -> None:
    made = scene(colours=1)
    placed = actions.place(
        account_id=made.address.account_id,
        contract_id=made.contract.pk,
        address_id=made.address.pk,
        origin="customer",
        lines=[actions.Wanted(made.pools[0], 6)],
        placed_by=ana,
    )
    actions.release_now(order=placed)
    parcel = actions.ship(order=placed, carrier="UPS")
    assert parcel is not None
    item = parcel.lines.get()
    (missing,) = actions.deliver(shipment=parcel, quantities={item.pk: 5}, actor=ana, once=uuid.uuid4())
    assert (missing.kind, missing.quantity, missing.status) == ("missing", 1, "replaced")
    assert shelf(made) == [5] and on_the_way(made) == [1]
    (problem,) = actions.report_problem(
        order=placed,
        reported=[actions.Reported(item.line.public_id, "wrong", 3)],
        once=uuid.uuid4(),
        actor=ana,
    )
    assert problem.status == "open" and shelf(made) == [2]
    actions.answer_problem(problem=problem, answer="They are the new name of the same.")
    with pytest.raises(Refused):
        actions.replace_problem(problem=problem)
    assert Message.objects.get(event=f"problem_answered:{problem.public_id}").email == ana.email


@pytest.mark.django_db
def test_cancelled_by_the_customer_before_it_is_shipped(ana: User) -> None:
    made = scene(colours=2)
    (placed,) = order(made, ana, 1, 1, urgent=True)
    first, second = lines(placed)
    assert actions.cancel_lines(order=placed, line_ids=[first.public_id], because="twice", actor=ana) == 1
    assert states(placed) == ["cancelled", "released"] and on_the_way(made) == [0, 1]
    actions.ship(order=placed, carrier="UPS")
    with pytest.raises(Refused) as refused:
        actions.cancel_lines(order=placed, line_ids=[second.public_id], because="late", actor=ana)
    assert refused.value.code == "already_shipped"


@pytest.mark.django_db
def test_order_again_says_what_is_different(ana: User) -> None:
    made = scene(colours=2)
    (placed,) = order(made, ana, 1, 2, reference="PO 1", urgent=True)
    new = make.supply("toner", "black", fits=made.device.model)
    made.slots[0].supply = new
    made.slots[0].save()
    cart, told = actions.order_again(order=placed, user=ana)
    assert cart is not None and cart.reference == "PO 1"
    assert sorted(cart.lines.values_list("quantity", flat=True)) == [1, 2]
    assert cart.lines.filter(pool__supply=new).exists()
    assert len(told) == 1 and new.reorder_number in told[0]
    made.device.removed_at = timezone.now()
    made.device.save()
    none, told = actions.order_again(order=placed, user=ana)
    assert none is None and any("no longer at" in sentence for sentence in told)


@pytest.mark.django_db
def test_from_the_page_to_the_number(client: Client, ana: User) -> None:
    made = scene(colours=1)
    make.member(made.address.account, ana, "orderer")
    client.force_login(ana)
    pool = made.pools[0]
    page = client.get("/orders/new/")
    assert page.status_code == 200 and pool.supply.reorder_number in page.content.decode()
    assert "may not be sold or put into other equipment" in page.content.decode()
    form = {"address": made.address.public_id, "once": uuid.uuid4().hex}
    for bad in ("x", "-1", "1000"):
        wrong = client.post("/orders/new/", form | {f"q-{pool.public_id}": bad, f"c-{pool.public_id}": "3"})
        assert wrong.status_code == 200 and f'value="{bad}"' in wrong.content.decode()
    assert not Cart.objects.exists() and not Entry.objects.exists()
    to = client.post("/orders/new/", form | {f"q-{pool.public_id}": "9", f"c-{pool.public_id}": "1"})
    client.post("/orders/new/", form | {f"q-{pool.public_id}": "9", f"c-{pool.public_id}": "1"})
    assert Entry.objects.filter(kind="count").count() == 1, "the same form counts once"
    client.logout()
    client.force_login(ana)
    shown = client.get(to["Location"])
    html = shown.content.decode()
    assert "9 × " in html and "Waiting: " in html and made.address.name in html
    cart = Cart.objects.get()
    last = {
        "address": made.address.public_id,
        "once": cart.once.hex,
        "shown": shown.context["form"]["shown"].value(),
    }
    stale = client.post("/orders/new/place/", last | {"shown": "other"})
    assert stale.status_code == 200 and not Order.objects.exists()
    done = client.post("/orders/new/place/", last | {"reference": "PO 7"}, follow=True)
    placed = Order.objects.get()
    assert placed.number in done.content.decode() and placed.reference == "PO 7"
    twice = client.post("/orders/new/place/", last, follow=True)
    assert placed.number in twice.content.decode() and Order.objects.count() == 1
    assert not Cart.objects.exists()


@pytest.mark.django_db
def test_the_history_as_csv_holds_every_line_and_runs_nothing(client: Client, ana: User) -> None:
    made = scene(colours=2)
    make.member(made.address.account, ana, "viewer")
    for number in range(60):
        order(made, ana, 1, 1, urgent=True, anyway=True, reference=f"=cmd|'{number}'")
    client.force_login(ana)
    answer = client.get("/orders/csv/")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = text.splitlines()
    assert len(rows) == 1 + 120 == 1 + OrderLine.objects.count()
    assert ",'=cmd|" in rows[1] and ",=cmd|" not in text
