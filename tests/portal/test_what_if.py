"""What would be sent with more days of safety, or a heavy job: worked out, and nothing kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metered.fleet.models import Device
from metered.reads.sender import Sender
from metered.replenishment import actions
from metered.replenishment.models import PoolForecast, Proposal
from tests import factories
from tests.replenishment import fleets
from tests.replenishment.fleets import decline, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> factories.Cast:
    return factories.cast()


@pytest.fixture
def who(made: factories.Cast) -> Sender:
    return fleets.sender(made)


@pytest.fixture
def device(made: factories.Cast) -> Device:
    return fleets.printer(made.main_st, *fleets.colour_model())


@pytest.fixture
def client_of(device: Device, who: Sender) -> Client:
    tell(who, *decline(device, days=30, start=(90, 95, 95, 95), end=(50, 80, 80, 80)))
    actions.fold_batches()
    actions.review_addresses()
    person = factories.user("whatif@example.com")
    factories.member(device.account, person, "viewer")
    client = Client()
    client.force_login(person)
    return client


def ask(client: Client, device: Device, **asked: Any) -> Any:
    return client.get(f"/devices/{device.public_id}/what-if/", asked)


def test_a_heavy_job_changes_what_is_sent_and_keeps_nothing(client_of: Client, device: Device) -> None:
    before = list(PoolForecast.objects.order_by("pk").values_list("decision", flat=True))
    soon = timezone.localdate() + dt.timedelta(days=3)
    page = ask(client_of, device, pages=60_000, starts_on=soon.isoformat())
    rows = page.context["rows"]
    assert any(row.differs for row in rows) and "sent otherwise" in page.context["heading"]
    assert before == list(PoolForecast.objects.order_by("pk").values_list("decision", flat=True))
    assert not Proposal.objects.exists()


def test_nothing_changes_without_anything(client_of: Client, device: Device) -> None:
    assert ask(client_of, device).context["rows"] is None
    rows = ask(client_of, device, safety=0).context["rows"]
    assert rows and not any(row.differs for row in rows)
    assert any(row.differs for row in ask(client_of, device, safety=30).context["rows"])


@pytest.mark.parametrize(
    "asked",
    [
        {"safety": "-1"},
        {"safety": "31"},
        {"safety": "x"},
        {"pages": "1e99"},
        {"pages": "100", "colour": "200", "starts_on": "2090-01-01"},
        {"pages": "100"},
        {"pages": "100", "starts_on": "2001-01-01"},
        {"pages": "100", "starts_on": "9999-12-31"},
    ],
)
def test_bad_input_is_said_and_works_nothing_out(
    client_of: Client, device: Device, asked: dict[str, str]
) -> None:
    page = ask(client_of, device, **asked)
    assert page.status_code == 200 and page.context["form"].errors and page.context["rows"] is None
