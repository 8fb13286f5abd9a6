"""POST /api/v1/agents/enrol: what a new agent sends and is answered."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client

from metered.fleet import actions
from metered.fleet.models import EnrolmentCode, Token
from tests import factories as make

pytestmark = pytest.mark.django_db
PATH = "/api/v1/agents/enrol"


@pytest.fixture
def cast() -> make.Cast:
    return make.cast()


@pytest.fixture
def code(cast: make.Cast) -> str:
    agent = actions.add_agent(account_id=cast.northwind.pk, name="Head office", actor=cast.ana)
    return actions.make_code(agent=agent, actor=cast.ana).text


def post(body: Any, **more: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = {"content_type": "application/json"} | more
    return Client(raise_request_exception=False).post(PATH, data=data, **more)


def test_a_code_is_answered_with_a_token_that_works(cast: make.Cast, code: str) -> None:
    answer = post({"code": code, "host": "PRINTSRV1", "version": "1.0.0", "newer": True})
    assert answer.status_code == 201
    said = answer.json()
    agent = cast.northwind.agents.get()
    assert said["agent"] == {"id": agent.public_id, "name": "Head office"}
    assert said["account"] == "Northwind" and agent.host == "PRINTSRV1"
    empty = {"schema": 1, "agent": {"instance": "i", "version": "1.0.0", "sequence": 1}, "reports": []}
    sent = Client().post(
        "/api/v1/telemetry", json.dumps(empty), content_type="application/json",
        headers={"Authorization": f"Bearer {said['token']}"},
    )  # fmt: skip
    assert sent.status_code == 200, sent.content


def test_unknown_used_expired_and_withdrawn_codes_are_answered_alike(cast: make.Cast, code: str) -> None:
    agent = cast.northwind.agents.get()
    assert post({"code": code}).status_code == 201
    expired = actions.make_code(agent=agent, actor=None).text
    EnrolmentCode.objects.filter(used_at=None).update(expires_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    withdrawn = actions.make_code(agent=agent, actor=None).text
    actions.make_code(agent=agent, actor=None)
    before = Token.objects.count()
    answers = {name: post({"code": it}) for name, it in {
        "unknown": "ZZZZ-ZZZZ-ZZZZ", "used": code, "expired": expired, "withdrawn": withdrawn,
    }.items()}  # fmt: skip
    assert {answer.status_code for answer in answers.values()} == {404}
    assert len({answer.content for answer in answers.values()}) == 1
    assert {answer.headers["Content-Type"] for answer in answers.values()} == {"application/problem+json"}
    assert Token.objects.count() == before


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"x"', b"null", b"\xff", b"{}", b'{"code": 1}', b'{"code": ""}',
        b'{"code": "a\\u0000b"}', b'{"code": "a", "host": "\\u0000"}', b'{"code": "\\ud800"}',
        b'{"code": "a", "code": "b"}', b'{"code":' + b"[" * 5000, b'{"code": "' + b"x" * 65 + b'"}',
        b'{"code": "a", "host": "' + b"x" * 256 + b'"}', b'{"code": "a", "version": null}',
    ],
)  # fmt: skip
def test_what_is_no_request_is_a_400(cast: make.Cast, body: bytes) -> None:
    answer = post(body)
    assert answer.status_code == 400, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["status"] == 400


def test_other_errors_are_problems_too(cast: make.Cast) -> None:
    answers = {
        413: post(b"x" * 20_000),
        415: post({"code": "a"}, content_type="text/plain"),
        405: Client().get(PATH),
    }
    answers[4150] = post({"code": "a"}, HTTP_CONTENT_ENCODING="gzip")
    for status, answer in answers.items():
        assert answer.status_code == int(str(status)[:3])
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_tries_are_counted_by_network(cast: make.Cast, code: str, settings: Any) -> None:
    settings.ENROLMENTS_PER_NETWORK = 3
    for _ in range(3):
        assert post({"code": "ZZZZ-ZZZZ-ZZZZ"}).status_code == 404
    refused = post({"code": code})
    assert refused.status_code == 429
    assert 3000 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.json()["retry_after"] == int(refused.headers["Retry-After"])
    assert not Token.objects.exists()
    assert post({"code": code}, REMOTE_ADDR="10.9.8.7").status_code == 201, "another network is not theirs"


def test_a_session_or_a_token_makes_no_difference(cast: make.Cast, code: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.vera)
    answer = client.post(
        PATH, json.dumps({"code": code}), content_type="application/json",
        headers={"Authorization": "Bearer nonsense"},
    )  # fmt: skip
    assert answer.status_code == 201


def test_the_schema_describes_it() -> None:
    schema = json.loads(
        Client().get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"}).content
    )
    operation = schema["paths"][PATH]["post"]
    assert set(operation["responses"]) == {"201", "400", "404", "406", "411", "413", "415", "429"}
    assert not [need for need in operation.get("security", []) if need], "no token is needed"
    page = Client().get("/api/docs").content.decode()
    assert "Enrol a device agent" in page and "K7QM-3TXN-9PRW" in page
