"""Reads many devices over the network: targets in, one Walk a device out.

async with Collector(memory=memory) as collector:
    async for outcome in collector.round(targets, What.EVERYTHING):
        ...
"""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

from metered.agent.conversation import Collected, Conversation, Steps
from metered.agent.memory import Memory
from metered.agent.snmp.credentials import Credentials
from metered.agent.snmp.exchange import Address, Exchange, Job, Run
from metered.agent.walk import Walk

__all__ = ["Collector", "Memory", "Outcome", "Target", "What"]

PACKETS_A_SECOND = 500
AT_ONCE = 128
TIMEOUT = 2.0
RETRIES = 2


@dataclass(frozen=True, slots=True)
class Target:
    """A device by address or name, and whom it may answer; the first of several credentials is tried
    first."""

    host: str
    credentials: tuple[Credentials, ...]
    port: int = 161

    def __str__(self) -> str:
        return self.host if self.port == 161 else f"{self.host} port {self.port}"


class What(Enum):
    """What is read. SUPPLIES leaves the counters out; what the device is, is always asked."""

    EVERYTHING = frozenset({"identity", "meters", "supplies", "alerts"})
    SUPPLIES = frozenset({"identity", "supplies", "alerts"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """`walk`: what the device answered, None if nothing. `error`: why it is nothing or not all, in words for
    a person. `requests`: datagrams sent. `complete`: everything that was asked was answered to its end."""

    target: Target
    walk: Walk | None
    error: str | None
    requests: int
    complete: bool


class Collector:
    """Owns the shared sockets. `packets_a_second`, `at_once` (devices being talked to) bound what it does to
    the network; an answer is waited for `timeout` seconds, and a request sent `retries` times more in each
    pass."""

    def __init__(
        self,
        *,
        packets_a_second: float = PACKETS_A_SECOND,
        at_once: int = AT_ONCE,
        timeout: float = TIMEOUT,
        retries: int = RETRIES,
        memory: Memory | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if packets_a_second <= 0 or at_once < 1 or timeout <= 0 or retries < 0:
            raise ValueError("a collector needs a pace, a device at once, a timeout, and no negative retries")
        self.memory = Memory() if memory is None else memory
        self._pace, self._at_once, self._attempts, self._now = packets_a_second, at_once, retries + 1, now
        self._exchange = Exchange(timeout)

    async def __aenter__(self) -> Self:
        await self._exchange.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._exchange.__aexit__(*error)

    @property
    def strays(self) -> int:
        """Datagrams received that were no answer to anything asked: late, doubled, or somebody else's."""
        return self._exchange.strays

    async def round(
        self, targets: Iterable[Target], what: What = What.EVERYTHING
    ) -> AsyncGenerator[Outcome, None]:
        """Each target's outcome as it comes. Those that did not answer are asked again when all others are
        through."""

        def reading(target: Target) -> Steps:
            return self.conversation(target, what.value).reading()

        jobs = self.run(targets, reading, packets_a_second=self._pace, at_once=self._at_once)
        async with aclosing(jobs) as running:
            async for job in running:
                yield outcome_of(job)

    def conversation(self, target: Target, groups: frozenset[str]) -> Conversation:
        return Conversation(
            target.credentials,
            self.memory.of(target.host, target.port),
            groups=groups,
            attempts=self._attempts,
            now=self._now,
        )

    async def run(
        self,
        targets: Iterable[Target],
        steps: Callable[[Target], Steps],
        *,
        packets_a_second: float,
        at_once: int,
    ) -> AsyncGenerator[Job[Target], None]:
        """A conversation with each target; names are looked up on the way."""
        run = Run(self._exchange, _jobs(targets, steps), packets_a_second=packets_a_second, at_once=at_once)
        async with aclosing(run.finished()) as finished:
            async for job in finished:
                yield job


def outcome_of(job: Job[Target]) -> Outcome:
    """What a finished conversation came to."""
    collected: Collected = job.result if job.failure is None else Collected()
    error = collected.trouble
    if job.failure is not None:
        error = f"a fault of the agent itself: {type(job.failure).__name__}"
    elif job.unsendable is not None and not collected.rows:
        error = f"nothing can be sent there: {job.unsendable}"
    elif error is None and not collected.complete:
        error = "it answered in part"
    return Outcome(job.subject, collected.walk(), error, job.requests, collected.complete)


def _jobs(
    targets: Iterable[Target], steps: Callable[[Target], Steps]
) -> Iterator[Job[Target] | Coroutine[Any, Any, Job[Target]]]:
    for target in targets:
        address = _literal(target.host, target.port)
        if address is None:
            yield _looked_up(target, steps)
        else:
            yield Job(target, *address, steps(target))


def _literal(host: str, port: int) -> tuple[int, Address] | None:
    """Family and address of a numeric host; None for a name (and for IPv6 zones, which the resolver
    knows)."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        plain = socket.inet_ntop(family, packed)
        return family, (plain, port) if family == socket.AF_INET else (plain, port, 0, 0)
    return None


async def _looked_up(target: Target, steps: Callable[[Target], Steps]) -> Job[Target]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        words = getattr(error, "strerror", None) or "it is no valid name"
        return Job(target, socket.AF_INET, (target.host, target.port), _nowhere(target.host, words))
    family, _, _, _, address = found[0]
    return Job(target, family, address, steps(target))


def _nowhere(host: str, words: str) -> Generator[None, Any, Collected]:
    """The conversation with a name that has no address."""
    yield from ()
    return Collected(trouble=f"the name {host} has no address: {words}")
