"""Heavy jobs on the pages: announced, seen before they are sent, changed and withdrawn (domain rule 23)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.accounts.models import ActivityEntry
from metered.fleet.models import Device
from metered.notify.models import Message
from metered.notify.rendering import render
from metered.replenishment.job_actions import Announced, announce_job
from metered.replenishment.models import AnnouncedJob, HeavyJob
from tests.portal.world import World, world

pytestmark = pytest.mark.django_db
NEW = "/heavy-jobs/new/"


@pytest.fixture
def here() -> World:
    return world()


@pytest.fixture
def ana(here: World, client: Client) -> Client:
    client.force_login(here.cast.ana)
    return client


def in_days(days: int) -> str:
    return (timezone.localdate() + dt.timedelta(days=days)).isoformat()


def typed(here: World, **more: Any) -> dict[str, Any]:
    return {
        "address": here.front_desk.address.public_id, "devices": [here.front_desk.public_id],
        "pages": "30000", "colour_pages": "2000", "starts_on": in_days(30), "ends_on": in_days(32),
        "note": "Annual report", "once": str(uuid.uuid4()),
    } | more  # fmt: skip


def text(client: Client, path: str, data: Any = None) -> str:
    response = client.post(path, data, follow=True) if data else client.get(path, follow=True)
    assert response.status_code == 200, path
    return " ".join(response.content.decode().split())


def announced(here: World, **more: Any) -> AnnouncedJob:
    day = timezone.localdate() + dt.timedelta(days=12)
    values: dict[str, Any] = {"starts_on": day, "ends_on": day, "pages": 5000} | more
    device = Device.objects.select_related("model", "address").get(pk=here.front_desk.pk)
    return announce_job(announced=Announced([device], **values), once=uuid.uuid4(), actor=here.cast.ana)


def test_what_it_means_is_said_before_anything_is_kept(ana: Client, here: World) -> None:
    html = text(ana, NEW, typed(here))
    assert "cartons: announce it by" in html and "they are there in time" in html
    assert "30,000 pages, 2,000 of them in colour" in html and "Nothing is sent yet." in html
    assert not AnnouncedJob.objects.exists() and not Message.objects.filter(template="heavy_job").exists()
    html = text(ana, NEW, typed(here, edit="1"))
    assert 'value="30000"' in html and 'value="Annual report"' in html and "checked" in html
    # Back at the form nothing has been judged.
    assert 'role="alert"' not in html


def test_too_late_says_what_can_still_be_there(ana: Client, here: World) -> None:
    html = text(ana, NEW, typed(here, starts_on=in_days(1), ends_on=in_days(60), pages="60000"))
    assert "This is too late for the first days" in html and "runs out first" in html
    html = text(ana, NEW, typed(here, starts_on=in_days(1), ends_on=in_days(1), pages="60000"))
    assert "when the job is over" in html


def test_sent_twice_it_is_announced_once(ana: Client, here: World) -> None:
    data = typed(here, send="1")
    for _ in range(2):
        assert "What was announced" in text(ana, NEW, data)
    job = AnnouncedJob.objects.get()
    assert HeavyJob.objects.get().pages == job.pages == 30000
    assert ActivityEntry.objects.filter(kind="heavy job").count() == 1
    mails = Message.objects.filter(template="heavy_job")
    assert {mail.email for mail in mails} >= {"ana@example.com"} and {mail.kind for mail in mails} == {
        "orders"
    }
    mail = render(mails.get(email="ana@example.com"))
    assert "A heavy job is announced" in mail.subject and "30,000 pages" in mail.text
    assert f"/heavy-jobs/{job.public_id}/" in mail.html and "Announced by Ana" in mail.text


def test_a_form_with_mistakes_keeps_everything(ana: Client, here: World) -> None:
    html = text(ana, NEW, typed(here, pages="x", starts_on=in_days(-2), ends_on=in_days(-3)))
    assert "Type a whole number." in html and "This day is over." in html and "before the first day" in html
    assert 'value="x"' in html and 'value="Annual report"' in html and "checked" in html
    html = text(ana, NEW, typed(here, pages="5", colour_pages="6"))
    assert "more than all pages together" in html
    assert "Choose at least one printer." in text(ana, NEW, typed(here, devices=[]))
    assert "a number from 1 to 100" in text(ana, NEW, typed(here, coverage="percent"))
    assert not AnnouncedJob.objects.exists()


def test_looking_for_a_printer_keeps_what_was_typed(ana: Client, here: World) -> None:
    html = text(ana, NEW, typed(here, find="1", search="nothing-is-called-so"))
    assert "checked" in html and 'value="30000"' in html and 'role="alert"' not in html
    html = text(ana, NEW, typed(here, find="1", search="nothing-is-called-so", devices=[]))
    assert "No printer fits" in html


def test_it_can_be_changed_until_it_begins(ana: Client, here: World) -> None:
    job = announced(here)
    path = f"/heavy-jobs/{job.public_id}/change/"
    html = text(ana, path)
    assert 'value="5000"' in html and str(job.step) in html
    data = typed(here, step=str(job.step), send="1")
    assert "30,000 pages" in text(ana, path, data)
    text(ana, path, data)
    assert ActivityEntry.objects.filter(kind="heavy job", verb="changed").count() == 1
    assert [part.pages for part in HeavyJob.objects.filter(cancelled_at=None)] == [30000]
    # Somebody who opened the form before is told, and may say it again.
    late = typed(here, step=str(job.step), pages="7000", send="1")
    html = text(ana, path, late)
    assert "Somebody changed this job while you were typing" in html and 'value="7000"' in html
    job.refresh_from_db()
    assert job.pages == 30000 and f'value="{job.step}"' in html
    assert "7,000 pages" in text(ana, path, late | {"step": str(job.step)})

    AnnouncedJob.objects.update(starts_on=timezone.localdate())
    job.refresh_from_db()
    assert "can&#x27;t be changed any more" in text(ana, path)
    assert "can&#x27;t be changed any more" in text(
        ana, path, late | {"step": str(job.step), "once": str(uuid.uuid4())}
    )
    assert "can&#x27;t be changed any more" in text(ana, f"/heavy-jobs/{job.public_id}/withdraw/", {"x": 1})
    job.refresh_from_db()
    assert job.withdrawn_at is None and job.pages == 7000


def test_withdrawing_says_first_what_it_means(ana: Client, here: World) -> None:
    job = announced(here)
    path = f"/heavy-jobs/{job.public_id}/withdraw/"
    assert "nothing more is sent for the job" in text(ana, path)
    assert HeavyJob.objects.filter(cancelled_at=None).exists()
    for _ in range(2):
        assert "It was withdrawn." in text(ana, path, {"x": 1})
    assert not HeavyJob.objects.filter(cancelled_at=None).exists()
    assert (
        Message.objects.filter(event=f"heavy_job:{job.public_id}:withdrew", email="ana@example.com").count()
        == 1
    )
    assert "Withdrawn" in text(ana, "/heavy-jobs/?which=past")


def test_where_it_is_found(ana: Client, here: World) -> None:
    job = announced(here, note="Exams")
    line = "A heavy job at Main St begins"
    assert line in text(ana, "/") and f"/heavy-jobs/{job.public_id}/" in text(ana, "/")
    assert "/heavy-jobs/new/?device=" in text(ana, f"/devices/{here.front_desk.public_id}/")
    assert "/heavy-jobs/" in text(ana, "/orders/")
    assert "Exams" in text(ana, "/heavy-jobs/") and "No job is over yet" in text(
        ana, "/heavy-jobs/?which=past"
    )
    html = text(ana, f"{NEW}?device={here.front_desk.public_id}")
    assert "checked" in html and "What will you print at" in html
    assert ana.get(f"{NEW}?device=0000000000000000").status_code == 404


def test_the_list_costs_the_same_for_many(ana: Client, here: World) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text(ana, "/heavy-jobs/")
        return len(queries)

    job = announced(here)
    few = asked()
    AnnouncedJob.objects.bulk_create(
        AnnouncedJob(
            account=job.account, address=job.address, starts_on=job.starts_on, ends_on=job.ends_on, pages=5
        )
        for _ in range(2000)
    )
    assert asked() == few
    html = text(ana, "/heavy-jobs/")
    assert "Next" in html and html.count("<tr>") == 51
