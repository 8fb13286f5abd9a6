"""The API's reference says what the description says, and nothing is left out of it."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from metered.reads import examples
from metered.reads.reference import reference
from metered.reads.views.reference import description


def test_every_operation_reply_and_member_of_the_description_is_told() -> None:
    schema = description()
    told = reference(schema)
    by_path = {(one.method, one.path): one for one in told.operations}
    send, enrol = by_path["POST", "/api/v1/telemetry"], by_path["POST", "/api/v1/agents/enrol"]
    assert set(by_path) == {
        (method.upper(), path) for path, methods in schema["paths"].items() for method in methods
    }
    assert (send.method, send.path, send.shape) == ("POST", "/api/v1/telemetry", "Batch")
    assert (enrol.method, enrol.path, enrol.shape) == ("POST", "/api/v1/agents/enrol", "Enrol")
    assert json.loads(send.example) == examples.BATCH
    for one, shapes in ((send, {"Answer", "Problem"}), (enrol, {"Enrolled", "Problem"})):
        responses = schema["paths"][one.path]["post"]["responses"]
        assert [str(reply.status) for reply in one.replies] == list(responses)
        assert {reply.shape for reply in one.replies} == shapes
    assert send.needs_token and not enrol.needs_token
    described = schema["components"]["schemas"]
    with_members = {name for name, shape in described.items() if shape.get("properties")}
    assert {shape.name for shape in told.shapes} == with_members
    for shape in told.shapes:
        assert [item.name for item in shape.fields] == list(described[shape.name]["properties"])
    fields = {(shape.name, item.name): item for shape in told.shapes for item in shape.fields}
    assert fields["Batch", "reports"].shape == "Report" and fields["Batch", "reports"].kind == "array"
    assert fields["Report", "observed_at"].kind == "date-time"
    assert "percent" in fields["Supply", "state"].choices


@pytest.mark.django_db
def test_the_page_needs_no_sign_in_no_script_of_others_and_no_relaxed_policy(client: Client) -> None:
    answer = client.get("/api/docs")
    page = answer.content.decode()
    assert answer.status_code == 200 and "unsafe" not in answer["Content-Security-Policy"]
    assert "unknown_serial" in page and "Every report is judged by itself" in page
