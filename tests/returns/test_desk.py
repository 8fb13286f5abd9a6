"""Staff at the returns desk: found by what is read over the phone, decided, counted by scanner, closed."""

from __future__ import annotations

import datetime as dt
import html
import io
import re
import uuid
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone, translation
from PIL import Image

from metered.accounts.models import User
from metered.returns import actions, numbers
from metered.returns.models import Leftover, Receipt, ReceiptPhoto, Return, ReturnLine
from tests import factories as make
from tests.access_world import signed_in
from tests.returns.scene import Scene, books, file, stocked
from tests.threads import while_open

pytestmark = pytest.mark.django_db

LIST = "/admin/returns/return/"


@pytest.fixture
def sam() -> User:
    return make.user("sam@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def desk(sam: User) -> Client:
    return signed_in(sam)


def at(made: Return, page: str = "change") -> str:
    return f"{LIST}{made.pk}/{page}/"


def told(answer: Any) -> list[str]:
    return [str(said) for said in get_messages(answer.wsgi_request)]


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def lines(made: Return) -> list[ReturnLine]:
    return list(made.lines.order_by("pool_id", "pk"))


def answers(made: Return, *units: Any, **more: str) -> dict[str, str]:
    """The form of a decision: units of each line."""
    return {
        f"units-{line.public_id}": str(n) for line, n in zip(lines(made), units, strict=True)
    } | more  # fmt: skip


def confirmed(made: Scene, units: int = 2) -> Return:
    given = file(made, {pool.supply_id: units for pool in made.pools})
    assert given.state == "confirmed"
    return given


# --- the queue ------------------------------------------------------------------------------------


def test_the_queue_is_sorted_by_the_day_it_is_due_and_gets_louder(desk: Client) -> None:
    made, now = stocked(1), timezone.now()
    supply = made.pools[0].supply_id
    days = {4: "Due", 5: "Alarm: due", 6: "Escalated: due", 7: "Due today", 9: "Late: it was due"}
    for day in (5, 9, 4, 7, 6):
        given = file(made, {supply: 9}, filed_at=now - dt.timedelta(days=day))
        # Whatever the hour: its day has begun.
        Return.objects.filter(pk=given.pk).update(
            alarm_at=given.filed_at + dt.timedelta(days=5),
            escalate_at=given.filed_at + dt.timedelta(days=6),
            last_chance_at=given.filed_at + dt.timedelta(days=7),
            due_at=given.filed_at + dt.timedelta(days=8),
        )
    confirmed(stocked(3))
    answer = desk.get(LIST)
    found = re.findall(r'<span class="desk-tag (\w*)">([^<]+)<', answer.content.decode())
    assert [tone for tone, _words in found] == ["bad", "bad", "bad", "warn", ""]
    for (_tone, words), day in zip(found, (9, 7, 6, 5, 4), strict=True):
        assert words.startswith(days[day])


@pytest.mark.parametrize(
    ("queue", "count"),
    [("answer", 2), ("pallet", 1), ("pick-up", 1), ("receive", 1), ("close", 1), ("all", 4), ("nonsense", 2)],
)
def test_each_queue_holds_what_waits_for_it(desk: Client, queue: str, count: int) -> None:
    made, other = stocked(9), stocked(1)
    file(other, {other.pools[0].supply_id: 99})
    file(other, {other.pools[0].supply_id: 1}, boxes=21)
    confirmed(made)
    came = confirmed(made)
    actions.receive(made=came, counted=[actions.Counted(made.pools[0].supply_id, 1)], once=uuid.uuid4())
    assert desk.get(LIST, {"queue": queue}).context["cl"].result_count == count


def test_a_return_is_found_by_what_is_read_over_the_phone(desk: Client) -> None:
    made = stocked(5)
    given, other = confirmed(made), file(stocked(1), {make.supply(reorder_number="777X1").pk: 1})
    assert given.number
    spoken = numbers.spoken(given.number)
    for typed in (
        given.number,
        spoken,
        spoken.replace(" ", "-"),
        f"RMA {spoken}",
        made.address.account.name,
        made.address.account.number,
        made.pools[0].supply.reorder_number,
        made.pools[0].supply.reorder_number.lower().lstrip("0"),
    ):
        assert list(desk.get(LIST, {"q": typed}).context["cl"].queryset) == [given], typed
    assert list(desk.get(LIST, {"q": "777-x1"}).context["cl"].queryset) == [other]


def test_a_misheard_digit_is_said(desk: Client) -> None:
    given = confirmed(stocked(2))
    assert given.number
    wrong = given.number[:-1] + str((int(given.number[-1]) + 1) % 10)
    words = f"{numbers.spoken(wrong)} is not an RMA number: one digit is misheard."
    assert words in text(desk.get(LIST, {"q": wrong}))
    assert told(desk.get(LIST + "number/", {"number": wrong})) == [words]
    assert told(desk.get(LIST + "number/", {"number": "12"}))[-1:] == ["An RMA number has nine digits."]
    other = next(n for n in iter(numbers.new_number, "") if n != given.number)
    assert told(desk.get(LIST + "number/", {"number": other}))[-1].startswith("No return has the number")
    for typed in (given.number, f" {numbers.spoken(given.number)} "):
        assert desk.get(LIST + "number/", {"number": typed}).headers["Location"] == at(given, "receive")
    actions.withdraw(made=given)
    assert desk.get(LIST + "number/", {"number": given.number}).headers["Location"] == at(given)


@pytest.mark.parametrize("typed", ["'; --", "%", "\\", "9" * 3000, "\x00", "٣٤٥", "<b>", "-"])
def test_whatever_is_typed_into_the_search_is_answered(desk: Client, typed: str) -> None:
    file(stocked(1))
    assert desk.get(LIST, {"q": typed}).status_code == 200
    assert desk.get(LIST + "number/", {"number": typed}).status_code == 302


# --- deciding -------------------------------------------------------------------------------------


def test_the_page_says_what_is_asked_beside_the_figures(desk: Client) -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: 9, make.supply().pk: 1}, note="<b>ring</b> twice")
    for page in ("change", "decide"):
        said = text(desk.get(at(given, page)))
        assert "More than was shipped and not returned yet." in said
        assert "It was never shipped to this customer." in said
    assert b"<b>ring" not in desk.get(at(given)).content
    form = desk.get(at(given, "decide")).context["form"]
    assert [row.fields["units"].value() for row in form.rows] == [
        {made.pools[0].supply_id: 3}.get(row.line.supply_id, 0) for row in form.rows
    ]


def test_more_than_was_shipped_is_taken_back_in_part(desk: Client, sam: User) -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: 9})
    (line,) = lines(given)
    answer = desk.post(at(given, "decide"), answers(given, 3))
    assert "Say why not all of it" in text(answer)
    # Nothing that was typed is lost.
    assert answer.context["form"].rows[0].fields["units"].value() == "3"
    chosen = {f"why-{line.public_id}": "more_than_shipped"}
    answer = desk.post(at(given, "decide"), answers(given, 3, **chosen))
    assert answer.headers["Location"] == at(given)
    given.refresh_from_db()
    line.refresh_from_db()
    assert (given.state, line.accepted, given.decided_by) == ("confirmed", 3, sam)
    assert given.number and numbers.spoken(given.number) in told(answer)[0]
    assert books(made.pools[0]) == (0, 3)
    # A sentence of ours is read in the customer's language; what staff wrote stays as it is.
    with translation.override("de"):
        kept = ReturnLine.objects.get(pk=line.pk).reason
        assert hasattr(kept, "kept")


def test_a_pallet_is_confirmed_with_its_day(desk: Client) -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: 2}, boxes=25)
    today = timezone.localdate()
    for wrong, words in (
        ("", "on which day the pallet"),
        ((today - dt.timedelta(days=1)).isoformat(), "from today on"),
        ("2999-01-01", "from today on"),
        ("soon", "valid date"),
    ):
        assert words in text(desk.post(at(given, "decide"), answers(given, 2, pick_up_on=wrong)))
    day = today + dt.timedelta(days=3)
    desk.post(at(given, "decide"), answers(given, 2, pick_up_on=day.isoformat(), carrier="Freight Co"))
    given.refresh_from_db()
    assert (given.state, given.pick_up_on, given.carrier) == ("confirmed", day, "Freight Co")


def test_all_is_rejected_with_a_reason_for_each_line(desk: Client) -> None:
    made = stocked(1)
    given = file(made, {pool.supply_id: 9 for pool in made.pools})
    first, second = lines(given)
    typed = answers(given, 1, "?", reject="1", **{f"words-{first.public_id}": "Opened boxes"})
    answer = desk.post(at(given, "decide"), typed)
    assert answer.status_code == 200 and text(answer).count("Say why not all of it") == 1
    answer = desk.post(at(given, "decide"), typed | {f"why-{second.public_id}": "opened"})
    given.refresh_from_db()
    assert given.state == "rejected" and given.number is None
    assert told(answer) == ["Rejected. The customer is told by mail, with the reasons."]
    assert [str(line.reason) for line in lines(given)] == [
        "Opened boxes", "Only full, unopened boxes are taken back.",
    ]  # fmt: skip
    # The whole way back to the queue: it is in none.
    assert desk.get(LIST).context["cl"].result_count == 0


@pytest.mark.parametrize("units", ["-1", "10", "99999999999999999999", "two", "", "1.5", "<b>1</b>", "NaN"])
def test_units_that_can_not_be_are_told(desk: Client, units: str) -> None:
    given = file(made := stocked(3), {made.pools[0].supply_id: 9})
    answer = desk.post(at(given, "decide"), answers(given, units))
    assert answer.status_code == 200 and answer.context["form"].errors
    assert b"<b>1" not in answer.content
    given.refresh_from_db()
    assert given.state == "filed"


def test_who_decides_second_is_told(desk: Client) -> None:
    given = file(made := stocked(3), {made.pools[0].supply_id: 9})
    (line,) = lines(given)
    form = answers(given, 2, **{f"words-{line.public_id}": "Two came back before"})
    assert desk.post(at(given, "decide"), form).status_code == 302
    answer = desk.post(at(given, "decide"), form | {f"units-{line.public_id}": "1"})
    assert told(answer)[-1] == "There is nothing left to do here: it was done meanwhile."
    assert "It was decided already." in text(desk.get(at(given, "decide")))
    assert lines(given)[0].accepted == 2 and books(made.pools[0]) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_the_same_moment(desk: Client, sam: User) -> None:
    given = file(made := stocked(3), {made.pools[0].supply_id: 9})
    (line,) = lines(given)
    why = {f"words-{line.public_id}": "Not all"}
    second = while_open(
        lambda: actions.decide(
            made=given, accepted={line.public_id: 3}, reasons={line.public_id: "x"}, actor=sam
        ),
        lambda: text(desk.post(at(given, "decide"), answers(given, 1, **why))),
    )
    assert second.waited and "It was decided already." in second.result
    assert books(made.pools[0]) == (0, 3)


def test_an_address_is_chosen_and_the_shelf_there_counts(desk: Client) -> None:
    made, other = stocked(3), make.address(make.account())
    given = actions.file_return(
        account_id=made.address.account_id, address=None, actor=None, once=uuid.uuid4(),
        filled=actions.Filled({made.pools[0].supply_id: 2}, 1, None, "Rita"),
        email="rita@example.com", pick_up="Rita\n1 Some St <i>", country="US",
    )  # fmt: skip
    page = desk.get(at(given, "decide"))
    assert "Choose the address" in text(page)
    answer = desk.post(at(given, "decide"), answers(given, 2))
    assert "Choose the address that it is picked up at first." in text(answer)
    page = desk.get(at(given, "address"))
    assert "Rita, 1 Some St <i>" in text(page) and b"<i>" not in page.content
    assert desk.post(at(given, "address"), {"address": other.pk}).context["form"].errors
    assert desk.post(at(given, "address"), {"address": made.address.pk}).status_code == 302
    assert lines(given)[0].asks == ""
    assert desk.post(at(given, "decide"), answers(given, 2)).status_code == 302
    given.refresh_from_db()
    assert given.state == "confirmed"


def test_a_pick_up_is_arranged_and_a_return_withdrawn(desk: Client) -> None:
    made = stocked(3)
    given, day = confirmed(made), timezone.localdate() + dt.timedelta(days=2)
    assert desk.post(at(given, "pick-up"), {"pick_up_on": "yesterday"}).status_code == 200
    values = {"pick_up_on": day.isoformat(), "carrier": "UPS", "tracking": "1Z<b>"}
    assert desk.post(at(given, "pick-up"), values).status_code == 302
    given.refresh_from_db()
    assert (given.pick_up_on, given.carrier, given.tracking) == (day, "UPS", "1Z<b>")
    assert b"1Z<b>" not in desk.get(at(given)).content
    assert desk.post(at(given, "withdraw"), {"because": "They use it"}).status_code == 302
    given.refresh_from_db()
    assert given.state == "withdrawn" and books(made.pools[0]) == (3, 0)


# --- receiving ------------------------------------------------------------------------------------


def typed_form(answer: Any, **more: str) -> dict[str, Any]:
    """What a browser would send of the page of an answer: its form as it stands."""
    form = answer.context["form"]
    values: dict[str, Any] = {bound.html_name: bound.value() or "" for bound in form}
    values["extra"] = [supply.public_id for supply in form.extra.values()]
    return values | more


def scanned(desk: Client, given: Return, answer: Any, *numbers_: str, **more: str) -> Any:
    for number in numbers_:
        answer = desk.post(at(given, "receive"), typed_form(answer, scan=number, do="scan", **more))
    return answer


def test_boxes_are_counted_by_scanner_and_compared_before_they_are_kept(desk: Client) -> None:
    made = stocked(4)
    given = confirmed(made)
    first, second = (pool.supply.reorder_number for pool in made.pools)
    stranger = make.supply(reorder_number="777X1")
    answer = desk.get(at(given, "receive"))
    answer = scanned(desk, given, answer, first, first.lower(), first.lstrip("0"), second)
    answer = scanned(desk, given, answer, stranger.reorder_number, counts_as="damaged")
    assert answer.context["result"].words.text.endswith("777X1: 1 now.")
    assert Receipt.objects.count() == 0
    answer = desk.post(at(given, "receive"), typed_form(answer, do="check", boxes="2", note="<b>wet</b>"))
    said = {line.row.line.supply_id: (line.units, line.says.text) for line in answer.context["compared"]}
    assert said == {
        made.pools[0].supply_id: (3, "1 more than accepted"),
        made.pools[1].supply_id: (1, "1 is missing"),
        stranger.pk: (1, "Nobody announced it"),
    }
    assert Receipt.objects.count() == 0
    form = typed_form(answer, do="keep")
    for _time in range(2):
        answer = desk.post(at(given, "receive"), form)
        assert answer.headers["Location"] == at(given)
    receipt = Receipt.objects.get()
    assert (receipt.boxes, receipt.note) == (2, "<b>wet</b>")
    kept = {(line.line.supply_id, line.condition): line.quantity for line in receipt.lines.all()}
    assert kept == {
        (made.pools[0].supply_id, "sealed"): 3,
        (made.pools[1].supply_id, "sealed"): 1,
        (stranger.pk, "damaged"): 1,
    }
    page = desk.get(at(given))
    assert b"<b>wet" not in page.content
    assert "1 more than accepted" in text(page) and "Nobody announced it" in text(page)


def test_what_is_scanned_and_not_known_is_told(desk: Client) -> None:
    made = stocked(4)
    given, other = confirmed(made), confirmed(made, 1)
    make.supply(reorder_number="888A1")
    make.supply(reorder_number="888A2")
    answer = desk.get(at(given, "receive"))
    assert given.number and other.number
    for typed, words in {
        "4006381333931": "is no reorder number that we know",
        "<script>": "is no reorder number that we know",
        "": "Scan or type a reorder number.",
        given.number: "That is the number of this very return.",
        other.number: "That is another return's number",
    }.items():
        answer = scanned(desk, given, answer, typed)
        assert words in answer.context["result"].words.text and b"<script>x" not in answer.content
        assert not any(answer.context["form"].data.get(n.name) for n in _counts(answer))
    answer = scanned(desk, given, answer, "888A")
    assert [supply.reorder_number for supply in answer.context["result"].choices] == ["888A1", "888A2"]
    pick = answer.context["result"].choices[1]
    answer = desk.post(at(given, "receive"), typed_form(answer, pick=pick.public_id))
    assert answer.context["result"].words.text.endswith("888A2: 1 now.")


def _counts(answer: Any) -> list[Any]:
    return [field for row in answer.context["form"].rows for field in row.fields["counts"]]


@pytest.mark.parametrize("units", ["-1", "10001", "9" * 40, "three", "1.5", "1e3", "<b>"])
def test_a_count_that_can_not_be_is_told_and_not_kept(desk: Client, units: str) -> None:
    given = confirmed(stocked(4))
    answer = desk.get(at(given, "receive"))
    name = _counts(answer)[0].name
    for do in ("check", "keep"):
        answer = desk.post(at(given, "receive"), typed_form(answer, do=do, **{name: units}))
        assert answer.status_code == 200 and name in answer.context["form"].errors
        assert answer.context["form"][name].value() == units and b"<b>" not in answer.content
    # A scan on top of it says so and leaves it.
    number = answer.context["form"].rows[0].line.supply.reorder_number
    answer = scanned(desk, given, answer, number)
    assert answer.status_code == 200
    assert Receipt.objects.count() == 0


def test_a_count_of_nothing_and_a_form_without_its_name(desk: Client) -> None:
    given = confirmed(stocked(4))
    answer = desk.get(at(given, "receive"))
    answer = desk.post(at(given, "receive"), typed_form(answer, do="keep"))
    assert "Nothing is counted yet" in text(answer)
    name = _counts(answer)[0].name
    for once in ("", "not-a-uuid"):
        desk.post(at(given, "receive"), typed_form(answer, do="keep", once=once, **{name: "1"}))
    desk.post(at(given, "receive"), {"do": "keep", "extra": ["x", "\x00"]})
    assert Receipt.objects.count() == 0


def test_a_return_that_is_not_confirmed_is_not_counted(desk: Client) -> None:
    given = file(made := stocked(1), {made.pools[0].supply_id: 9})
    assert "Only a confirmed return can be received." in text(desk.get(at(given, "receive")))
    form = {"do": "keep", "once": str(uuid.uuid4()), f"sealed-{made.pools[0].supply.public_id}": "1"}
    assert desk.post(at(given, "receive"), form).status_code == 200
    assert Receipt.objects.count() == 0


def test_fewer_came_and_it_is_closed_with_a_reason(desk: Client) -> None:
    made = stocked(4)
    given = confirmed(made)
    came(given, made)
    page = desk.get(at(given, "close"))
    assert "Fewer came than were accepted: 1 × " in text(page)
    assert desk.post(at(given, "close"), {"because": "  "}).context["form"].errors
    assert desk.post(at(given, "close"), {"because": "They keep it"}).status_code == 302
    given.refresh_from_db()
    assert (given.state, given.closed_reason) == ("closed", "They keep it")
    assert [books(pool) for pool in made.pools] == [(3, 0), (4, 0)]


def came(given: Return, made: Scene, units: int = 1) -> Receipt:
    return actions.receive(
        made=given, counted=[actions.Counted(made.pools[0].supply_id, units)], once=uuid.uuid4()
    )


# --- pictures -------------------------------------------------------------------------------------


def upload(name: str, content: bytes | None = None, kind: str = "JPEG", colour: str = "red") -> Any:
    if content is None:
        out = io.BytesIO()
        Image.new("RGB", (640, 480), colour).save(out, kind)
        content = out.getvalue()
    return SimpleUploadedFile(name, content)


def test_pictures_are_kept_shown_and_only_to_staff(desk: Client) -> None:
    made = stocked(4)
    receipt = came(given := confirmed(made), made)
    kinds = [upload(f"a.{kind}", kind=kind, colour=colour) for kind, colour in
             (("JPEG", "red"), ("PNG", "green"), ("WEBP", "blue"))]  # fmt: skip
    answer = desk.post(at(given, "pictures"), {"receipt": receipt.public_id, "photos": kinds})
    assert told(answer) == ["3 pictures are kept."] and answer.headers["Location"] == at(given)
    page = desk.get(at(given)).content.decode()
    for photo in ReceiptPhoto.objects.all():
        path = f"{LIST}picture/{photo.public_id}/"
        assert f'src="{path}"' in page
        shown = desk.get(path)
        assert shown.headers["Content-Type"] == "image/jpeg" and "private" in shown.headers["Cache-Control"]
        assert Image.open(io.BytesIO(shown.content)).size == (640, 480)
        owner = make.user(f"{photo.pk}@example.com")
        make.member(made.address.account, owner, "owner")
        assert signed_in(owner).get(path).status_code in (302, 403)
        clerk = make.user(f"clerk{photo.pk}@example.com", is_staff=True)
        assert signed_in(clerk).get(path).status_code == 403


def test_files_that_are_no_pictures_are_told_by_name(desk: Client) -> None:
    made = stocked(4)
    receipt = came(given := confirmed(made), made)
    files = [
        upload("good.jpg"),
        upload("bill<b>.pdf", b"%PDF-1.7 ..."),
        upload("anim.gif", b"GIF89a" + b"\0" * 50),
        upload("page.svg", b"<svg onload='alert(1)'/>"),
    ]
    answer = desk.post(at(given, "pictures"), {"receipt": receipt.public_id, "photos": files})
    said = told(answer)
    assert len(said) == 4 and said[-1] == "1 picture is kept."
    assert said[0] == "“bill<b>.pdf” is not kept. This is not a picture that we can read."
    assert b"bill<b>" not in desk.get(at(given, "pictures")).content
    for wrong in ({"receipt": "x" * 16}, {}, {"receipt": receipt.public_id}):
        assert told(desk.post(at(given, "pictures"), wrong))[-1] == "Choose pictures to be kept."
    assert ReceiptPhoto.objects.count() == 1


def test_a_picture_of_thirty_megabytes_is_not_even_read(desk: Client) -> None:
    made = stocked(4)
    receipt = came(given := confirmed(made), made)
    huge = upload("huge.jpg", b"\xff\xd8" + b"\0" * 30_000_000)
    answer = desk.post(at(given, "pictures"), {"receipt": receipt.public_id, "photos": [huge]})
    assert answer.status_code == 400 and "a very large file" in text(answer)
    assert not ReceiptPhoto.objects.exists()


# --- what removed devices leave -------------------------------------------------------------------


def left_over(made: Scene) -> Leftover:
    return Leftover.objects.create(
        account=made.address.account, address=made.address, pool=made.pools[0], device=made.device,
        remind_at=timezone.now(),
    )  # fmt: skip


def test_what_is_left_goes_to_a_device_that_it_fits(desk: Client) -> None:
    made = stocked(2)
    left = left_over(made)
    harbor = make.address(made.address.account, "Harbor")
    twin = make.device(harbor, contract=made.contract, model=made.device.model)
    stranger = make.device(harbor, contract=made.contract)
    path = f"/admin/returns/leftover/{left.pk}/assign/"
    page = desk.get(path)
    assert twin.serial in text(page) and stranger.serial not in text(page)
    assert desk.post(path, {"device": stranger.pk}).context["form"].errors
    answer = desk.post(path, {"device": twin.pk})
    assert told(answer)[0].endswith("The customer has to carry it to Harbor.")
    left.refresh_from_db()
    assert (left.state, left.assigned_to) == ("assigned", twin)
    assert desk.get("/admin/returns/leftover/").context["cl"].result_count == 0
    assert desk.get("/admin/returns/leftover/?state=all").context["cl"].result_count == 1
    assert told(desk.post(path, {"device": twin.pk}))[-1].startswith("There is nothing left to do")


def test_nothing_is_left(desk: Client) -> None:
    made = stocked(2)
    left = left_over(made)
    path = f"/admin/returns/leftover/{left.pk}/none-left/"
    assert desk.post(path, {}).status_code == 200
    assert desk.post(path, {"once": str(uuid.uuid4())}).status_code == 302
    left.refresh_from_db()
    assert left.state == "gone" and books(made.pools[0]) == (0, 0)


def test_forms_of_people_who_are_not_signed_in_are_looked_at_only(desk: Client) -> None:
    made = stocked(1)
    row = actions.ask(
        known_as=made.address.account.number, email="rita@example.com", language="en",
        filled={"units": {str(made.pools[0].supply_id): 2}, "boxes": 1, "contact": "<b>Rita</b>"},
    )  # fmt: skip
    page = desk.get(f"/admin/returns/unconfirmed/{row.pk}/change/")
    assert "2 × " in text(page) and b"<b>Rita" not in page.content
    assert desk.post(f"/admin/returns/unconfirmed/{row.pk}/change/", {}).status_code == 403
