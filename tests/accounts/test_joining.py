"""Registering, and the link that comes of it (domain rules 1–3)."""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.utils import timezone

from metered.accounts import joining
from metered.accounts.models import (
    ActivityEntry,
    JoinRequest,
    Membership,
    Registration,
    RegistrationMail,
    User,
)
from metered.fleet.models import Contract, Device
from metered.lib.errors import Refused
from metered.notify.models import Message
from metered.portal.registrations import take_registrations
from tests import factories
from tests.accounts.doors import mails, register, taken
from tests.threads import at_once, fine, while_open

HOUR = dt.timedelta(hours=1)
NEW = "new@example.com"
WORDS = "a new pair of words"


def device() -> Device:
    account = factories.account("Northwind", contact_email="contract@northwind.example")
    return factories.device(factories.address(account, "Main St"), serial="ABC-12 345")


@pytest.mark.django_db
@pytest.mark.parametrize(("serial", "place"), [("abc12345", "14604"), ("ABC 12-345", "14604-1234")])
def test_a_match_is_mailed_a_link_and_nothing_else_is_told(serial: str, place: str) -> None:
    device()
    made = taken(NEW, serial, place)
    assert (made.outcome, mails(NEW)) == ("matched", ["registration_link"])
    assert made.expires_at is not None and made.taken_at is not None
    assert made.expires_at - made.taken_at == dt.timedelta(hours=72)
    assert User.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("serial", "place"), [("ABC12345", "14605"), ("ABC12346", "14604"), ("ABCI2345", "14604")]
)
def test_no_match_is_mailed_what_to_do(serial: str, place: str) -> None:
    device()
    made = taken(NEW, serial, place)
    assert (made.outcome, mails(NEW), made.account) == ("unmatched", ["registration_no_match"], None)


@pytest.mark.django_db
def test_a_removed_device_and_an_ended_contract_match_nothing() -> None:
    found = device()
    Contract.objects.update(status="ended")
    assert taken("a@example.com", found.serial).outcome == "unmatched"
    Contract.objects.update(status="suspended")
    assert taken("b@example.com", found.serial).outcome == "matched"
    Device.objects.update(removed_at=timezone.now())
    assert taken("c@example.com", found.serial).outcome == "unmatched"


@pytest.mark.django_db
def test_one_mail_an_hour_whatever_is_asked() -> None:
    device()
    now = timezone.now()
    for _n in range(3):
        taken(NEW, "wrong", now=now + dt.timedelta(minutes=1))
    joining.register(serial="", place="", name="", email=NEW.upper(), language="en")
    take_registrations(now=now + dt.timedelta(minutes=2))
    assert mails(NEW) == ["registration_no_match"]
    # An hour later it may be said again: to who asks again, for what they asked last.
    joining.register(serial="", place="", name="", email=NEW, language="en")
    take_registrations(now=now + HOUR + dt.timedelta(minutes=1))
    assert mails(NEW) == ["registration_no_match"] * 2
    assert Registration.objects.filter(taken_at=None).count() == 0
    assert Message.objects.filter(email=NEW).latest("pk").values["serial"] == "wrong"


@pytest.mark.django_db
def test_what_was_corrected_within_the_hour_is_answered_when_it_is_over() -> None:
    device()
    now = timezone.now()
    taken(NEW, "wrong", now=now + dt.timedelta(minutes=1))
    waiting = taken(NEW, "ABC12345", now=now + dt.timedelta(minutes=2))
    assert waiting.taken_at is None and mails(NEW) == ["registration_no_match"]
    take_registrations(now=now + dt.timedelta(minutes=62))
    assert mails(NEW) == ["registration_no_match", "registration_link"]


@pytest.mark.django_db
def test_of_several_that_wait_the_newest_counts() -> None:
    device()
    for serial in ("wrong", "wrong too", "ABC12345"):
        register(NEW, serial)
    take_registrations(now=timezone.now() + dt.timedelta(seconds=1))
    assert mails(NEW) == ["registration_link"]


@pytest.mark.django_db
def test_asking_again_without_ever_having_asked_says_to_fill_in_the_form() -> None:
    joining.register(serial="", place="", name="", email=NEW, language="en")
    take_registrations(now=timezone.now() + dt.timedelta(seconds=1))
    assert mails(NEW) == ["registration_no_match"]


POISON = """
    CREATE FUNCTION pg_temp.poison() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no mail for this one'; END $$;
    CREATE TRIGGER poison BEFORE INSERT ON notify_message FOR EACH ROW
        WHEN (NEW.email = 'bad@example.com') EXECUTE FUNCTION pg_temp.poison();
"""


@pytest.mark.django_db
def test_one_that_fails_is_tried_again_and_stops_nobody_else() -> None:
    device()
    bad, good = register("bad@example.com", "ABC12345"), register("good@example.com", "ABC12345")
    with connection.cursor() as cursor:
        cursor.execute(POISON)
    now = timezone.now()
    for minutes in (0, 1, 5, 15, 40, 90, 200):
        take_registrations(now=now + dt.timedelta(minutes=minutes, seconds=1))
    good.refresh_from_db()
    bad.refresh_from_db()
    assert good.outcome == "matched" and bad.attempts == joining.ATTEMPTS and bad.taken_at is None


@pytest.mark.django_db(transaction=True)
def test_ten_workers_send_one_mail_to_an_address() -> None:
    """Parallel tries wait for the address's row, so that one mail goes."""
    device()
    for n in range(6):
        register(NEW, "ABC12345" if n % 2 else "wrong")
    now = timezone.now() + dt.timedelta(seconds=1)
    fine(at_once(6, lambda _n: take_registrations(now=now)))
    assert len(mails(NEW)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_second_mail_waits_for_the_first_one_s_decision() -> None:
    """The worst moment: the first mail is decided and not committed yet. Fails without the gate's lock."""
    found = device()
    first, second = register(NEW, found.serial), register(NEW, "ABC12345")
    now = timezone.now() + dt.timedelta(seconds=1)
    RegistrationMail.objects.create(email=NEW, sent_at=now - 2 * HOUR)
    # Each was taken by a worker of its own; neither sees the other wait.
    Registration.objects.filter(pk=second.pk).update(taken_at=now)

    def answer(row: Registration) -> None:
        with transaction.atomic():
            joining.answer(registration=row, account=found.account, now=now)

    other = while_open(lambda: answer(first), lambda: answer(second))
    assert other.waited and other.result is None
    assert len(mails(NEW)) == 1


@pytest.mark.django_db
def test_what_was_typed_is_forgotten_after_ninety_days() -> None:
    device()
    old = taken("old@example.com", "ABC12345")
    taken(NEW, "ABC12345")
    now = timezone.now()
    Registration.objects.filter(pk=old.pk).update(created_at=now - dt.timedelta(days=91))
    assert joining.forget(now=now) == 1
    assert [row.email for row in Registration.objects.all()] == [NEW]


def activate(made: Registration, **values: object) -> joining.Entered:
    values = {"user": None, "name": "Nora New", "password": WORDS} | values
    return joining.activate(public_id=made.public_id, **values)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_the_first_one_owns_the_account_and_the_contract_s_contact_is_told() -> None:
    found = device()
    entered = activate(taken(NEW, found.serial))
    assert entered.owner and entered.is_new and not entered.waits
    owner = Membership.objects.get()
    assert (owner.account, owner.user.email, owner.role, owner.limited) == (
        found.account, NEW, "owner", False,
    )  # fmt: skip
    assert owner.user.check_password(WORDS)
    proven = EmailAddress.objects.get(user=owner.user)
    assert proven.verified and proven.primary
    assert mails("contract@northwind.example") == ["account_news"]
    assert ActivityEntry.objects.filter(verb="activated", actor=owner.user).count() == 1


@pytest.mark.django_db
def test_a_link_works_once_and_not_for_ever() -> None:
    found = device()
    made = taken(NEW, found.serial)
    with pytest.raises(Refused) as refused:
        activate(made, now=timezone.now() + dt.timedelta(hours=73))
    assert refused.value.code == "expired" and User.objects.count() == 0
    activate(made)
    with pytest.raises(Refused) as refused:
        activate(made)
    assert refused.value.code == "used"


@pytest.mark.django_db
def test_later_ones_ask_and_see_nothing_before_an_owner_agrees() -> None:
    found = device()
    activate(taken("first@example.com", found.serial))
    entered = activate(taken(NEW, found.serial))
    assert entered.waits and not entered.owner
    asked = JoinRequest.objects.get()
    assert asked.user == entered.user and not Membership.objects.filter(user=entered.user).exists()
    assert mails("first@example.com") == ["registration_link", "account_news"]
    owner = User.objects.get(email="first@example.com")
    joining.approve(request=asked, actor=owner, role="orderer", addresses=[found.address])
    member = Membership.objects.get(user=entered.user)
    assert (member.role, member.limited, list(member.addresses.all())) == ("orderer", True, [found.address])
    assert mails(NEW) == ["registration_link", "account_news"]
    with pytest.raises(Refused, match="meanwhile"):
        joining.decline(request=asked, actor=owner)


@pytest.mark.django_db
def test_who_is_declined_is_told_and_may_ask_again() -> None:
    found = device()
    owner = activate(taken("first@example.com", found.serial)).user
    entered = activate(taken(NEW, found.serial))
    joining.decline(request=JoinRequest.objects.get(), actor=owner)
    assert not Membership.objects.filter(user=entered.user).exists()
    told = Message.objects.filter(email=NEW).latest("pk")
    assert told.values["title"] == "Northwind did not let you join"
    again = taken(NEW, found.serial, now=timezone.now() + dt.timedelta(hours=2))
    assert activate(again, user=entered.user).waits
    assert JoinRequest.objects.filter(decided_at=None).count() == 1


@pytest.mark.django_db
def test_who_has_a_sign_in_uses_it() -> None:
    found = device()
    ana = factories.user(NEW)
    made = taken(NEW, found.serial)
    with pytest.raises(Refused) as refused:
        activate(made)
    assert refused.value.code == "sign_in"
    with pytest.raises(Refused) as refused:
        activate(made, user=factories.user("other@example.com"))
    assert refused.value.code == "other"
    entered = activate(made, user=ana)
    assert entered.owner and not entered.is_new
    ana.refresh_from_db()
    assert ana.check_password(factories.PASSWORD), "a mailed link never changes a password that is there"


@pytest.mark.django_db
def test_who_was_entered_by_staff_and_never_signed_in_chooses_a_password() -> None:
    found = device()
    ana = factories.user(NEW)
    ana.set_unusable_password()
    ana.save()
    entered = activate(taken(NEW, found.serial))
    assert entered.user == ana and entered.user.check_password(WORDS)


@pytest.mark.django_db
def test_a_closed_sign_in_stays_closed() -> None:
    found = device()
    factories.user(NEW, is_active=False)
    with pytest.raises(Refused) as refused:
        activate(taken(NEW, found.serial))
    assert refused.value.code == "closed"


@pytest.mark.django_db
def test_an_address_of_another_account_limits_nobody() -> None:
    found = device()
    owner = activate(taken("first@example.com", found.serial)).user
    activate(taken(NEW, found.serial))
    foreign = factories.address(factories.account())
    for addresses in ([], [foreign]):
        with pytest.raises(Refused):
            joining.approve(
                request=JoinRequest.objects.get(), actor=owner, role="viewer", addresses=addresses
            )


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_owns_and_one_asks() -> None:
    """Fails without the account's lock: both would find no owner."""
    found = device()
    one, two = taken("one@example.com", found.serial), taken("two@example.com", found.serial)
    other = while_open(lambda: activate(one), lambda: activate(two))
    assert other.waited and other.result.waits
    assert Membership.objects.filter(role="owner").count() == 1
    assert JoinRequest.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_double_click_activates_once() -> None:
    found = device()
    made = taken(NEW, found.serial)
    results = at_once(8, lambda _n: activate(made))
    assert sum(isinstance(result, joining.Entered) for result in results) == 1
    assert {result.code for result in results if isinstance(result, Refused)} == {"used"}
    assert User.objects.count() == Membership.objects.count() == 1
