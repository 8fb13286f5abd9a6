"""Processes that a run started: who they are, and how to end exactly those.

A process id alone proves nothing, since ids are used again. So each one is written down with the
moment it began (and the boot it began in), and carries the run's folder in its environment.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

RUN_VARIABLE = "METERED_RUN"
PROC = Path("/proc")


def identity(pid: int) -> str | None:
    """What tells this process from a later one with the same id; None when it isn't alive."""
    if (PROC / "self" / "stat").exists():
        try:
            fields = (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
            boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        except (OSError, IndexError):
            return None
        return None if fields[0] in "ZX" else f"{boot} {fields[19]}"
    shown = subprocess.run(
        ["ps", "-o", "lstart=,stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    begun = shown.stdout.strip()
    if not begun or begun.split()[-1].startswith("Z"):
        return None
    return " ".join(begun.split()[:-1])


class Register:
    """The processes of one run, by name, in a file that outlives a killed supervisor."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, tuple[int, str]]:
        try:
            rows = json.loads(self.path.read_text())
            return {str(name): (int(row[0]), str(row[1])) for name, row in rows.items()}
        except (OSError, ValueError, TypeError, AttributeError, IndexError):
            return {}

    def write(self, rows: dict[str, tuple[int, str]]) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(rows))
        fresh.replace(self.path)

    def note(self, name: str, pid: int) -> None:
        begun = identity(pid)
        if begun is not None:
            self.write(self.read() | {name: (pid, begun)})

    def alive(self) -> dict[str, int]:
        return {name: pid for name, (pid, begun) in self.read().items() if identity(pid) == begun}


def carrying(run: Path) -> set[int]:
    """Ids of all processes whose environment names this run (Linux; elsewhere none)."""
    wanted = f"{RUN_VARIABLE}={run}".encode()
    found: set[int] = set()
    for folder in PROC.glob("[0-9]*") if PROC.is_dir() else []:
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
        except OSError:
            continue
    return found - lineage()


def lineage() -> set[int]:
    """This process and its ancestors, which are never ended."""
    pid, found = os.getpid(), set[int]()
    while pid > 1 and pid not in found:
        found.add(pid)
        try:
            pid = int((PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError, ValueError):
            break
    return found


def end(pids: Iterable[int], gentle: signal.Signals, patience: float) -> None:
    """Ask the processes to end, wait, and kill those that stay."""
    known = {pid: begun for pid in pids if (begun := identity(pid)) is not None}
    for number in (gentle, signal.SIGKILL):
        left = [pid for pid, begun in known.items() if identity(pid) == begun]
        for pid in left:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + patience
        while any(identity(pid) == known[pid] for pid in left):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return


def reap(run: Path) -> int:
    """End what a killed supervisor of this run left behind; returns how many processes there were.

    The programs go first and the servers last, so that nothing is cut off in a transaction.
    """
    register = Register(run / "processes.json")
    alive = register.alive()
    servers = {name: pid for name, pid in alive.items() if name in {"postgres", "valkey"}}
    programs = (set(alive.values()) | carrying(run)) - set(servers.values())
    end(programs, signal.SIGTERM, 5.0)
    # Fast shutdown: PostgreSQL ends its sessions instead of waiting for them.
    end(servers.values(), signal.SIGINT, 15.0)
    register.path.unlink(missing_ok=True)
    return len(programs) + len(servers)
