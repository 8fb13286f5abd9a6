"""Whatever arrives: a 4xx problem document with nothing kept."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from metered.fleet.models import Device, Slot
from metered.lib.cache import ForgivingRedisCache
from metered.reads import store, wire
from metered.reads.authentication import TokenThrottle
from metered.reads.models import Batch, DeviceState, Observation
from tests.reads.batches import batch, encode, level, report

pytestmark = pytest.mark.django_db

Send = Callable[..., Any]
AT = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)


def nothing_is_kept() -> bool:
    return not (
        Observation.objects.exists()
        or DeviceState.objects.exists()
        or Batch.objects.exists()
        or Slot.objects.exists()
    )


def assert_problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content[:300]
    assert response.headers["Content-Type"].startswith("application/problem+json")
    found: dict[str, Any] = json.loads(response.content)
    assert found["status"] == status and found["title"] and found["detail"] and found["type"]
    assert "Set-Cookie" not in response.headers
    assert nothing_is_kept()
    return found


def good(serial: str = "3TX481207") -> str:
    return encode(batch(report(serial, AT))).decode()


def swapped(old: str, new: str) -> bytes:
    text = good()
    assert old in text
    return text.replace(old, new, 1).encode()


DEEP_LIST = "[" * 5000 + "]" * 5000
DEEP_OBJECT = '{"a":' * 5000 + "1" + "}" * 5000
SERIAL = '"serial":"3TX481207"'


def test_a_body_in_chunks_is_asked_for_its_length(send: Any) -> None:
    response = send(b"", HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")
    assert "Content-Length" in assert_problem(response, 411)["detail"]


FRAME = b'{"schema":1,"agent":{"instance":"a","version":"1","sequence":1},"reports":%s}'
GRID: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n\t",
    "no JSON": b"hello",
    "cut off": good().encode()[:-5],
    "trailing": good().encode() + b"x",
    "two documents": good().encode() * 2,
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "an empty object": b"{}",
    "a BOM": b"\xef\xbb\xbf" + good().encode(),
    "UTF-16": good().encode("utf-16"),
    "not UTF-8": good().encode().replace(b"10.1.4.22", b"\xff\xfe"),
    "not UTF-8 in an unknown field": swapped('"schema"', '"x":"@","schema"').replace(b"@", b"\xff"),
    "a raw NUL": swapped("3TX481207", "3TX\x00"),
    "an escaped NUL": swapped("3TX481207", "3TX\\u0000"),
    "a NUL in an unknown field": swapped('"schema"', '"x":"\\u0000","schema"'),
    "a NUL after a backslash": swapped("3TX481207", "\\\\\\u0000"),
    "a lone high surrogate": swapped("3TX481207", "\\ud800"),
    "a lone low surrogate": swapped("3TX481207", "\\udc00"),
    "a lone surrogate in a malformed report": swapped(SERIAL, '"serial":"\\ud800","path":"x"'),
    "a lone surrogate in an unknown field": swapped('"schema"', '"x":"\\udfff","schema"'),
    "deep lists": DEEP_LIST.encode(),
    "deep lists in an unknown field": swapped('"schema"', f'"x":{DEEP_LIST},"schema"'),
    "deep objects in a report": swapped(SERIAL, f'{SERIAL},"x":{DEEP_OBJECT}'),
    "deep objects where a serial stands": swapped('"3TX481207"', DEEP_OBJECT),
    "a million open brackets": b"[" * 1_000_000,
    "a key twice": swapped('"schema":1', '"schema":1,"schema":1'),
    "a key twice in a report": swapped(SERIAL, f'{SERIAL},"serial":"X"'),
    "a key twice, once escaped": swapped(SERIAL, f'{SERIAL},"s\\u0065rial":"X"'),
    "a key twice, blanks between": swapped(SERIAL, f'{SERIAL},"serial" : "X"'),
    "a key twice, hidden by an escaped colon": swapped(
        SERIAL, f'{SERIAL},"serial":"X","host":"\\u003a"'
    ).replace(b',"host":"10.1.4.22"', b""),
    "a key twice, hidden by an offset": swapped(SERIAL, f'{SERIAL},"serial":"X"').replace(
        b"06:00:00+00:00", b"06:00:00+0000"
    ),
    "a key twice in a meter": swapped('"count":1000', '"count":1000,"count":2'),
    "a key twice in an unknown object": swapped('"schema"', '"x":{"a":1,"a":2},"schema"'),
    "full-width digits": swapped('"count":1000', '"count":１０００'),
    "full-width digits in a string": swapped('"count":1000', '"count":"１０００"'),
    "a count that is text": swapped('"count":1000', '"count":"1000"'),
    "a count that is a fraction": swapped('"count":1000', '"count":1000.5'),
    "a count that is a float": swapped('"count":1000', '"count":1e3'),
    "a count that is true": swapped('"count":1000', '"count":true'),
    "a count of 5,000 digits": swapped('"count":1000', f'"count":{"9" * 5000}'),
    "NaN": swapped('"percent":50.0', '"percent":NaN'),
    "Infinity": swapped('"percent":50.0', '"percent":Infinity'),
    "a percent that is text": swapped('"percent":50.0', '"percent":"50"'),
    "a serial that is a number": swapped('"3TX481207"', "5"),
    "a time that is a number": swapped('"2026-11-20T06:00:00+00:00"', "1700000000"),
    "meters that are an object": swapped('"meters":[', '"meters":{},"m":['),
    "reports that are an object": FRAME % b"{}",
    "reports of numbers": FRAME % b"[1,2]",
    "no reports": b'{"schema":1,"agent":{"instance":"a","version":"1","sequence":1}}',
    "no agent": b'{"schema":1,"reports":[]}',
    "no instance": b'{"schema":1,"agent":{"instance":"","version":"1","sequence":1},"reports":[]}',
    "a long instance": swapped('"instance":"test"', f'"instance":"{"x" * 65}"'),
    "a sequence that is text": swapped('"sequence":1', '"sequence":"1"'),
    "a negative sequence": swapped('"sequence":1', '"sequence":-1'),
    "a huge sequence": swapped('"sequence":1', f'"sequence":{2**63}'),
    "a schema that is text": swapped('"schema":1', '"schema":"1"'),
}


@pytest.mark.parametrize("name", GRID)
@pytest.mark.parametrize("packed", [False, True])
def test_garbage_is_a_400_with_nothing_kept(send: Send, device: Device, name: str, packed: bool) -> None:
    body = GRID[name]
    headers = {"HTTP_CONTENT_ENCODING": "gzip"} if packed else {}
    assert_problem(send(gzip.compress(body) if packed else body, **headers), 400)


def test_what_the_grid_changes_is_otherwise_accepted(send: Send, device: Device) -> None:
    assert json.loads(send(good().encode()).content)["accepted"] == 1


def test_unknown_fields_and_offsets_of_time_are_no_garbage(send: Send, device: Device) -> None:
    body = swapped(SERIAL, f'{SERIAL},"later":{{"a":[1,"\\u003a"]}}').replace(
        b"06:00:00+00:00", b"07:00:00+0100"
    )
    assert json.loads(send(body).content)["accepted"] == 1
    assert Observation.objects.get().observed_at == AT


@pytest.mark.parametrize("schema", [0, 2, -1, 99])
def test_another_schema_is_a_422(send: Send, device: Device, schema: int) -> None:
    assert_problem(send(swapped('"schema":1', f'"schema":{schema}')), 422)


def test_another_schema_is_a_422_whatever_else_it_holds(send: Send) -> None:
    assert_problem(send({"schema": 2, "readings": "of another kind"}), 422)


@pytest.mark.parametrize("count", [2001, 5000])
def test_more_than_two_thousand_reports_are_a_413(send: Send, device: Device, count: int) -> None:
    assert_problem(
        send(batch(*[report(device.serial, AT + dt.timedelta(seconds=n)) for n in range(count)])), 413
    )


def test_a_body_above_the_limit_is_a_413(send: Send) -> None:
    assert_problem(send(b'{"x":"' + b"a" * wire.MAX_BYTES + b'"}'), 413)


def test_a_gzip_bomb_is_a_413_and_never_unpacked_whole(send: Send) -> None:
    bomb = gzip.compress(b" " * (200 * 1024 * 1024), 9)
    assert len(bomb) < 300_000
    assert_problem(send(bomb, HTTP_CONTENT_ENCODING="gzip"), 413)


@pytest.mark.parametrize("members", [2, 300_000])
def test_gzip_of_several_members_is_a_400_at_once(send: Send, members: int) -> None:
    # Unpacking member by member would copy the rest of the body for each of them.
    body = gzip.compress(good().encode()) + gzip.compress(b"") * (members - 1)
    started = time.monotonic()
    assert_problem(send(body, HTTP_CONTENT_ENCODING="gzip"), 400)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(good().encode())[:-9],
        good().encode(),
        b"\x1f\x8b",
        gzip.compress(good().encode()) + b"tail",
        b"",
    ],
)
def test_damaged_gzip_is_a_400(send: Send, body: bytes) -> None:
    assert_problem(send(body, HTTP_CONTENT_ENCODING="gzip"), 400)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "x"]
)
def test_another_content_type_is_a_415(send: Send, content_type: str) -> None:
    assert_problem(send(good().encode(), content_type=content_type), 415)


def test_another_charset_or_encoding_is_a_415(send: Send) -> None:
    assert_problem(send(good().encode(), content_type="application/json; charset=latin-1"), 415)
    assert_problem(send(good().encode(), HTTP_CONTENT_ENCODING="br"), 415)


def test_an_answer_in_another_form_is_a_406(send: Send) -> None:
    assert_problem(send(good().encode(), HTTP_ACCEPT="text/html"), 406)


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer a b", "Bearer wrong", "Basic YTpi", "Bearer \xff\xfe"]
)
def test_without_a_token_it_is_a_401(client: Client, device: Device, header: str | None) -> None:
    headers: dict[str, Any] = {} if header is None else {"HTTP_AUTHORIZATION": header}
    response = client.post(
        "/api/v1/telemetry", data=good().encode(), content_type="application/json", **headers
    )
    assert_problem(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_other_methods_and_addresses_are_problems_too(client: Client, token: str) -> None:
    authorization = f"Bearer {token}"
    response = client.get("/api/v1/telemetry", HTTP_AUTHORIZATION=authorization)
    assert_problem(response, 405)
    assert "POST" in response.headers["Allow"]
    assert_problem(client.get("/api/v1/telemetry"), 401)
    assert_problem(client.post("/api/v2/telemetry"), 404)


def test_too_many_requests_are_a_429_with_the_time_to_wait(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenThrottle, "THROTTLE_RATES", {"telemetry": "2/min"})
    empty = batch()
    assert [send(empty).status_code for _ in range(2)] == [200, 200]
    response = send(empty)
    assert response.status_code == 429
    found = json.loads(response.content)
    assert 0 < int(response.headers["Retry-After"]) <= 60 and found["retry_after"] <= 60


def test_without_the_cache_telemetry_is_still_taken(
    send: Send, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = ForgivingRedisCache("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 0.2}})
    monkeypatch.setattr(TokenThrottle, "cache", nobody)
    assert send(good().encode()).status_code == 200


def test_a_batch_without_reports_is_understood(send: Send) -> None:
    found = json.loads(send(batch()).content)
    assert (found["received"], found["accepted"], found["duplicates"]) == (0, 0, 0)
    assert Batch.objects.get().folded_at is not None


def test_no_session_is_touched(send: Send, device: Device) -> None:
    response = send(good().encode())
    assert response.status_code == 200 and not response.cookies
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)


def test_a_failure_on_our_side_keeps_nothing(
    send: Send, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_STATES_BY", dict.fromkeys(store._STATES_BY, "SELECT 1/0"))
    response = send(batch(report(device.serial, AT, supplies=[level(0)])))
    assert response.status_code == 500
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert nothing_is_kept()
