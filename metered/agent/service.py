"""Being a service: one at a time, stopped by signals, known to systemd, with a log that a person can read."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

LOCK = "lock"


class Running(Exception):
    """Another agent has this spool; one line for a person."""


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, which the system takes back however the process ends. Raises Running."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _lock(descriptor):
            raise Running(f"another metered-agent is running with the spool in {folder}")
        yield
    finally:
        os.close(descriptor)


def is_running(folder: Path) -> bool:
    """Whether an agent holds the lock now."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Notifier:
    """Tells systemd how it goes (sd_notify(3)); without systemd nothing."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")

    @property
    def every(self) -> float | None:
        """Seconds between two signs of life: half of what the watchdog allows (sd_watchdog_enabled(3))."""
        told, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
        if not self._address or not told.isdigit() or (pid and pid != str(os.getpid())):
            return None
        return int(told) / 2e6

    def ready(self) -> None:
        self._tell("READY=1")

    def status(self, words: str) -> None:
        self._tell(f"STATUS={' '.join(words.split())}")

    def alive(self) -> None:
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if not self._address or sys.platform == "win32":
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to,
        ):
            to.setblocking(False)  # a sign of life must not hold up what it is a sign of
            to.sendto(state.encode(), address)


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` in the running loop for SIGTERM and SIGINT, on Windows for Ctrl-Break too."""
    loop = asyncio.get_running_loop()
    known = [getattr(signal, name, None) for name in ("SIGTERM", "SIGINT", "SIGBREAK")]
    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        for number in known
        if number is not None
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _ForTheJournal(logging.Formatter):
    """The journal has its own clock and takes the level from a number in front (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        level = 3 if record.levelno >= logging.ERROR else 4 if record.levelno >= logging.WARNING else 6
        return "\n".join(f"<{level}>{line}" for line in super().format(record).splitlines())


def log_to_stderr() -> None:
    handler = logging.StreamHandler()
    if os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(_ForTheJournal("%(message)s"))
    else:
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")
        )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
