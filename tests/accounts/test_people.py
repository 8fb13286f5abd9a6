"""Letting people in, changing what they may do, and letting them go (domain rule 4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from metered.accounts import people
from metered.accounts.models import ActivityEntry, Invitation, JoinRequest, Membership, Role, User
from metered.accounts.sessions import SessionStore
from metered.lib.errors import Refused
from metered.notify.models import Message
from tests import factories
from tests.accounts.doors import mails
from tests.factories import Cast, cast
from tests.threads import at_once, while_open

NEW = "new@example.com"
WORDS = "a new pair of words"


@pytest.fixture
def here(db: None) -> Cast:
    return cast()


def part_of(here: Cast, user: User) -> Membership:
    found: Membership = Membership.objects.get(account=here.northwind, user=user)
    return found


def invite(here: Cast, email: str = NEW, role: str = "orderer", **values: object) -> Invitation:
    values = {"addresses": None, "actor": here.ana, "account_id": here.northwind.pk} | values
    return people.invite(email=email, role=role, **values)  # type: ignore[arg-type]


def accept(made: Invitation, **values: object) -> object:
    values = {"user": None, "name": "Nora New", "password": WORDS} | values
    return people.accept(public_id=made.public_id, **values)  # type: ignore[arg-type]


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_an_invitation_is_mailed_accepted_and_told(here: Cast) -> None:
    made = invite(here, "New@Example.com", addresses=[here.main_st])
    assert made.email == NEW and made.expires_at - made.sent_at == dt.timedelta(days=7)
    assert mails(NEW) == ["invitation"] and mails(here.ana.email) == ["account_news"]
    accept(made)
    member = Membership.objects.get(user__email=NEW)
    assert (member.role, member.limited, list(member.addresses.all())) == ("orderer", True, [here.main_st])
    assert mails(here.ana.email) == ["account_news"] * 2
    assert refusal(lambda: accept(made)) == "closed"
    entry = ActivityEntry.objects.get(verb="joined")
    assert entry.after == {
        "person": "Nora New", "email": NEW, "role": "orderer", "addresses": ["Main St"],
    }  # fmt: skip


def test_it_holds_seven_days_and_is_bound_to_its_address(here: Cast) -> None:
    made = invite(here)
    assert refusal(lambda: accept(made, now=timezone.now() + dt.timedelta(days=8))) == "expired"
    assert refusal(lambda: accept(made, user=here.charlie)) == "other"
    assert not Membership.objects.filter(account=here.northwind, user=here.charlie).exists()


def test_who_has_a_sign_in_adds_the_account_to_it(here: Cast) -> None:
    made = invite(here, here.charlie.email)
    assert refusal(lambda: accept(made)) == "sign_in"
    accept(made, user=here.charlie)
    assert Membership.objects.filter(user=here.charlie).count() == 2


def test_one_open_invitation_for_a_person_and_none_for_members(here: Cast) -> None:
    made = invite(here)
    assert refusal(lambda: invite(here, NEW.upper())) == "pending"
    assert refusal(lambda: invite(here, here.ben.email)) == "member"
    Invitation.objects.filter(pk=made.pk).update(expires_at=timezone.now() - dt.timedelta(days=1))
    assert invite(here).pk != made.pk
    foreign = here.press_address
    assert refusal(lambda: invite(here, "x@example.com", addresses=[foreign])) == "addresses"
    assert refusal(lambda: invite(here, "x@example.com", addresses=[])) == "addresses"


def test_sending_again_once_an_hour_and_taking_back(here: Cast) -> None:
    made = invite(here)
    assert refusal(lambda: people.send_again(invitation=made, actor=here.ana)) == "too_soon"
    later = timezone.now() + dt.timedelta(days=8)
    people.send_again(invitation=made, actor=here.ana, now=later)
    assert mails(NEW) == ["invitation"] * 2
    people.withdraw(invitation=made, actor=here.ana)
    assert refusal(lambda: people.send_again(invitation=made, actor=here.ana)) == "closed"
    assert refusal(lambda: accept(made)) == "closed"


def test_an_address_that_is_retired_meanwhile_lets_nobody_see_more(here: Cast) -> None:
    made = invite(here, addresses=[here.main_st])
    here.main_st.retired_at = timezone.now()
    here.main_st.save()
    assert refusal(lambda: accept(made)) == "addresses"


def test_an_invitation_settles_what_the_person_waited_for(here: Cast) -> None:
    JoinRequest.objects.create(account=here.northwind, user=here.charlie, serial="X")
    accept(invite(here, here.charlie.email), user=here.charlie)
    assert JoinRequest.objects.get().approved is True


def test_a_change_counts_at_once_is_logged_and_told(here: Cast) -> None:
    ben = part_of(here, here.ben)
    assert people.change(membership=ben, actor=here.ana, role="reporter", addresses=None)
    ben.refresh_from_db()
    assert (ben.role, ben.limited, ben.addresses.count()) == ("reporter", False, 0)
    entry = ActivityEntry.objects.get(verb="changed", kind="member")
    who = {"person": "Ben", "email": here.ben.email}
    assert entry.before == {**who, "role": "orderer", "addresses": ["Main St"]}
    assert entry.after == {**who, "role": "reporter", "addresses": None}
    assert mails(here.ben.email) == mails(here.ana.email) == ["account_news"]
    told = Message.objects.get(email=here.ben.email).values["text"]
    assert told[0] == "Before: Orderer, Main St." and told[1].startswith("Now: Reporter, all addresses.")
    assert not people.change(membership=ben, actor=here.ana, role="reporter", addresses=None)
    assert len(mails(here.ben.email)) == 1, "saving the same again tells nobody"


def test_the_last_owner_stays(here: Cast) -> None:
    ana = part_of(here, here.ana)
    changes = [
        lambda: people.leave(membership=ana),
        lambda: people.change(membership=ana, actor=here.ana, role="viewer", addresses=None),
        lambda: people.change(membership=ana, actor=here.ana, role="owner", addresses=[here.main_st]),
    ]
    for change in changes:
        assert refusal(change) == "last_owner"
    # An owner of some addresses, or one who can't sign in, is not enough.
    limited = factories.member(here.northwind, factories.user("lim@example.com"), "owner", here.main_st)
    factories.member(here.northwind, factories.user("gone@example.com", is_active=False), "owner")
    assert refusal(lambda: people.leave(membership=ana)) == "last_owner"
    people.change(membership=limited, actor=here.ana, role="owner", addresses=None)
    people.leave(membership=ana)
    assert not Membership.objects.filter(user=here.ana).exists()


def test_handing_over_makes_one_the_owner_and_the_other_not(here: Cast) -> None:
    ana, ben = part_of(here, here.ana), part_of(here, here.ben)
    assert refusal(lambda: people.hand_over(membership=ben, successor=ana, keep="viewer")) == "owner"
    assert refusal(lambda: people.hand_over(membership=ana, successor=ana, keep="viewer")) == "self"
    people.hand_over(membership=ana, successor=ben, keep="orderer")
    ana.refresh_from_db()
    ben.refresh_from_db()
    assert (ana.role, ben.role, ben.limited, ben.addresses.count()) == ("orderer", "owner", False, 0)
    assert mails(here.ben.email) == mails(here.ana.email) == ["account_news"]


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    key = client.session.session_key
    UserSession.objects.create(user=user, ip="127.0.0.1", session_key=key, user_agent="t")
    return str(key)


@pytest.mark.django_db(transaction=True)
def test_who_is_taken_out_and_belongs_nowhere_is_signed_out() -> None:
    here = cast()
    factories.member(here.harbor_press, here.vera, "viewer")
    ben, vera, ana = session_of(here.ben), session_of(here.vera), session_of(here.ana)
    people.remove(membership=part_of(here, here.ben), actor=here.ana)
    people.remove(membership=part_of(here, here.vera), actor=here.ana)
    store = SessionStore()
    assert not store.exists(ben), "nothing is left for Ben here"
    assert store.exists(vera) and store.exists(ana)
    assert not UserSession.objects.filter(user=here.ben).exists()
    assert mails(here.ben.email) == ["account_news"] and len(mails(here.ana.email)) == 2
    assert refusal(lambda: people.remove(membership=part_of(here, here.ana), actor=here.ana)) == "self"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["leave", "change", "hand over"])
def test_two_owners_can_not_both_go(way: str) -> None:
    """Fails without the account's lock: each would still see the other."""
    here = cast()
    other = factories.member(here.northwind, factories.user("olga@example.com"), "owner")
    ana = part_of(here, here.ana)
    ways: dict[str, Callable[[], object]] = {
        "leave": lambda: people.leave(membership=other),
        "change": lambda: people.change(membership=other, actor=here.ana, role="viewer", addresses=None),
        "hand over": lambda: people.remove(membership=other, actor=here.ana),
    }
    second = while_open(lambda: people.leave(membership=ana), ways[way])
    assert second.waited and second.result.code == "last_owner"
    owners = Membership.objects.filter(account=here.northwind, role=Role.OWNER)
    assert list(owners) == [other]


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_invite_and_let_in_once() -> None:
    here = cast()
    results = at_once(10, lambda _n: invite(here))
    assert sum(isinstance(result, Invitation) for result in results) == 1
    made = Invitation.objects.get()
    entered = at_once(10, lambda _n: accept(made))
    assert {result.code for result in entered if isinstance(result, Refused)} == {"closed"}
    assert Membership.objects.filter(user__email=NEW).count() == 1 and mails(NEW) == ["invitation"]
