"""The pages of returns, as their customers use them."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.accounts.models import User
from metered.fleet import actions as fleet
from metered.returns import actions
from metered.returns.models import Leftover, Return, Unconfirmed
from metered.returns.numbers import spoken
from tests import factories as make
from tests.orders.scene import scene
from tests.returns.scene import Scene, books, delivered, file, person_of, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Scene:
    return stocked(3)


@pytest.fixture
def ana(here: Scene) -> User:
    return person_of(here)


@pytest.fixture
def client(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.status_code
    return " ".join(response.content.decode().split())


def form(made: Scene, units: int | str = 2, **fields: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "address": made.address.public_id, "once": uuid.uuid4().hex, "rows": "3", "boxes": "1", "weight": "8",
        "contact": "Ana Ruiz", "sealed": "on", f"q-{made.pools[0].supply_id}": str(units),
    }  # fmt: skip
    return {name: value for name, value in (values | fields).items() if value is not None}


def titles(client: Client, query: str = "") -> list[str]:
    return [row.title for row in client.get(f"/returns/{query}").context["rows"]]


def test_an_ordinary_return_from_the_form_to_the_number(client: Client, here: Scene, ana: User) -> None:
    page = text(client.get("/returns/new/"))
    supply = here.pools[0].supply
    assert supply.name in page and supply.reorder_number in page and "No credit is given" in page
    assert "/returns-policy/" in page and "in lb" in page
    looked = text(client.post("/returns/new/", form(here)))
    assert f"2 × {supply.name}" in looked and "at once" in looked and not Return.objects.exists()
    sent = form(here, send="1")
    answer = client.post("/returns/new/", sent, follow=True)
    made = Return.objects.get()
    assert made.filed_by == ana and made.state == "confirmed" and made.weight_kg == Decimal("3.6")
    assert answer.redirect_chain == [(f"/returns/{made.public_id}/", 302)]
    page = text(answer)
    assert spoken(made.number or "") in page and "What to do now" in page and ana.email in page
    # Sent twice it is filed once.
    again = client.post("/returns/new/", sent, follow=True)
    assert Return.objects.count() == 1 and "filed already" in text(again)
    assert books(here.pools[0]) == (1, 2)


def test_what_is_known_stands_in_the_form(client: Client, here: Scene) -> None:
    rows = client.get("/returns/new/").context["here"]
    assert [(row.shelf, row.sent) for row, _field in rows] == [("3", "3"), ("3", "3")]
    current = here.address.current
    assert current is not None
    assert client.get("/returns/new/").context["form"]["contact"].value() == (current.contact or "Ana Ruiz")


@pytest.mark.parametrize("send", [{}, {"send": "1"}])
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sealed": None}, "Only full, unopened boxes are taken back."),
        ({"boxes": ""}, "Say in how many boxes it comes."),
        ({"boxes": "0"}, "in one box at least"),
        ({"weight": ""}, "Say about how heavy it is."),
        ({"contact": ""}, "Say whom the driver may ask for."),
        ({"phone": "12"}, "This is no phone number in"),
        ({"t-0": "999ZZ9", "n-0": "1"}, "We know no supply “999ZZ9”"),
        ({"n-1": "1"}, "Type the reorder number that stands on the box."),
    ],
)
def test_what_stands_in_the_way_is_said_and_nothing_is_lost(
    client: Client, here: Scene, fields: dict[str, Any], said: str, send: dict[str, str]
) -> None:
    page = client.post("/returns/new/", form(here, note="Ring twice", **send, **fields))
    assert said in text(page) and "Nothing filed yet" in text(page)
    assert page.context["form"]["note"].value() == "Ring twice" and not Return.objects.exists()


def test_nothing_chosen_is_nothing_to_return(client: Client, here: Scene) -> None:
    page = text(client.post("/returns/new/", form(here, "")))
    assert "Say how many you return of at least one supply." in page


def test_typed_numbers_are_looked_up_as_typed(client: Client, here: Scene) -> None:
    make.supply(reorder_number="006R00244")
    for n in (1, 2):
        make.supply(reorder_number=f"108R0151{n}")
    typed = {"t-0": "p/n 6r-244", "n-0": "1", "t-1": "108R0151", "n-1": "2", "t-2": "77X777", "look": "1"}
    page = client.post("/returns/new/", form(here, "", sealed=None, boxes="", **typed))
    html = text(page)
    rows = page.context["typed"]
    assert rows[0].found.reorder_number == "006R00244" and rows[2].unknown and "77X777" in rows[2].unknown
    assert rows[1].choice is not None and "108R01511" in html and "108R01512" in html
    # Looking up asks for nothing else, and there is room for more.
    assert "Nothing filed yet" not in html and len(rows) == 5
    typed.pop("look")
    chosen = next(value for value, label in rows[1].choice.field.choices if "108R01512" in label)
    answer = client.post("/returns/new/", form(here, "", **typed | {"t-2": "", "rows": "5"}))
    assert "Several supplies fit" in text(answer)
    answer = client.post("/returns/new/", form(here, "", send="1", **typed | {"t-2": "", "c-1": chosen}))
    made = Return.objects.get()
    assert answer.status_code == 302
    assert {line.supply.reorder_number: line.quantity for line in made.lines.all()} == {
        "006R00244": 1, "108R01512": 2,
    }  # fmt: skip


def test_the_same_supply_in_two_rows_is_one_line(client: Client, here: Scene) -> None:
    number = here.pools[0].supply.reorder_number
    client.post("/returns/new/", form(here, 1, send="1", **{"t-0": number.lower(), "n-0": "1"}))
    assert Return.objects.get().lines.get().quantity == 2


def test_open_boxes_lead_to_recycling_and_nothing_typed_is_lost(
    client: Client, here: Scene, settings: Any
) -> None:
    from metered.returns.recycling import programmes

    settings.RECYCLING = programmes(["*|Take-back|https://example.com/back|Twelve boxes at least"])
    page = client.post("/returns/new/", form(here, 2, sealed=None, boxes="7", open="1"))
    html = text(page)
    assert "Open boxes are recycled" in html and "https://example.com/back" in html
    assert here.device.model.name in html and "Twelve boxes" in html
    back = client.post("/returns/new/", form(here, 2, sealed=None, boxes="7", change="1"))
    assert back.context["form"]["boxes"].value() == "7" and not Return.objects.exists()
    assert "Take-back" in text(
        Client().get(f"/returns/recycling/?search={here.pools[0].supply.reorder_number}")
    )
    assert "We know no supply" in text(Client().get("/returns/recycling/?search=77X777"))


def test_more_than_there_is_waits_and_is_said_before(client: Client, here: Scene) -> None:
    looked = text(client.post("/returns/new/", form(here, 9)))
    assert "more than was shipped to you" in looked and "answer by" in looked
    page = text(client.post("/returns/new/", form(here, 9, send="1"), follow=True))
    made = Return.objects.get()
    assert made.state == "filed" and "We answer by" in page and "Being looked at" in page


@pytest.mark.parametrize("fields", [{"boxes": "21"}, {"weight": "200"}])
def test_a_pallet_is_said_before(client: Client, here: Scene, fields: dict[str, str]) -> None:
    looked = text(client.post("/returns/new/", form(here, **fields)))
    assert "It travels on a pallet" in looked and "arrange the pick-up" in looked
    client.post("/returns/new/", form(here, send="1", **fields))
    assert Return.objects.get().pallet


def test_a_little_less_is_no_pallet(client: Client, here: Scene) -> None:
    assert "pallet" not in text(client.post("/returns/new/", form(here, boxes="20", weight="199"))).lower()


def test_other_countries_weigh_in_kilograms(client: Client, here: Scene) -> None:
    type(here.address).objects.filter(pk=here.address.pk).update(country="DE")
    assert "in kg" in text(client.get("/returns/new/"))
    client.post("/returns/new/", form(here, send="1", weight="91"))
    made = Return.objects.get()
    assert made.weight_kg == 91 and made.pallet


def test_several_addresses_ask_first(here: Scene, ana: User, client: Client) -> None:
    other = make.address(here.address.account, "Annex")
    assert "Where are the boxes?" in text(client.get("/returns/new/"))
    page = text(client.get(f"/returns/new/?address={other.public_id}"))
    assert "What goes back from Annex?" in page and here.pools[0].supply.reorder_number not in page
    assert client.get("/returns/new/?address=0000000000000000").status_code == 404


def removed(made: Scene) -> None:
    fleet.remove_device(device=made.device)
    actions.take_facts()


def test_what_a_removed_device_leaves_stands_filled_in(client: Client, here: Scene) -> None:
    removed(here)
    page = text(client.get("/returns/"))
    assert "6 units are left over at" in page and here.device.label in page
    url = f"/returns/new/?left={here.address.public_id}"
    assert url in page
    filled = client.get(url)
    assert "filled in already" in text(filled)
    assert [field.value() for _row, field in filled.context["here"]] == [3, 3]
    # Without the link nothing is filled in.
    fresh = client.get(f"/returns/new/?address={here.address.public_id}")
    assert [field.value() for _row, field in fresh.context["here"]] == [None, None]


def test_what_is_left_at_an_address_out_of_use_is_told_with_a_phone_call(client: Client, here: Scene) -> None:
    removed(here)
    type(here.address).objects.filter(pk=here.address.pk).update(retired_at=timezone.now())
    page = text(client.get("/returns/"))
    assert "not used any more. Call us" in page and "Return them" not in page


def test_none_is_left(client: Client, here: Scene) -> None:
    removed(here)
    left = Leftover.objects.filter(pool=here.pools[0]).get()
    path = f"/returns/leftovers/{left.public_id}/none-left/"
    assert "Is nothing of it left" in text(client.get(path))
    answer = client.post(path, {"once": "a"}, follow=True)
    assert "counted as none" in text(answer) and books(here.pools[0]) == (0, 0)
    left.refresh_from_db()
    assert left.state == "gone"
    assert "settled already" in text(client.post(path, {"once": "b"}, follow=True))
    assert "It is settled already" in text(client.get(path))


def test_the_history_finds_numbers_however_they_are_typed(client: Client, here: Scene, ana: User) -> None:
    first = file(here, {here.pools[0].supply_id: 1}, actor=ana)
    second = file(here, {here.pools[1].supply_id: 1}, actor=ana)
    waits = file(here, {here.pools[1].supply_id: 50}, actor=ana)
    number = first.number or ""
    one, two = spoken(number), spoken(second.number or "")
    assert len(titles(client)) == 3 and titles(client)[1:] == [two, one]
    for typed in (number, one, f"RMA {number[:3]}-{number[3:]}", number[:6], number[6:] + ""):
        assert one in titles(client, f"?search={typed}"), typed
    assert titles(client, f"?search={here.pools[0].supply.reorder_number}") == [one]
    assert titles(client, "?state=filed") == titles(client)[:1]
    assert titles(client, "?state=confirmed") == [two, one]
    assert titles(client, "?state=nonsense") == titles(client)
    assert len(titles(client, f"?address={waits.address.public_id if waits.address else ''}")) == 3
    assert "No return fits" in text(client.get("/returns/?search=nothing"))


def test_the_history_as_a_file(client: Client, here: Scene, ana: User) -> None:
    given = file(here, {pool.supply_id: 1 for pool in here.pools}, actor=ana)
    answer = client.get("/returns/csv/")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 3 and (given.number or "none") in lines[1] and "Confirmed" in lines[1]


def test_an_empty_history_says_what_will_stand_there(client: Client) -> None:
    page = text(client.get("/returns/"))
    assert "Nothing was returned yet" in page and "left over" not in page


def counted(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_lists_and_pages_cost_the_same_however_much_there_is(client: Client, here: Scene, ana: User) -> None:
    given = file(here, {here.pools[0].supply_id: 1}, actor=ana)
    few = counted(client, "/returns/"), counted(client, "/returns/new/"), counted(client, "/")
    for _n in range(4):
        delivered(here, 2)
        file(here, {pool.supply_id: 1 for pool in here.pools}, actor=ana)
    more = scene(here.address, colours=2, contract=here.contract)
    delivered(more, 3)
    assert (counted(client, "/returns/"), counted(client, "/returns/new/"), counted(client, "/")) == few
    one = counted(client, f"/returns/{given.public_id}/")
    for _n in range(3):
        receive(given, here)
    first = counted(client, f"/returns/{given.public_id}/")
    for _n in range(3):
        receive(given, here)
    assert counted(client, f"/returns/{given.public_id}/") == first >= one


def receive(given: Return, made: Scene, **more: Any) -> Any:
    return actions.receive(
        made=given,
        counted=[actions.Counted(made.pools[0].supply_id, 1, **more)],
        once=uuid.uuid4(),
        boxes=1,
        note="One corner is dented",
    )


def test_the_steps_of_a_return_until_it_is_settled(client: Client, here: Scene, ana: User) -> None:
    given = file(here, {here.pools[0].supply_id: 2}, actor=ana, boxes=3)
    path = f"/returns/{given.public_id}/"
    page = text(client.get(path))
    assert "each of the 3 boxes" in page and "The carrier has it" in page and "Withdraw it" in page
    assert "On its way to us" in text(client.post(path + "handed-over/", follow=True))
    page = text(client.get(path + "withdraw/"))
    assert "withdrawn any more" in page
    assert "handed over already" in text(client.post(path + "withdraw/", follow=True))
    receive(given, here, condition="opened", note="Tape cut")
    page = text(client.get(path))
    for word in ("What arrived on", "opened", "Tape cut", "One corner is dented", "1 fewer than confirmed"):
        assert word in page, word
    actions.close(made=given, because="One stays with you.")
    page = text(client.get(path))
    assert "is settled" in page and "One stays with you." in page


def test_withdrawing_is_asked_once_more(client: Client, here: Scene, ana: User) -> None:
    given = file(here, {here.pools[0].supply_id: 2}, actor=ana)
    path = f"/returns/{given.public_id}/withdraw/"
    assert "Its confirmation number no longer holds" in text(client.get(path))
    given.refresh_from_db()
    assert given.state == "confirmed"
    assert "Everything stays on your shelf" in text(client.post(path, follow=True))
    assert books(here.pools[0]) == (3, 0)


def test_what_staff_decided_is_said_with_each_line(client: Client, here: Scene, ana: User) -> None:
    given = file(here, {here.pools[0].supply_id: 5}, actor=ana, boxes=30)
    line = given.lines.get()
    assert "more than was shipped to you" in text(client.get(f"/returns/{given.public_id}/"))
    actions.decide(
        made=given, accepted={line.public_id: 3}, reasons={line.public_id: "Only 3 were sent."},
        pick_up_on=timezone.localdate() + dt.timedelta(days=3), carrier="Freight",
    )  # fmt: skip
    page = text(client.get(f"/returns/{given.public_id}/"))
    for word in ("Only 3 were sent.", "Not all of it was accepted", "Freight picks it up on", "on a pallet"):
        assert word in page, word
    other = file(here, {here.pools[1].supply_id: 9}, actor=ana)
    actions.decide(made=other, accepted={}, reasons={other.lines.get().public_id: "Not ours."})
    page = text(client.get(f"/returns/{other.public_id}/"))
    assert "not taken back" in page and "Not ours." in page


def test_pictures_are_shown_to_those_who_see_the_return(client: Client, here: Scene, ana: User) -> None:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (40, 30), "#888").save(out, "PNG")
    given = file(here, {here.pools[0].supply_id: 1}, actor=ana)
    picture = actions.add_photo(receipt=receive(given, here), content=out.getvalue())
    path = f"/returns/photos/{picture.public_id}/"
    assert path in text(client.get(f"/returns/{given.public_id}/"))
    answer = client.get(path)
    assert answer["Content-Type"] == "image/jpeg" and answer.content.startswith(b"\xff\xd8")
    stranger = Client()
    stranger.force_login(person_of(stocked(1)))
    assert stranger.get(path).status_code == 404


def test_who_only_looks_sees_no_buttons(here: Scene, ana: User) -> None:
    removed(here)
    given = file(here, {here.pools[0].supply_id: 1}, actor=ana)
    looker = Client()
    looker.force_login(person_of(here, "viewer"))
    page = text(looker.get(f"/returns/{given.public_id}/"))
    assert spoken(given.number or "") in page
    assert "The carrier has it" not in page and "Withdraw it" not in page
    page = text(looker.get("/returns/"))
    assert "left over at" in page and "Return them" not in page and "None is left" not in page
    assert looker.get("/returns/new/").status_code == 403


START = {
    "email": "front@desk.example", "contact": "Rita Desk", "country": "US", "unit": "lb", "weight": "12",
    "pick_up": "Northwind\n 1 Main St \n\nRochester NY 14604", "boxes": "1", "sealed": "on", "rows": "3",
}  # fmt: skip


def begin(made: Scene, known_as: str, **fields: str) -> Any:
    number = made.pools[0].supply.reorder_number
    values = START | {"known_as": known_as, "t-0": number, "n-0": "1"} | fields
    return Client().post("/returns/start/", values)


def test_without_a_sign_in_the_answer_is_the_same_whatever_is_known(here: Scene) -> None:
    known, unknown = begin(here, here.address.account.number), begin(here, "NOBODY-1")
    assert known.status_code == unknown.status_code == 302 and known["Location"] == unknown["Location"]
    assert "Look into your mail" in text(Client().get(known["Location"]))
    row = Unconfirmed.objects.order_by("pk")[0]
    assert row.filled["pick_up"] == "Northwind\n1 Main St\nRochester NY 14604"
    assert row.filled["weight_kg"] == "5.4"


def test_the_mailed_link_files_it_once(here: Scene) -> None:
    begin(here, here.device.serial)
    actions.take_unconfirmed()
    from metered.notify.models import Message

    path = Message.objects.get(template="return_link").values["confirm_path"]
    reader = Client()
    page = text(reader.get(path))
    assert "File this return?" in page and "1 Main St" in page and not Return.objects.exists()
    page = text(reader.post(path, follow=True))
    assert "Your return is filed" in page and "front@desk.example" in page
    reader.post(path)
    made = Return.objects.get()
    assert made.filed_by is None and made.state == "filed" and made.lines.get().quantity == 1
    assert "link is not one of ours" in text(reader.post(path[:-4] + "abc/", follow=True), 404)


def test_an_old_link_says_so(here: Scene) -> None:
    begin(here, here.device.serial)
    actions.take_unconfirmed(now=timezone.now() - dt.timedelta(days=4))
    from metered.notify.models import Message

    path = Message.objects.get(template="return_link").values["confirm_path"]
    assert "too old" in text(Client().get(path), 410)
    assert "those are over" in text(Client().post(path, follow=True), 410) and not Return.objects.exists()


def test_too_many_forms_are_not_taken(here: Scene, settings: Any) -> None:
    settings.RETURNS_PER_ADDRESS = 1
    assert begin(here, "A").status_code == 302
    answer = begin(here, "B")
    assert "That were too many tries" in text(answer, 429) and Unconfirmed.objects.count() == 1
    assert answer.context["form"]["known_as"].value() == "B"


def test_what_is_missing_without_a_sign_in(here: Scene) -> None:
    page = text(begin(here, "", **{"t-0": "77X777"}))
    assert "tells us whose supplies they are" in page and "We know no supply" in page
    looked = begin(here, "", look="1", sealed="")
    assert looked.context["typed"][0].found == here.pools[0].supply and "Nothing sent yet" not in text(looked)
    assert not Unconfirmed.objects.exists()


NONSENSE = ["\x00", "a\x00b", "٣²", "x" * 10_000, "-1", "1e9", "%_\\'\";--"]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=range(len(NONSENSE)))
def test_whatever_is_typed_there_is_an_answer(client: Client, here: Scene, nonsense: str) -> None:
    names = ("once", "rows", "boxes", "weight", "contact", "phone", "note", "t-0", "n-0", "c-0")
    typed = dict.fromkeys((*names, f"q-{here.pools[0].supply_id}"), nonsense)
    for button in ("look", "change", "open", "send", "check"):
        asked = {"address": here.address.public_id, button: "1"} | typed
        assert client.post("/returns/new/", asked).status_code == 200, button
    fields = ("known_as", "email", "country", "pick_up", "unit", "sealed")
    for button in ("look", "send"):
        asked = dict.fromkeys((*names, *fields), nonsense) | {button: "1"}
        assert Client().post("/returns/start/", asked).status_code == 200, button
    assert client.get("/returns/new/", {"left": nonsense}).status_code == 404
    assert Client().get("/returns/recycling/", {"search": nonsense}).status_code == 200
    removed(here)
    left = Leftover.objects.filter(pool=here.pools[0]).get()
    assert (
        client.post(f"/returns/leftovers/{left.public_id}/none-left/", {"once": nonsense}).status_code == 302
    )


def test_the_signed_in_fill_in_the_other_form(client: Client) -> None:
    assert client.get("/returns/start/")["Location"] == "/returns/new/"
