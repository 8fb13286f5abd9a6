"""Finds printers: one GET an address, slowly, and no other sort of probe."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from metered.agent import identity
from metered.agent.collect import Collector, Target
from metered.agent.conversation import Collected, Steps
from metered.agent.snmp.credentials import Community, Credentials
from metered.agent.walk import Walk

PACKETS_A_SECOND = 50
AT_ONCE = 512
"""Addresses that an answer is awaited from: the pace is the limit, not this."""

_ASKED = frozenset({"identity"})


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered. `credentials`: those that it answered to. What it did not tell is None.

    `serial` is its identity (the Printer-MIB's, else the maker's), wherever it is found; `printer` False for
    switches, projectors and the like.
    """

    host: str
    port: int
    credentials: Credentials
    serial: str | None
    model: str | None
    vendor: str | None
    printer: bool


async def discover(
    collector: Collector,
    addresses: Iterable[str],
    credentials: Sequence[Credentials],
    port: int = 161,
    *,
    packets_a_second: float = PACKETS_A_SECOND,
) -> AsyncGenerator[Found, None]:
    """What answers at `addresses` (networks.addresses makes them of networks), as it answers.

    Each address gets one GET; with several credentials one each, until one is answered. A device that answers
    is asked at most a few more rows, to tell its serial and whether it prints. What was found is remembered:
    the collector then asks with the right credentials at once.
    """
    targets = (Target(host, tuple(credentials), port) for host in addresses)

    def introduction(target: Target) -> Steps:
        return collector.conversation(target, _ASKED).introduction()

    jobs = collector.run(targets, introduction, packets_a_second=packets_a_second, at_once=AT_ONCE)
    async with aclosing(jobs) as running:
        async for job in running:
            if isinstance(job.result, Collected) and job.result.rows:
                yield _found(job.subject, job.result, collector)
            else:
                collector.memory.forget(job.subject.host, port)


def _found(target: Target, collected: Collected, collector: Collector) -> Found:
    walk = Walk(collected.rows)
    told = identity.read(walk)
    known = collector.memory.of(target.host, target.port)
    credentials = target.credentials[known.credentials]
    if isinstance(credentials, Community) and known.version in ("1", "2c"):
        credentials = Community(credentials.community, "1" if known.version == "1" else "2c")
    return Found(
        host=target.host,
        port=target.port,
        credentials=credentials,
        serial=told.serial,
        model=told.model,
        vendor=told.vendor,
        printer=identity.is_printer(walk),
    )
