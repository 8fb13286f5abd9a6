"""Processes are kept alive and ended in order."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launch.processes import Register, identity
from launch.supervisor import Service, Supervisor
from launch.terminal import Stop


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, tmp_path)
    yield made
    made.kill()


def service(name: str, code: str, folder: Path, **more: object) -> Service:
    return Service(name, [sys.executable, "-c", code], dict(os.environ), folder, **more)  # type: ignore[arg-type]


def until(condition: Callable[[], bool], supervisor: Supervisor, within: float = 10) -> None:
    deadline = time.monotonic() + within
    while not condition():
        supervisor.tend()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_killed_process_is_started_again_with_its_children_ended(
    supervisor: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        "pathlib.Path('child').write_text(str(child.pid))\n"
        "time.sleep(300)\n"
    )
    supervisor.start(service("web", code, tmp_path, ready=(tmp_path / "child").exists))
    until(lambda: (tmp_path / "child").read_text() != "", supervisor)
    register = Register(tmp_path / "processes.json")
    first, child = register.alive()["web"], int((tmp_path / "child").read_text())
    os.kill(first, signal.SIGKILL)
    until(lambda: register.alive().get("web", first) != first, supervisor)
    assert identity(child) is None, "a child of the killed one would hold its port"
    said = capsys.readouterr().out
    assert "web ended (killed by SIGKILL)" in said
    assert "web is started again" in said


def test_pauses_between_restarts_grow(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(service("web", "raise SystemExit(3)", tmp_path))
    until(lambda: supervisor.failures("web") == 3, supervisor)
    assert supervisor.children["web"].again_at - time.monotonic() > 1.5


def test_a_process_that_ends_before_it_is_ready_says_why(supervisor: Supervisor, tmp_path: Path) -> None:
    broken = service("postgres", "raise SystemExit('no space left')", tmp_path, ready=lambda: False)
    with pytest.raises(Stop, match="no space left"):
        supervisor.start(broken)


def test_the_last_one_started_ends_first(supervisor: Supervisor, tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    open('order', 'a').write(sys.argv[0] + '{}'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open('up-{}', 'w').close()\n"
        "time.sleep(300)\n"
    )
    for name in ("servers", "web"):
        text = code.replace("{}", name)
        supervisor.start(service(name, text, tmp_path, ready=(tmp_path / f"up-{name}").exists))
    supervisor.stop()
    assert (tmp_path / "order").read_text().replace("-c", " ").split() == ["web", "servers"]
    assert not (tmp_path / "processes.json").exists()


def test_a_process_that_ignores_the_request_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); open('up', 'w').close(); time.sleep(300)"
    supervisor.start(service("web", code, tmp_path, ready=(tmp_path / "up").exists, patience=0.2))
    pid = Register(tmp_path / "processes.json").alive()["web"]
    supervisor.stop()
    assert identity(pid) is None
