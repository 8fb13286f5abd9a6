"""The outbox has one row per event and person."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from metered.notify import actions
from metered.notify.models import Message
from tests.notify.mails import ANA, BEN, VALUES, Person, posted
from tests.threads import at_once, fine


@pytest.mark.django_db
def test_a_row_for_each_recipient_and_nothing_is_sent_yet() -> None:
    made = actions.post(event="e:1", to=[ANA, BEN], template="order_announced", values=VALUES)
    assert made == 2 and mail.outbox == []
    rows = Message.objects.order_by("email")
    assert [(row.email, row.time_zone, row.status) for row in rows] == [
        ("ana@example.com", "America/New_York", "waiting"),
        ("ben@example.com", "Europe/Berlin", "waiting"),
    ]


@pytest.mark.django_db
def test_the_same_event_again_tells_only_who_was_not_told() -> None:
    assert actions.post(event="e:1", to=[ANA], template="order_announced", values=VALUES) == 1
    assert actions.post(event="e:1", to=[ANA, BEN], template="order_announced", values={}) == 1
    assert actions.post(event="e:1", to=[ANA, BEN], template="order_announced", values={}) == 0
    assert Message.objects.get(email=ANA.email).values == VALUES, "the first wording stands"
    assert actions.post(event="e:2", to=[ANA], template="order_announced", values=VALUES) == 1


@pytest.mark.django_db
def test_who_has_no_language_and_zone_gets_the_portals() -> None:
    message = posted("e:1", Person(language="", time_zone=""))
    assert (message.language, message.time_zone) == ("en", "UTC")


@pytest.mark.django_db
def test_a_transaction_that_fails_tells_nobody() -> None:
    with transaction.atomic():
        posted()
        transaction.set_rollback(True)
    assert not Message.objects.exists()


@pytest.mark.django_db
def test_the_database_refuses_a_second_row_whatever_writes_it() -> None:
    posted()
    with pytest.raises(IntegrityError, match="message_once"), transaction.atomic():
        Message.objects.create(event="order_announced:1", email=ANA.email, template="x", language="en")


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_write_one_row_each() -> None:
    fine(
        at_once(
            20, lambda _: actions.post(event="e", to=[ANA, BEN], template="order_announced", values=VALUES)
        )
    )
    assert Message.objects.count() == 2
