"""The API's own description, and the support desk's pages."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from metered.fleet.models import Device
from metered.reads import actions, examples, wire
from metered.reads.models import Batch, Read
from metered.reads.supplies import SupplyLevel
from tests import factories
from tests.reads.batches import batch, level, report

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("query", "accept", "status"), [("?format=xx", "*/*", 404), ("", "text/html", 406)])
def test_errors_of_the_schema_are_problems_in_json(
    client: Client, query: str, accept: str, status: int
) -> None:
    answer = client.get(f"/api/schema{query}", HTTP_ACCEPT=accept)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["status"] == status


def test_the_schema_describes_the_request_the_answers_and_the_token(client: Client) -> None:
    schema = json.loads(client.get("/api/schema", HTTP_ACCEPT="application/vnd.oai.openapi+json").content)
    operation = schema["paths"]["/api/v1/telemetry"]["post"]
    returns = {"/api/v1/returns", "/api/v1/returns/{public_id}", "/api/v1/returns/{public_id}/withdraw"}
    assert set(schema["paths"]) == {"/api/v1/telemetry", "/api/v1/agents/enrol"} | returns
    assert set(operation["responses"]) == {"200", "400", "401", "406", "411", "413", "415", "422", "429"}
    assert operation["security"] == [{"token": []}]
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    report_schema = schema["components"]["schemas"]["Report"]["properties"]
    assert set(report_schema) == set(wire.Report.__struct_fields__)
    assert set(schema["components"]["schemas"]["Supply"]["properties"]) == set(SupplyLevel.__struct_fields__)
    assert set(schema["components"]["schemas"]["Meter"]["properties"]) == set(wire.Meter.__struct_fields__)
    assert set(schema["components"]["schemas"]["Sender"]["properties"]) == set(wire.Sender.__struct_fields__)
    assert set(schema["components"]["schemas"]["Status"]["properties"]) == set(wire.Status.__struct_fields__)
    assert set(schema["components"]["schemas"]["SetAside"]["properties"]) == set(
        wire.SetAside.__struct_fields__
    )


def test_the_example_is_a_batch(send: Callable[..., Any], cast: factories.Cast) -> None:
    factories.device(cast.main_st, serial="3TX481207")
    found = json.loads(send(examples.BATCH).content)
    assert set(found) == set(examples.ANSWER) and found["accepted"] == 1


def test_staff_see_states_batches_and_reads(
    client: Client, cast: factories.Cast, device: Device, send: Callable[..., Any], now: dt.datetime
) -> None:
    send(batch(report(device.serial, now, supplies=[level(0, 11.0), level(1, None, "low")])))
    actions.enter_read(device=device, values={"total": 1100}, taken_at=now, source="customer")
    held = actions.enter_read(
        device=device, values={"total": 1}, taken_at=now + dt.timedelta(minutes=1), source="customer"
    )
    client.force_login(cast.sam)
    states = client.get("/admin/reads/devicestate/").content.decode()
    assert "black 11 %" in states and "cyan low" in states
    assert client.get(f"/admin/reads/devicestate/{device.pk}/change/").status_code == 200
    assert "Head office" in client.get("/admin/reads/batch/").content.decode()
    assert client.get(f"/admin/reads/batch/{Batch.objects.get().pk}/change/").status_code == 200
    assert client.get("/admin/reads/read/").status_code == 200
    page = client.get(f"/admin/reads/read/{held.pk}/change/").content.decode()
    assert "Accept this read" in page and "below the last read" in page
    client.post(f"/admin/reads/read/{held.pk}/accept/", {"go": "1"})
    assert Read.objects.get(pk=held.pk).status == "accepted"


def test_staff_see_silent_devices_that_were_never_heard(client: Client, cast: factories.Cast) -> None:
    today = dt.datetime.now(dt.UTC).date()
    for serial, days in (("NEVERHEARD", 31), ("JUSTHERE", 3)):
        device = factories.device(cast.main_st, serial=serial)
        Device.objects.filter(pk=device.pk).update(installed_on=today - dt.timedelta(days=days))
    client.force_login(cast.sam)
    page = client.get("/admin/fleet/device/?silent=yes").content.decode()
    assert "NEVERHEARD" in page and "JUSTHERE" not in page
