from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from metered.agent import cli, push
from metered.agent.batch import encoded
from metered.agent.files import Recording, recordings
from metered.agent.portal import Portal as Connection
from metered.agent.portal import PortalError, endpoint
from tests.agent.devices import HERE, RECORDINGS, needs_recordings
from tests.agent.portal import Portal, serving
from tests.agent.telemetry import check

FILES = [str(HERE / f"{name}.snmprec") for name in ("xerox_versalink", "lexmark_cx725", "two_blacks")]


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    monkeypatch.setenv(cli.TOKEN_VARIABLE, "agent-token")
    with serving() as running:
        yield running


def _sent(portal: Portal) -> object:
    return portal.posted[-1].json


def test_a_push_is_one_post_as_the_format_says(portal: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["push", portal.url, *FILES]) == 0
    (posted,) = portal.posted
    assert posted.path == "/api/v1/telemetry"
    assert posted.headers["Authorization"] == "Bearer agent-token"
    assert posted.headers["Content-Type"] == "application/json"
    assert posted.headers["Content-Encoding"] == "gzip"
    batch = posted.json
    assert list(batch) == ["schema", "agent", "reports"]
    assert batch["schema"] == 1
    assert [report["serial"] for report in batch["reports"]] == ["752873022K4H3", "BG5712345", "3TX481207"]
    for report in batch["reports"]:
        check(report)
    newest = max(os.stat(file).st_mtime_ns for file in FILES) // 10**9
    assert batch["agent"]["sequence"] == newest
    assert int(datetime.fromisoformat(batch["agent"]["sent_at"]).timestamp()) == newest
    assert str(UUID(batch["agent"]["instance"])) == batch["agent"]["instance"]
    printed = capsys.readouterr()
    assert json.loads(printed.out)["accepted"] == 3
    assert printed.err == ""


def test_the_same_push_is_the_same_bytes(portal: Portal) -> None:
    cli.main(["push", portal.url, *FILES])
    cli.main(["push", portal.url, *reversed(FILES)])
    first, second = portal.posted
    assert first.packed == second.packed
    assert first.packed[4:8] == bytes(4), "no time of packing"


def test_another_content_is_another_instance(portal: Portal) -> None:
    cli.main(["push", portal.url, *FILES])
    cli.main(["push", portal.url, *FILES[:2]])
    cli.main(["push", portal.url, *FILES, "--serial", "two_blacks=OTHER12"])
    assert len({posted.json["agent"]["instance"] for posted in portal.posted}) == 3
    assert "OTHER12" in {report["serial"] for report in portal.posted[2].json["reports"]}


def test_the_portals_own_reader_takes_the_batch(portal: Portal) -> None:
    wire = pytest.importorskip("metered.reads.wire")
    files = sorted(str(path) for path in HERE.glob("[!a]*.snmprec"))
    cli.main(["push", portal.url, *files])
    batch = wire.decode(portal.posted[0].body)
    assert [type(report).__name__ for report in batch.reports] == ["Report"] * len(files)


@needs_recordings
def test_all_recordings_at_once(portal: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["push", portal.url, *sorted(map(str, RECORDINGS.glob("*.snmprec")))]) == 0
    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert (answer["received"], answer["accepted"]) == (14, 10)
    assert {entry["reason"] for entry in answer["refused"]} == {"missing_serial"}
    assert printed.err.splitlines() == [
        f"refused {name}: missing_serial"
        for name in ("brother_mixed", "hp_m452nw", "hp_v3context", "xerox_c8045")
    ]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v1/telemetry"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/api/v1/telemetry"),
        ("http://localhost/api/v1/telemetry", "http://localhost/api/v1/telemetry"),
        ("http://[::1]:8000", "http://[::1]:8000/api/v1/telemetry"),
        ("https://portal.example", "https://portal.example/api/v1/telemetry"),
        ("https://portal.example/metered/", "https://portal.example/metered/api/v1/telemetry"),
        ("https://portal.example/api/v1/telemetry/", "https://portal.example/api/v1/telemetry"),
    ],
)
def test_addresses(given: str, address: str) -> None:
    assert endpoint(given) == address


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("http://portal.example", "use https"),
        ("http://10.1.4.22:8000", "use https"),
        ("http://127.0.0.1.portal.example", "use https"),
        ("http://localhost.portal.example", "use https"),
        ("ftp://portal.example", "not an address"),
        ("file:///etc/passwd", "not an address"),
        ("portal.example", "not an address"),
        ("https://", "not an address"),
        ("https://portal.example:port", "https://portal.example:port"),
        ("https://me:secret@portal.example", "no user name"),
        ("https://portal.example/?next=1", "query"),
        ("http://[::1", "http"),
    ],
)
def test_addresses_that_are_refused(given: str, words: str) -> None:
    with pytest.raises(PortalError, match=words.replace("?", r"\?")):
        endpoint(given)


@pytest.mark.parametrize(
    ("status", "body", "headers", "words"),
    [
        (
            400,
            {"title": "Malformed", "detail": "Nothing was kept."},
            {},
            "answered 400 Bad Request: Malformed: Nothing",
        ),
        (
            401,
            {"title": "Unauthorized", "detail": "No valid token."},
            {},
            "answered 401 Unauthorized: No valid",
        ),
        (413, {"detail": "Too large\nby far"}, {}, "answered 413 Request Entity Too Large: Too large by far"),
        (422, {"title": "Schema 9"}, {}, "answered 422 Unprocessable Entity: Schema 9"),
        (429, {"title": "Slow down"}, {"Retry_After": "30"}, "Slow down (try again in 30 s)"),
        (500, b"<html>oops</html>", {}, "answered 500 Internal Server Error"),
        (503, b"", {"Retry_After": "5"}, "answered 503 Service Unavailable (try again in 5 s)"),
        (301, b"", {"Location": "https://elsewhere.example/"}, "points to https://elsewhere.example/"),
        (307, b"", {"Location": "/elsewhere"}, "answered 307"),
        (200, b"<html>welcome</html>", {}, "not JSON; is it the portal?"),
        (200, b"[]", {}, "no answer to a batch"),
        (200, {"received": 3}, {}, "no answer to a batch"),
        (
            200,
            {"received": 1, "accepted": 0, "duplicates": 0, "refused": [7], "warnings": []},
            {},
            "no answer",
        ),
    ],
)
def test_a_refusal_is_one_line_and_a_failure(
    portal: Portal,
    capsys: pytest.CaptureFixture[str],
    status: int,
    body: object,
    headers: dict[str, str],
    words: str,
) -> None:
    portal.will_answer(status, body, **headers)
    assert cli.main(["push", portal.url, *FILES]) == 1
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("metered-agent: ") and words in line
    assert printed.out == ""
    assert len(portal.posted) == 1


def test_nobody_there(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cli.TOKEN_VARIABLE, "agent-token")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    assert cli.main(["push", url, *FILES]) == 1
    assert (
        capsys.readouterr().err
        == f"metered-agent: no answer from {url}/api/v1/telemetry: Connection refused\n"
    )


def test_an_answer_that_does_not_come_is_not_waited_for_forever(portal: Portal) -> None:
    portal.answers.append(None)
    devices = recordings(FILES[:1], {})
    (batch,) = push.batches(devices, [encoded(device.report().as_json()) for device in devices])
    with pytest.raises(PortalError, match="timed out"):
        Connection(portal.url, seconds=0.2).send(batch.body, token="agent-token")


def test_the_token_goes_to_this_machine_and_to_no_proxy(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    assert cli.main(["push", portal.url, *FILES]) == 0


def _devices(many: int) -> list[Recording]:
    row = b"1.3.6.1.2.1.43.10.2.1.4.1.1|65|%d\n"
    return [
        Recording(f"{at:05}", (row % at,), datetime(2026, 11, 20, tzinfo=UTC), f"SN{at}")
        for at in range(1, many + 1)
    ]


def test_more_reports_than_the_portal_takes_are_several_batches(portal: Portal) -> None:
    devices = _devices(4_500)
    batches = push.batches(devices, [encoded(device.report().as_json()) for device in devices])
    assert [batch.first for batch in batches] == [0, 2000, 4000]
    read = [json.loads(batch.body) for batch in batches]
    assert [len(batch["reports"]) for batch in read] == [2000, 2000, 500]
    assert len({batch["agent"]["instance"] for batch in read}) == 3


def test_more_bytes_than_the_portal_takes_are_several_batches() -> None:
    devices = _devices(3)
    batches = push.batches(devices, [b'"%b"' % (b"x" * 5_000_000)] * 3)
    assert [batch.first for batch in batches] == [0, 1, 2]
    assert all(len(batch.body) <= 8 * 2**20 for batch in batches)


def test_answers_of_several_batches_are_told_as_one() -> None:
    def answer(accepted: int, index: int, time: str) -> dict[str, object]:
        refused = [{"index": index, "serial": None, "reason": "missing_serial", "detail": ""}]
        return {"received": 2000, "accepted": accepted, "duplicates": 1, "refused": refused, "warnings": [],
                "server_time": time}  # fmt: skip

    whole = push.together(
        [(push.Batch(b"", 0), answer(1998, 7, "early")), (push.Batch(b"", 2000), answer(1997, 3, "late"))]
    )
    assert (whole["received"], whole["accepted"], whole["duplicates"]) == (4000, 3995, 2)
    assert [entry["index"] for entry in whole["refused"]] == [7, 2003]
    assert whole["server_time"] == "late"


def test_a_failure_half_way_says_what_was_taken(
    portal: Portal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "MOST_REPORTS", 2)
    portal.answers.append((200, {}, b""))
    portal.will_answer(503)
    assert cli.main(["push", portal.url, *FILES]) == 1
    assert "the first 2 of 3 reports were taken before" in capsys.readouterr().err
    assert [len(posted.json["reports"]) for posted in portal.posted] == [2, 1]


def test_one_bad_file_sends_nothing(portal: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["push", portal.url, *FILES, str(HERE / "all_zero.snmprec")]) == 1
    assert capsys.readouterr().err.startswith("metered-agent: all_zero: every number")
    assert portal.posted == []


@pytest.mark.parametrize("token", ["", "   ", "tök€n", "line\nbreak"])
def test_without_a_usable_token_nothing_is_sent(
    portal: Portal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv(cli.TOKEN_VARIABLE, token)
    assert cli.main(["push", portal.url, *FILES]) == 1
    assert "METERED_AGENT_TOKEN" in capsys.readouterr().err
    assert portal.posted == []
