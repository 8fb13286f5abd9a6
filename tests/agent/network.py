"""Reading the tests' printers over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from metered.agent.collect import Collector, Memory, Outcome, Target, What
from metered.agent.snmp.credentials import Community, Credentials
from tests.agent.responder import Printer, serving

PUBLIC = Community("public")
SOON = 0.15
"""Seconds that tests wait for an answer that will not come; loopback takes a thousandth of it."""
LONG = 10.0
"""Seconds that they wait where each comes: however busy the machine, nothing is sent twice."""


def collect(
    printers: Sequence[Printer],
    *credentials: Credentials,
    memory: Memory | None = None,
    rounds: int = 1,
    what: What = What.EVERYTHING,
    retries: int = 2,
    timeout: float = LONG,
    host: str = "127.0.0.1",
    at_once: int = 64,
    seed: int = 0,
) -> list[Outcome]:
    """The outcomes of the last round, in the order of the printers."""

    async def rounds_of(ports: Sequence[int]) -> list[Outcome]:
        targets = [Target(host, credentials or (PUBLIC,), port) for port in ports]
        async with Collector(
            packets_a_second=20_000, at_once=at_once, timeout=timeout, retries=retries, memory=memory
        ) as collector:
            for _ in range(rounds):
                found = {outcome.target.port: outcome async for outcome in collector.round(targets, what)}
        return [found[port] for port in ports]

    with serving(printers, host=host, seed=seed) as ports:
        return asyncio.run(rounds_of(ports))


def collect_one(
    printer: Printer, *credentials: Credentials, memory: Memory | None = None, timeout: float = LONG
) -> Outcome:
    return collect([printer], *credentials, memory=memory, timeout=timeout)[0]
