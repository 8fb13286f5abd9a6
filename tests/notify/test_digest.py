"""Mails that a person wants together, and those that they don't want."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core import mail

from metered.notify import actions
from metered.notify.models import Message
from metered.notify.rendering import read_stop_token, stop_url
from tests.notify.mails import BEN, Person, posted
from tests.threads import at_once, fine

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
MORNING = dt.datetime(2026, 11, 21, 12, 0, 1, tzinfo=dt.UTC)
"""Seven in New York."""
EVE = Person("eve@example.com", kind="orders", digest=True)


@pytest.mark.parametrize(
    ("now", "zone", "due"),
    [
        ("2026-11-20T12:00+00:00", "UTC", "2026-11-21T07:00+00:00"),
        ("2026-11-20T06:59+00:00", "UTC", "2026-11-20T07:00+00:00"),
        ("2026-11-20T07:00+00:00", "UTC", "2026-11-21T07:00+00:00"),
        ("2026-11-20T12:00+00:00", "America/New_York", "2026-11-21T12:00+00:00"),
        # The night in which clocks go forward, and a zone that nobody knows.
        ("2026-03-28T12:00+00:00", "Europe/Berlin", "2026-03-29T05:00+00:00"),
        ("2026-11-20T12:00+00:00", "Nowhere/At_All", "2026-11-21T07:00+00:00"),
    ],
)
def test_a_digest_leaves_at_seven_in_the_persons_morning(now: str, zone: str, due: str) -> None:
    assert actions.next_digest(dt.datetime.fromisoformat(now), zone) == dt.datetime.fromisoformat(due)


@pytest.mark.django_db
def test_what_a_person_wants_together_comes_in_one_mail_and_once() -> None:
    with time_machine.travel(NOON, tick=False):
        posted("order_announced:1", EVE, BEN)
        posted("order_announced:2", EVE, BEN, order_number="SO-2", order_path="/orders/two/")
        assert actions.send_due() == 2 and {to for sent in mail.outbox for to in sent.to} == {BEN.email}
    with time_machine.travel(MORNING, tick=False):
        assert actions.send_due() == 1
        (digest,) = mail.outbox[2:]
        assert digest.to == [EVE.email] and digest.subject.startswith("2 things to know")
        assert "SO-20418" in digest.body and "/orders/two/" in digest.body
        html = str(digest.alternatives[0][0])  # type: ignore[attr-defined]
        assert "/orders/two/" in html and "<h1" in html
        assert actions.send_due() == 0
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}


@pytest.mark.django_db
def test_one_alone_is_not_dressed_as_many() -> None:
    with time_machine.travel(NOON, tick=False):
        posted("order_announced:1", EVE)
    with time_machine.travel(MORNING, tick=False):
        actions.send_due()
    assert "things to know" not in mail.outbox[0].subject and "SO-20418" in mail.outbox[0].subject


@pytest.mark.django_db
def test_one_that_can_not_be_rendered_does_not_keep_the_others_for_ever() -> None:
    with time_machine.travel(NOON, tick=False):
        bad, good = posted("a:1", EVE), posted("a:2", EVE)
        Message.objects.filter(pk=bad.pk).update(template="missing")
    when = MORNING
    for _ in range(3):
        with time_machine.travel(when, tick=False):
            actions.send_due()
        when += dt.timedelta(hours=1)
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.status, bad.status) == ("sent", "waiting")


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_a_digest_once() -> None:
    with time_machine.travel(NOON, tick=False):
        for number in range(6):
            posted(f"order_announced:{number}", EVE)
    with time_machine.travel(MORNING, tick=False):
        fine(at_once(6, lambda _: actions.send_due()))
    (digest,) = mail.outbox
    assert digest.body.count("SO-20418") == 6


@pytest.mark.django_db
def test_a_mail_that_may_be_declined_says_how_and_no_other_does() -> None:
    posted("order_announced:1", Person("zoe@example.com", kind="orders"))
    posted("order_announced:2", BEN)
    actions.send_due()
    declinable, required = sorted(mail.outbox, key=lambda sent: sent.to[0], reverse=True)
    assert declinable.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert declinable.extra_headers["List-Unsubscribe"].strip("<>") in declinable.body
    assert "List-Unsubscribe" not in required.extra_headers and "/mail/stop/" not in required.body


def test_only_our_own_tokens_stop_mails() -> None:
    token = stop_url("zoe@example.com", "orders").rstrip("/").rsplit("/", 1)[1]
    assert read_stop_token(token) == ("zoe@example.com", "orders")
    assert read_stop_token("x" + token) is None and read_stop_token("") is None
