"""Is my printer eligible, and can it still report: by model for everybody, by serial for one's own."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metered.fleet.models import Bulletin, PrinterModel
from metered.portal.presentation.printers import can_report
from metered.reads.models import DeviceState
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 20)


def words(client: Client, path: str, **asked: str) -> str:
    response = client.get(path, asked)
    assert response.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("reports_levels", "Yes. It reports how full its supplies are."),
        ("reports_pages_only", "Yes. It reports the pages it printed."),
        ("manual_reads", "Yes, with meter reads that you enter."),
        ("not_eligible", "No. Supplies are not sent automatically for it."),
    ],
)
def test_each_kind_in_words(client: Client, kind: str, said: str) -> None:
    PrinterModel.objects.create(vendor="Acme", name="Jet 300", eligibility=kind, colour=False)
    assert said in words(client, "/eligibility/", search="jet-300")


def test_nothing_found_says_what_to_do(client: Client) -> None:
    PrinterModel.objects.create(vendor="Acme", name="Jet 300", colour=False)
    found = words(client, "/eligibility/", search="Jte 300")
    assert "We know no model called Jte 300." in found and "Acme Jet 300" in found
    assert "Ask support" in words(client, "/eligibility/", search="<nothing like it>")
    assert "The answer stands here" in words(client, "/eligibility/")


def test_the_list_costs_the_same_however_many_models(client: Client) -> None:
    counts = []
    for size in (5, 2000):
        PrinterModel.objects.bulk_create(
            PrinterModel(vendor="Acme", name=f"Jet {size}-{n}", colour=False) for n in range(size)
        )
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/eligibility/", {"search": "jet"}).status_code == 200
        counts.append(len(caught))
    assert "The first 20 of 2,005." in words(client, "/eligibility/", search="jet")
    assert counts[0] == counts[1] <= 4


def verdict(version: str, *, away: int = 84, **more: Any) -> Any:
    bulletin = Bulletin(
        minimum_software="67.59",
        from_date=TODAY + dt.timedelta(days=away),
        software_url="https://a.example/x",
    )
    asked: dict[str, Any] = {
        "name": "Jet",
        "kind": "reports_levels",
        "version": version,
        "bulletin": bulletin,
        "today": TODAY,
    }
    return can_report(**(asked | more))


@pytest.mark.parametrize(
    ("version", "away", "kind", "said"),
    [
        ("67.59", 84, "good", "Yes. Its software is new enough."),
        ("67.59.0", -3, "good", "Yes. Its software is new enough."),
        ("67.100", -3, "good", "Yes. Its software is new enough."),
        ("67.58", 84, "warn", "Only until 12 February 2027. Update needed."),
        ("67.58", 1, "warn", "Only until 21 November 2026: update needed, tomorrow at the latest."),
        ("67.58", 0, "bad", "No. Its software is too old since 20 November 2026."),
        ("", 84, "warn", "That depends on its software version."),
        ("???", -1, "warn", "That depends on its software version."),
    ],
)
def test_against_the_minimum_and_the_date(version: str, away: int, kind: str, said: str) -> None:
    found = verdict(version, away=away)
    assert (found.kind, found.title) == (kind, said)


def test_the_way_out_stands_with_it() -> None:
    found = verdict("1.0")
    assert "in 84 days" in found.text
    assert [link.url for link in found.links] == ["https://a.example/x", "/guide/connection/"]
    assert any("device agent" in sentence for sentence in found.todo)


def test_an_agent_is_the_way_out_and_hand_reads_need_none() -> None:
    assert verdict("1.0", away=-9, path="agent").kind == "good"
    assert "does not report by itself" in verdict("1.0", path="manual").title
    assert verdict("1.0", bulletin=None).kind == "good"


def test_by_model_and_version(client: Client) -> None:
    model = PrinterModel.objects.create(vendor="Acme", name="Jet 300", colour=False)
    PrinterModel.objects.create(vendor="Acme", name="Jet 400", colour=False)
    today = timezone.now().date()
    factories.bulletin(model, "2.0", today + dt.timedelta(days=10))
    assert "Update needed." in words(client, "/can-it-report/", model="jet 300", version="1.9")
    assert "Which one is it?" in words(client, "/can-it-report/", model="jet", version="1.9")
    assert "Which model is it?" in words(client, "/can-it-report/", version="1.9")
    # A form never empties.
    page = client.get("/can-it-report/", {"model": "jet 300", "version": "1.9"}).content.decode()
    assert 'value="jet 300"' in page and 'value="1.9"' in page


def test_a_bulletin_that_is_not_published_yet_is_not_told(client: Client) -> None:
    model = PrinterModel.objects.create(vendor="Acme", name="Jet 300", colour=False)
    bulletin = factories.bulletin(model, "2.0", timezone.now().date() + dt.timedelta(days=10))
    Bulletin.objects.filter(pk=bulletin.pk).update(published_at=timezone.now() + dt.timedelta(days=1))
    assert "No minimum software is announced" in words(
        client, "/can-it-report/", model="jet 300", version="1.9"
    )
    assert "older software" not in words(client, "/")


def test_by_serial_only_ones_own(client: Client) -> None:
    cast = factories.cast()
    mine = factories.device(cast.main_st, contract=cast.contract, path="direct", serial="ABC-123")
    theirs = factories.device(
        cast.press_address, contract=cast.press_contract, path="direct", serial="XYZ-999"
    )
    for device in (mine, theirs):
        factories.bulletin(
            device.model, "2.0", timezone.now().date()
        ) if not device.model.bulletins.exists() else None
        DeviceState.objects.create(
            device=device, account=device.account, software="1.0", levels=[], slot_keys=[],
            received_at=timezone.now(), observed_at=timezone.now(),
        )  # fmt: skip
    client.force_login(cast.ana)
    assert "too old since" in words(client, "/can-it-report/", serial="abc 123")
    answers = {
        words(client, "/can-it-report/", serial=serial).replace(serial, "?")
        for serial in ("XYZ-999", "NOBODY-1")
    }
    assert len(answers) == 1 and "no device of yours" in answers.pop()
    # Somebody who isn't signed in has no such field; asking all the same says nothing.
    stranger = Client().get("/can-it-report/", {"serial": "ABC-123"}).content.decode()
    assert (
        "ABC-123" not in stranger
        and "too old" not in stranger
        and "serial" not in stranger.split("<footer")[0]
    )
