"""Keeps a few processes alive: starts them, restarts those that die, ends them in order."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from launch.processes import RUN_VARIABLE, Register
from launch.terminal import Stop, end_of, say

LOG_LIMIT = 10_000_000


@dataclass(frozen=True)
class Service:
    """A process to keep alive.

    `patience` is how many seconds it may take to end after `stop_signal`. `user` is the name it runs
    under (only as root). `ready` says whether it serves; None means at once.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    ready: Callable[[], bool] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    user: str | None = None


@dataclass
class _Child:
    service: Service
    process: subprocess.Popen[bytes] | None
    begun: float
    failures: int = 0
    again_at: float = 0.0


@dataclass
class Supervisor:
    """Processes of one run. `run` is the folder whose name they carry in their environment."""

    run: Path
    logs: Path
    children: dict[str, _Child] = field(default_factory=dict)

    def log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def start(self, service: Service, *, within: float = 30.0) -> None:
        """Start a service and wait until it is ready. Raises Stop with the end of its log."""
        self.children[service.name] = child = _Child(service, None, 0.0)
        self._spawn(child)
        deadline = time.monotonic() + within
        while service.ready is not None and not service.ready():
            assert child.process is not None
            if child.process.poll() is not None:
                raise Stop(f"{service.name} ended at once:\n{end_of(self.log_of(service.name))}")
            if time.monotonic() > deadline:
                raise Stop(
                    f"{service.name} is not ready after {within:.0f} s:\n{end_of(self.log_of(service.name))}"
                )
            time.sleep(0.02)

    def _spawn(self, child: _Child) -> None:
        service = child.service
        log = self.log_of(service.name)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            child.process = subprocess.Popen(
                list(service.command),
                env={**service.environment, RUN_VARIABLE: str(self.run)},
                cwd=service.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Its own session: Ctrl-C reaches the supervisor alone, which ends all in order.
                start_new_session=True,
                **as_user(service.user),
            )
        child.begun = time.monotonic()
        Register(self.run / "processes.json").note(service.name, child.process.pid)

    def tend(self) -> None:
        """Restart what has died, with growing pauses. Call it a few times a second."""
        for name, child in self.children.items():
            now = time.monotonic()
            if child.process is None:
                if now >= child.again_at:
                    self._spawn(child)
                    say(f"  {name} is started again.")
                continue
            code = _collect(child.process)
            if code is None:
                continue
            child.failures = 1 if now - child.begun > 30 else child.failures + 1
            pause = min(0.5 * 2 ** (child.failures - 1), 15.0)
            child.again_at = now + pause
            child.process = None
            say(f"  {name} ended ({_why(code)}); starting it again in {pause:.1f} s. See {self.log_of(name)}")

    def failures(self, name: str) -> int:
        return self.children[name].failures

    def stop(self) -> None:
        """End everything, the last one started first."""
        for child in reversed(self.children.values()):
            process = child.process
            if process is None or process.poll() is not None:
                continue
            _signal_group(process.pid, child.service.stop_signal, whole=False)
            try:
                process.wait(child.service.patience)
            except subprocess.TimeoutExpired:
                _signal_group(process.pid, signal.SIGKILL, whole=True)
                process.wait()
        self.children.clear()
        (self.run / "processes.json").unlink(missing_ok=True)

    def kill(self) -> None:
        """End everything at once."""
        for child in self.children.values():
            if child.process is not None and child.process.poll() is None:
                _signal_group(child.process.pid, signal.SIGKILL, whole=True)
                child.process.wait()


class UserArguments(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def as_user(name: str | None) -> UserArguments:
    """Arguments of Popen that run a command under another user (only root may)."""
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _collect(process: subprocess.Popen[bytes]) -> int | None:
    """The exit code of a process that ended, after the rest of its group was ended too.

    While the dead leader isn't waited for, its id can't belong to anyone else, so the signal to the
    group reaches only its own children.
    """
    if hasattr(os, "waitid"):
        seen = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        if seen is None:
            return None
        _signal_group(process.pid, signal.SIGKILL, whole=True)
    return process.poll()


def _signal_group(pid: int, number: signal.Signals, *, whole: bool) -> None:
    try:
        if whole:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _why(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
