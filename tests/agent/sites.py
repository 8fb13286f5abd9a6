"""A customer's site: printers on loopback addresses, and an agent's configuration beside them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metered.agent import config, status
from metered.agent.config import Config
from metered.agent.run import Agent, now
from metered.agent.spool import Spool
from tests.agent.devices import ROOT
from tests.agent.responder import Printer, Responder
from tests.agent.simulated import office


@dataclass
class Site:
    """`hosts` are the printers' addresses, all on `port`. `folder` holds configuration, secrets and spool."""

    folder: Path
    hosts: Sequence[str]
    port: int
    portal: str = "https://portal.example"
    token: str | None = "agent-token"
    more: str = ""
    collect: str = 'timeout = "0.2s"\nretries = 1'
    schedule: str = ""

    def write(self) -> Path:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for name, secret in (("community", "public"), ("token", self.token)):
            if secret is not None:
                file = self.folder / name
                file.write_text(f"{secret}\n")
                file.chmod(0o600)
        (self.folder / "config.toml").write_text(
            f'[portal]\nurl = "{self.portal}"\n'
            f"[printers]\nnetworks = {json.dumps(list(self.hosts))}\nport = {self.port}\n"
            "packets_a_second = 1000\n"
            f"[collect]\n{self.collect}\n[schedule]\n{self.schedule}\n"
            '[spool]\nfolder = "spool"\n'
            f'[[snmp]]\ncommunity_file = "community"\n{self.more}\n'
        )
        return self.folder / "config.toml"

    def config(self) -> Config:
        return config.load(self.write())

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "metered.agent", *words, "--config", str(self.folder / "config.toml")]

    def call(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command as a process of its own."""
        return subprocess.run(
            self.command(*words),
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def once(self) -> bool:
        """The command of that name, in this process."""
        made = self.config()
        spool = Spool(made.folder, made.limits)
        try:
            return asyncio.run(Agent(made, made.credentials(), spool).once())
        finally:
            spool.close()

    def status(self) -> dict[str, Any]:
        """What `status --json` prints."""
        made = self.config()
        spool = Spool(made.folder, made.limits)
        try:
            return status.as_json(made, spool, now())
        finally:
            spool.close()


@contextmanager
def site(folder: Path, printers: Sequence[Printer] | int, **more: Any) -> Iterator[Site]:
    """Printers at 127.0.1.1, 127.0.1.2 and so on, served while the block lasts."""
    served = (
        [Printer(office(n), keep_log=False) for n in range(printers)]
        if isinstance(printers, int)
        else printers
    )
    hosts = [f"127.0.{1 + at // 250}.{1 + at % 250}" for at in range(len(served))]
    responder, port = _responder(served, hosts)
    thread = threading.Thread(target=responder.serve, daemon=True)
    thread.start()
    try:
        made = Site(folder, hosts, port, **more)
        made.write()
        yield made
    finally:
        responder.stop()
        thread.join()
        responder.close()


def _responder(printers: Sequence[Printer], hosts: Sequence[str]) -> tuple[Responder, int]:
    """All on one port, as printers are."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((hosts[0], 0))
            port: int = probe.getsockname()[1]
        try:
            return Responder(printers, at=[(host, port) for host in hosts]), port
        except OSError:
            continue
    raise OSError("no port is free on all of these addresses")
