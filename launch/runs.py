"""One run of servers and programs in a folder of `.run`: opened under a lock, closed without a trace.

The demo's run keeps its data; a test's run is a folder of its own and vanishes. Whatever a killed
run left behind is ended by the next start in the same checkout.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from launch import processes, servers
from launch.locks import FileLock, held, is_held
from launch.paths import Checkout
from launch.supervisor import Supervisor
from launch.terminal import Stop, say, step


class Ended(BaseException):
    """The person or the system asked the run to end. Not an Exception: no handler may swallow it."""


@dataclass
class Run:
    checkout: Checkout
    folder: Path
    lock: FileLock
    supervisor: Supervisor
    keep: bool
    place: servers.Place | None = None

    def start_servers(self, given: Mapping[str, str], *, durable: bool) -> dict[str, str]:
        """Start what DATABASE_URL and REDIS_URL of `given` don't name; returns both variables."""
        wanted = [name for name in ("DATABASE_URL", "REDIS_URL") if not given.get(name)]
        found = {name: given[name] for name in ("DATABASE_URL", "REDIS_URL") if given.get(name)}
        if not wanted:
            return found
        with step("starting private servers"):
            self.place = servers.prepare(self.checkout, self.folder)
            (self.folder / "sockets").write_text(str(self.place.sockets))
            if "DATABASE_URL" in wanted:
                found["DATABASE_URL"] = servers.start_postgres(self.place, self.supervisor, durable=durable)
            if "REDIS_URL" in wanted:
                found["REDIS_URL"] = servers.start_valkey(self.place, self.supervisor, durable=durable)
        return found

    def close(self) -> None:
        """End everything; a second request to end kills what is left."""

        def hurry(number: int, frame: FrameType | None) -> None:
            self.supervisor.kill()

        before = [signal.signal(number, hurry) for number in (signal.SIGINT, signal.SIGTERM)]
        try:
            self.supervisor.stop()
            _remove_sockets(self.folder)
            if not self.keep:
                servers.clear(self.checkout, self.folder)
                shutil.rmtree(self.folder, ignore_errors=True)
            self.lock.release()
        finally:
            for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
                signal.signal(number, handler)


def open_demo(checkout: Checkout) -> Run | None:
    """The demo's run, or None while another process holds it."""
    _make(checkout, checkout.demo)
    lock = FileLock(checkout.demo / "supervisor.lock")
    if not lock.take():
        return None
    ended = processes.reap(checkout.demo)
    if ended:
        say(f"  ended {ended} process(es) that an earlier demo left behind")
    _remove_sockets(checkout.demo)
    return Run(checkout, checkout.demo, lock, Supervisor(checkout.demo, checkout.logs), keep=True)


def open_passing(checkout: Checkout, kind: str) -> Run:
    """A run with a folder of its own that is removed at the end."""
    checkout.make_run()
    with held(checkout.run / "runs.lock"):
        _sweep(checkout)
        folder = checkout.run / f"{kind}-{os.getpid()}-{secrets.token_hex(2)}"
        _make(checkout, folder)
        lock = FileLock(folder / "supervisor.lock")
        lock.take()
    logs = folder / "logs"
    logs.mkdir(mode=0o700)
    return Run(checkout, folder, lock, Supervisor(folder, logs), keep=False)


def _make(checkout: Checkout, folder: Path) -> None:
    checkout.make_run()
    folder.mkdir(exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise Stop(f"{folder} belongs to another user. Start as that user, or remove it first.")
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _sweep(checkout: Checkout) -> None:
    """End and remove passing runs whose supervisor is gone."""
    for lock in checkout.run.glob("*-*-*/supervisor.lock"):
        folder = lock.parent
        if folder.stat().st_uid == os.geteuid() and not is_held(lock):
            processes.reap(folder)
            _remove_sockets(folder)
            servers.clear(checkout, folder)
            shutil.rmtree(folder, ignore_errors=True)


def _remove_sockets(folder: Path) -> None:
    note = folder / "sockets"
    try:
        sockets = Path(note.read_text())
    except OSError:
        return
    if sockets.name.startswith("mtr-"):
        shutil.rmtree(sockets, ignore_errors=True)
    note.unlink()


def end_on_signals() -> None:
    """From now on Ctrl-C, TERM and a closed terminal raise Ended in the main thread."""

    def raise_ended(number: int, frame: FrameType | None) -> None:
        raise Ended

    signal.signal(signal.SIGINT, raise_ended)
    signal.signal(signal.SIGTERM, raise_ended)
    # Under nohup a closed terminal is meant to change nothing.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, raise_ended)
