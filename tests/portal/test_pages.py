"""What the portal's pages answer, and to whom."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metered.accounts.middleware import SESSION_KEY
from metered.fleet.models import Device
from metered.notify import attachments
from metered.notify.attachments import Attachment
from metered.notify.models import Message
from metered.reads.models import DeviceState, Read
from metered.replenishment.models import Position
from tests import factories
from tests.portal.world import World, position, slots, state, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> World:
    return world()


@pytest.fixture
def ana(here: World, client: Client) -> Client:
    client.force_login(here.cast.ana)
    return client


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, path
    return " ".join(response.content.decode().split())


# --- overview ----------------------------------------------------------------------------------------


def test_the_overview_answers_whether_we_are_covered(ana: Client) -> None:
    html = page(ana, "/")
    assert "Covered for the next 30 days, except one device" in html
    assert "Radiology · VersaLink C505 stopped reporting 9 days ago" in html
    assert "Its software 55.36 is below the minimum 67.59." in html
    assert "A meter read of MX931 needs a second look" in html
    # Worst first.
    assert html.index("Radiology · VersaLink C505 stopped") < html.index("A meter read of MX931")


def test_the_overview_links_to_what_exists(ana: Client, here: World) -> None:
    html = page(ana, "/")
    assert f'href="/devices/{here.radiology.public_id}/"' in html
    assert f'href="/orders/{here.announced.public_id}/"' in html
    assert "All 8 supplies" in html


def test_without_trouble_everything_is_covered(ana: Client, here: World) -> None:
    DeviceState.objects.filter(device=here.radiology).update(received_at=timezone.now(), software="67.59")
    Read.objects.filter(status="held").update(status="accepted")
    # The read of three days ago is this month's.
    here.cast.contract.read_day = min((timezone.now() - dt.timedelta(days=4)).day, 28)
    here.cast.contract.save()
    html = page(ana, "/")
    assert "Covered for the next 30 days everywhere" in html
    assert "Nothing needs you today." in html


def test_a_supply_that_runs_out_before_the_delivery_is_not_covered(ana: Client, here: World) -> None:
    cyan = Position.objects.get(slot__device=here.front_desk, slot__colorant="cyan")
    now = timezone.now()
    Position.objects.filter(pk=cyan.pk).update(runs_out_from=now, runs_out_at=now + dt.timedelta(days=2))
    html = page(ana, "/")
    assert "except 2 devices" in html
    assert "Front desk · VersaLink C7130 likely runs out of cyan in 2 days" in html
    # Magenta would be out first, but its parcel arrives before.
    Position.objects.filter(pk=cyan.pk).update(runs_out_at=now + dt.timedelta(days=40))
    magenta = Position.objects.get(slot__device=here.front_desk, slot__colorant="magenta")
    Position.objects.filter(pk=magenta.pk).update(runs_out_from=now, runs_out_at=now + dt.timedelta(days=5))
    assert "except one device" in page(ana, "/")


def test_a_device_short_of_several_supplies_is_named_once(ana: Client, here: World) -> None:
    now = timezone.now()
    soon = Position.objects.filter(slot__device=here.front_desk, slot__colorant__in=["cyan", "yellow"])
    soon.update(runs_out_from=now, runs_out_at=now + dt.timedelta(days=2))
    html = page(ana, "/")
    assert "except 2 devices" in html
    # Once as the title, once in its button.
    assert html.count("Front desk · VersaLink C7130 likely runs out of cyan and yellow in 2 days") == 2


def test_what_is_not_sent_automatically_is_not_covered_for_the_whole_horizon(
    ana: Client, here: World
) -> None:
    cyan = Position.objects.filter(slot__device=here.front_desk, slot__colorant="cyan")
    now = timezone.now()
    cyan.update(runs_out_from=now, runs_out_at=now + dt.timedelta(days=25))
    assert "except one device" in page(ana, "/")
    Device.objects.filter(pk=here.front_desk.pk).update(replenishment="off")
    html = page(ana, "/")
    assert "except 2 devices" in html
    assert "not sent automatically, and none is on the shelf" in html


def test_supplies_outside_the_contract_are_the_customers_own(ana: Client, here: World) -> None:
    now = timezone.now()
    waste = Position.objects.filter(slot__device=here.front_desk, slot__kind="waste")
    waste.update(runs_out_from=now, runs_out_at=now + dt.timedelta(days=1))
    assert "except 2 devices" in page(ana, "/")
    here.cast.contract.included_kinds = ["toner"]
    here.cast.contract.save()
    assert "except one device" in page(ana, "/")


def test_an_account_without_devices_is_told_how_it_begins(client: Client) -> None:
    cast = factories.cast()
    client.force_login(cast.ana)
    html = page(client, "/")
    assert "Your supplies will be watched from here" in html
    assert "No devices yet." in html
    assert "All 0 supplies" not in html


def test_many_silent_devices_are_counted_not_listed(ana: Client, here: World) -> None:
    for number in range(7):
        device = factories.device(here.cast.main_st, name=f"Quiet {number}", path="agent")
        state(device, [], at=timezone.now() - dt.timedelta(days=5))
    html = page(ana, "/")
    # Radiology and three of them, each once as a title and once in its button.
    assert html.count("stopped reporting 5 days ago") == 2 * 3
    assert "4 more devices stopped reporting" in html
    assert "/devices/?state=silent" in html


# --- devices -----------------------------------------------------------------------------------------


def test_devices_are_listed_with_levels_and_run_outs(ana: Client) -> None:
    html = page(ana, "/devices/")
    assert "Your 3 devices, and what runs out first" in html
    assert "Yellow, about 9 days" in html
    assert "Reporting, 2 hours ago" in html
    assert "Silent for 9 days" in html
    assert "Yellow 11%" in html  # the small vessel says its name
    assert "Waste container 66% full" in html
    assert "Layout" not in html  # Harbor Press's


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=front", ["Front desk"]),
        ("search=3tx-48+zzz", []),
        ("search=3tx-481207", ["Front desk"]),
        ("search=versalink+radio", ["Radiology"]),
        ("search=pharmacy", ["MX931"]),
        ("state=low", ["Radiology"]),
        ("state=silent", ["Radiology"]),
        ("path=manual", ["MX931"]),
        ("search=nothing", []),
    ],
)
def test_devices_are_found(ana: Client, query: str, found: list[str]) -> None:
    html = page(ana, f"/devices/?{query}")
    listed = [
        name for name in ("Front desk", "Radiology", "MX931") if f"{name}" in html.split('id="list"')[1]
    ]
    assert listed == found
    if not found:
        assert "No device fits" in html


def test_devices_are_filtered_by_address(ana: Client, here: World) -> None:
    html = page(ana, f"/devices/?address={here.cast.harbor_st.public_id}")
    assert "Radiology" in html and "Front desk" not in html
    # An address of another account is no filter at all.
    html = page(ana, f"/devices/?address={here.cast.press_address.public_id}")
    assert "Front desk" in html and "Layout" not in html


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["Front desk", "Radiology", "MX931"]),
        ("name", ["Front desk", "MX931", "Radiology"]),
        ("contact", ["MX931", "Radiology", "Front desk"]),
        ("model", ["MX931", "Radiology", "Front desk"]),
    ],
)
def test_devices_are_sorted(ana: Client, sort: str, order: list[str]) -> None:
    html = page(ana, f"/devices/?sort={sort}").split('id="list"')[1]
    assert sorted(order, key=html.index) == order


@pytest.mark.parametrize("sort", ["", "name", "contact", "model"])
def test_paging_shows_every_device_once(ana: Client, here: World, sort: str) -> None:
    for number in range(120):
        factories.device(here.cast.main_st, name=f"Desk {number % 7}", model=here.front_desk.model)
    path, seen = f"/devices/?sort={sort}", []
    for _page in range(3):
        response = ana.get(path)
        seen += [row.public_id for row in response.context["rows"]]
        path = f"/devices/{response.context['older']}"
    assert response.context["older"] == ""
    assert len(seen) == len(set(seen)) == 123
    back = ana.get(f"/devices/{response.context['newer']}")
    assert [row.public_id for row in back.context["rows"]] == seen[50:100]


def test_htmx_gets_the_list_alone(ana: Client) -> None:
    response = ana.get("/devices/?search=front", headers={"HX-Request": "true"})
    html = response.content.decode()
    assert html.strip().startswith("<section")
    assert "<html" not in html and "Front desk" in html


def test_removed_devices_leave_the_list_and_keep_their_page(ana: Client, here: World) -> None:
    Device.objects.filter(pk=here.front_desk.pk).update(removed_at=timezone.now())
    assert "Front desk" not in page(ana, "/devices/").split('id="list"')[1]
    assert "Removed on" in page(ana, f"/devices/{here.front_desk.public_id}/")


# --- one device --------------------------------------------------------------------------------------


def test_a_device_shows_levels_forecast_reasons_and_parcels(ana: Client, here: World) -> None:
    html = page(ana, f"/devices/{here.front_desk.public_id}/")
    assert "3TX481207" in html and "ships to Main St, Rochester NY 14604" in html
    for text in ("41%", "66% full", "about 9 days", "about 34 days", "1 on your shelf", "1 on the way"):
        assert text in html, text
    assert "Why yellow ships on" in html
    assert "Why no black is sent now" in html and "Why no more magenta is sent" in html
    assert here.announced.number in html and here.shipped.number in html
    assert here.delivered.number not in html
    assert "184,210" in html and "Yellow toner is low" in html
    assert "Last report, " in html


def test_typed_levels_are_told_as_what_they_are(ana: Client, here: World) -> None:
    html = page(ana, f"/devices/{here.radiology.public_id}/")
    for text in ("Some left", "Low", "Empty", "Not known", "Not reported"):
        assert f">{text}</p>" in html, text
    assert "It stopped reporting 9 days ago" in html
    assert "Its software 55.36 is below the minimum 67.59" in html
    assert "From " in html and "its own reports are refused" in html


def test_a_device_that_never_reported_says_so(ana: Client, here: World) -> None:
    device = factories.device(here.cast.main_st, name="New")
    html = page(ana, f"/devices/{device.public_id}/")
    assert "Has never reported" in html
    assert "No levels yet" in html
    assert "No reads yet" in html


def test_two_supplies_of_one_colour_are_told_apart(ana: Client, here: World) -> None:
    device = factories.device(here.cast.main_st, name="Press", model=here.front_desk.model)
    for code in ("1.1", "1.2"):
        factories.slot(device, "toner", "black", code)
    state(device, [500, 400], at=timezone.now())
    html = page(ana, f"/devices/{device.public_id}/")
    assert "Black 1" in html and "Black 2" in html


def test_a_held_read_says_why(ana: Client, here: World) -> None:
    html = page(ana, f"/devices/{here.pharmacy.public_id}/")
    assert "Held: needs a second look" in html
    assert "It is lower than the last read." in html
    assert "Read by hand" in html


# --- supplies ----------------------------------------------------------------------------------------


def test_supplies_stand_in_the_order_in_which_they_run_out(ana: Client) -> None:
    response = ana.get("/supplies/")
    named = [(row.device.split(" · ")[0], row.supply) for row in response.context["rows"]]
    assert named[:3] == [("Front desk", "Yellow"), ("Front desk", "Magenta"), ("Front desk", "Black")]
    assert len(named) == 8
    assert named[-1] == ("Front desk", "Waste container")


def test_supplies_page_and_filter(ana: Client, here: World) -> None:
    now = timezone.now()
    model = here.front_desk.model
    for number in range(9):
        device = factories.device(here.cast.harbor_st, name=f"D{number}", model=model)
        fitting = [fit.supply for fit in model.fits.select_related("supply").order_by("id")]
        for slot in slots(device, fitting):
            # All at the same moment: the place in the list must still be clear.
            position(slot, now=now, days=(90.0, 100.0, 110.0))
    path, seen = "/supplies/", []
    for _page in range(3):
        response = ana.get(path)
        seen += [(row.device_public_id, row.supply) for row in response.context["rows"]]
        path = f"/supplies/{response.context['older']}"
    assert len(seen) == len(set(seen)) == 53
    main_only = ana.get(f"/supplies/?address={here.cast.main_st.public_id}").context["rows"]
    assert {row.address for row in main_only} == {"Main St"}


# --- who sees what -----------------------------------------------------------------------------------


def test_somebody_elses_device_looks_like_a_missing_one(ana: Client, here: World) -> None:
    theirs = ana.get(f"/devices/{here.press.public_id}/")
    missing = ana.get("/devices/0000000000000000/")
    assert theirs.status_code == missing.status_code == 404
    strip = (here.press.public_id, "0000000000000000")
    texts = [
        response.content.decode().replace(name, "")
        for response, name in zip((theirs, missing), strip, strict=True)
    ]
    assert _without_tokens(texts[0]) == _without_tokens(texts[1])


def _without_tokens(html: str) -> list[str]:
    return [line for line in html.splitlines() if "csrf" not in line]


def test_a_person_limited_to_an_address_sees_only_that(client: Client, here: World) -> None:
    client.force_login(here.cast.ben)
    html = page(client, "/devices/")
    assert "Front desk" in html and "Radiology" not in html
    assert client.get(f"/devices/{here.radiology.public_id}/").status_code == 404
    assert "Radiology" not in page(client, "/") and "Radiology" not in page(client, "/supplies/")
    assert "Harbor St" not in page(client, "/devices/")


def test_everybody_must_sign_in(client: Client, here: World) -> None:
    for path in ("/devices/", f"/devices/{here.front_desk.public_id}/", "/supplies/", "/no-account/"):
        response = client.get(path)
        assert response.status_code == 302 and response["Location"].startswith("/sign-in/"), path


def test_htmx_is_sent_to_the_sign_in_when_the_session_is_over(client: Client, here: World) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/devices/?search=front"}
    response = client.get("/devices/?search=fron", headers=headers)
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/sign-in/login/?next=/devices/%3Fsearch%3Dfront"
    client.force_login(here.cast.ana)
    assert "HX-Redirect" not in client.get("/devices/", headers=headers)


# --- for which account -------------------------------------------------------------------------------


def test_a_person_switches_between_their_accounts(ana: Client, here: World) -> None:
    factories.member(here.cast.harbor_press, here.cast.ana, "viewer")
    # Harbor Press comes first by name.
    assert "Layout" in page(ana, "/devices/")
    response = ana.post("/account/switch/", {"account": here.cast.northwind.public_id, "next": "/devices/"})
    assert response.status_code == 302 and response["Location"] == "/devices/"
    assert "Front desk" in page(ana, "/devices/")
    assert ana.session[SESSION_KEY] == here.cast.northwind.public_id


def test_nobody_switches_to_an_account_that_is_not_theirs(ana: Client, here: World) -> None:
    for account in (here.cast.harbor_press.public_id, "0000000000000000", ""):
        assert ana.post("/account/switch/", {"account": account}).status_code == 404
    assert SESSION_KEY not in ana.session
    assert ana.get("/account/switch/").status_code == 405


def test_switching_never_leads_to_another_site(ana: Client, here: World) -> None:
    for following in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        response = ana.post("/account/switch/", {"account": here.cast.northwind.public_id, "next": following})
        assert response["Location"] == "/", following


def test_a_person_without_an_account_is_told_what_to_do(client: Client) -> None:
    client.force_login(factories.user("lonely@example.com"))
    for path in ("/devices/", "/supplies/", "/orders/"):
        assert client.get(path)["Location"] == "/no-account/"
    assert "act for no account yet" in page(client, "/no-account/")


# --- the demo's outbox -------------------------------------------------------------------------------


def _mail(email: str, subject: str, **fields: Any) -> Message:
    return Message.objects.create(
        event=subject, email=email, language="en", template="order_announced", status="sent",
        sent_at=timezone.now(), subject=subject, text=f"Dear {email}, see http://127.0.0.1/orders/x/ <now>",
        **fields,
    )  # fmt: skip


def test_the_outbox_exists_only_in_the_demo(ana: Client, settings: pytest.FixtureRequest) -> None:
    settings.DEMO = False  # type: ignore[attr-defined]
    mail = _mail("ana@example.com", "One")
    for path in ("/demo/outbox/", f"/demo/outbox/{mail.public_id}/", f"/demo/outbox/{mail.public_id}/html/"):
        assert ana.get(path).status_code == 404


def test_the_outbox_shows_the_mails_of_the_persons_account(
    client: Client, here: World, settings: pytest.FixtureRequest
) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]
    ours, theirs = _mail("vera@example.com", "Ours"), _mail("charlie@example.com", "Theirs")
    client.force_login(here.cast.ana)
    html = page(client, "/demo/outbox/")
    assert "Ours" in html and "Theirs" not in html
    assert "&lt;now&gt;" in page(client, f"/demo/outbox/{ours.public_id}/")
    assert client.get(f"/demo/outbox/{theirs.public_id}/").status_code == 404
    # Limited to one address: only their own.
    client.force_login(here.cast.ben)
    assert "Ours" not in page(client, "/demo/outbox/")
    client.force_login(here.cast.sam)
    html = page(client, "/demo/outbox/")
    assert "Ours" in html and "Theirs" in html


def test_the_files_of_a_mail_are_named_and_can_be_had(
    client: Client, here: World, settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]
    monkeypatch.setattr(attachments, "_MAKERS", {})
    attachments.register(
        "tests",
        lambda ref: [
            Attachment(f"<slip> {ref}.txt", b"first", "text/plain"),
            Attachment("label.pdf", b"%PDF", "application/pdf"),
        ],
    )
    mail = _mail("ana@example.com", "One", values={"attachments": [{"kind": "tests", "ref": "1"}]})
    path = f"/demo/outbox/{mail.public_id}/"
    client.force_login(here.cast.ana)
    html = page(client, path)
    assert "&lt;slip&gt; 1.txt" in html and f'href="{path}files/2/"' in html
    response = client.get(f"{path}files/2/")
    assert b"".join(response) == b"%PDF" and response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="label.pdf"'
    for number in (0, 3):
        assert client.get(f"{path}files/{number}/").status_code == 404
    client.force_login(here.cast.ben)
    assert client.get(f"{path}files/1/").status_code == 404, "somebody else's"
    client.force_login(here.cast.ana)
    # What nobody can make any more leaves the mail readable.
    monkeypatch.setattr(attachments, "_MAKERS", {})
    assert "label.pdf" not in page(client, path)
    assert client.get(f"{path}files/1/").status_code == 404


def test_a_mail_as_designed_is_walled_off(
    client: Client, here: World, settings: pytest.FixtureRequest
) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]
    mail = _mail("ana@example.com", "One", html="<p style='color:red'>Hello</p><script>alert(1)</script>")
    client.force_login(here.cast.ana)
    response = client.get(f"/demo/outbox/{mail.public_id}/html/")
    assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "script-src" not in response["Content-Security-Policy"]
