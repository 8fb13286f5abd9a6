"""“Not now” by one click from the mail, without signing in (domain rule 21)."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from metered.accounts.models import Membership, User
from metered.notify.models import Message
from metered.orders import tokens
from metered.orders.carriers import tracking_url
from metered.orders.models import Order
from tests import factories as make
from tests.orders.scene import Scene, announced, lines, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Scene:
    made = scene(colours=2)
    make.member(made.address.account, make.user("ana@example.com"), "orderer")
    return made


def link(order: Order, email: str = "ana@example.com") -> str:
    return f"/orders/not-now/{tokens.make(order, email)}/"


def html(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_mail_carries_a_link_of_its_readers_own(made: Scene, client: Client) -> None:
    order = announced(made)
    mail = Message.objects.get(event=f"order_announced:{order.public_id}")
    response = client.get(mail.values["not_now_path"])
    assert response.status_code == 200 and "Not now: hold it" in html(response)
    assert order.number in html(response) and made.pools[0].supply.name in html(response)


def test_opening_changes_nothing_a_button_holds_and_the_same_link_undoes(made: Scene, client: Client) -> None:
    order = announced(made)
    before = lines(order)[0].release_at
    client.get(link(order))
    assert lines(order)[0].release_at == before
    both = [line.public_id for line in lines(order)]
    client.post(link(order), {"lines": both, "span": "week"})
    order.refresh_from_db()
    assert order.held_at is not None and all(line.held_at for line in lines(order))
    assert order.release_at is not None and order.release_at > timezone.now() + dt.timedelta(days=6)
    assert "Undo: let it go now" in html(client.get(link(order)))
    client.post(link(order), {"undo": "1"})
    free = Order.objects.get(pk=order.pk)
    assert free.held_at is None and free.release_at is not None and free.release_at <= timezone.now()


def test_one_line_to_a_chosen_day_and_the_other_leaves(made: Scene, client: Client) -> None:
    order = announced(made)
    first, second = lines(order)
    day = timezone.localdate() + dt.timedelta(days=30)
    client.post(link(order), {"lines": [first.public_id], "span": "day", "until": day.isoformat()})
    held, free = lines(order)
    assert held.held_at and held.release_at is not None and held.release_at.date() == day
    assert (free.held_at, free.release_at) == (None, second.release_at)
    order.refresh_from_db()
    assert order.held_at is None and order.release_at == second.release_at


@pytest.mark.parametrize("days", [0, 61, None])
def test_a_day_that_can_not_be_is_explained(made: Scene, client: Client, days: int | None) -> None:
    order = announced(made)
    here = timezone.localdate(timezone=ZoneInfo(made.address.time_zone))
    day = (here + dt.timedelta(days=days)).isoformat() if days is not None else ""
    response = client.post(link(order), {"lines": [lines(order)[0].public_id], "span": "day", "until": day})
    assert "Choose" in html(response) and not lines(order)[0].held_at


def test_bad_links_are_explained_and_change_nothing(made: Scene, client: Client, monkeypatch: Any) -> None:
    order = announced(made)
    good = link(order)
    for broken, status in ((good[:-3] + "x/", 404), ("/orders/not-now/nonsense/", 404)):
        response = client.post(broken, {"lines": [lines(order)[0].public_id], "span": "week"})
        assert response.status_code == status and "not complete" in html(response)
    assert client.get(link(order, "stranger@example.com")).status_code == 403
    Membership.objects.filter(user=User.objects.get(email="ana@example.com")).update(role="viewer")
    assert "not yours any more" in html(client.post(good, {"undo": "1"}))
    monkeypatch.setattr(tokens, "LASTS", -1)
    assert client.get(good).status_code == 410
    assert signing.loads(tokens.make(order, "a@b.c"), salt=tokens.SALT)[0] == order.public_id
    assert not lines(order)[0].held_at


def test_what_has_left_can_not_be_held(made: Scene, client: Client) -> None:
    order = announced(made)
    order.lines.update(state="released")
    assert "It can't be held any more" in html(client.get(link(order)))
    client.post(link(order), {"lines": [lines(order)[0].public_id], "span": "week"})
    assert not lines(order)[0].held_at


@pytest.mark.parametrize(
    ("carrier", "found"),
    [("UPS", "https://www.ups.com/track?tracknum=1Z+9"), ("DHL Express", "https://www.dhl.com"), ("Bob", "")],
)
def test_a_parcel_is_followed_at_its_carrier(carrier: str, found: str) -> None:
    said = tracking_url(carrier, "1Z 9")
    assert said.startswith(found.replace("+", "%20")) and bool(said) == bool(found)
    assert tracking_url(carrier, "") == ""
