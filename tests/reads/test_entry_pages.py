"""The pages of typed reads: the due grid, one device, rows from a spreadsheet."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.fleet.models import Device, MeterType, ModelMeter
from metered.lib import tables
from metered.reads.models import Read, ReadDraft, ReadValue
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


class Office:
    """Northwind with two printers that are read by hand, on the day that their reads are due."""

    def __init__(self) -> None:
        self.cast = factories.cast()
        self.now = timezone.now()
        self.model = factories.printer_model(meters=("mono", "colour"), name="C505", meter_digits=7)
        today = self.now.astimezone(dt.UTC).date()
        self.cast.contract.read_day = min(today.day, 28)
        self.cast.contract.save()
        self.billing = self.device("Billing", 100_000, 20_000)
        self.pharmacy = self.device("Pharmacy", 40_000, 9_000)
        self.client = Client()
        self.client.force_login(self.cast.ana)

    def device(self, name: str, mono: int, colour: int, *, months: int = 6, **fields: Any) -> Device:
        made = factories.device(
            self.cast.main_st,
            contract=self.cast.contract,
            model=self.model,
            path="manual",
            name=name,
            **fields,
        )
        for month in range(months, 0, -1):
            read(made, self.now - 30 * month * DAY, mono - 900 * (month - 1), colour - 300 * (month - 1))
        return made

    def post(self, values: dict[str, Any], **more: Any) -> Any:
        data = {"once": str(uuid.uuid4())} | values
        return self.client.post("/reads/", data, **more)


def read(device: Device, at: dt.datetime, mono: int, colour: int, **fields: Any) -> Read:
    made = Read.objects.create(
        account=device.account,
        address=device.address,
        device=device,
        taken_at=at,
        **({"source": "customer"} | fields),
    )
    for code, value in (("mono", mono), ("colour", colour)):
        ReadValue.objects.create(read=made, meter_type=MeterType.objects.get(code=code), value=value)
    return made


def typed(device: Device, mono: object, colour: object) -> dict[str, str]:
    return {f"v.{device.public_id}.mono": str(mono), f"v.{device.public_id}.colour": str(colour)}


def fresh(device: Device) -> list[Read]:
    return list(
        Read.objects.filter(device=device).order_by("-id")[: Read.objects.filter(device=device).count() - 6]
    )


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def office(db: None) -> Office:
    return Office()


def test_the_grid_shows_what_is_due_with_the_last_read(office: Office) -> None:
    said = text_of(office.client.get("/reads/"))
    assert "2 meter reads are due by" in said or "2 meter reads are due, the first since" in said
    assert "Main St" in said and "last 100,000" in said and "last 9,000" in said


def test_good_reads_are_kept_and_leave_the_grid(office: Office) -> None:
    response = office.post(
        typed(office.billing, "100,900", "20 300") | typed(office.pharmacy, "40,850", ""), follow=True
    )
    said = text_of(response)
    assert "2 reads are kept." in said and "No meter reads are due" in said
    (made,) = fresh(office.billing)
    assert (made.status, made.source, made.entered_by) == ("accepted", "customer", office.cast.ana)
    assert {row.meter_type.code: row.value for row in made.values.all()} == {
        "mono": 100_900,
        "colour": 20_300,
    }


def test_an_unlikely_read_is_asked_about_once_with_the_likely_slip(office: Office) -> None:
    wrong = typed(office.billing, "109,000", "20,300") | typed(office.pharmacy, "40,900", "9,300")
    page = office.post(wrong)
    said = text_of(page)
    assert "1 read is kept." in said and "Were two digits swapped?" in said and "Use 100,900 instead" in said
    assert not fresh(office.billing) and fresh(office.pharmacy)
    assert 'value="109,000"' in page.content.decode()
    use = re.search(r'name="use"\s+value="([^"]+)"', page.content.decode())
    assert use is not None
    office.post(typed(office.billing, "109,000", "20,300") | {"use": use[1]})
    (made,) = fresh(office.billing)
    assert made.status == "accepted" and made.values.get(meter_type__code="mono").value == 100_900


def test_entered_again_it_is_kept_for_staff(office: Office) -> None:
    wrong = typed(office.billing, "109000", "20300")
    asked = {f"asked.{office.billing.public_id}": "colour=20300;mono=109000"}
    # Another value than the one that was asked about is asked about itself.
    office.post(typed(office.billing, "108000", "20300") | asked)
    assert not fresh(office.billing)
    said = text_of(office.post(wrong | asked, follow=True))
    assert "We look at 1 of them before it counts." in said
    assert fresh(office.billing)[0].status == "confirmed" and "usual" in fresh(office.billing)[0].note


def test_below_the_last_it_waits_unless_the_controller_was_replaced(office: Office) -> None:
    low = typed(office.billing, "500", "20")
    page = office.post(low)
    assert "below the last read" in text_of(page) and "The controller was replaced" in text_of(page)
    office.post(low | {f"asked.{office.billing.public_id}": "colour=20;mono=500"})
    assert fresh(office.billing)[0].status == "held"
    low = typed(office.pharmacy, "500", "20")
    office.post(low | {f"replaced.{office.pharmacy.public_id}": "on"})
    assert fresh(office.pharmacy)[0].status == "accepted" and "controller" in fresh(office.pharmacy)[0].note


def test_a_rollover_is_no_question(office: Office) -> None:
    near_end = office.device("Old", 9_999_500, 2_000)
    office.post(typed(near_end, "400", "2,300"))
    assert fresh(near_end)[0].status == "accepted"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12.5", "is no whole number"),
        ("-3", "is no whole number"),
        ("abc", "is no whole number"),
        ("1e5", "is no whole number"),
        ("=1+1", "is no whole number"),
        ("<b>", "is no whole number"),
        ("100000000", "has only 7 digits"),
        ("9" * 39, "has only 7 digits"),
    ],
)
def test_what_no_counter_shows_is_refused_and_stays_in_its_field(
    office: Office, text: str, said: str
) -> None:
    page = office.post(typed(office.billing, text, "20300"))
    assert said in text_of(page) and not fresh(office.billing)
    assert re.search(r'value="[^"]*20300"', page.content.decode())


def test_a_future_day_is_refused(office: Office) -> None:
    day = (office.now + 2 * DAY).date().isoformat()
    said = text_of(office.post(typed(office.billing, 100_900, 20_300) | {"day": day}))
    assert "dated in the future" in said and not fresh(office.billing)
    said = text_of(office.post(typed(office.billing, 100_900, 20_300) | {"day": "31.02.2026"}))
    assert "Look at day and time" in said and not fresh(office.billing)


def test_the_same_form_sent_twice_keeps_once(office: Office) -> None:
    data = typed(office.billing, 100_900, 20_300) | {"once": str(uuid.uuid4())}
    for _time in range(2):
        office.client.post("/reads/", data)
    assert len(fresh(office.billing)) == 1


def test_one_row_is_sent_alone(office: Office) -> None:
    data = typed(office.billing, 100_900, 20_300) | {
        "row": office.billing.public_id,
        "columns": "mono,colour",
    }
    part = office.post(data, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith("<tr") and "data-kept" in part and "1,200 pages since" in part
    bad = typed(office.pharmacy, "x", "1") | {"row": office.pharmacy.public_id}
    part = office.post(bad, headers={"HX-Request": "true"}).content.decode()
    assert "is no whole number" in part and "data-kept" not in part


def test_somebody_elses_device_is_not_there(office: Office) -> None:
    other = factories.device(office.cast.press_address, model=office.model, path="manual")
    office.post(typed(other, 5, 5))
    assert not Read.objects.filter(device=other).exists()
    data = typed(other, 5, 5) | {"row": other.public_id}
    assert office.post(data, headers={"HX-Request": "true"}).status_code == 404


def test_2000_devices_cost_as_many_queries_as_five(office: Office) -> None:
    def count() -> int:
        office.client.get("/reads/")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert office.client.get("/reads/").status_code == 200
        return len(asked)

    few = count()
    Device.objects.bulk_create(
        Device(
            account=office.cast.northwind, contract=office.cast.contract, address=office.cast.main_st,
            model=office.model, serial=f"B{n}", serial_key=f"B{n}", path="manual", name=f"Room {n}",
            installed_on=dt.date(2025, 1, 1),
        )
        for n in range(2000)
    )  # fmt: skip
    assert count() == few
    page = office.client.get("/reads/")
    assert "2,002 meter reads" in text_of(page) and page.content.decode().count('<tr id="row-') == 50
    older = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
    assert older is not None
    second = office.client.get("/reads/" + older[1].replace("&amp;", "&")).content.decode()
    rows = set(re.findall(r'id="row-(\w+)"', page.content.decode()))
    assert len(rows | set(re.findall(r'id="row-(\w+)"', second))) == 100


def test_one_device_is_entered_and_corrected(office: Office) -> None:
    path = f"/reads/device/{office.billing.public_id}/"
    page = office.client.get(path)
    assert "Pages between the last reads" in text_of(page) and "<rect" in page.content.decode()
    data = {"once": str(uuid.uuid4()), "meter-mono": "100,900", "meter-colour": "20,300"}
    assert "Kept." in text_of(office.client.post(path, data, follow=True))
    (made,) = fresh(office.billing)
    correction = f"/reads/read/{made.public_id}/"
    assert "100,900" in text_of(office.client.get(correction))
    data = {"once": str(uuid.uuid4()), "meter-mono": "100,950", "meter-colour": "20,300"}
    assert "1 answer" not in text_of(office.client.post(correction, data)) and len(fresh(office.billing)) == 1
    office.client.post(correction, data | {"reason": "misread"})
    new, old = fresh(office.billing)
    assert (new.replaces, old.status, new.status) == (old, "replaced", "accepted")
    assert new.note == "misread"
    assert "corrected before" in text_of(office.client.get(correction))
    said = text_of(office.client.get(path))
    assert "100,900" in said and "100,950" in said and "Corrected" in said


def test_a_doubtful_read_of_one_device_is_asked_about(office: Office) -> None:
    path = f"/reads/device/{office.billing.public_id}/"
    data = {"once": str(uuid.uuid4()), "meter-mono": "109000", "meter-colour": "20300"}
    page = office.client.post(path, data)
    assert "Were two digits swapped?" in text_of(page) and not fresh(office.billing)
    assert 'value="109000"' in page.content.decode()
    again = re.search(r'name="asked" value="([^"]*)"', page.content.decode())
    assert again is not None and again[1]
    office.client.post(path, data | {"asked": again[1]})
    assert fresh(office.billing)[0].status == "confirmed"


# --- rows ------------------------------------------------------------------------------------------


def bring(office: Office, text: str = "", data: bytes | None = None, name: str = "reads.csv") -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    form: dict[str, Any] = {"text": text}
    if data is not None:
        form["file"] = SimpleUploadedFile(name, data)
    return office.client.post("/reads/rows/", form, follow=True)


def test_pasted_rows_are_previewed_and_kept_once(office: Office) -> None:
    rows = (
        "Serial number\tMono\tColour\tRead on\n"
        f"{office.billing.serial}\t100,900\t20,300\t\n"
        f"\t40,900\t9,300\t\n"
        f"{office.pharmacy.serial}\t49,000\t9,300\t{(office.now - DAY).date()}\n"
        "NOBODY\t1\t2\t\n"
    )
    page = bring(office, rows)
    said = text_of(page)
    assert "1 read is good, 3 rows need a look" in said and "It names no device." in said
    assert "Were two digits swapped?" in said and "Perhaps it is 40,900." in said
    assert not fresh(office.billing)
    path = page.redirect_chain[-1][0]
    for _time in range(2):
        page = office.client.post(path, {}, follow=True)
    assert len(fresh(office.billing)) == 1 and not fresh(office.pharmacy)
    assert "3 rows were not kept" in text_of(page)
    rest = tables.read_file(office.client.get(path + "rest/").content)
    assert [row[0] for row in rest] == ["Serial number", "", office.pharmacy.serial, "NOBODY"]
    assert "swapped" in str(rest[2][-1])


def test_the_same_file_again_keeps_nothing_twice(office: Office) -> None:
    # A day that is over where the printer stands: rows of today are read at the moment they are brought.
    day = timezone.localdate(office.now, ZoneInfo("America/New_York")) - DAY
    rows = f"{office.billing.serial};100900;20300;{day}\n{office.pharmacy.serial};40900;9300;{day}"
    office.client.post(bring(office, rows).redirect_chain[-1][0])
    page = bring(office, rows)
    assert "None of these rows can be kept" in text_of(page) and "entered before" in text_of(page)
    assert len(fresh(office.billing)) == 1


def test_two_months_of_one_device_are_judged_in_their_order(office: Office) -> None:
    first, last = (office.now - 20 * DAY).date(), (office.now - DAY).date()
    rows = f"{office.billing.serial};100950;20330;{last}\n{office.billing.serial};100600;20200;{first}"
    assert "2 reads are good" in text_of(bring(office, rows))
    rows = f"{office.billing.serial};100500;20100;{last}\n{office.billing.serial};100600;20200;{first}"
    said = text_of(bring(office, rows))
    assert "1 read is good, 1 row needs a look" in said and "below the last read" in said


def test_a_button_of_one_row_says_nothing_of_another(office: Office) -> None:
    data = typed(office.billing, "109000", "20300") | typed(office.pharmacy, "49000", "9300")
    data[f"asked.{office.billing.public_id}"] = "colour=20300;mono=109000"
    data[f"asked.{office.pharmacy.public_id}"] = "colour=9300;mono=49000"
    said = text_of(office.post(data | {"keep": office.billing.public_id}))
    assert fresh(office.billing)[0].status == "confirmed" and not fresh(office.pharmacy)
    assert "Were two digits swapped?" in said


def test_a_ticked_row_is_kept_for_staff(office: Office) -> None:
    page = bring(office, f"{office.pharmacy.serial};49000;9300")
    path = page.redirect_chain[-1][0]
    office.client.post(path, {"sure": ["1", "x", "99999999999"]})
    assert fresh(office.pharmacy)[0].status == "confirmed"


def test_the_template_comes_back(office: Office) -> None:
    for kind in ("csv", "xlsx"):
        head, *rows = tables.read_file(office.client.get(f"/reads/template.{kind}").content)
        assert head == ["Serial number", "Device", "Address", "Mono", "Colour", "Read on"]
        assert {row[1] for row in rows} == {"Billing", "Pharmacy"}
    filled = [[*row[:3], 100_900 if row[1] == "Billing" else 40_900, "", ""] for row in rows]
    data = tables.xlsx_bytes("Meter reads", [str(cell) for cell in head], filled)
    said = text_of(bring(office, data=data, name="x.xlsx"))
    assert "2 reads are good" in said


def test_a_draft_is_its_persons_alone_and_passes(office: Office) -> None:
    path = bring(office, f"{office.billing.serial};100900;20300").redirect_chain[-1][0]
    colleague = Client()
    person = factories.user("other@example.com")
    factories.member(office.cast.northwind, person, "owner")
    colleague.force_login(person)
    assert colleague.get(path).status_code == 404 and colleague.post(path).status_code == 404
    ReadDraft.objects.update(expires_at=office.now)
    assert office.client.get(path).status_code == 404


@pytest.mark.parametrize(
    "data", [b"", b"\x00\x01\x02", b"PK\x03\x04nothing", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600]
)
def test_what_is_no_table_is_said_and_nothing_kept(office: Office, data: bytes) -> None:
    said = text_of(bring(office, data=data))
    assert "Nothing was kept" in said or "The submitted file is empty" in said
    assert not ReadDraft.objects.exists()


def test_a_file_that_is_too_large_is_said_or_turned_away(office: Office) -> None:
    said = text_of(bring(office, data=b"1;2\n" * (600 * 1024)))
    assert "larger than 2 MB" in said and "Nothing was kept" in said
    assert bring(office, data=b"x" * (10 * 1024 * 1024)).status_code == 400
    assert not ReadDraft.objects.exists()


def test_too_many_rows_are_said(office: Office) -> None:
    said = text_of(bring(office, "\n".join(f"X{n};1" for n in range(2100))))
    assert "more than 2,000 rows" in said and not ReadDraft.objects.exists()


def test_a_models_meters_are_columns(office: Office) -> None:
    assert ModelMeter.objects.filter(model=office.model).count() == 2
    said = text_of(bring(office, f"{office.billing.serial};1;2;3;4"))
    assert "more numbers than this device has meters: mono, colour" in said
