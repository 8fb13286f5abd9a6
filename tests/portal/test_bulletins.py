"""Domain rule 9: who must update what by when, and who is told of it, once each."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.accounts.models import Address
from metered.fleet import actions as fleet
from metered.fleet.models import Bulletin, Device, PrinterModel
from metered.lib.errors import Refused
from metered.notify.actions import send_due
from metered.notify.models import Message
from metered.portal.actions import remind_of_bulletins, tell_of_bulletins
from metered.portal.bulletin_mails import reminder
from metered.reads.models import DeviceState
from tests import factories

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture
def cast() -> factories.Cast:
    return factories.cast()


def device(address: Address, model: PrinterModel, software: str, **more: Any) -> Device:
    made = factories.device(address, model=model, **({"path": "direct"} | more))
    DeviceState.objects.create(
        device=made, account=made.account, software=software, received_at=timezone.now()
    )
    return made


def days_left(bulletin: Bulletin) -> int:
    """By the clock of those who look: their day may be another than the server's."""
    return (bulletin.from_date - timezone.localdate(timezone=ZoneInfo("America/New_York"))).days


def draft(model: PrinterModel, days: int) -> Bulletin:
    return Bulletin.objects.create(
        model=model,
        minimum_software="57.100",
        from_date=timezone.now().date() + days * DAY,
        software_url="https://example.com/software",
        published_at=None,
    )


def mails() -> list[tuple[str, str, int]]:
    rows = Message.objects.filter(template="bulletin").order_by("pk")
    return [(row.email, row.values["event"], row.values["count"]) for row in rows]


def test_a_publication_is_told_to_whom_it_concerns_and_of_what_they_may_see(cast: factories.Cast) -> None:
    model = factories.printer_model(name="C505")
    device(cast.main_st, model, "57.40", name="=Old")
    device(cast.harbor_st, model, "57.50", name="Older")
    device(cast.main_st, model, "57.100", name="New enough")
    device(cast.main_st, model, "57.40", name="Through an agent", path="agent")
    device(cast.press_address, model, "58", name="Press")
    bulletin = draft(model, 60)
    assert tell_of_bulletins() == 0
    fleet.publish_bulletin(bulletin=bulletin)
    assert tell_of_bulletins() == 2
    assert tell_of_bulletins() == 0
    # Ben orders for Main St only; nobody of Harbor Press is concerned.
    assert mails() == [("ana@example.com", "published", 2), ("ben@example.com", "published", 1)]
    send_due()
    sent = Message.objects.get(template="bulletin", email="ana@example.com")
    assert "C505 needs newer software before" in sent.subject
    assert "Older" in sent.text and "https://example.com/software" in sent.text


def test_every_move_of_the_date_is_told_also_back_to_an_old_one(cast: factories.Cast) -> None:
    model = factories.printer_model()
    device(cast.harbor_st, model, "57.40")
    bulletin = draft(model, 60)
    first, second = bulletin.from_date, bulletin.from_date + 10 * DAY
    fleet.move_bulletin(bulletin=bulletin, from_date=first + DAY)  # a draft: nobody is told
    fleet.publish_bulletin(bulletin=bulletin)
    tell_of_bulletins()
    for date in (second, first, second, second):
        fleet.move_bulletin(bulletin=bulletin, from_date=date)
        tell_of_bulletins()
    assert [event for _, event, _ in mails()] == ["published", "moved", "moved", "moved"]
    with pytest.raises(Refused, match="is over"):
        fleet.move_bulletin(bulletin=bulletin, from_date=timezone.localdate() - DAY)


def test_reminders_come_thirty_seven_and_one_days_before_and_count_anew_after_a_move(
    cast: factories.Cast,
) -> None:
    model = factories.printer_model()
    device(cast.harbor_st, model, "57.40")
    bulletin, now = draft(model, 40), timezone.now()
    fleet.publish_bulletin(bulletin=bulletin)
    tell_of_bulletins(now=now)
    told = [day for day in range(45) for _ in range(2) if remind_of_bulletins(now=now + day * DAY)]
    assert told == [10, 33, 39]
    Bulletin.objects.update(from_date=bulletin.from_date + 40 * DAY, moves=1, moved_at=now + 41 * DAY)
    again = [day for day in range(41, 85) if remind_of_bulletins(now=now + day * DAY)]
    assert again == [50, 73, 79]


@pytest.mark.parametrize(
    ("announced", "left", "found"),
    [
        (90, 30, 30),
        (90, 28, 30),
        (90, 27, 0),
        (90, 31, 0),
        (90, 7, 7),
        (90, 1, 1),
        (90, 0, 0),
        (29, 28, 0),
        (7, 7, 0),
    ],
)
def test_a_day_that_was_missed_is_made_up_for_and_nothing_is_said_twice(
    announced: int, left: int, found: int
) -> None:
    today = dt.date(2026, 11, 26)
    from_date = today + left * DAY
    assert reminder(from_date - announced * DAY, from_date, today) == found


def test_staff_write_a_draft_and_publish_it(cast: factories.Cast) -> None:
    from tests.access_world import signed_in

    model = factories.printer_model()
    device(cast.harbor_st, model, "57.40")
    client = signed_in(cast.sam)
    values = {"model": model.pk, "minimum_software": "57.100", "from_date": "2036-01-01", "instructions": ""}
    assert client.post("/admin/fleet/bulletin/add/", values).status_code == 302
    bulletin = Bulletin.objects.get()
    assert bulletin.published_at is None and tell_of_bulletins() == 0
    assert client.post(f"/admin/fleet/bulletin/{bulletin.pk}/publish/").status_code == 302
    assert tell_of_bulletins() == 1
    client.post(f"/admin/fleet/bulletin/{bulletin.pk}/move-date/", {"from_date": "2036-02-01"})
    assert tell_of_bulletins() == 1
    # Once it is told, its date moves by the button only.
    client.post(f"/admin/fleet/bulletin/{bulletin.pk}/change/", values | {"from_date": "2037-01-01"})
    bulletin.refresh_from_db()
    assert bulletin.from_date == dt.date(2036, 2, 1)


# --- the work list ----------------------------------------------------------------------------------


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return " ".join(response.content.decode().split())


def test_the_list_says_what_each_device_has_and_needs(cast: factories.Cast, client: Client) -> None:
    model = factories.printer_model(name="C505")
    device(cast.main_st, model, "57.40", name="Front desk")
    device(cast.main_st, model, "57.200", name="New enough")
    refused = factories.device(cast.harbor_st, model=model, name="First report refused", path="direct")
    DeviceState.objects.create(
        device=refused,
        account=cast.northwind,
        refused_at=timezone.now(),
        refused_reason="software_below_minimum",
    )
    client.force_login(cast.ana)
    assert "No device needs newer software" in text(client, "/devices/software/")
    bulletin = draft(model, 20)
    assert "Front desk" not in text(client, "/devices/software/")
    fleet.publish_bulletin(bulletin=bulletin)
    html = text(client, "/devices/software/")
    assert "2 devices need newer software, the first before" in html
    assert (
        f"{days_left(bulletin)} days left" in html
        and "https://example.com/software" in html
        and "device agent" in html
    )
    assert "Front desk" in html and "57.40" in html and "New enough" not in html
    assert "Last report refused" in html and "older" in html
    assert "First report" not in text(client, "/devices/software/?search=front")
    client.force_login(cast.ben)
    assert "First report" not in text(client, "/devices/software/")


def test_the_file_holds_the_narrowed_list_and_no_formula(cast: factories.Cast, client: Client) -> None:
    model = factories.printer_model(name="C505")
    device(cast.main_st, model, "57.40", name="=HYPERLINK(1)", place="+1")
    device(cast.main_st, model, "57.40", name="Other")
    bulletin = draft(model, 20)
    fleet.publish_bulletin(bulletin=bulletin)
    client.force_login(cast.ana)
    response = client.get("/devices/software/file/?search=hyper")
    assert "attachment" in response["Content-Disposition"]
    _head, row = csv.reader(io.StringIO(response.content.decode().removeprefix("\ufeff")))
    assert (
        row[0] == "'=HYPERLINK(1)" and row[4] == "'+1" and "57.100" in row and str(days_left(bulletin)) in row
    )


def test_queries_stay_flat_as_the_list_grows(cast: factories.Cast, client: Client) -> None:
    model = factories.printer_model()
    fleet.publish_bulletin(bulletin=draft(model, 20))
    client.force_login(cast.ana)
    paths = (
        "/devices/software/",
        "/devices/software/?search=d",
        "/devices/software/file/",
        "/devices/requests/",
        "/",
    )
    counts = []
    for more in (5, 1995):
        made = Device.objects.bulk_create(
            Device(
                account=cast.northwind, contract=cast.contract, address=cast.main_st, model=model, name="D",
                serial=f"{more}-{n}", serial_key=f"{more}{n}", path="direct",
                installed_on=dt.date(2025, 1, 1),
            )
            for n in range(more)
        )  # fmt: skip
        DeviceState.objects.bulk_create(
            DeviceState(
                device=one, account=cast.northwind, software=f"57.{n % 9}", received_at=timezone.now()
            )
            for n, one in enumerate(made)
        )
        for one in made[:60]:
            fleet.ask_for_change(account_id=cast.northwind.pk, kind="remove", device=one, actor=cast.ana)
        found = {}
        for path in paths:
            client.get(path)
            with CaptureQueriesContext(connection) as caught:
                assert client.get(path).status_code == 200
            found[path] = len(caught)
        counts.append(found)
    assert counts[0] == counts[1] and max(counts[0].values()) <= 24, counts
