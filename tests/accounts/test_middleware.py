"""For whom a request acts, and in which time zone its page is written."""

from __future__ import annotations

import pytest
from django.test import Client

from metered.accounts.middleware import SESSION_KEY
from metered.accounts.models import Membership
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_switching_accounts_acts_at_once_and_only_within_ones_own() -> None:
    cast = make.cast()
    make.member(cast.harbor_press, cast.ana, "viewer")
    client = Client()
    client.force_login(cast.ana)

    def acts_for() -> str:
        return str(client.get("/orders/").wsgi_request.membership.account.name)  # type: ignore[attr-defined]

    assert acts_for() == "Harbor Press"
    assert client.post("/account/switch/", {"account": cast.northwind.public_id}).status_code == 302
    assert acts_for() == "Northwind"
    Membership.objects.filter(account=cast.northwind, user=cast.ana).delete()
    assert acts_for() == "Harbor Press", "a membership that ended ends at once"
    assert client.post("/account/switch/", {"account": cast.northwind.public_id}).status_code == 404
    assert client.session[SESSION_KEY] == cast.northwind.public_id
    assert acts_for() == "Harbor Press"


def test_a_removed_person_is_signed_out_by_the_next_request() -> None:
    cast = make.cast()
    client = Client()
    client.force_login(cast.vera)
    assert client.get("/orders/").status_code == 200
    cast.vera.is_active = False
    cast.vera.save()
    assert client.get("/orders/").status_code == 302


@pytest.mark.parametrize(
    ("own", "accounts", "written"),
    [
        ("Europe/Berlin", "America/New_York", "Europe/Berlin"),
        ("", "America/Toronto", "America/Toronto"),
        ("Mars/Base", "America/Toronto", "America/Toronto"),
        ("", "Mars/Base", "UTC"),
    ],
)
def test_times_are_the_readers(own: str, accounts: str, written: str) -> None:
    from django.utils import timezone

    account, user = make.account(time_zone=accounts), make.user("ana@example.com", time_zone=own)
    make.member(account, user, "owner")
    client = Client()
    client.force_login(user)
    client.get("/orders/")
    assert timezone.get_current_timezone_name() == written
    client.logout()
    client.get("/healthz")
    client.get("/sign-in/login/")
    assert timezone.get_current_timezone_name() == "UTC", "one person's zone must not stay for the next"
