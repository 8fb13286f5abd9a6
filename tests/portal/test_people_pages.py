"""The pages about people and activity: what owners see and do there."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.accounts import people as actions
from metered.accounts.actions import log
from metered.accounts.models import ActivityEntry, Invitation, JoinRequest, Membership, User
from metered.fleet import actions as fleet
from tests import factories
from tests.accounts.doors import mails
from tests.factories import Cast, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Cast:
    return cast()


@pytest.fixture
def ana(here: Cast, client: Client) -> Client:
    client.force_login(here.ana)
    return client


def text_of(client: Client, path: str) -> str:
    page = client.get(path)
    assert page.status_code == 200, page
    return " ".join(page.content.decode().split())


def member(here: Cast, user: User) -> Membership:
    found: Membership = Membership.objects.get(account=here.northwind, user=user)
    return found


def test_the_list_says_who_may_do_what_and_who_waits(ana: Client, here: Cast) -> None:
    JoinRequest.objects.create(account=here.northwind, user=here.charlie, serial="SN1")
    actions.invite(
        account_id=here.northwind.pk, actor=here.ana, email="ivy@example.com", role="viewer", addresses=None
    )
    text = text_of(ana, "/people/")
    assert "3 people act for Northwind" in text and "Main St" in text and "Orderer" in text
    assert "charlie@example.com registered with the serial number SN1" in text
    assert "ivy@example.com" in text and "Viewer, all addresses" in text and "by Ana" in text
    menu = text_of(ana, "/devices/")
    assert 'href="/people/"' in menu and 'href="/activity/"' in menu
    other = Client()
    other.force_login(here.vera)
    menu = text_of(other, "/devices/")
    assert 'href="/people/"' not in menu and 'href="/account/leave/"' in menu


def test_a_form_keeps_what_was_ticked_and_lets_nobody_see_more_than_meant(ana: Client, here: Cast) -> None:
    form = {"email": "ivy@example.com", "role": "orderer", "scope": "all"}
    page = ana.post("/people/invite/", {**form, "addresses": [here.main_st.public_id]})
    text = page.content.decode()
    assert "You ticked addresses below" in text and "ivy@example.com" in text
    assert f'value="{here.main_st.public_id}"' in text and Invitation.objects.count() == 0
    page = ana.post("/people/invite/", {**form, "scope": "some"})
    assert "Tick at least one address" in page.content.decode()
    page = ana.post("/people/invite/", {**form, "scope": "some", "addresses": [here.press_address.public_id]})
    assert page.status_code == 200 and Invitation.objects.count() == 0, "an address of somebody else"
    for bad in ({"role": "admin"}, {"email": "x\x00@example.com"}, {"email": "none"}):
        assert ana.post("/people/invite/", {**form, **bad}).status_code == 200
    page = ana.post("/people/invite/", {**form, "email": here.ben.email})
    assert "belongs to this account already" in page.content.decode()


def test_changing_removing_handing_over_and_leaving(ana: Client, here: Cast) -> None:
    ben, vera = member(here, here.ben), member(here, here.vera)
    assert "Orderer, Main St" in text_of(ana, f"/people/{ben.public_id}/")
    saved = ana.post(f"/people/{ben.public_id}/", {"role": "owner", "scope": "all"}, follow=True)
    assert "Saved. It counts from now on." in saved.content.decode()
    other = Client()
    other.force_login(here.ben)
    assert other.get("/people/").status_code == 200, "from the next click on"
    ana.post(f"/people/{vera.public_id}/remove/")
    assert not Membership.objects.filter(pk=vera.pk).exists()
    assert ana.get(f"/people/{vera.public_id}/").status_code == 404
    mine = member(here, here.ana)
    ana.post(f"/people/{ben.public_id}/hand-over/", {"keep": "viewer"})
    mine.refresh_from_db()
    assert mine.role == "viewer" and ana.get("/people/").status_code == 403
    assert "Leave Northwind?" in text_of(ana, "/account/leave/")
    assert ana.post("/account/leave/")["Location"] == "/"
    assert ana.get("/devices/")["Location"].startswith(("/no-account/", "/sign-in/"))
    stays = other.post("/account/leave/")
    assert "Somebody must own the account" in stays.content.decode()


def test_a_request_is_decided(ana: Client, here: Cast) -> None:
    asked = JoinRequest.objects.create(account=here.northwind, user=here.charlie, serial="SN1")
    path = f"/people/requests/{asked.public_id}/"
    assert "Do you let Charlie in?" in text_of(ana, path)
    ana.post(path, {"role": "reporter", "scope": "some", "addresses": [here.main_st.public_id]})
    assert member(here, here.charlie).role == "reporter" and mails(here.charlie.email) == ["account_news"]
    assert ana.get(path).status_code == 404, "decided"


def test_staff_decide_in_the_admin(here: Cast) -> None:
    asked = JoinRequest.objects.create(account=here.northwind, user=here.charlie, serial="SN1")
    sam = Client()
    sam.force_login(here.sam)
    assert "People who ask to join an account" in text_of(sam, "/admin/")
    assert sam.get("/admin/accounts/joinrequest/?decided_at__isempty=1").status_code == 200
    path = f"/admin/accounts/joinrequest/{asked.pk}/approve/"
    assert "Main St" in text_of(sam, path) and "Pier 4" not in text_of(sam, path)
    sam.post(path, {"role": "viewer", "scope": "all"})
    assert not member(here, here.charlie).limited


def test_the_activity_is_told_in_words_with_before_and_after(ana: Client, here: Cast) -> None:
    device = factories.device(here.main_st, contract=here.contract, name="Front desk")
    fleet.switch_replenishment(device=device, on=False, reason="Hardly used", actor=here.ana)
    actions.change(membership=member(here, here.ben), actor=here.ana, role="viewer", addresses=None)
    log(
        actor=here.sam, account_id=here.northwind.pk, verb="changed", kind="contract",
        public_id=here.contract.public_id, before={"status": "active"}, after={"status": "suspended"},
    )  # fmt: skip
    log(actor=None, account_id=here.northwind.pk, verb="frobbed", kind="gadget", public_id="x", after="<b>")
    text = text_of(ana, "/activity/")
    assert f"Ana switched automatic supplies for {device.label}" in text
    assert f'href="/devices/{device.public_id}/"' in text
    assert "Ana changed what Ben may do" in text and "Orderer" in text and "Main St" in text
    assert f"Sam changed the contract {here.contract.number}" in text and "Suspended" in text
    assert "The portal changed gadget" in text and "&lt;b&gt;" in text and "<b></p>" not in text
    for verb in ("switched replenishment", "frobbed", "worded"):
        assert verb not in text, "no word of the database"


def test_the_activity_is_narrowed_and_paged(ana: Client, here: Cast) -> None:
    before = ActivityEntry.objects.filter(account=here.northwind).count()
    for n in range(60):
        log(
            actor=here.ben if n % 2 else None, account_id=here.northwind.pk, verb="placed", kind="order",
            public_id=f"x{n}", after={"number": f"SO-{n}"},
        )  # fmt: skip
    first = ana.get("/activity/")
    assert len(first.context["rows"]) == 50
    second = ana.get(f"/activity/{first.context['older']}")
    assert len(second.context["rows"]) == 10 + before
    narrowed = ana.get("/activity/", {"person": here.ben.public_id, "kind": "orders", "period": "week"})
    assert len(narrowed.context["rows"]) == 30
    assert "Ben placed order SO-59" in narrowed.content.decode()
    assert len(ana.get("/activity/", {"kind": "addresses"}).context["rows"]) == before
    assert "Nothing fits" in ana.get("/activity/", {"kind": "people"}).content.decode()
    for garbage in ("x~y", "2026-01-01T00:00:00+00:00~abc", "2026-01-01T00:00:00+00:00~" + "9" * 30, "~1"):
        assert ana.get("/activity/", {"after": garbage, "person": "nobody", "period": "x"}).status_code == 200


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


def test_five_and_two_thousand_people_cost_the_same_queries(ana: Client, here: Cast) -> None:
    def more(count: int, name: str) -> None:
        made = User.objects.bulk_create(
            User(email=f"{name}{n}@example.com", name=f"{name} {n}" if n % 3 else "") for n in range(count)
        )
        Membership.objects.bulk_create(
            Membership(account=here.northwind, user=user, role="viewer", limited=n % 2 == 0)
            for n, user in enumerate(made)
        )
        for member in Membership.objects.filter(user__in=made[:60], limited=True):
            member.addresses.add(here.main_st)
        Invitation.objects.bulk_create(
            Invitation(
                account=here.northwind, email=f"i-{name}{n}@example.com", role="viewer",
                expires_at=timezone.now(), invited_by=here.ana,
            )
            for n in range(count)
        )  # fmt: skip
        ActivityEntry.objects.bulk_create(
            ActivityEntry(
                account=here.northwind, actor=here.ana, actor_name="Ana", verb="changed", kind="member",
                public_id=f"{name}{n}", after={"role": "viewer"},
            )
            for n in range(count)
        )  # fmt: skip

    more(5, "a")
    paths = ["/people/", "/people/?search=a", "/activity/", "/activity/?kind=people"]
    few = {path: queries(ana, path) for path in paths}
    more(2000, "b")
    many = {path: queries(ana, path) for path in paths}
    # The kinds of things named on a page of the activity are fewer now, and with them the queries.
    assert many.pop("/activity/") <= few.pop("/activity/")
    assert many == few and max(few.values()) <= 20, few
    page = ana.get("/people/")
    assert len(page.context["rows"]) == 50 and "and 1,955 more" in page.content.decode()
    second = ana.get(f"/people/{page.context['older']}")
    assert not {row.public_id for row in second.context["rows"]} & {
        row.public_id for row in page.context["rows"]
    }
    assert ana.get("/people/?search=nobody-is-called-so").content.decode().count("Nobody is called so") == 1
