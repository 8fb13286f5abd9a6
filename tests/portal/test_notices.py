"""Notices are shown until put away and come back when changed; updates go to who confirmed, once."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.test import Client
from django.utils import timezone

from metered.notify.actions import send_due
from metered.notify.models import Message
from metered.portal import publishing
from metered.portal.models import Dismissal, Notice, Subscription
from tests import factories
from tests.access_world import signed_in

pytestmark = pytest.mark.django_db


def notice(title: str = "Office closed", **fields: Any) -> Notice:
    return publishing.publish(notice=Notice(title=title, body="We are **away**.", **fields))


def page(client: Client, path: str) -> str:
    return client.get(path).content.decode()


BANNER = "I have read this"


def reader(email: str = "reader@example.com") -> Subscription:
    publishing.ask_for_updates(email=email, language="en")
    row = Subscription.objects.get(email=email)
    return publishing.confirm_updates(key=row.key)


def test_a_banner_stands_on_every_page_until_it_is_read(client: Client) -> None:
    cast = factories.cast()
    row = notice()
    client.force_login(cast.ana)
    assert BANNER in page(client, "/devices/") and BANNER in page(Client(), "/guide/")
    answer = client.post(f"/notices/{row.public_id}/dismiss/", {"next": "/devices/"})
    assert answer["Location"] == "/devices/"
    client.post(f"/notices/{row.public_id}/dismiss/")
    assert Dismissal.objects.count() == 1
    assert BANNER not in page(client, "/devices/") and BANNER in page(signed_in(cast.ben), "/devices/")


def test_a_browser_without_a_sign_in_remembers_too(client: Client) -> None:
    row, other = notice(), notice("Another")
    client.post(f"/notices/{row.public_id}/dismiss/")
    found = page(client, "/guide/")
    assert "Another" in found and "Office closed" not in found.split("</section>")[0]
    client.post(f"/notices/{other.public_id}/dismiss/")
    assert BANNER not in page(client, "/guide/")


def test_it_comes_back_when_its_words_change_and_not_when_its_end_does(client: Client) -> None:
    cast = factories.cast()
    row = notice()
    client.force_login(cast.ana)
    client.post(f"/notices/{row.public_id}/dismiss/")
    row.ends_at = timezone.now() + dt.timedelta(days=3)
    publishing.publish(notice=row)
    assert BANNER not in page(client, "/devices/")
    row.act_by = timezone.now().date()
    publishing.publish(notice=row)
    assert BANNER in page(client, "/devices/")


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "", "javascript:x"])
def test_putting_away_never_leads_elsewhere(client: Client, to: str) -> None:
    assert client.post(f"/notices/{notice().public_id}/dismiss/", {"next": to})["Location"] == "/"


def test_what_has_not_begun_is_nowhere_and_what_is_over_only_behind_its_link(client: Client) -> None:
    now, day = timezone.now(), dt.timedelta(days=1)
    later = notice("Later", starts_at=now + day)
    over = notice("Over", starts_at=now - 2 * day, ends_at=now - day)
    assert "Later" not in page(client, "/notices/")
    assert client.get(f"/notices/{later.public_id}/").status_code == 404
    assert "This notice is over" in page(client, f"/notices/{over.public_id}/")
    assert BANNER not in page(client, "/guide/")
    current = notice("Now", act_by=timezone.now().date() + 3 * day)
    assert "in 3 days" in page(client, "/notices/")
    publishing.withdraw(notice=current)
    assert "Nothing asks for you now" in page(client, "/notices/")


def test_error_pages_ask_the_database_for_nothing(client: Client, django_assert_num_queries: Any) -> None:
    notice()
    with django_assert_num_queries(0):
        assert BANNER not in client.get("/nothing-here/").content.decode()


def test_asking_confirming_telling_and_leaving(client: Client) -> None:
    assert client.post("/updates/", {"email": " New@Example.com"})["Location"] == "/updates/asked/"
    send_due()
    (asked,) = mail.outbox
    assert asked.to == ["new@example.com"] and "List-Unsubscribe" not in asked.extra_headers
    row = Subscription.objects.get()
    path = f"/updates/{row.key}/confirm/"
    assert path in asked.body
    client.get(path)
    notice("Too early")
    assert publishing.tell_subscribers() == 0
    assert client.post(path)["Location"] == "/notices/"
    client.post(path)
    row.refresh_from_db()
    assert row.confirmed_at is not None
    told = notice("Now really", act_by=dt.date(2027, 2, 15))
    assert publishing.tell_subscribers() == 1
    told.title = "Now really, changed"
    publishing.publish(notice=told)
    assert publishing.tell_subscribers() == 0
    mail.outbox.clear()
    send_due()
    (sent,) = mail.outbox
    leave = f"/updates/{row.public_id}/leave/"
    assert sent.extra_headers["List-Unsubscribe"].endswith(f"{leave}>")
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert leave in sent.body and "15 February 2027" in sent.body
    # A mail program has no cookies and no token; opening the link alone ends nothing.
    program = Client(enforce_csrf_checks=True)
    assert "No more updates?" in page(program, leave) and Subscription.objects.exists()
    assert program.post(leave, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Subscription.objects.exists()
    assert client.post(leave).status_code == 200 and client.get(leave).status_code == 200
    assert client.get(path).status_code == 404


def test_the_same_answer_and_one_mail_whoever_asks(client: Client) -> None:
    reader("has@example.com")
    Subscription.objects.update(asked_at=timezone.now() - dt.timedelta(hours=2))
    Message.objects.all().delete()
    answers = [client.post("/updates/", {"email": email}) for email in ("has@example.com", "new@example.com")]
    assert answers[0].content == answers[1].content and answers[0].headers == answers[1].headers
    assert sorted(Message.objects.values_list("email", "template")) == [
        ("has@example.com", "updates_already"), ("new@example.com", "updates_confirm"),
    ]  # fmt: skip
    for email in ("has@example.com", "new@example.com", "NEW@example.com"):
        client.post("/updates/", {"email": email})
    assert Message.objects.count() == 2


def test_an_old_link_confirms_nothing(client: Client) -> None:
    publishing.ask_for_updates(email="a@example.com", language="en")
    Subscription.objects.update(asked_at=timezone.now() - dt.timedelta(days=8))
    row = Subscription.objects.get()
    assert client.post(f"/updates/{row.key}/confirm/")["Location"] == "/updates/"
    row.refresh_from_db()
    assert row.confirmed_at is None


def test_too_many_from_one_place_are_told_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metered.portal.views.notices.MOST", 0)
    client.post("/updates/", {"email": "a@example.com"})
    answer = client.post("/updates/", {"email": "a@example.com"})
    assert (
        answer.status_code == 429
        and b"too often" in answer.content
        and b'value="a@example.com"' in answer.content
    )


def test_an_address_that_is_none_is_said_and_kept(client: Client) -> None:
    found = client.post("/updates/", {"email": "not an address"})
    assert found.status_code == 200 and b'value="not an address"' in found.content
    assert not Subscription.objects.exists()


def test_every_notice_is_mailed_once_however_many(client: Client) -> None:
    for n in range(3):
        reader(f"r{n}@example.com")
    Message.objects.all().delete()
    first, quiet = notice("One"), notice("Two", mail=False)
    later = notice("Three", starts_at=timezone.now() + dt.timedelta(hours=1))
    assert publishing.tell_subscribers() == 3 and publishing.tell_subscribers() == 0
    assert {row.event for row in Message.objects.all()} == {f"notice:{first.public_id}"}
    Notice.objects.filter(pk=later.pk).update(starts_at=timezone.now())
    assert publishing.tell_subscribers() == 3
    assert quiet.mailed_at is None


@pytest.mark.django_db(transaction=True)
def test_asked_eight_times_at_once_one_mail() -> None:
    # Of an address that is known already: a new one's insert would keep the others waiting by itself.
    Subscription.objects.create(
        email="same@example.com", asked_at=timezone.now() - publishing.ASK_AGAIN_AFTER * 2
    )
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        publishing.ask_for_updates(email="same@example.com", language="en")
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Message.objects.count() == Subscription.objects.count() == 1
