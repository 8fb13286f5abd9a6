"""Sending: once, later after a failure, parked after five, and taken over from a worker that died."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from metered.notify import actions
from metered.notify.actions import ATTEMPTS, LEASE
from metered.notify.models import Message
from tests.notify.mails import BEN, posted
from tests.threads import at_once, fine

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


class Broken(EmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError("no mail server here")


@pytest.fixture
def broken(settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Broken"


@pytest.mark.django_db
def test_what_was_sent_is_kept_beside_it() -> None:
    message = posted()
    assert actions.send_due() == 1
    (sent,) = mail.outbox
    message.refresh_from_db()
    assert (message.status, message.attempts, message.last_error) == ("sent", 1, "")
    assert message.sent_at is not None
    assert (sent.to, sent.subject, sent.body) == ([message.email], message.subject, message.text)
    assert isinstance(sent, mail.EmailMultiAlternatives)
    assert sent.alternatives[0] == (message.html, "text/html")
    assert sent.extra_headers["Message-ID"] == f"<{message.public_id}@metered>"
    assert actions.send_due() == 0 and len(mail.outbox) == 1


@pytest.mark.django_db
def test_a_failure_is_tried_again_later_and_later(broken: None, settings: Any) -> None:
    message = posted()
    for attempt in range(1, ATTEMPTS):
        with time_machine.travel(NOON + dt.timedelta(days=attempt), tick=False):
            Message.objects.update(due_at=timezone.now())
            assert actions.send_due() == 0
            message.refresh_from_db()
            assert (message.status, message.attempts) == ("waiting", attempt)
            assert message.due_at == timezone.now() + dt.timedelta(minutes=2**attempt)
            assert "ConnectionRefusedError: no mail server here" in message.last_error
            assert actions.send_due() == 0 and Message.objects.get().attempts == attempt, "not due yet"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with time_machine.travel(NOON + dt.timedelta(days=30)):
        assert actions.send_due() == 1
    message.refresh_from_db()
    assert (message.status, message.last_error) == ("sent", "")


@pytest.mark.django_db
def test_after_five_failures_it_is_parked_until_staff_let_it_try_again(broken: None, settings: Any) -> None:
    message = posted()
    for _ in range(ATTEMPTS):
        Message.objects.update(due_at=NOON)
        actions.send_due()
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("parked", ATTEMPTS)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    Message.objects.update(due_at=NOON)
    assert actions.send_due() == 0 and mail.outbox == []
    actions.retry(message=message)
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("waiting", 0)
    assert actions.send_due() == 1 and len(mail.outbox) == 1
    actions.retry(message=message)
    assert actions.send_due() == 0, "what was sent is not sent again by a second click"


@pytest.mark.django_db
def test_one_that_can_not_be_written_does_not_stop_the_others() -> None:
    bad = posted("e:1")
    Message.objects.filter(pk=bad.pk).update(template="no_such_template")
    posted("e:2", BEN)
    assert actions.send_due() == 1
    bad.refresh_from_db()
    assert bad.status == "waiting" and "TemplateDoesNotExist" in bad.last_error
    assert [sent.to for sent in mail.outbox] == [[BEN.email]]


@pytest.mark.django_db
def test_what_a_killed_worker_had_taken_is_sent_after_its_lease() -> None:
    message = posted()
    with time_machine.travel(NOON + dt.timedelta(days=365), tick=False) as clock:
        assert actions._claim() == [message]
        # Killed here: nothing else was written.
        assert actions.send_due() == 0 and mail.outbox == []
        clock.shift(LEASE - dt.timedelta(seconds=1))
        assert actions.send_due() == 0
        clock.shift(dt.timedelta(seconds=1))
        assert actions.send_due() == 1
    message.refresh_from_db()
    assert (message.status, message.attempts, len(mail.outbox)) == ("sent", 2, 1)
    assert mail.outbox[0].extra_headers["Message-ID"] == f"<{message.public_id}@metered>"


@pytest.mark.django_db
def test_a_message_that_kills_every_worker_is_parked_too() -> None:
    message = posted()
    with time_machine.travel(NOON + dt.timedelta(days=365), tick=False) as clock:
        for _ in range(ATTEMPTS):
            assert actions._claim() == [message]
            clock.shift(LEASE)
        assert actions.send_due() == 0 and mail.outbox == []
    message.refresh_from_db()
    assert message.status == "parked" and message.last_error


@pytest.mark.django_db
def test_the_oldest_due_goes_first_and_the_future_waits() -> None:
    late, early, future = posted("e:1"), posted("e:2"), posted("e:3")
    for message, minutes in ((late, -1), (early, -2), (future, 5)):
        Message.objects.filter(pk=message.pk).update(due_at=timezone.now() + dt.timedelta(minutes=minutes))
    assert actions.send_due() == 2
    ids = [sent.extra_headers["Message-ID"] for sent in mail.outbox]
    assert ids == [f"<{message.public_id}@metered>" for message in (early, late)]


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_send_each_mail_once() -> None:
    for number in range(24):
        posted(f"e:{number}")
    sent = fine(at_once(6, lambda _: actions.send_due()))
    assert sum(sent) == 24 == len(mail.outbox)
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 24
    assert not Message.objects.exclude(status="sent", attempts=1).exists()
