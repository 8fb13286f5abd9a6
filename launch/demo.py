"""`python3 manage.py demo`: everything on this machine, with demo data, until Ctrl-C."""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launch import ports, runs, servers
from launch.paths import Checkout
from launch.processes import RUN_VARIABLE
from launch.supervisor import Service
from launch.terminal import Stop, end_of, say, step

GIVE_UP_AFTER = 4
"""Failures of the web server in a row before the first page after which the start gives up."""


@dataclass
class Demo:
    """A demo of a checkout: `start` brings it up and returns, `tend` keeps it up, `close` ends it."""

    checkout: Checkout
    given: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    run: runs.Run | None = None
    port: ports.Port | None = None

    @property
    def url(self) -> str:
        assert self.port is not None
        return f"http://127.0.0.1:{self.port.number}"

    def start(self, *, fresh: bool, small: bool = False) -> None:
        """`fresh` throws the private servers' data away first; `small` writes fewer demo devices.

        Raises Stop when it can't start (another demo runs here, a step failed, the port is taken)."""
        begun = time.monotonic()
        if fresh and self.given.get("DATABASE_URL"):
            raise Stop("--fresh empties the demo's own database only; the one in DATABASE_URL is yours.")
        self.run = runs.open_demo(self.checkout)
        if self.run is None:
            raise Stop(already_running(self.checkout))
        folder = self.run.folder
        self.checkout.demo_file.unlink(missing_ok=True)
        if fresh:
            servers.clear(self.checkout, folder)
            (folder / "seeded").unlink(missing_ok=True)
        self.port = ports.choose(self.given.get("PORT", ""))
        found = self.run.start_servers(self.given, durable=True)
        environment = self.environment(found)
        self._manage("migrate", environment, "migrate", "--no-input")
        self._collect_static(environment)
        self._seed(environment, small=small)
        write_private(folder / "environment.json", json.dumps(self.overlay(found)))
        for service in self.programs(environment):
            self.run.supervisor.start(service)
        with step("waiting for the first page"):
            self._wait_until_ready()
        write_private(self.checkout.demo_file, self._summary())
        say(f"\nReady after {time.monotonic() - begun:.0f} s: {self.url}")
        self._print_logins()

    def tend(self) -> None:
        assert self.run is not None
        self.run.supervisor.tend()

    def close(self) -> None:
        if self.run is not None:
            self.checkout.demo_file.unlink(missing_ok=True)
            (self.run.folder / "environment.json").unlink(missing_ok=True)
            self.run.close()
        if self.port is not None:
            self.port.release()

    def overlay(self, found: Mapping[str, str]) -> dict[str, str]:
        """The variables that make a process part of this demo."""
        assert self.run is not None
        return {
            **found,
            "DJANGO_SETTINGS_MODULE": "metered.config.settings",
            "METERED_DEMO": "1",
            "METERED_NO_VENV": "1",
            "METERED_SECRET_KEY": secret_key(self.run.folder / "secret"),
            "METERED_SITE_URL": self.url,
            "METERED_STATIC_ROOT": str(self.run.folder / "static"),
            "METERED_STATIC_STORAGE": "manifest",
        }

    def environment(self, found: Mapping[str, str]) -> dict[str, str]:
        # Settings given by the person stay, so that a demo can be tried with other dials.
        kept = {name: value for name, value in self.given.items() if name != "METERED_SITE_URL"}
        return {**self.overlay(found), **kept, **found, "METERED_NO_VENV": "1", "PYTHONUNBUFFERED": "1"}

    def programs(self, environment: Mapping[str, str]) -> list[Service]:
        """Web server, worker and beat, in the order of their start: the first page is waited for."""
        assert self.run is not None and self.port is not None
        root, folder = self.checkout.root, self.run.folder
        celery = [sys.executable, "-m", "celery", "-A", "metered.config.celery:app"]
        web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        web += ["--port", str(self.port.number), "--workers", "2", "--blocking-threads", "1"]
        web += ["--respawn-failed-workers", "metered.config.wsgi:application"]
        worker = [*celery, "worker", "--loglevel", "INFO", "--concurrency", "2"]
        # Workers don't talk to each other here, and Celery's gossip ends them when Valkey goes away.
        worker += ["--without-gossip", "--without-mingle"]
        worker += ["--hostname", f"demo-{self.port.number}@%h"]
        beat = [
            *celery,
            "beat",
            "--loglevel",
            "INFO",
            "--pidfile=",
            "--schedule",
            str(folder / "beat-schedule"),
        ]
        return [
            Service("web", web, environment, root),
            Service("worker", worker, environment, root, patience=15.0),
            Service("beat", beat, environment, root),
        ]

    def _manage(self, title: str, environment: Mapping[str, str], *arguments: str) -> None:
        assert self.run is not None
        log = self.run.supervisor.log_of(arguments[0])
        with step(title), log.open("wb") as output:
            done = subprocess.run(
                [sys.executable, "manage.py", *arguments],
                cwd=self.checkout.root,
                env={**environment, RUN_VARIABLE: str(self.run.folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            raise Stop(f"{arguments[0]} failed:\n{end_of(log)}\nThe whole log: {log}")

    def _collect_static(self, environment: Mapping[str, str]) -> None:
        assert self.run is not None
        stamp = self.run.folder / "static-stamp"
        state = static_state(self.checkout)
        target = self.run.folder / "static"
        if target.is_dir() and stamp.exists() and stamp.read_text() == state:
            return
        shutil.rmtree(target, ignore_errors=True)
        self._manage("collecting static files", environment, "collectstatic", "--no-input")
        stamp.write_text(state)

    def _seed(self, environment: Mapping[str, str], *, small: bool) -> None:
        """Write the demo data, once per database.

        The command itself sees what is there; for our own database a stamp spares the question.
        """
        assert self.run is not None
        stamp, logins = self.run.folder / "seeded", self.checkout.run / "demo-logins.json"
        if not self.given.get("DATABASE_URL"):
            if stamp.exists() and logins.exists():
                say("  demo data of an earlier start is kept (--fresh makes it anew)")
                return
            stamp.unlink(missing_ok=True)
        write_private(logins, "{}")
        size = ["--small"] if small else []
        self._manage("writing demo data", environment, "demo_data", "--logins", str(logins), *size)
        if not self.given.get("DATABASE_URL"):
            stamp.touch()

    def _wait_until_ready(self) -> None:
        assert self.run is not None and self.port is not None
        deadline = time.monotonic() + 90
        while not answers(self.port.number, "/readyz"):
            self.run.supervisor.tend()
            late = time.monotonic() > deadline
            if late or self.run.supervisor.failures("web") >= GIVE_UP_AFTER:
                log = self.run.supervisor.log_of("web")
                raise Stop(f"The web server doesn't answer. The end of {log}:\n{end_of(log)}")
            time.sleep(0.1)

    def _summary(self) -> str:
        written = json.loads((self.checkout.run / "demo-logins.json").read_text())
        return json.dumps({"url": self.url, **written}, indent=2, ensure_ascii=False)

    def _print_logins(self) -> None:
        summary = json.loads(self.checkout.demo_file.read_text())
        logins = summary.get("logins", [])
        rows = [
            (login["email"], login["password"], login["role"], login.get("account") or "(operator)")
            for login in logins
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            say("  " + "  ".join([*cells, row[3]]))
        if summary.get("agent_token"):
            say(f"  token of the device agent: {summary['agent_token']}")
        say(f"All of this is in {self.checkout.demo_file}. Ctrl-C ends the demo and keeps its data.\n")


def secret_key(file: Path) -> str:
    """The demo's own secret, made once, so that sessions outlive a restart."""
    if not file.exists():
        write_private(file, secrets.token_urlsafe(48))
    return file.read_text()


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(text)
    fresh.replace(file)


def static_state(checkout: Checkout) -> str:
    """Changes when a static file or an installed package changes."""
    state = hashlib.sha256(checkout.lock_file("demo").read_bytes())
    for file in sorted((checkout.root / "static").rglob("*")):
        if file.is_file():
            status = file.stat()
            state.update(f"{file} {status.st_size} {status.st_mtime_ns}\n".encode())
    return state.hexdigest()


def answers(port: int, path: str) -> bool:
    """Whether http://127.0.0.1:port/path answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def already_running(checkout: Checkout) -> str:
    try:
        url = json.loads(checkout.demo_file.read_text())["url"]
    except (OSError, ValueError, KeyError):
        return "A demo is starting in this checkout already."
    return f"A demo is running in this checkout already: {url} (logins in {checkout.demo_file})"


def running_environment(checkout: Checkout) -> dict[str, str]:
    """The variables of the demo that runs in this checkout; empty when none does."""
    from launch.locks import is_held

    try:
        if not is_held(checkout.demo / "supervisor.lock"):
            return {}
        found = json.loads((checkout.demo / "environment.json").read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()}


def main(checkout: Checkout, arguments: Sequence[str]) -> int:
    """Run the demo until it is asked to end. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="manage.py demo", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="throw the demo's data away and start over")
    parser.add_argument("--small", action="store_true", help="about 100 devices instead of 2,000")
    options = parser.parse_args(arguments)
    runs.end_on_signals()
    demo = Demo(checkout)
    try:
        demo.start(fresh=options.fresh, small=options.small)
        while True:
            demo.tend()
            time.sleep(0.25)
    except runs.Ended:
        say("\nEnding …")
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        demo.close()
