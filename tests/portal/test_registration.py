"""The pages on the way in: what they answer, and what they never tell."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metered.accounts.models import Account, Invitation, JoinRequest, Membership, Registration, User
from metered.portal.registrations import take_registrations
from tests import factories
from tests.accounts.doors import link, mails, taken
from tests.portal import registrations

pytestmark = pytest.mark.django_db

FORM = {
    "serial": registrations.SERIAL,
    "place": registrations.PLACE,
    "name": "Nora New",
    "email": "nora@example.com",
}
DOOR = {"name": "Nora New", "password": "a new pair of words", "again": "a new pair of words"}


def test_sample_of_prove_registration() -> None:
    """Twelve of the 1,000 pairs of `prove registration`: alike in bytes and headers, one right mail each."""
    registrations.scene()
    found = list(registrations.pairs(12))
    assert all(pair.alike for pair in found)
    assert found[0].matching.status == 302 and found[0].matching.cookies == ""
    assert registrations.mail_faults(12) == []


def test_a_proof_that_can_fail(settings: Any) -> None:
    registrations.scene()
    (pair,) = registrations.pairs(1)
    settings.SECURE_REFERRER_POLICY = "no-referrer"
    settings.REGISTRATIONS_PER_ADDRESS = 0
    (other,) = registrations.pairs(1)
    assert not registrations.Pair(pair.matching, other.other).alike


def test_the_page_after_it_is_the_same_for_everybody(client: Client) -> None:
    registrations.scene()
    pages = []
    for serial in (FORM["serial"], "NONE"):
        page = Client().post("/register/", {**FORM, "serial": serial}, follow=True)
        assert page.status_code == 200
        text = page.content.decode()
        assert "nora@example.com" not in text and "Call 1-800" in text
        pages.append(text.split("<form")[0])
    assert pages[0] == pages[1]


def test_what_was_typed_wrongly_is_said_and_kept(client: Client) -> None:
    page = client.post("/register/", {**FORM, "email": "nora@", "serial": ""})
    text = page.content.decode()
    assert page.status_code == 200 and Registration.objects.count() == 0
    assert "2 answers need another look" in text and 'value="14604"' in text
    assert client.post("/register/", {**FORM, "name": "N\x00ra"}).status_code == 200
    assert client.post("/register/", {**FORM, "serial": "9" * 65}).status_code == 200
    assert Registration.objects.count() == 0


def test_too_many_tries_are_told_so_with_the_phone(client: Client, settings: Any) -> None:
    settings.REGISTRATIONS_PER_ADDRESS = 2
    answers = [client.post("/register/", FORM) for _n in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    text = answers[2].content.decode()
    assert (
        "too many tries" in text and str(settings.OPERATOR["hours"]) in text and registrations.SERIAL in text
    )
    assert answers[2]["Retry-After"] == "3600" and Registration.objects.count() == 2
    # The same count for asking again; another address is not concerned.
    assert client.post("/register/sent/", {"email": "NORA@example.com"}).status_code == 429
    assert client.post("/register/sent/", {"email": "other@example.com"}).status_code == 302


def test_tries_are_counted_by_network_too(settings: Any) -> None:
    settings.REGISTRATIONS_PER_NETWORK = 2
    networks = ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:9::3", "2001:db8:1::1", "203.0.113.9"]
    answers = [
        Client(REMOTE_ADDR=network).post("/register/", {**FORM, "email": f"n{n}@example.com"}).status_code
        for n, network in enumerate(networks)
    ]
    assert answers == [302, 302, 429, 302, 302], "one connection's /64 is one network"


def test_sending_again_mails_the_same_once_the_hour_is_over(client: Client) -> None:
    registrations.scene()
    taken("nora@example.com", registrations.SERIAL)
    page = client.post("/register/sent/", {"email": "nora@example.com"}, follow=True)
    assert "another one is on its way" in page.content.decode()
    take_registrations(now=timezone.now() + dt.timedelta(seconds=2))
    assert len(mails("nora@example.com")) == 1
    client.post("/register/sent/", {"email": "nora@example.com"})
    take_registrations(now=timezone.now() + dt.timedelta(minutes=61))
    assert mails("nora@example.com") == ["registration_link"] * 2


def test_looking_at_a_link_uses_nothing_up(client: Client) -> None:
    registrations.scene()
    taken("nora@example.com", registrations.SERIAL)
    path = link("nora@example.com")
    for _n in range(3):
        page = client.get(path)
        assert page.status_code == 200 and "Activate your access for Northwind" in page.content.decode()
        assert "no-store" in page["Cache-Control"]
    assert client.head(path).status_code == 200
    entered = client.post(path, DOOR)
    assert entered.status_code == 302 and entered["Location"] == "/welcome/"
    welcome = client.get("/welcome/").content.decode()
    assert "Add a passkey" in welcome and "Invite somebody" in welcome
    # The password was just chosen: a passkey can be added without typing it again.
    assert client.get("/sign-in/2fa/webauthn/add/").status_code == 200
    used = Client().get(path)
    assert used.status_code == 410 and "used already" in used.content.decode()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"again": "something else"}, "The two passwords differ"),
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "nora@example.com", "again": "nora@example.com"}, "too similar"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_a_password_that_is_no_good_is_said_and_the_link_stays(
    client: Client, changes: dict[str, str], says: str
) -> None:
    registrations.scene()
    taken("nora@example.com", registrations.SERIAL)
    page = client.post(link("nora@example.com"), DOOR | changes)
    assert page.status_code == 200 and says in page.content.decode()
    assert User.objects.count() == 0 and Registration.objects.get().used_at is None


def test_links_that_open_nothing_say_what_to_do(client: Client) -> None:
    registrations.scene()
    taken("nora@example.com", registrations.SERIAL)
    path = link("nora@example.com")
    for broken in (path[:-3] + "xx/", path[:20] + "/", "/register/" + "0" * 16 + "-abc/"):
        page = client.get(broken)
        assert page.status_code == 404 and "don't know this link" in page.content.decode()
        assert "Register once more" in page.content.decode()
    # One purpose's token is no other's.
    assert client.get(path.replace("/register/", "/invitations/")).status_code == 404
    Registration.objects.update(expires_at=timezone.now())
    page = client.get(path)
    assert page.status_code == 410 and "too old by now" in page.content.decode()
    assert client.post(path, DOOR).status_code == 410 and User.objects.count() == 0


def test_who_has_a_sign_in_is_sent_there_and_back(client: Client) -> None:
    registrations.scene()
    nora = factories.user("nora@example.com")
    taken("nora@example.com", registrations.SERIAL)
    path = link("nora@example.com")
    page = client.get(path).content.decode()
    assert f"/sign-in/login/?next={path}" in page and 'name="password"' not in page
    assert client.post(path, DOOR).status_code == 200 and not Membership.objects.exists()
    client.force_login(factories.user("other@example.com"))
    assert "signed in as somebody else" in client.get(path).content.decode()
    assert client.post(path, DOOR).status_code == 200 and not Membership.objects.exists()
    client.force_login(nora)
    assert client.post(path).headers["Location"] == "/welcome/"
    assert Membership.objects.get().user == nora


def test_where_somebody_owns_the_account_one_waits(client: Client) -> None:
    registrations.scene()
    factories.member(Account.objects.get(), factories.user("owner@example.com"), "owner")
    taken("nora@example.com", registrations.SERIAL)
    entered = client.post(link("nora@example.com"), DOOR, follow=True)
    assert "an owner has to let you in" in entered.content.decode()
    assert JoinRequest.objects.get().user.email == "nora@example.com"
    assert client.get("/devices/").headers["Location"] == "/no-account/"
    assert mails("owner@example.com") == ["account_news"]


def test_an_invitation_lets_in_whom_it_is_for(client: Client) -> None:
    cast = factories.cast()
    client.force_login(cast.ana)
    made = {"email": "ivy@example.com", "role": "orderer", "scope": "some"}
    page = client.post("/people/invite/", {**made, "addresses": [cast.main_st.public_id]})
    assert page["Location"] == "/people/"
    path = link("ivy@example.com")
    assert "signed in as somebody else" in client.get(path).content.decode()
    ivy = Client()
    page = ivy.get(path)
    assert "Join Northwind" in page.content.decode() and "Orderer, Main St" in page.content.decode()
    assert ivy.post(path, DOOR).headers["Location"] == "/welcome/"
    assert ivy.get("/devices/").status_code == 200 and ivy.get("/people/").status_code == 403
    assert Client().get(path).status_code == 410
    Invitation.objects.update(accepted_at=None, withdrawn_at=timezone.now())
    assert "taken back" in Client().get(path).content.decode()
    Invitation.objects.update(withdrawn_at=None, expires_at=timezone.now())
    Membership.objects.filter(user__email="ivy@example.com").delete()
    assert "too old by now" in Client().get(path).content.decode()


def test_the_sign_in_page_leads_to_registering(client: Client) -> None:
    assert 'href="/register/"' in client.get("/sign-in/login/").content.decode()
    assert 'href="/register/"' in client.get("/sign-in/signup/").content.decode()
    assert client.post("/sign-in/signup/", {"email": "x@example.com"}).status_code == 200
    assert User.objects.count() == 0
