"""Shelves on pages: what is expected, why a count differs, what is kept of a list, and the ledger."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.replenishment.models import AddressReview
from metered.stock import actions
from metered.stock.models import Entry, Pool
from tests import factories
from tests.orders.scene import Scene, announced, scene
from tests.portal.world import pool_of

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def cast() -> factories.Cast:
    return factories.cast()


@pytest.fixture
def made(cast: factories.Cast) -> Scene:
    made = scene(cast.main_st, contract=cast.contract)
    made.device.name = "Front desk"
    made.device.save()
    return made


@pytest.fixture
def ana(client: Client, cast: factories.Cast) -> Client:
    client.force_login(cast.ana)
    return client


def text(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def path(made: Scene) -> str:
    return f"/stock/{made.address.public_id}/"


def form(counts: dict[Pool, Any], **more: Any) -> dict[str, Any]:
    seen = {f"s-{pool.public_id}": pool.counted_at.isoformat() if pool.counted_at else "" for pool in counts}
    return {"once": uuid.uuid4().hex} | {f"n-{pool.public_id}": n for pool, n in counts.items()} | seen | more


def shelf(pool: Pool) -> int:
    return Pool.objects.values_list("shelf", flat=True).get(pk=pool.pk)


def count(pool: Pool, quantity: int, days: float, **more: Any) -> Entry:
    at = timezone.now() - days * DAY
    return actions.count(pool_id=pool.pk, quantity=quantity, cause=f"c{pool.pk}-{days}", at=at, **more)


def test_a_list_is_counted_and_the_page_says_what_that_changes(ana: Client, made: Scene) -> None:
    first, second = made.pools
    page = ana.get(path(made))
    assert "What is on the shelf at Main St" in text(page) and "Front desk" in text(page)
    answer = ana.post(path(made), form({first: "3", second: ""}), follow=True)
    assert "1 count is kept. 1 is not what we expected; it is taken as you counted it." in text(answer)
    assert "weighed at the next look at this address, in a few minutes" in text(answer)
    assert "3 counted on" in text(answer) and "by Ana" in text(answer)
    assert shelf(first) == 3 and not Entry.objects.filter(pool=second).exists()


def test_when_it_was_weighed_the_next_look_is_named(ana: Client, made: Scene) -> None:
    now = timezone.now()
    AddressReview.objects.update_or_create(
        address=made.address,
        defaults={"account": made.address.account, "reviewed_at": now, "due_at": now + 2 * DAY},
    )
    count(made.pools[0], 1, 1)
    assert "We look at this address again on" in text(ana.get(path(made)))


def test_a_difference_is_explained_by_what_was_seen(ana: Client, made: Scene) -> None:
    pool, slot = made.pools[0], made.slots[0]
    count(pool, 5, 30)
    now = timezone.now()
    actions.receive(pool_id=pool.pk, quantity=2, cause="d", origin="automatic", at=now - 20 * DAY)
    actions.install(pool_id=pool.pk, quantity=1, cause=f"swap:{slot.pk}:1", at=now - 10 * DAY)
    actions.install(pool_id=pool.pk, quantity=1, cause="swap:999999999:1", at=now - 9 * DAY)
    count(pool, 3, 0)
    page = text(ana.get(path(made)))
    assert "2 fewer than we expected." in page
    assert f"we saw 2 delivered, 1 put into a device, 1 put into {made.device.label}." in page


def test_a_first_count_that_differs_and_one_without_events(ana: Client, made: Scene) -> None:
    first, second = made.pools
    count(first, 2, 1)
    count(second, 2, 9)
    count(second, 4, 1)
    page = text(ana.get(path(made)))
    assert "It was the first count" in page
    assert "2 more than we expected. Since the count of" in page and "we saw none delivered" in page


def test_what_can_not_be_kept_stays_as_it_was_typed(ana: Client, made: Scene) -> None:
    first, second = made.pools
    answer = ana.post(path(made), form({first: "3", second: "two"}))
    page = answer.content.decode()
    assert "1 count is kept." in text(answer) and "One count is not kept yet" in text(answer)
    assert "Enter a whole number" in page and 'value="two"' in page and 'value="3"' not in page
    assert shelf(first) == 3
    # What is sent again is another list: the number that was wrong is kept, too.
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once
    ana.post(path(made), form({second: "2"}, once=once[1]))
    assert shelf(second) == 2


@pytest.mark.parametrize("wrong", ["-1", "1.5", "99999", "1e3", "\x00", "٣٤٥٦٧٨٩"])
def test_bad_numbers_keep_nothing(ana: Client, made: Scene, wrong: str) -> None:
    answer = ana.post(path(made), form({made.pools[0]: wrong}))
    assert answer.status_code == 200 and not Entry.objects.exists()
    assert "One count is not kept yet" in text(answer)


def test_nothing_entered_is_said(ana: Client, made: Scene) -> None:
    assert "Nothing is entered yet" in text(ana.post(path(made), form({made.pools[0]: ""})))


def test_without_its_name_a_list_keeps_nothing(ana: Client, made: Scene) -> None:
    answer = ana.post(path(made), {f"n-{made.pools[0].public_id}": "3"})
    assert "Nothing is kept yet" in text(answer) and not Entry.objects.exists()


def test_a_time_in_the_future_is_refused_and_the_numbers_stay(ana: Client, made: Scene) -> None:
    answer = ana.post(path(made), form({made.pools[0]: "7"}, at="2099-01-01T10:00"))
    assert "That time has not come yet." in text(answer) and 'value="7"' in answer.content.decode()
    assert not Entry.objects.exists()


def test_the_time_is_the_persons_own(ana: Client, made: Scene) -> None:
    here = timezone.localtime(timezone.now() - DAY, timezone.get_default_timezone())
    ana.post(path(made), form({made.pools[0]: "7"}, at=f"{here:%Y-%m-%dT%H:%M}"))
    at = Entry.objects.get().at
    # New York is behind UTC.
    assert dt.timedelta(hours=3) < at - here.replace(second=0, microsecond=0) < dt.timedelta(hours=6)


def test_sent_twice_it_counts_once(ana: Client, made: Scene) -> None:
    twice = form({made.pools[0]: "3"})
    for _ in range(2):
        assert ana.post(path(made), twice).status_code == 302
    assert Entry.objects.count() == 1


def test_the_second_of_two_is_told_who_counted_what(ana: Client, made: Scene, cast: factories.Cast) -> None:
    pool = made.pools[0]
    mine = form({pool: "3"})
    actions.count(pool_id=pool.pk, quantity=4, cause="ben", actor=cast.ben)
    answer = ana.post(path(made), mine)
    assert "Ben counted 4 on" in text(answer) and "Yours is not kept yet" in text(answer)
    assert 'value="3"' in answer.content.decode() and shelf(pool) == 4
    again = {
        name: value
        for name, value in re.findall(r'name="([a-z]+[^"]*)" value="([^"]*)"', answer.content.decode())
        if name != "csrfmiddlewaretoken"
    }
    ana.post(path(made), again | {f"n-{pool.public_id}": "3"})
    assert shelf(pool) == 3


def test_what_is_asked_for_stands_with_its_reason_and_on_the_overview(ana: Client, made: Scene) -> None:
    actions.ask_count(pool_ids=[pool.pk for pool in made.pools], because="disagreement")
    page = text(ana.get(path(made)))
    assert "Please count 2 supplies at Main St by" in page
    assert "What the devices report does not fit what we think is there." in page
    assert "2 to count, by" in text(ana.get("/stock/"))
    overview = ana.get("/")
    assert "Count 2 supplies at Main St" in text(overview) and path(made) in overview.content.decode()
    ana.post(path(made), form(dict.fromkeys(made.pools, "1")))
    assert "to count" not in text(ana.get("/stock/")) and "Count stock" not in text(ana.get("/"))


def test_what_is_overdue_says_so(ana: Client, made: Scene) -> None:
    actions.ask_count(pool_ids=[made.pools[0].pk], because="staff", at=timezone.now() - 20 * DAY)
    assert "it was due on" in text(ana.get(path(made)))
    assert "Support asked for it. It was due on" in text(ana.get("/"))


def test_who_may_not_count_reads(client: Client, made: Scene, cast: factories.Cast) -> None:
    client.force_login(cast.vera)
    actions.ask_count(pool_ids=[made.pools[0].pk], because="staff")
    page = client.get(path(made)).content.decode()
    assert "Keep these counts" not in page and f"n-{made.pools[0].public_id}" not in page
    assert "Count stock" not in text(client.get("/"))
    assert client.post(path(made), form({made.pools[0]: "3"})).status_code == 403


def test_a_supply_that_several_devices_share_stands_once(ana: Client, made: Scene) -> None:
    other = factories.device(made.address, contract=made.contract, model=made.device.model, name="Ward 2")
    factories.slot(other, "toner", "black", "1.1", supply=made.pools[0].supply)
    page = ana.get(path(made))
    assert "Used by several devices" in text(page)
    assert f"{made.device.label}, {other.label}" in text(page)
    assert page.content.decode().count(f'name="n-{made.pools[0].public_id}"') == 1


def test_what_no_device_uses_stands_while_something_is_there(ana: Client, made: Scene) -> None:
    made.slots[0].delete()
    assert made.pools[0].supply.reorder_number not in text(ana.get(path(made)))
    count(made.pools[0], 2, 1)
    assert "For no device here any more" in text(ana.get(path(made)))


def test_empty_pages_say_what_will_stand_there(ana: Client, cast: factories.Cast) -> None:
    assert "Nothing to count yet" in text(ana.get("/stock/"))
    assert "Nothing to count here" in text(ana.get(f"/stock/{cast.main_st.public_id}/"))
    pool = pool_of(factories.slot(factories.device(cast.main_st), supply=factories.supply()))
    assert "Nothing has moved yet" in text(ana.get(f"/stock/ledger/{pool.public_id}/"))


def filled(made: Scene) -> Pool:
    """A count, a delivery of an order, an install, a return, an adjustment."""
    pool, now = made.pools[0], timezone.now()
    count(pool, 5, 30)
    line = announced(made).lines.get(pool=pool)
    cause = f"delivery:x:{line.public_id}"
    actions.receive(pool_id=pool.pk, quantity=2, cause=cause, origin="automatic", at=now - 20 * DAY)
    actions.install(pool_id=pool.pk, quantity=1, cause=f"swap:{made.slots[0].pk}:1", at=now - 10 * DAY)
    actions.set_aside(pool_id=pool.pk, quantity=3, cause="r", at=now - 5 * DAY)
    actions.adjust(pool_id=pool.pk, quantity=-1, cause="a", actor=None, note="=1+1 broken in the cupboard")
    return pool


def test_the_ledger_says_who_when_why_and_what_was_left(ana: Client, made: Scene) -> None:
    pool = filled(made)
    page = ana.get(f"/stock/ledger/{pool.public_id}/")
    rows = page.context["rows"]
    assert [row.shelf for row in rows] == ["2", "3", "6", "7", "5"]
    assert [row.change for row in rows] == ["−1", "−3", "−1", "+2", "+5"]
    said = text(page)
    assert (
        f"Put into {made.device.label}: 1" in said
        and "Set aside for a return: 3" in said
        and "Delivered: 2" in said
    )
    assert "broken in the cupboard" in said and "Ordered" not in said
    order = made.pools[0].entries.model.objects  # the ledger also knows of the order itself
    assert order.filter(kind="expect").exists() and rows[3].order is not None


def test_the_ledger_as_csv_is_whole_and_runs_nothing(ana: Client, made: Scene) -> None:
    pool = filled(made)
    answer = ana.get(f"/stock/ledger/{pool.public_id}/csv/")
    content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    head, *rows = list(csv.reader(io.StringIO(content)))
    assert head[:5] == ["when", "what", "quantity", "change", "shelf"]
    assert [row[3:5] for row in rows] == [["-1", "2"], ["-3", "3"], ["-1", "6"], ["2", "7"], ["5", "5"]]
    assert rows[0][6].startswith("'=1+1")
    assert "attachment" in answer["Content-Disposition"]


def test_a_long_ledger_comes_in_pages(ana: Client, made: Scene) -> None:
    pool = made.pools[0]
    for n in range(120):
        actions.receive(pool_id=pool.pk, quantity=1, cause=f"d{n}", origin="staff")
    seen, url = [], ""
    for _ in range(3):
        page = ana.get(f"/stock/ledger/{pool.public_id}/{url}")
        seen += [int(row.shelf) for row in page.context["rows"]]
        url = page.context["older"]
    assert seen == list(range(120, 0, -1)) and url == ""
    back = ana.get(f"/stock/ledger/{pool.public_id}/{page.context['newer']}")
    assert int(back.context["rows"][0].shelf) == 70


@pytest.mark.parametrize("place", ["x~1", "99999999999999999999~1", "1~2~3", "-1~1", "~", "1~\x00"])
def test_a_place_in_the_ledger_that_is_none_is_its_beginning(ana: Client, made: Scene, place: str) -> None:
    pool = filled(made)
    assert ana.get(f"/stock/ledger/{pool.public_id}/", {"after": place}).status_code == 200


def _queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


def test_queries_stay_flat(ana: Client, made: Scene, cast: factories.Cast) -> None:
    pool = filled(made)
    count(made.pools[1], 9, 9)
    count(pool, 9, 0)
    actions.ask_count(pool_ids=[pool.pk], because="staff", at=timezone.now() + DAY)
    urls = ["/stock/", path(made), f"/stock/ledger/{pool.public_id}/", "/"]
    few = {url: _queries(ana, url) for url in urls}
    for n in range(30):
        more = scene(cast.main_st, contract=cast.contract, colours=4)
        for each in more.pools:
            count(each, 3, 9 + n)
            actions.install(pool_id=each.pk, quantity=1, cause=f"swap:{more.slots[0].pk}:{each.pk}")
            count(each, 1, 0)
        actions.ask_count(pool_ids=[each.pk for each in more.pools], because="staff", at=timezone.now() + DAY)
        scene(factories.address(cast.northwind), contract=cast.contract)
        actions.receive(pool_id=pool.pk, quantity=1, cause=f"q{n}", origin="staff")
    assert {url: _queries(ana, url) for url in urls} == few
    assert max(few.values()) <= 25, few
