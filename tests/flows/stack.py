"""The whole portal as real processes: web server, Celery worker, beat and a Valkey of their own.

They work on the database that the caller names (a test's, or the one of `manage.py prove`). Kept alive
by the supervisor of launch/, like the demo's, so a process that is killed comes back as it would there.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import redis

from launch import servers
from launch.processes import identity
from launch.supervisor import Service, Supervisor
from launch.terminal import Stop

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = ("valkey", "web", "worker", "beat")


@dataclass
class Stack:
    """`folder` holds the logs; `database` is a DATABASE_URL; times are written as in settings: 2s, 24h."""

    folder: Path
    database: str
    announcement: str = "2s"
    sweep: str = "1s"
    port: int = 0
    supervisor: Supervisor = field(init=False)
    sockets: Path = field(init=False)

    def __post_init__(self) -> None:
        # A socket's path may have 107 bytes, and pytest's folders are deep.
        self.sockets = Path(tempfile.mkdtemp(prefix="mtr-flow-"))
        self.supervisor = Supervisor(self.folder, self.folder)
        self.port = self.port or free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.sockets}/valkey.sock?db=0"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.database,
            "REDIS_URL": self.redis_url,
            "METERED_DEMO": "1",
            "METERED_NO_VENV": "1",
            "METERED_SITE_URL": self.url,
            "METERED_ANNOUNCEMENT": self.announcement,
            "METERED_SWEEP_EVERY": self.sweep,
            "METERED_STATIC_STORAGE": "plain",
            "METERED_TELEMETRY_RATE": "6000/min",
            "PYTHONUNBUFFERED": "1",
        }

    def start(self, *names: str) -> None:
        """Starts these of PROCESSES and waits until each serves. Raises Stop with the end of a log."""
        for name in names:
            self.supervisor.start(self._service(name), within=60)
        if "worker" in names:
            # Celery says so when it takes tasks; asking it would need a message of its own.
            self.wait(lambda: " ready." in self.log("worker"), within=60)

    def _service(self, name: str) -> Service:
        celery = [sys.executable, "-m", "celery", "-A", "metered.config.celery:app"]
        commands = {
            "valkey": [
                *(_valkey(), "--port", "0", "--unixsocket", str(self.sockets / "valkey.sock")),
                *("--dir", str(self.folder), "--save", "", "--appendonly", "no"),
            ],
            "web": [
                *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
                *("--port", str(self.port), "--workers", "1", "--blocking-threads", "1"),
                "metered.config.wsgi:application",
            ],
            "worker": [
                *(*celery, "worker", "--loglevel", "INFO", "--concurrency", "2"),
                *("--without-gossip", "--without-mingle", "--hostname", f"flow-{self.port}@%h"),
            ],
            "beat": [*celery, "beat", "--pidfile=", "--schedule", str(self.folder / "beat-schedule")],
        }
        ready: dict[str, Callable[[], bool]] = {"valkey": self._valkey_answers, "web": self.web_answers}
        return Service(name, commands[name], self.environment(), ROOT, ready=ready.get(name), patience=5)

    def _valkey_answers(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(redis.Redis.from_url(self.redis_url, socket_timeout=1).ping())
        return False

    def web_answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        return False

    def log(self, name: str) -> str:
        return self.supervisor.log_of(name).read_text(errors="replace")

    def pid(self, name: str) -> int:
        process = self.supervisor.children[name].process
        assert process is not None, f"{name} is not running"
        return process.pid

    def kill(self, name: str) -> None:
        """kill -9, and the supervisor starts it again at its next round."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        self.wait(lambda: identity(pid) is None, within=10)

    def wait(self, condition: Callable[[], bool], *, within: float) -> None:
        """Until the condition holds; processes that died are started again meanwhile."""
        deadline = time.monotonic() + within
        while not condition():
            self.supervisor.tend()
            if time.monotonic() > deadline:
                raise Stop(
                    f"not so after {within:.0f} s; the worker's log ends:\n{self.log('worker')[-3000:]}"
                )
            time.sleep(0.05)

    def rest(self, seconds: float) -> None:
        """Lets everything run on for a while."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end, within=seconds + 5)

    def close(self) -> None:
        # Whatever is going on ends here: rows are not lost by it, that is what they are for.
        self.supervisor.kill()
        shutil.rmtree(self.sockets, ignore_errors=True)


def _valkey() -> str:
    try:
        return str(servers.find_software().valkey)
    except Stop:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if found is None:
            raise
        return found


def free_port() -> int:
    """A port that nobody has, away from those that demos choose."""
    for _ in range(50):
        number = random.randrange(20000, 28000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
            return number
    raise Stop("no free port between 20000 and 28000")


@contextlib.contextmanager
def running(folder: Path, database: str, *names: str, **options: str) -> Iterator[Stack]:
    """A stack of these processes (all when none is named), ended when the block is left."""
    stack = Stack(folder, database, **options)  # type: ignore[arg-type]
    try:
        stack.start(*(names or PROCESSES))
        yield stack
    finally:
        stack.close()


NAME = "flow"
"""What connections of these processes call themselves."""


def url_of(settings: Mapping[str, object]) -> str:
    """A DATABASE_URL for an entry of Django's DATABASES, such as a test's own."""
    host, port = str(settings["HOST"]), str(settings["PORT"])
    user = str(settings["USER"]) + (f":{settings['PASSWORD']}" if settings["PASSWORD"] else "")
    if host.startswith("/"):
        return f"postgresql://{user}@/{settings['NAME']}?host={host}&application_name={NAME}"
    return f"postgresql://{user}@{host}:{port}/{settings['NAME']}?application_name={NAME}"
