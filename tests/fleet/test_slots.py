"""Slots are added as reports name them; what is sent for one is chosen only where it is certain."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from metered.fleet.actions import SlotSeen, add_slots, issue_token, remove_device
from metered.fleet.models import Device, ModelSupply, Slot, Supply, Token
from tests import factories as make
from tests.threads import at_once, fine, while_open


def seen(
    colorant: str = "black", code: str = "1.1", kind: str = "toner", number: str | None = None
) -> SlotSeen:
    return SlotSeen(kind=kind, colorant=colorant, code=code, name=f"{colorant} {kind}", reorder_number=number)


def named(device: Device, *items: SlotSeen) -> list[Slot]:
    """The device's slots after a report that names these."""
    return add_slots(seen={device.pk: items})[device.pk]


def fresh() -> Device:
    return make.device(make.address(make.account()))


@pytest.mark.django_db
def test_new_slots_go_to_the_end_and_known_ones_stay() -> None:
    device = fresh()
    first = named(device, seen("black", "1.1"), seen("cyan", "1.2"))
    again = named(device, seen("cyan", "1.2"), seen("", "1.5", "waste"), seen("black", "1.1"))
    assert [slot.key for slot in again] == ["toner/black/1.1", "toner/cyan/1.2", "waste//1.5"]
    assert [slot.position for slot in again] == [0, 1, 2]
    assert again[:2] == first
    assert {slot.account_id for slot in again} == {device.account_id}


@pytest.mark.django_db
def test_two_black_toners_stay_two_and_one_named_twice_is_one() -> None:
    slots = named(fresh(), seen(code="1.1"), seen(code="1.2"), seen(code="1.1"))
    assert [slot.code for slot in slots] == ["1.1", "1.2"]


@pytest.mark.django_db
def test_a_toner_without_a_colour_gets_the_only_one_that_fits() -> None:
    device = fresh()
    black = make.supply("toner", "black", fits=device.model)
    make.supply("drum", "black", fits=device.model)
    assert named(device, seen("", "1.1"))[0].supply == black
    # A second one leaves a choice, unless staff said which is sent.
    other = fresh()
    first, second = (make.supply("toner", colour, fits=other.model) for colour in ("black", "cyan"))
    assert named(other, seen("", "1.1"))[0].supply is None
    ModelSupply.objects.filter(supply=second).update(preferred=False)
    assert named(other, seen("", "1.2"))[1].supply == first


@pytest.mark.django_db(transaction=True)
def test_a_device_is_removed_while_its_own_first_report_comes() -> None:
    """The report holds its token and wants the device."""
    device = fresh()
    issue_token(device=device)
    removed = while_open(
        lambda: Token.objects.select_for_update(no_key=True).get(device=device),
        lambda: remove_device(device=device),
        then=lambda: named(device, seen()),
    )
    assert removed.waited and removed.result is None
    device.refresh_from_db()
    assert device.removed_at is not None and device.slots.count() == 1
    assert not device.tokens.filter(revoked_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_reports_at_the_same_moment_agree_on_the_positions() -> None:
    device = fresh()

    def report(number: int) -> list[str]:
        names = [seen("black", "1.1"), seen("cyan", "1.2"), seen("magenta", "1.3"), seen("yellow", "1.4")]
        turned = names[number % 4 :] + names[: number % 4] + [seen("", f"2.{number % 3}", "waste")]
        return [slot.key for slot in named(device, *turned)]

    answers = fine(at_once(12, report))
    last = [slot.key for slot in Slot.objects.filter(device=device).order_by("position")]
    assert len(last) == len(set(last)) == 4 + 3
    for answer in answers:
        assert last[: len(answer)] == answer, "a position once told never changes"
    assert [slot.position for slot in Slot.objects.filter(device=device).order_by("position")] == list(
        range(7)
    )


@pytest.mark.django_db(transaction=True)
def test_batches_that_name_the_same_devices_do_not_lock_each_other_out() -> None:
    devices = [fresh() for _ in range(6)]

    def batch(number: int) -> None:
        order = devices if number % 2 else devices[::-1]
        add_slots(seen={device.pk: [seen(code=f"{number}.{part}") for part in range(3)] for device in order})

    fine(at_once(10, batch))
    for device in devices:
        positions = list(device.slots.order_by("position").values_list("position", flat=True))
        assert positions == list(range(30))


@pytest.mark.django_db
def test_a_batch_of_many_devices_costs_no_more_questions_than_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    devices = [fresh() for _ in range(5)]
    for some in (devices[:1], devices[1:]):
        with django_assert_num_queries(6):
            add_slots(seen={device.pk: [seen(), seen("cyan", "1.2")] for device in some})


@pytest.mark.django_db
def test_the_database_holds_positions_and_names_apart() -> None:
    device = fresh()
    make.slot(device)
    for code, position, name in (("1.9", 0, "slot_position_once"), ("1.1", 9, "slot_once")):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Slot.objects.create(
                account=device.account,
                device=device,
                kind="toner",
                colorant="black",
                code=code,
                position=position,
            )


def chosen(device: Device, item: SlotSeen) -> Supply | None:
    return named(device, item)[-1].supply


@pytest.mark.django_db
def test_the_printers_own_reorder_number_decides() -> None:
    device = fresh()
    make.supply("toner", "black", fits=device.model)
    high = make.supply("toner", "black", fits=device.model, reorder_number="006R01829")
    assert chosen(device, seen(number="006R01829")) == high


@pytest.mark.django_db
def test_a_reorder_number_of_another_model_is_not_followed() -> None:
    device = fresh()
    mine = make.supply("toner", "black", fits=device.model)
    make.supply("toner", "black", fits=make.printer_model(), reorder_number="006R09999")
    assert chosen(device, seen(number="006R09999")) == mine


@pytest.mark.django_db
def test_without_a_number_the_only_one_that_fits_is_taken() -> None:
    device = fresh()
    toners = {supply.colorant: supply for supply in make.toners(device.model)}
    waste = make.supply("waste", "", fits=device.model)
    slots = named(
        device,
        seen("yellow", "1.4"),
        seen("", "1.5", "waste"),
        seen("black", "1.6", "drum"),
        seen("green", "1.7"),
    )
    assert [slot.supply for slot in slots] == [toners["yellow"], waste, None, None]


@pytest.mark.django_db
def test_of_several_that_fit_the_preferred_one_is_taken_and_a_choice_is_left_to_staff() -> None:
    device = fresh()
    low, high = (make.supply("toner", "black", fits=device.model) for _ in range(2))
    assert chosen(device, seen(code="1.1")) is None, "a wrong cartridge is worse than a question"
    ModelSupply.objects.filter(supply=low).update(preferred=False)
    assert chosen(device, seen(code="1.2")) == high
    ModelSupply.objects.filter(supply=high).update(preferred=False)
    assert chosen(device, seen(code="1.3")) is None


@pytest.mark.django_db
def test_a_supply_that_is_no_longer_sold_is_not_chosen() -> None:
    device = fresh()
    old = make.supply("toner", "black", fits=device.model, active=False)
    assert chosen(device, seen(code="1.1", number=old.reorder_number)) is None
    new = make.supply("toner", "black", fits=device.model)
    assert chosen(device, seen(code="1.2", number=old.reorder_number)) == new


@pytest.mark.django_db
def test_what_staff_chose_is_not_changed_by_a_report() -> None:
    device = fresh()
    supply = make.supply("toner", "black", fits=device.model)
    special = make.supply("toner", "black")
    slot = make.slot(device, supply=special)
    assert named(device, seen(number=supply.reorder_number)) == [slot]
    slot.refresh_from_db()
    assert slot.supply == special
