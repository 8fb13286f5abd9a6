"""`manage.py demo` as a person has it: one start with everything, kills, a second start, the end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launch import demo, servers
from launch.paths import Checkout
from launch.processes import Register, identity

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("manage.py", "launch", "metered", "templates", "static", "requirements", "pyproject.toml")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy of the checkout, so that a demo running in this one isn't touched."""
    root = tmp_path_factory.mktemp("demo") / "checkout"
    root.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / part)
    made = Checkout(root)
    yield made
    if os.geteuid() == 0:
        shutil.rmtree(servers.PERSISTENT_TEMP / f"metered-{made.short_name}", ignore_errors=True)


@pytest.fixture(scope="module")
def port() -> int:
    """A port of this run's own: from 8000 on, a demo that somebody tries meanwhile would take it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(checkout: Checkout, port: int) -> subprocess.Popen[str]:
    """Start the demo and wait until it says that it is ready."""
    environment = {"PATH": os.environ["PATH"], "METERED_NO_VENV": "1", "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--small"],
        cwd=checkout.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C ends the demo" in line:
            return process
    raise AssertionError(said)


def summary(checkout: Checkout) -> dict[str, object]:
    found = json.loads(checkout.demo_file.read_text())
    assert isinstance(found, dict)
    return found


def until(condition: Callable[[], bool], within: float = 40) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.slow
def test_a_demo_from_start_to_end(checkout: Checkout, port: int) -> None:
    first = start(checkout, port)
    register = Register(checkout.demo / "processes.json")
    try:
        # What is written down
        found = summary(checkout)
        assert found["url"] == f"http://127.0.0.1:{port}"
        assert found["agent_token"]
        logins = found["logins"]
        assert isinstance(logins, list)
        assert all(set(login) == {"email", "password", "account", "role"} for login in logins)
        assert stat.S_IMODE(checkout.demo_file.stat().st_mode) == 0o600
        assert demo.answers(port, "/readyz")

        # A second one in the same checkout is told where the first is
        second = subprocess.run(
            [sys.executable, "manage.py", "demo"],
            cwd=checkout.root,
            env={"PATH": os.environ["PATH"], "METERED_NO_VENV": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert str(found["url"]) in second.stdout

        # Django's own commands talk to it
        code = "from django.contrib.auth import get_user_model as u; print('users', u().objects.count())"
        shell = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
            cwd=checkout.root,
            env={"PATH": os.environ["PATH"], "METERED_NO_VENV": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert shell.stdout.startswith("users "), shell.stderr
        # Others may wait at the door: who asks to join has no login to be told.
        assert int(shell.stdout.split()[1]) >= len({login["email"] for login in logins})

        # Whatever dies comes back
        before = register.alive()
        assert set(before) == {"postgres", "valkey", "worker", "beat", "web"}
        killed = {"worker", "beat", "web", "valkey"}
        for name in killed:
            os.kill(before[name], signal.SIGKILL)
        # A killed process lives on for a moment, so waiting for any five would find the old ones.
        until(lambda: {name for name, pid in register.alive().items() if pid != before[name]} == killed)
        until(lambda: demo.answers(port, "/readyz"))
        assert register.alive()["postgres"] == before["postgres"]

        # A killed supervisor leaves orphans; the next start ends them, keeps the data and is quick
        orphans = register.alive()
        first.kill()
        first.wait()
        assert all(identity(pid) for pid in orphans.values())
        begun = time.monotonic()
        again = start(checkout, port)
        took = time.monotonic() - begun
    finally:
        if first.poll() is None:
            first.terminate()
            first.wait(60)
    try:
        assert not any(identity(pid) for pid in orphans.values())
        assert summary(checkout)["url"] == found["url"]
        assert summary(checkout)["logins"] == logins
        assert took < 30
        alive = register.alive()
    finally:
        again.send_signal(signal.SIGINT)
        assert again.wait(60) == 0
    assert not any(identity(pid) for pid in alive.values())
    assert not checkout.demo_file.exists()
    assert not demo.answers(port, "/healthz")
