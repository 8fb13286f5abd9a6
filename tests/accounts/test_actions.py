"""Addresses are worded in versions, and what people do stands in a log that nobody edits."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from metered.accounts import actions
from metered.accounts.models import ActivityEntry, Address, AddressVersion
from tests import factories as make
from tests.threads import at_once, fine

WORDING: dict[str, Any] = {
    "recipient": "Northwind",
    "lines": "2 Oak Ave\nFloor 3",
    "city": "Toronto",
    "region": "ON",
    "postal_code": "M5V 2T6",
    "country": "CA",
}


@pytest.mark.django_db
def test_a_new_wording_becomes_the_current_one_and_the_old_one_stays() -> None:
    address, ana = make.address(make.account()), make.user("ana@example.com")
    before = address.current
    version = actions.word_address(address=address, actor=ana, **WORDING)
    assert address.current == version and version.version == 2 and version.created_by == ana
    address.refresh_from_db()
    assert (address.current, address.country) == (version, "CA")
    assert before is not None and list(address.versions.order_by("version")) == [before, version]
    before.refresh_from_db()
    assert (before.city, before.postal_code) == ("Rochester", "14604")


@pytest.mark.django_db
def test_wording_is_on_the_log_with_before_and_after() -> None:
    address, ana = make.address(make.account()), make.user("ana@example.com", "Ana Lee")
    actions.word_address(address=address, actor=ana, **WORDING)
    entry = ActivityEntry.objects.order_by("-pk")[0]
    assert (entry.account, entry.address, entry.actor, entry.actor_name) == (
        address.account,
        address,
        ana,
        "Ana Lee",
    )
    assert (entry.verb, entry.kind, entry.public_id) == ("worded", "address", address.public_id)
    assert "Rochester NY 14604" in entry.before and "Toronto ON M5V 2T6" in entry.after


@pytest.mark.django_db
def test_what_the_system_does_is_under_its_own_name() -> None:
    account = make.account()
    actions.log(actor=None, account_id=account.pk, verb="placed", kind="order", public_id="x", after={"n": 1})
    entry = ActivityEntry.objects.get()
    assert (entry.actor, entry.actor_name, entry.after) == (None, "Metered", {"n": 1})


@pytest.mark.django_db
def test_what_was_not_done_is_not_on_the_log() -> None:
    address = make.address(make.account())
    before = ActivityEntry.objects.count()
    with transaction.atomic():
        actions.word_address(address=address, **WORDING)
        transaction.set_rollback(True)
    assert ActivityEntry.objects.count() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    ["UPDATE accounts_activityentry SET verb = 'nothing'", "DELETE FROM accounts_activityentry"],
    ids=["edited", "deleted"],
)
def test_the_log_can_not_be_edited(sql: str) -> None:
    make.address(make.account())
    assert ActivityEntry.objects.exists()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.django_db(transaction=True)
def test_wordings_at_the_same_moment_get_a_number_each() -> None:
    address = make.address(make.account())
    made = fine(
        at_once(
            8, lambda _: actions.word_address(address=Address.objects.get(pk=address.pk), **WORDING).version
        )
    )
    assert sorted(made) == list(range(2, 10))
    address.refresh_from_db()
    assert address.current is not None and address.current.version == 9


@pytest.mark.django_db
def test_the_database_knows_each_version_once() -> None:
    address = make.address(make.account())
    with pytest.raises(IntegrityError, match="address_version_once"), transaction.atomic():
        AddressVersion.objects.create(address=address, version=1, **WORDING)
