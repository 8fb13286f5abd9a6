"""One measurement of reading a fleet of simulated printers, as a process of its own, so that its CPU time and
its peak of memory are those of the measured alone. Prints a line of JSON; `bench agent` puts them together.

    collect   rounds of the agent's collector: the first contact, then with what is remembered
    bare      the same datagrams sent, and the answers received, by a loop that does nothing else
    netsnmp   net-snmp's snmpbulkwalk over the tables that hold the same rows, several at once
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from metered.agent import asked
from metered.agent.collect import Collector, Target
from metered.agent.snmp.credentials import Community
from metered.agent.snmp.exchange import RECEIVE_BUFFER, Address, Exchange, Job
from tests.agent.devices import ROOT

AT_ONCE = 256
"""Printers talked to at once, of the collector and of the bare loop."""
WALKS_AT_ONCE = 32
WALKED = ("1.3.6.1.2.1.25.3", "1.3.6.1.2.1.43", "1.3.6.1.4.1.253.8.53")
"""The subtrees that hold the rows of an `office` printer; sysDescr and sysObjectID are left out."""
TIMEOUT = 1.0
RETRIES = 2

ROWS = 66
"""Of an `office` printer, that the agent asks for."""


class Clock:
    """CPU seconds (user and system) and elapsed seconds since it was made; of children if so told."""

    def __init__(self, who: int = resource.RUSAGE_SELF) -> None:
        self._who = who
        self._cpu, self._wall = self._used(), time.perf_counter()

    def _used(self) -> float:
        if self._who == resource.RUSAGE_SELF:
            return time.process_time()  # finer than rusage, which counts a clock's ticks
        used = resource.getrusage(self._who)
        return used.ru_utime + used.ru_stime

    def read(self) -> dict[str, float]:
        return {"cpu": self._used() - self._cpu, "wall": time.perf_counter() - self._wall}


def _peak() -> float:
    """MB of this process alone: Linux's ru_maxrss has that of the process that started it in it too."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _round(collector: Collector, ports: Sequence[int]) -> dict[str, Any]:
    targets = (Target("127.0.0.1", (Community("public"),), port) for port in ports)
    clock = Clock()
    complete = requests = answered = 0
    async for outcome in collector.round(targets):
        requests += outcome.requests
        answered += outcome.walk is not None
        complete += outcome.complete and outcome.walk is not None and len(outcome.walk) == ROWS
    return clock.read() | {"complete": complete, "answered": answered, "requests": requests}


def _collector(retries: int) -> Collector:
    return Collector(packets_a_second=1e6, at_once=AT_ONCE, timeout=TIMEOUT, retries=retries)


def collect(ports: Sequence[int], retries: int, rounds: int) -> dict[str, Any]:
    asked.for_vendor(None)

    async def measured() -> list[dict[str, Any]]:
        async with _collector(retries) as collector:
            return [await _round(collector, ports) for _ in range(rounds)]

    return {"rounds": asyncio.run(measured()), "peak": _peak()}


class _Logged(Exchange):
    """Notes what is sent."""

    log: list[tuple[bytes, Address]]

    def send(self, job: Job[Any], now: float) -> bool:
        assert job.ask is not None
        self.log.append((job.ask.datagram, job.address))
        return super().send(job, now)


def bare(ports: Sequence[int], retries: int, rounds: int) -> dict[str, Any]:
    """The collector's own datagrams, replayed round by round."""

    async def logged() -> list[list[tuple[bytes, Address]]]:
        logs = []
        collector = _collector(retries)
        exchange = collector._exchange = _Logged(TIMEOUT)
        async with collector:
            for _ in range(rounds):
                exchange.log = []
                await _round(collector, ports)
                logs.append(exchange.log)
        return logs

    return {"rounds": [_replay(log) for log in asyncio.run(logged())]}


def _replay(log: Sequence[tuple[bytes, Address]]) -> dict[str, Any]:
    """select, recvfrom, sendto: what any program that waits for many answers does at least."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        answers = waiting = 0
        clock = Clock()
        for datagram, address in log:
            opened.sendto(datagram, address)
            waiting += 1
            while waiting >= AT_ONCE:
                if not select.select([opened], [], [], TIMEOUT)[0]:
                    waiting = 0  # what is still waited for was lost
                    break
                opened.recvfrom(65_535)
                answers += 1
                waiting -= 1
        while waiting and select.select([opened], [], [], TIMEOUT)[0]:
            opened.recvfrom(65_535)
            answers += 1
            waiting -= 1
        return clock.read() | {"requests": len(log), "answers": answers}


def netsnmp(ports: Sequence[int]) -> dict[str, Any]:
    """Each printer by one snmpbulkwalk a subtree, one after the other; WALKS_AT_ONCE printers at once."""
    program = shutil.which("snmpbulkwalk")
    if program is None:
        return {"missing": True}
    options = ["-v2c", "-c", "public", "-On", "-Cr25", "-t", str(TIMEOUT), "-r", str(RETRIES), "-m", ""]
    environment = {"PATH": os.environ.get("PATH", ""), "MIBS": "", "MIBDIRS": "", "SNMPCONFPATH": "/nowhere"}

    def walk(port: int) -> bool:
        whole = True
        for subtree in WALKED:
            command = [program, *options, f"127.0.0.1:{port}", subtree]
            told = subprocess.run(command, env=environment, capture_output=True, check=False)
            whole = whole and told.returncode == 0
        return whole

    clock = Clock(resource.RUSAGE_CHILDREN)
    with ThreadPoolExecutor(WALKS_AT_ONCE) as pool:
        complete = sum(pool.map(walk, ports))
    return clock.read() | {"complete": complete}


# Used by bench agent


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "")}


@contextmanager
def fleet(
    printers: int, *, loss: float, dead: float = 0.05, seed: int = 0
) -> Iterator[tuple[list[int], set[int]]]:
    """A responder's process: the ports of its printers, and which of them are dead."""
    command = [sys.executable, "-m", "tests.agent.responder", "--printers", str(printers)]
    command += ["--delay", "0.05", "--loss", str(loss), "--dead", str(dead), "--seed", str(seed)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        told = json.loads(process.stdout.readline())
        yield told["ports"], {told["ports"][place] for place in told["dead"]}
    finally:
        process.stdin.close()
        process.wait(30)


def measured(what: str, ports: Sequence[int], *, retries: int = RETRIES, rounds: int = 2) -> dict[str, Any]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "tests.agent.measure", what]
    command += ["--retries", str(retries), "--rounds", str(rounds)]
    told = subprocess.run(
        command,
        cwd=ROOT,
        input=json.dumps(list(ports)),
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    read: dict[str, Any] = json.loads(told.stdout)
    return read


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["collect", "bare", "netsnmp"])
    parser.add_argument("--retries", type=int, default=RETRIES)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args(arguments)
    ports = json.loads(sys.stdin.read())
    if given.what == "netsnmp":
        told = netsnmp(ports)
    else:
        told = {"collect": collect, "bare": bare}[given.what](ports, given.retries, given.rounds)
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
