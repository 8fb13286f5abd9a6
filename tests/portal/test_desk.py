"""The support desk's front page: queues first, and the way in for staff."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from metered.notify.models import Message
from tests import factories
from tests.access_world import signed_in

pytestmark = pytest.mark.django_db


def _desk(**fields: Any) -> Client:
    return signed_in(factories.user("sam@example.com", is_staff=True, **fields))


def test_queues_say_what_waits_and_lead_there() -> None:
    Message.objects.create(event="e", email="a@example.com", language="en", template="x", status="parked")
    page = _desk(is_superuser=True).get("/admin/").content.decode()
    assert "Waiting for you" in page
    before, _, after = page.partition("Mails that could not be sent")
    assert 'href="/admin/notify/message/?status__exact=parked"' in before
    assert "<b>1</b>" in after[:200]


def test_every_queue_opens() -> None:
    client = _desk(is_superuser=True)
    queues = client.get("/admin/").context["queues"]
    assert len(queues) == 13
    for queue in queues:
        assert client.get(queue.url).status_code == 200, queue.url
        assert "e=1" not in client.get(queue.url).headers.get("Location", "")


def test_staff_see_only_queues_they_may_work_on() -> None:
    assert "Waiting for you" not in _desk().get("/admin/").content.decode()


def test_the_sign_in_leads_on_to_the_admin() -> None:
    """Django's gate asks for a sign-in even of those who just did: they go on, never to a refusal."""
    response = _desk(is_superuser=True).get("/admin/login/?next=/admin/orders/order/")
    assert response.headers["Location"] == "/admin/orders/order/"
    elsewhere = _desk_again().get("/admin/login/?next=https://example.com/")
    assert elsewhere.headers["Location"] == "/admin/"


def _desk_again() -> Client:
    return signed_in(factories.user("kim@example.com", is_staff=True, is_superuser=True))
