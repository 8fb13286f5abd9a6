"""Naming, asking, switching and checking on the pages, with JavaScript's part (htmx) and without."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metered.fleet.models import Device, DeviceRequest
from metered.reads.actions import ask_for_contact
from metered.reads.models import ConnectionCheck, DeviceState
from tests import factories
from tests.portal.world import World, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> World:
    return world()


@pytest.fixture
def ana(here: World, client: Client) -> Client:
    client.force_login(here.cast.ana)
    return client


def text(client: Client, path: str, **data: Any) -> str:
    response = client.post(path, data, follow=True) if data else client.get(path)
    assert response.status_code == 200, path
    return " ".join(response.content.decode().split())


def at(device: Device, rest: str = "") -> str:
    return f"/devices/{device.public_id}/{rest}"


def test_a_name_typed_over_somebody_elses_is_kept_and_said(ana: Client, here: World) -> None:
    path = at(here.front_desk, "name/")
    Device.objects.filter(pk=here.front_desk.pk).update(name="Ben's", place="Hall")
    typed = {"name": "Ana's", "place": "Lobby", "seen_name": "Front desk", "seen_place": "Reception"}
    html = text(ana, path, **typed)
    assert "Somebody changed this while you were typing. Now it says: Ben" in html
    assert 'value="Ana&#x27;s"' in html and 'value="Lobby"' in html
    html = text(ana, path, **typed | {"seen_name": "Ben's", "seen_place": "Hall"})
    assert "Saved." in html and "Ana&#x27;s · VersaLink C7130" in html


def test_in_place_the_form_comes_alone_and_the_answer_takes_the_window_on(ana: Client, here: World) -> None:
    path, headers = at(here.front_desk, "name/"), {"HX-Request": "true"}
    part = ana.get(path, headers=headers).content.decode()
    assert "<html" not in part and 'name="seen_name"' in part
    same = {"seen_name": "Front desk", "seen_place": "Reception"}
    wrong = ana.post(path, {"name": "x" * 81, "place": "", **same}, headers=headers)
    assert "<html" not in wrong.content.decode() and "x" * 81 in wrong.content.decode()
    done = ana.post(path, {"name": "Desk", "place": "", **same}, headers=headers)
    assert done["HX-Redirect"] == at(here.front_desk)


def test_a_move_is_asked_for_and_stands_in_the_list(ana: Client, here: World) -> None:
    path = at(here.front_desk, "change/")
    html = text(ana, path)
    assert "?kind=move" in html and "1-800-000-0000" in html
    assert "describe it below" in text(ana, path, kind="move", note="")
    assert "Write down where it is" in text(ana, path, kind="move", address="other", note="")
    html = text(ana, path, kind="move", address=here.cast.main_st.public_id, note="")
    assert "ships to that address already" in html
    html = text(ana, path, kind="move", address=here.cast.harbor_st.public_id, note="On Monday")
    assert "Move it to Harbor St" in html and "Waits for us" in html and "On Monday" in html
    assert "asked by Ana" in text(ana, at(here.front_desk)) and "asked by Ana" in text(ana, path)
    # A press of the button too many is the same request; somebody else's other wish is not.
    text(ana, path, kind="move", address=here.cast.harbor_st.public_id, note="On Monday")
    assert "Ana asked for this already" in text(ana, path, kind="move", address="other", note="Elsewhere")
    assert DeviceRequest.objects.count() == 1


def test_somebody_elses_address_can_not_be_chosen(ana: Client, here: World) -> None:
    theirs = here.cast.press_address.public_id
    assert "Select a valid choice" in text(
        ana, at(here.front_desk, "change/"), kind="move", address=theirs, note=""
    )
    assert not DeviceRequest.objects.exists()


def test_who_is_limited_sees_only_what_was_asked_at_their_addresses(client: Client, here: World) -> None:
    cast = here.cast
    for person, device in ((cast.ana, here.radiology), (cast.ben, here.front_desk)):
        client.force_login(person)
        text(client, at(device, "change/"), kind="serial", serial=f"NEW{device.pk}", note="")
    html = text(client, "/devices/requests/")
    assert f"NEW{here.front_desk.pk}" in html and f"NEW{here.radiology.pk}" not in html


def test_what_switching_means_is_said_before(ana: Client, here: World) -> None:
    path = at(here.front_desk, "replenishment/")
    html = text(ana, path)
    assert "Switch automatic supplies off?" in html and "you order what it needs" in html
    html = text(ana, path, on="0", reason="Moves in May")
    assert "Automatic supplies are switched off." in html and "Moves in May" in html
    assert "Switch automatic supplies on?" in text(ana, path)
    html = text(ana, path, on="1")
    assert "Starts soon" in html and "after its first report" in html


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("contract", "Its contract is not active."),
        ("model", "This model can&#x27;t be replenished automatically."),
        ("removed", "This device was removed."),
    ],
)
def test_why_it_can_not_be_switched_on(ana: Client, here: World, change: str, said: str) -> None:
    device = here.front_desk
    Device.objects.filter(pk=device.pk).update(replenishment="off")
    if change == "contract":
        device.contract.status = "suspended"
        device.contract.save()
    elif change == "model":
        device.model.eligibility = "not_eligible"
        device.model.save()
    else:
        Device.objects.filter(pk=device.pk).update(removed_at=timezone.now())
    html = text(ana, at(device, "replenishment/"))
    assert "can't be switched on" in html and said in html and "Switch it on</button>" not in html
    assert said in text(ana, at(device, "replenishment/"), on="1")
    device.refresh_from_db()
    assert device.replenishment == "off"


def test_a_colour_device_that_nobody_switched_on_says_so(ana: Client, here: World) -> None:
    Device.objects.filter(pk=here.front_desk.pk).update(replenishment="off")
    assert "Colour devices begin when somebody switches it on" in text(ana, at(here.front_desk))


# --- connection -------------------------------------------------------------------------------------


def silent(device: Device, days: int) -> None:
    DeviceState.objects.filter(device=device).update(received_at=timezone.now() - dt.timedelta(days=days))


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "Front desk reports as it should"),
        (3, "A weekend or a short cut"),
        (7, "Front desk has been silent for 7 days"),
        (30, "It stands on our own list too"),
    ],
)
def test_how_long_it_is_silent(ana: Client, here: World, days: int, said: str) -> None:
    silent(here.front_desk, days)
    html = text(ana, at(here.front_desk, "connection/"))
    assert said in html
    assert ("the computer with the device agent" in html) == (days > 0)


def test_the_steps_fit_the_path_the_model_and_the_state(ana: Client, here: World) -> None:
    html = text(ana, at(here.radiology, "connection/"))
    assert "Radiology has been silent for 9 days" in html and "It needs at least 67.59." in html
    assert "Your firewall" in html and "the computer with the device agent" not in html
    html = text(ana, at(here.pharmacy, "connection/"))
    assert "is read by hand" in html and "Or connect it" in html and "Check now" not in html
    here.pharmacy.model.eligibility = "manual_reads"
    here.pharmacy.model.save()
    assert "Or connect it" not in text(ana, at(here.pharmacy, "connection/"))
    DeviceState.objects.filter(device=here.radiology).update(
        refused_at=timezone.now(), refused_reason="tls_below_minimum", refused_count=3
    )
    html = text(ana, at(here.radiology, "connection/"))
    assert (
        "The last report of Radiology was refused" in html and "TLS 1.2" in html and "3 times so far" in html
    )
    DeviceState.objects.filter(device=here.front_desk).update(complete=False)
    assert "Part of Front desk does not answer" in text(ana, at(here.front_desk, "connection/"))
    new = factories.device(here.cast.main_st, model=here.front_desk.model, name="New one")
    assert "New one has never reported" in text(ana, at(new, "connection/"))


def test_check_now_waits_and_then_says_what_was_heard(ana: Client, here: World) -> None:
    path = at(here.front_desk, "connection/")
    html = text(ana, path)
    assert "Check now" in html and "every 5s" not in html
    response = ana.post(path + "check/", follow=True)
    assert "Waiting for its next report" in response.content.decode()
    part = ana.get(path, headers={"HX-Request": "true"})
    assert "every 5s" in part.content.decode() and "<html" not in part.content.decode()
    assert "HX-Refresh" not in part
    ConnectionCheck.objects.update(
        outcome="accepted", answered_at=timezone.now(), levels=5, meters=2, software="67.60", complete=True
    )
    assert ana.get(path, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    html = text(ana, path)
    assert "Heard and accepted" in html and "5 levels, 2 meters, software 67.60" in html
    ConnectionCheck.objects.update(outcome="refused", reason="tls_below_minimum")
    assert "Heard, but refused" in text(ana, path)


def test_who_only_looks_can_not_ask(client: Client, here: World) -> None:
    client.force_login(here.cast.vera)
    ask_for_contact(device=here.front_desk, actor=here.cast.ana)
    html = text(client, at(here.front_desk, "connection/"))
    assert "Asked by Ana" in html and "/check/" not in html
    page = text(client, at(here.front_desk))
    assert "Ask for a change" not in page and "Change name" not in page and "Switch it off" not in page
