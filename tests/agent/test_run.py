"""The whole agent as a process: printers on loopback, configuration on disk, a portal that listens."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from metered.agent import cli
from metered.agent.check import check
from metered.agent.run import now
from metered.agent.spool import Spool
from tests.agent.devices import NOON
from tests.agent.portal import PROBLEM, Portal, certificate, serving
from tests.agent.responder import Habits, Printer
from tests.agent.simulated import office
from tests.agent.sites import Site, site
from tests.agent.spools import accepted, readings
from tests.agent.telemetry import check as check_report


@pytest.fixture
def portal() -> Iterator[Portal]:
    with serving() as running:
        yield running


@pytest.fixture
def three(portal: Portal, tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "site", 3, portal=portal.url) as made:
        yield made


def told(portal: Portal) -> list[dict[str, object]]:
    return [report for posted in portal.posted for report in posted.json["reports"]]


def until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Polls; a process that ends first has failed."""
    end = time.monotonic() + 30
    while not condition():
        assert process.poll() is None and time.monotonic() < end, process.communicate()[0]
        time.sleep(0.02)


@contextmanager
def systemd(at: Path) -> Iterator[set[bytes]]:
    """Everything that was told to the notify socket at `at`; ends once nothing is left in it.

    It is read all the time, as systemd does: the kernel holds few datagrams (ten by default,
    net.unix.max_dgram_qlen), and the agent does not wait for room.
    """
    heard: set[bytes] = set()
    over = threading.Event()

    def listen() -> None:
        while True:
            try:
                heard.add(to.recv(200))
            except TimeoutError:
                if over.is_set():
                    return

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.bind(str(at))
        to.settimeout(0.05)
        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield heard
        finally:
            over.set()
            listener.join()


def test_once_finds_reads_and_delivers(three: Site, portal: Portal) -> None:
    done = three.call("once")
    assert done.returncode == 0, done.stderr
    assert (
        "searched: 3 printers" in done.stderr
        and "read 3 printers, delivered 3 readings; 0 wait" in done.stderr
    )
    (posted,) = portal.posted
    assert posted.headers["Authorization"] == "Bearer agent-token"
    reports = posted.json["reports"]
    assert {each.pop("host") for each in reports} == set(three.hosts)
    for each in reports:
        check_report(each)
        assert each["meters"] and each["supplies"] and each["complete"]
    assert sorted(each["serial"] for each in reports) == ["3TX000000", "3TX000001", "3TX000002"]
    assert three.status()["waiting"] == 0


def test_without_the_portal_readings_wait_and_the_next_run_delivers_them(
    three: Site, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    portal.will_answer(503)
    assert not three.once()
    assert "answered 503" in caplog.text
    status = three.status()
    assert status["waiting"] == 3 and "503" in status["problem"] and status["printers"] == 3
    assert three.once()
    assert [len(posted.json["reports"]) for posted in portal.posted] == [3, 3, 3]
    assert portal.posted[0].packed == portal.posted[1].packed


def test_a_printer_that_is_off_is_told_and_the_others_are_read(
    portal: Portal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    printers = [Printer(office(number)) for number in range(3)]
    with site(tmp_path / "site", printers, portal=portal.url) as made:
        assert made.once()
        printers[1].habits = Habits(dead=True)
        assert not made.once()
        assert f"{made.hosts[1]} (3TX000001) was not read" in caplog.text
        assert "read 2 printers (1 not), delivered 2 readings" in caplog.text
        (silent,) = made.status()["not_read"]
        assert (silent["host"], silent["serial"], silent["failures"]) == (made.hosts[1], "3TX000001", 1)
        printers[1].habits = Habits()
        assert made.once() and "answers again" in caplog.text


def test_a_serial_that_the_printer_does_not_tell_comes_from_the_configuration(
    portal: Portal, tmp_path: Path
) -> None:
    rows = {name: value for name, value in office(0).items() if b"3TX000000" not in value[1]}
    with site(tmp_path / "site", [Printer(rows)], portal=portal.url) as made:
        made.once()
        made.more = f'[serials]\n"{made.hosts[0]}" = "GIVEN1"\n'
        made.once()
    assert [each["serial"] for each in told(portal)] == [None, "GIVEN1"]


def test_printers_that_are_excluded_now_are_not_asked_any_more(
    portal: Portal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    printers = [Printer(office(number)) for number in range(2)]
    with site(tmp_path / "site", printers, portal=portal.url) as made:
        assert made.once()
        heard = printers[1].heard
        made.hosts = made.hosts[:1]
        assert made.once()
        assert "no longer in the networks: 127.0.1.2" in caplog.text
        assert printers[1].heard == heard


def test_scan_shows_and_only_without_dry_run_keeps(
    three: Site, portal: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["scan", "--config", str(three.folder / "config.toml")]
    assert cli.main([*words, "--dry-run"]) == 0
    said = capsys.readouterr()
    assert [line.split() for line in said.out.splitlines()] == [
        [host, f"3TX00000{at}", "Xerox", "VersaLink", "C7130"] for at, host in enumerate(three.hosts)
    ]
    assert "asking 3 addresses" in said.err and "nothing was kept" in said.err
    assert not three.spool.exists()
    for new in (3, 0):
        assert cli.main(words) == 0
        assert f"{new} of them new" in capsys.readouterr().err
    assert three.status()["printers"] == 3 and portal.posted == []


def test_run_works_until_it_is_told_to_stop(three: Site, portal: Portal, tmp_path: Path) -> None:
    three.schedule = 'supplies_every = "1s"'
    three.write()
    with systemd(tmp_path / "notify") as heard:
        process = three.start(
            "run", NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000", JOURNAL_STREAM="8:1"
        )
        try:
            until(lambda: len(told(portal)) >= 9, process)
            # levels alone come hourly (here each second), meters once a day
            assert sum(bool(each["meters"]) for each in told(portal)) == 3
            assert all(each["complete"] and each["supplies"] for each in told(portal))
            again = three.call("run")
            assert again.returncode == 1 and "another metered-agent is running" in again.stderr
            assert "metered-agent 1.0.0, running" in three.call("status").stdout
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert b"READY=1" in heard and b"WATCHDOG=1" in heard and b"STOPPING=1" in heard
    assert "<6>searched: 3 printers" in said and "; 0 wait" in said and said.endswith("<6>stopped\n")
    seen = [(each["serial"], each["observed_at"]) for each in told(portal)]
    assert len(set(seen)) == len(seen), "every reading once"


def test_kill_9_in_the_middle_of_a_run_delivers_everything_that_was_kept(three: Site, portal: Portal) -> None:
    """A sample; `python3 manage.py prove agent kills` kills often, and the portal too."""
    three.schedule = 'supplies_every = "1s"'
    three.write()
    for _ in range(2):
        portal.will_answer(503)
    process = three.start("run")
    until(lambda: len(portal.posted) >= 2, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    waiting = three.status()["waiting"]
    before = len(portal.posted)
    assert three.once()
    delivered = {
        (each["serial"], each["observed_at"])
        for posted in portal.posted[before:]
        for each in posted.json["reports"]
    }
    assert waiting > 0 and len(delivered) >= waiting


def test_check_when_all_is_well(three: Site, portal: Portal) -> None:
    done = three.call("check")
    assert done.returncode == 0, done.stdout
    found = [line.split()[:2] for line in done.stdout.splitlines()]
    assert found[:8] == [
        ["ok", what] for what in
        ("config", "spool", "secrets", "networks", "printers", "portal", "token", "version")
    ]  # fmt: skip
    assert found[8] == ["note", "clock"], "the test's portal answers with a fixed time"
    assert told(portal) == []


def failing(made: Site, what: str) -> str:
    """The words of the one finding that failed."""
    found = list(check(made.config(), now))
    failed = [finding for finding in found if finding.works is False]
    assert [finding.what for finding in failed] == [what], found
    return failed[0].words


def test_check_says_what_is_wrong_with_the_printers(portal: Portal, tmp_path: Path) -> None:
    printer = Printer(office(0))
    with site(tmp_path / "site", [printer], portal=portal.url) as made:
        made.port, open_port = made.port + 1, made.port
        assert "is there but nothing answers on UDP port" in failing(made, "printers")
        made.port = open_port
        printer.habits = Habits(community=b"other")
        assert "community, user or password are not theirs" in failing(made, "printers")


def test_check_says_what_is_wrong_with_the_portal(portal: Portal, tmp_path: Path) -> None:
    with site(tmp_path / "site", 1, portal=portal.url) as made:
        portal.will_answer(401, {"title": "Unauthorized"}, **PROBLEM)
        assert "does not accept it; enroll this agent again" in failing(made, "token")
        made.token = None
        (made.folder / "token").unlink()
        portal.will_answer(401, {"title": "Unauthorized"}, **PROBLEM)
        assert "Make a code in the portal" in failing(made, "token")
        made.token = "agent-token"
        made.portal = "https://no-such-name.invalid"
        assert "cannot find the name no-such-name.invalid" in failing(made, "portal")
        with serving(certificate(tmp_path)) as secure:
            made.portal = secure.url
            assert "nobody this machine trusts vouches" in failing(made, "portal")
        portal.will_answer(200, accepted(0, minimum_agent_version="9.0"))
        made.portal = portal.url
        assert "asks for 9.0 or later" in " ".join(map(str, check(made.config(), now)))


def test_status_says_what_waits_what_was_refused_and_why(
    three: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["status", "--config", str(three.folder / "config.toml")]
    assert cli.main(words) == 1
    assert "nothing was ever read here" in capsys.readouterr().err
    spool = Spool(three.spool)
    spool.add(readings(30))
    batch = spool.form(NOON, 28)
    assert batch is not None
    entry = {"serial": None, "reason": "unknown_serial", "detail": "No device of this account has it."}
    warning = {"index": 27, "serial": "SN00027", "reason": "meter_held", "detail": "mono is 12 below"}
    answer = accepted(28, warnings=[warning], minimum_agent_version="2.0")
    spool.settle(batch, answer | {"refused": [entry | {"index": at} for at in range(25)]}, NOON)
    spool.keep_fact("problem", "the portal answered 503")
    spool.close()
    assert cli.main(words) == 0
    text = capsys.readouterr().out
    assert "waiting    2 readings, the oldest of" in text and "of 1,000 MB" in text
    assert (
        "  SN00000  unknown_serial, 1 reading, last" in text and "No device of this account has it." in text
    )
    assert "and 5 more (status --json lists all)" in text
    assert "SN00027  meter_held: mono is 12 below" in text
    assert "problem    the portal answered 503" in text and "asks for metered-agent 2.0" in text
    assert cli.main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["waiting"], len(told["refused"]), told["running"]) == (2, 25, False)


# Enrolment


def enrolled(name: str) -> dict[str, object]:
    return {"token": "mt_2Jt0abcdef", "agent": {"id": "7h2k", "name": name}, "account": "Northwind"}


@pytest.mark.parametrize("command", ["enroll", "enrol"])
def test_a_code_becomes_a_token(
    command: str, portal: Portal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with site(tmp_path / "site", 1, portal=portal.url, token=None) as made:
        portal.will_answer(201, enrolled("Head office"))
        code = " K7QM-3TXN-9PRW "
        assert cli.main(["--config", str(made.folder / "config.toml"), command, code]) == 0
        assert "enrolled as Head office of Northwind" in capsys.readouterr().out
        (posted,) = portal.posted
        assert posted.path == "/api/v1/agents/enrol" and "Authorization" not in posted.headers
        assert json.loads(posted.packed) == {
            "code": "K7QM-3TXN-9PRW", "host": socket.gethostname(), "version": "1.0.0"
        }  # fmt: skip
        file = made.folder / "token"
        assert file.read_text() == "mt_2Jt0abcdef\n" and file.stat().st_mode & 0o777 == 0o600
        assert made.once()
        assert portal.posted[-1].headers["Authorization"] == "Bearer mt_2Jt0abcdef"


def test_a_code_that_is_not_known_says_what_to_do(
    three: Site, portal: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["enroll", "WRONG", "--config", str(three.folder / "config.toml")]
    portal.will_answer(404, {"title": "Not found"}, **PROBLEM)
    portal.will_answer(429, {"title": "Too many"}, Retry_After="60")
    portal.will_answer(200, {"token": "a b"})
    for told in ("each works once and for an hour", "try again in 60 s", "answered without a token"):
        assert cli.main(words) == 1
        assert told in capsys.readouterr().err
    assert (three.folder / "token").read_text() == "agent-token\n"


def test_a_code_is_not_used_up_for_a_token_that_has_no_place(
    three: Site, portal: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    config = three.folder / "config.toml"
    config.write_text(config.read_text().replace("[portal]\n", '[portal]\ntoken_file = "none/token"\n'))
    assert cli.main(["enroll", "K7QM", "--config", str(config)]) == 1
    assert "cannot be written" in capsys.readouterr().err and portal.posted == []
