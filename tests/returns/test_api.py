"""/api/v1/returns: by a key of a person, and by their browser."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from metered.accounts.keys import make_key
from metered.returns.models import Return
from tests import factories as make
from tests.orders.scene import scene
from tests.returns.scene import Scene, books, file, person_of, sent, stocked

pytestmark = pytest.mark.django_db


class Api:
    """A program with a key of somebody."""

    def __init__(self, made: Scene, role: str = "orderer") -> None:
        person = person_of(made, role)
        key = make_key(user=person, account_id=made.address.account_id, name="ERP")
        self.client, self.headers = Client(), {"Authorization": f"Bearer {key}"}

    def get(self, path: str = "") -> Any:
        return self.client.get(f"/api/v1/returns{path}", headers=self.headers)

    def post(self, path: str = "", body: Any = None) -> Any:
        text = body if isinstance(body, str) else json.dumps(body)
        return self.client.post(
            f"/api/v1/returns{path}", text, content_type="application/json", headers=self.headers
        )


def wanted(made: Scene, **fields: Any) -> dict[str, Any]:
    number = made.pools[0].supply.reorder_number
    return {
        "address": made.address.public_id,
        "lines": [{"reorder_number": number, "quantity": 2}],
        "boxes": 1,
        "weight_kg": "3.5",
        "contact": "ERP",
        "sealed": True,
        "once": str(uuid.uuid4()),
        **fields,
    }


def test_a_program_files_reads_and_withdraws_a_return() -> None:
    made = stocked(3)
    api, asked = Api(made), wanted(made)
    answer = api.post(body=asked)
    assert answer.status_code == 201, answer.content
    filed = answer.json()
    assert filed["state"] == "confirmed" and len(filed["rma"]) == 9
    assert [step["what"] for step in filed["timeline"]] == ["filed", "confirmed"]
    assert api.post(body=asked).json()["id"] == filed["id"] and Return.objects.count() == 1
    assert api.get(f"/{filed['id']}").json() == filed
    (listed,) = api.get(f"?search={filed['rma'][:3]} {filed['rma'][3:]}").json()["returns"]
    assert listed["lines"] == filed["lines"]
    assert api.post(f"/{filed['id']}/withdraw").json()["state"] == "withdrawn"
    assert books(made.pools[0]) == (3, 0)


def test_what_is_wrong_is_said_and_nothing_is_kept() -> None:
    made = stocked(3)
    api = Api(made)
    number = made.pools[0].supply.reorder_number
    for fields, where in (
        ({"sealed": False}, "sealed"),
        ({"boxes": 0}, "boxes"),
        ({"boxes": 10**9}, "boxes"),
        ({"lines": []}, "lines"),
        ({"lines": [{"reorder_number": "NOSUCH99", "quantity": 1}]}, "lines"),
        ({"lines": [{"reorder_number": number, "quantity": -1}]}, "lines"),
        ({"lines": [{"reorder_number": "\x00", "quantity": 1}]}, "lines"),
        ({"once": "x"}, "once"),
        ({"weight_kg": "NaN"}, "weight_kg"),
        ({"contact": ""}, "contact"),
    ):
        answer = api.post(body=wanted(made, **fields))
        assert answer.status_code == 400 and where in answer.json()["errors"], (fields, answer.content)
    for broken in ("", "[]", "{", '"x"', "nul"):
        assert api.post(body=broken).status_code == 400
    assert api.post(body=wanted(made, address="nobodys")).status_code == 404
    assert not Return.objects.exists()


def test_a_key_sees_and_does_what_its_person_may() -> None:
    made, other = stocked(3), stocked(3)
    given, theirs = file(made), file(other)
    viewer = Api(made, "viewer")
    assert [row["id"] for row in viewer.get().json()["returns"]] == [given.public_id]
    assert viewer.post(body=wanted(made)).status_code == 403
    assert viewer.post(f"/{given.public_id}/withdraw").status_code == 403
    orderer = Api(made)
    assert orderer.get(f"/{theirs.public_id}").status_code == 404
    assert orderer.post(f"/{theirs.public_id}/withdraw").status_code == 404
    assert orderer.post(body=wanted(other)).status_code == 404


def test_a_browser_needs_its_token_to_change_something() -> None:
    made = stocked(3)
    browser = Client(enforce_csrf_checks=True)
    assert browser.get("/api/v1/returns").status_code == 401
    browser.force_login(person_of(made))
    assert browser.get("/api/v1/returns").status_code == 200
    refused = browser.post("/api/v1/returns", json.dumps(wanted(made)), content_type="application/json")
    assert refused.status_code == 403 and not Return.objects.exists()


def test_pages_follow_each_other() -> None:
    made = scene()
    sent(made, 60)
    person = person_of(made)
    for _ in range(55):
        file(made, actor=person)
    api = Api(made)
    first = api.get().json()
    second = api.get(f"?after={first['after']}").json()
    ids = [row["id"] for row in first["returns"] + second["returns"]]
    assert len(ids) == len(set(ids)) == 55 and second["after"] == ""


def test_nobody_without_a_key() -> None:
    made = stocked(1)
    given = file(made)
    make.user("x@example.com")
    for headers in ({}, {"Authorization": "Bearer mk_x"}, {"Authorization": "Bearer"}):
        for path in ("", f"/{given.public_id}"):
            answer = Client().get(f"/api/v1/returns{path}", headers=headers)
            assert answer.status_code == 401 and answer["WWW-Authenticate"].startswith("Bearer")
