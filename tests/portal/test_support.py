"""A message to support: about one's own things only, sent once, answered once."""

from __future__ import annotations

import uuid

import pytest
import time_machine
from django.conf import settings
from django.test import Client, override_settings

from metered.accounts.models import ActivityEntry
from metered.notify.models import Message
from metered.portal.models import SupportMessage
from tests import factories
from tests.access_world import signed_in
from tests.portal.world import World, world

pytestmark = pytest.mark.django_db
NEW = "/support/messages/new/"


@pytest.fixture
def here() -> World:
    return world()


@pytest.fixture
def ana(here: World) -> Client:
    return signed_in(here.cast.ana)


def test_the_topic_is_filled_in_and_kept(here: World, ana: Client) -> None:
    about = f"order:{here.announced.public_id}"
    assert f"Ask support about {here.announced.number}" in ana.get(NEW, {"about": about}).content.decode()
    sent = ana.post(NEW, {"about": about, "text": "Where is it?", "once": uuid.uuid4().hex})
    row = SupportMessage.objects.get()
    assert sent["Location"] == f"/support/messages/{row.public_id}/"
    assert (row.about, row.about_label, row.address_id) == (
        "order", here.announced.number, here.announced.address_id,
    )  # fmt: skip
    mail = Message.objects.get(template="support_message")
    assert mail.email == "support@example.com" and mail.values["text"] == "Where is it?"
    assert ActivityEntry.objects.filter(verb="wrote", public_id=row.public_id).exists()
    assert "With support" in ana.get("/support/messages/").content.decode()


@pytest.mark.parametrize("about", ["order:0000000000000000", "order:", "user:1", "nonsense", "device:\x00"])
def test_what_is_not_theirs_is_nothing(ana: Client, about: str) -> None:
    assert ana.get(NEW, {"about": about}).status_code == 404
    assert ana.post(NEW, {"about": about, "text": "x"}).status_code == 404
    assert not SupportMessage.objects.exists()


def test_another_accounts_device_is_nothing_either(here: World, ana: Client) -> None:
    assert ana.get(NEW, {"about": f"device:{here.press.public_id}"}).status_code == 404


def test_sent_twice_it_is_one(ana: Client) -> None:
    form = {"text": "Once", "once": uuid.uuid4().hex}
    first, second = ana.post(NEW, form), ana.post(NEW, form)
    assert first["Location"] == second["Location"]
    assert SupportMessage.objects.count() == Message.objects.filter(template="support_message").count() == 1


def test_empty_or_endless_is_said_and_kept(ana: Client) -> None:
    assert "a line is enough" in ana.post(NEW, {"text": "  "}).content.decode()
    assert "kept kept" in ana.post(NEW, {"text": "kept " * 1001}).content.decode()
    assert not SupportMessage.objects.exists()
    # A form that lost its name still arrives.
    assert ana.post(NEW, {"text": "x", "once": "broken"}).status_code == 302


def test_each_reads_only_what_they_wrote(here: World, ana: Client) -> None:
    ana.post(NEW, {"text": "Ana's own words"})
    path = f"/support/messages/{SupportMessage.objects.get().public_id}/"
    for other in (here.cast.ben, here.cast.vera, here.cast.charlie):
        client = signed_in(other)
        assert client.get(path).status_code == 404
        assert "Ana's own" not in client.get("/support/messages/").content.decode()
    # Nor she herself while acting for another account.
    factories.member(here.cast.harbor_press, here.cast.ana, "owner")
    ana.post("/account/switch/", {"account": here.cast.harbor_press.public_id})
    assert ana.get(path).status_code == 404


def test_support_answers_once_and_the_person_reads_it(here: World, ana: Client) -> None:
    ana.post(NEW, {"text": "Where is it?"})
    row = SupportMessage.objects.get()
    staff = signed_in(here.cast.sam)
    assert "Messages from customers to answer" in staff.get("/admin/").content.decode()
    button = f"/admin/portal/supportmessage/{row.pk}/answer/"
    for words in ("On its <way>.", "Another answer"):
        staff.post(button, {"text": words})
    mail = Message.objects.get(template="support_answer")
    assert mail.email == "ana@example.com" and mail.values["answer"] == "On its <way>."
    page = ana.get(f"/support/messages/{row.public_id}/").content.decode()
    assert "Support has answered" in page and "On its &lt;way&gt;." in page
    assert "Another answer" not in page


def test_open_until_in_your_time(here: World, ana: Client) -> None:
    with time_machine.travel("2026-11-20 15:00:00+00:00", tick=False):
        client = signed_in(here.cast.ana)
        here.cast.ana.time_zone = "Europe/Berlin"
        here.cast.ana.save()
        page = client.get("/support/").content.decode()
        assert "Support is open now" in page
        assert "Open now until 19:00 Eastern Time" in page and "your time Saturday 01:00 CET" in page
        assert "your time Saturday" not in Client().get("/support/").content.decode()


def test_without_an_address_nobody_is_mailed(ana: Client) -> None:
    with override_settings(OPERATOR={**settings.OPERATOR, "email": ""}):
        ana.post(NEW, {"text": "x"})
    assert SupportMessage.objects.exists()
    assert not Message.objects.filter(template="support_message").exists()
