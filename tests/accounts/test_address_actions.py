"""Addresses: an edit names what it began from, all owners are told, closed dates are checked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from metered.accounts import address_actions as actions
from metered.accounts.models import ActivityEntry, Address, AddressVersion, Fact
from metered.accounts.queries import stamp_of
from metered.lib.errors import Refused
from metered.notify.models import Message
from metered.notify.rendering import render
from tests import factories
from tests.threads import at_once, while_open

pytestmark = pytest.mark.django_db

WORDING = {
    "recipient": "Northwind",
    "lines": "2 New St",
    "city": "Rochester",
    "region": "NY",
    "postal_code": "14604",
    "country": "US",
    "contact": "Ana",
    "phone": "+1 585-555-0100",
    "delivery_note": "Dock 4",
}


@pytest.fixture
def cast() -> factories.Cast:
    return factories.cast()


def edit(address: Address, *, seen: str | None = None, **changes: Any) -> bool:
    values = {"name": address.name, "time_zone": address.time_zone, "subdivision": "NY"}
    wording = WORDING | {name: changes.pop(name) for name in list(changes) if name in WORDING}
    return actions.edit_address(address=address, wording=wording, seen=seen, **(values | changes))


def add(cast: factories.Cast, name: str = "Dock", **changes: Any) -> Address:
    values = {"time_zone": "America/New_York", "subdivision": "NY", "wording": WORDING} | changes
    return actions.add_address(account=cast.northwind, name=name, actor=cast.ana, **values)


def fresh(address: Address) -> Address:
    found: Address = Address.objects.select_related("current").get(pk=address.pk)
    return found


def test_an_edit_is_a_new_version_on_the_log_a_fact_and_a_mail(cast: factories.Cast) -> None:
    before = Fact.objects.count()
    assert edit(cast.main_st, seen=stamp_of(fresh(cast.main_st)), actor=cast.ana)
    now = fresh(cast.main_st)
    assert now.current is not None
    assert (now.current.version, now.current.lines, now.current.created_by) == (2, "2 New St", cast.ana)
    entry: Any = ActivityEntry.objects.get(verb="changed", kind="address")
    assert entry.before["lines"] == "1 Main St" and entry.after["lines"] == "2 New St"
    assert "city" not in entry.after and entry.actor == cast.ana
    assert Fact.objects.count() == before + 1
    mail = render(Message.objects.get(template="address_changed", email="ana@example.com"))
    assert "Ana changed the shipping address Main St" in mail.text and "1 Main St" in mail.text
    assert "Orders that have not been shipped follow it" in mail.text and "2 New St" in mail.html
    assert Message.objects.filter(template="address_changed").count() == 1  # Ben orders, Vera views


def test_owners_who_may_not_see_the_address_are_not_told(cast: factories.Cast) -> None:
    factories.member(cast.northwind, cast.charlie, "owner", cast.harbor_st)
    edit(cast.main_st)
    assert list(Message.objects.values_list("email", flat=True)) == ["ana@example.com"]
    edit(cast.harbor_st)
    assert Message.objects.filter(email="charlie@example.com").count() == 1


def test_the_same_again_changes_nothing_and_tells_nobody(cast: factories.Cast) -> None:
    seen = stamp_of(fresh(cast.main_st))
    assert edit(cast.main_st, seen=seen)
    # A double click carries the old stamp and is no conflict.
    assert not edit(cast.main_st, seen=seen)
    assert AddressVersion.objects.filter(address=cast.main_st).count() == 2 and Message.objects.count() == 1


def test_a_new_name_alone_is_no_new_version(cast: factories.Cast) -> None:
    edit(cast.main_st)
    assert edit(fresh(cast.main_st), name="Head office", time_zone="America/Chicago")
    now = fresh(cast.main_st)
    assert (now.name, now.time_zone) == ("Head office", "America/Chicago")
    assert AddressVersion.objects.filter(address=now).count() == 2
    assert "It was called Main St before." in render(Message.objects.latest("id")).text


def test_who_began_before_somebody_elses_change_is_refused(cast: factories.Cast) -> None:
    seen = stamp_of(fresh(cast.main_st))
    edit(cast.main_st, lines="3 Their St")
    with pytest.raises(Refused) as refused:
        edit(cast.main_st, lines="4 My St", seen=seen)
    assert refused.value.code == "changed_meanwhile"
    now = fresh(cast.main_st).current
    assert now is not None and now.lines == "3 Their St"
    assert edit(cast.main_st, lines="4 My St", seen=stamp_of(fresh(cast.main_st)))


@pytest.mark.parametrize("change", [{"name": "Other"}, {"time_zone": "America/Chicago"}, {"phone": ""}])
def test_every_part_of_an_address_counts_as_a_change(cast: factories.Cast, change: dict[str, str]) -> None:
    edit(cast.main_st)
    seen = stamp_of(fresh(cast.main_st))
    edit(fresh(cast.main_st), **change)
    with pytest.raises(Refused, match="meanwhile"):
        edit(fresh(cast.main_st), lines="4 My St", seen=seen)


def test_a_name_belongs_to_one_address_in_use(cast: factories.Cast) -> None:
    with pytest.raises(Refused) as refused:
        edit(cast.main_st, name="Harbor St")
    assert refused.value.code == "name_taken" and fresh(cast.main_st).name == "Main St"
    with pytest.raises(Refused):
        add(cast, "Harbor St")
    actions.retire_address(address=cast.harbor_st)
    assert edit(cast.main_st, name="Harbor St")


def test_adding_twice_adds_once(cast: factories.Cast) -> None:
    first = add(cast)
    assert add(cast) == first
    with pytest.raises(Refused):
        add(cast, wording=WORDING | {"lines": "other"})
    assert Message.objects.filter(event__startswith="address_added").count() == 1
    assert (first.country, first.subdivision) == ("US", "NY")


def test_a_retired_address_is_not_changed(cast: factories.Cast) -> None:
    assert actions.retire_address(address=cast.main_st, actor=cast.ana)
    assert not actions.retire_address(address=cast.main_st)
    with pytest.raises(Refused) as refused:
        edit(cast.main_st)
    assert refused.value.code == "retired"
    assert "Nothing is sent there any more." in render(Message.objects.get()).text


def test_closed_dates_are_kept_once_and_removed(cast: factories.Cast) -> None:
    today = timezone.now().date()
    days: dict[str, Any] = {
        "starts_on": today + dt.timedelta(days=3),
        "ends_on": today + dt.timedelta(days=5),
    }
    first = actions.close_address(address=cast.main_st, reason="Inventory", actor=cast.ana, **days)
    assert actions.close_address(address=cast.main_st, **days) == first
    entry: Any = ActivityEntry.objects.get(verb="closed")
    assert entry.after["reason"] == "Inventory"
    for _ in range(2):
        actions.open_address(address=cast.main_st, closure_id=first.pk)
    assert ActivityEntry.objects.filter(verb="opened").count() == 1 and not cast.main_st.closures.exists()


def test_closed_dates_of_another_address_stay(cast: factories.Cast) -> None:
    today = timezone.now().date()
    closure = actions.close_address(address=cast.press_address, starts_on=today, ends_on=today)
    actions.open_address(address=cast.main_st, closure_id=closure.pk)
    assert cast.press_address.closures.exists()


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [(5, 4, "ends_first"), (-9, -3, "in_the_past"), (1, 400, "too_long"), (6, 9, "overlaps")],
)
def test_closed_dates_that_make_no_sense(cast: factories.Cast, first: int, last: int, code: str) -> None:
    today = timezone.now().date()
    actions.close_address(
        address=cast.main_st,
        starts_on=today + dt.timedelta(days=8),
        ends_on=today + dt.timedelta(days=10),
    )
    if code == "too_long":
        cast.main_st.closures.all().delete()
    with pytest.raises(Refused) as refused:
        actions.close_address(
            address=cast.main_st,
            starts_on=today + dt.timedelta(days=first),
            ends_on=today + dt.timedelta(days=last),
        )
    assert refused.value.code == code


@pytest.mark.django_db(transaction=True)
def test_twenty_people_editing_one_address_lose_nothing_without_a_word() -> None:
    cast = factories.cast()
    seen = stamp_of(fresh(cast.main_st))
    results = at_once(20, lambda n: edit(cast.main_st, lines=f"{n} Race St", seen=seen))
    assert results.count(True) == 1
    refused = [result for result in results if isinstance(result, Refused)]
    assert len(refused) == 19 and {item.code for item in refused} == {"changed_meanwhile"}
    # Whoever says it again, knowing what is there, is heard; each wording is kept.
    winner = results.index(True)
    for n in range(20):
        if n != winner:
            assert edit(cast.main_st, lines=f"{n} Race St", seen=stamp_of(fresh(cast.main_st)))
    lines = AddressVersion.objects.filter(address=cast.main_st).values_list("lines", flat=True)
    assert {f"{n} Race St" for n in range(20)} <= set(lines) and len(lines) == 21


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_the_second_waits_and_is_told() -> None:
    cast = factories.cast()
    seen = stamp_of(fresh(cast.main_st))
    second = while_open(
        lambda: edit(cast.main_st, lines="first", seen=seen),
        lambda: edit(cast.main_st, lines="second", seen=seen),
    )
    assert second.waited and isinstance(second.result, Refused)
    assert second.result.code == "changed_meanwhile"


@pytest.mark.django_db(transaction=True)
def test_ten_forms_at_once_add_one_address() -> None:
    cast = factories.cast()
    results = at_once(10, lambda _: add(cast).pk)
    assert len(set(results)) == 1 and Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_addresses_that_want_one_name_at_once() -> None:
    cast = factories.cast()
    second = while_open(
        lambda: edit(cast.main_st, name="Head office"), lambda: edit(cast.harbor_st, name="Head office")
    )
    assert second.waited and isinstance(second.result, Refused) and second.result.code == "name_taken"
