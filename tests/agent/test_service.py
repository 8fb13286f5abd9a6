"""Being a service: the lock, what systemd is told, signals."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from metered.agent import service
from metered.agent.service import Notifier, Running
from tests.agent.devices import ROOT

HOLDER = """
import sys
from pathlib import Path
from metered.agent.service import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_at_a_time_and_the_next_after_kill_9(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert holder.stdout is not None and holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    assert service.is_running(tmp_path)
    with pytest.raises(Running, match="another metered-agent is running"), service.only_one(tmp_path):
        raise AssertionError
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    assert not service.is_running(tmp_path)
    with service.only_one(tmp_path):
        assert service.is_running(tmp_path)
    assert not service.is_running(tmp_path / "none")


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "120000000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        notifier = Notifier()
        assert notifier.every == 60
        for tell in (
            notifier.ready,
            notifier.alive,
            lambda: notifier.status("2\nprinters"),
            notifier.stopping,
        ):
            tell()
        told = [journal.recv(100) for _ in range(4)]
    assert told == [b"READY=1", b"WATCHDOG=1", b"STATUS=2 printers", b"STOPPING=1"]
    notifier.alive()  # nobody listens any more
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert Notifier().every is None
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert Notifier().every is None
    Notifier().ready()
