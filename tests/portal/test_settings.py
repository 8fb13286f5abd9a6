"""A person's own settings: language, zone, and which mails come how."""

from __future__ import annotations

import pytest
from django.test import Client

from metered.accounts.actions import choose_mail
from metered.accounts.models import MailChoice, MailKind, User
from metered.accounts.queries import recipients_for_system
from metered.notify.rendering import stop_url
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> factories.Cast:
    return factories.cast()


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def test_what_is_chosen_is_kept_and_counts_at_once(cast: factories.Cast, client: Client) -> None:
    client.force_login(cast.ana)
    values = {"name": "Ana R.", "language": "de", "time_zone": "Europe/Berlin"}
    mails = {"mail_orders": "digest", "mail_devices": "off", "mail_counts": "single"}
    answer = client.post("/settings/", values | mails)
    assert answer.status_code == 302
    cast.ana.refresh_from_db()
    assert (cast.ana.name, cast.ana.language, cast.ana.time_zone) == ("Ana R.", "de", "Europe/Berlin")
    assert dict(cast.ana.mail_choices.values_list("kind", "how")) == {
        "orders": "digest",
        "devices": "off",
        "counts": "single",
    }
    assert client.get("/settings/", headers={"Accept-Language": "fr"})["Content-Language"] == "de"
    people = recipients_for_system(cast.northwind.pk, address_id=None, kind=MailKind.ORDERS)
    assert next(person for person in people if person.email == cast.ana.email).digest
    told = recipients_for_system(cast.northwind.pk, address_id=None, kind=MailKind.DEVICES)
    assert cast.ana.email not in {person.email for person in told}
    always = recipients_for_system(cast.northwind.pk, address_id=None)
    assert cast.ana.email in {person.email for person in always}


def test_what_nobody_offers_is_refused_and_the_form_keeps_what_was_typed(
    cast: factories.Cast, client: Client
) -> None:
    client.force_login(cast.ana)
    values = {"name": "Kept", "language": "xx", "time_zone": "Mars/Base", "mail_orders": "often"}
    answer = client.post("/settings/", values)
    page = answer.content.decode()
    assert answer.status_code == 200 and 'value="Kept"' in page and page.count("errorlist") >= 3
    cast.ana.refresh_from_db()
    assert cast.ana.name != "Kept" and not MailChoice.objects.exists()


def test_everybody_who_declined_leaves_nobody_to_tell(cast: factories.Cast) -> None:
    for person in recipients_for_system(cast.northwind.pk, address_id=None):
        user = User.objects.get(email=person.email)
        choose_mail(user=user, kind=MailKind.ORDERS, how=MailChoice.How.OFF)
    assert recipients_for_system(cast.northwind.pk, address_id=None, kind=MailKind.ORDERS) == []


def test_the_language_is_the_browsers_until_one_is_chosen(client: Client) -> None:
    assert client.get("/sign-in/login/", headers={"Accept-Language": "fr-CA, en"})["Content-Language"] == "fr"
    answer = client.post("/language/", {"language": "es", "next": "/sign-in/login/"})
    assert answer.headers["Location"] == "/sign-in/login/"
    assert client.get("/sign-in/login/", headers={"Accept-Language": "fr"})["Content-Language"] == "es"
    for elsewhere in ("https://evil.example/", "//evil.example", ""):
        back = client.post("/language/", {"language": "de", "next": elsewhere})
        assert back.headers["Location"] == "/"
    assert client.post("/language/", {"language": "xx"}).cookies.get("django_language") is None
    assert client.post("/language/", {"language": "de"}, headers={"Origin": "null"}).status_code == 403


def test_one_click_in_a_mail_stops_its_kind_and_opening_it_does_not(
    cast: factories.Cast, client: Client
) -> None:
    address = path_of(stop_url(cast.ben.email, "devices"))
    page = client.get(address).content.decode()
    assert "No more mails of this kind?" in page and not MailChoice.objects.exists()
    # As a mail program does it (RFC 8058): no cookies, no token of a page.
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(address, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and "You get no more of these mails" in answer.content.decode()
    assert MailChoice.objects.get() == MailChoice.objects.get(user=cast.ben, kind="devices", how="off")
    nobody = client.post(path_of(stop_url("nobody@example.com", "devices")))
    assert nobody.status_code == 200 and MailChoice.objects.count() == 1
    for broken in ("/mail/stop/x/", path_of(stop_url(cast.ben.email, "sign_in"))):
        assert client.post(broken).status_code == 404
