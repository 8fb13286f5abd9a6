"""`bench agent`: the device agent reads 2,000 simulated printers, beside a bare socket loop and net-snmp.

The printers are a process of their own on loopback: whole Printer-MIB tables, an answer after 50 ms, one in
twenty dead, one datagram in a hundred lost. The floor sends the very same datagrams and receives the answers
with select, recvfrom and sendto, and nothing else. The naive way is net-snmp's snmpbulkwalk, many at once.
Each is a process of its own, in turn, so that CPU time (user and system) and memory are its own.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from typing import Any

PRINTERS = 2000
WALKED = 96
"""Printers that snmpbulkwalk reads each time; what matters is what one costs."""

Say = Callable[[str], Any]


def run(say: Say, rounds: int) -> None:
    # The simulated printers live with the tests: one responder, one definition of what is right.
    from tests.agent import measure
    from tests.agent.devices import HERE, RECORDINGS
    from tests.agent.test_recordings_network import WAYS, compared

    ours: list[dict[str, Any]] = []
    floor: list[dict[str, Any]] = []
    walks: list[dict[str, Any]] = []
    peaks: list[float] = []
    say(f"{PRINTERS:,} printers, 50 ms, 5 % dead, 1 % of the datagrams lost; {rounds} rounds")
    with measure.fleet(PRINTERS, loss=0.01) as (ports, dead):
        living = len(ports) - len(dead)
        sample = _sample(ports, dead)
        for number in range(1, rounds + 1):
            read = measure.measured("collect", ports)
            bare = measure.measured("bare", ports)
            ours += read["rounds"]
            floor += bare["rounds"]
            peaks.append(read["peak"])
            walks.append(measure.measured("netsnmp", sample))
            say(f"  round {number}: {_round(read['rounds'], bare['rounds'], living)}")
    first, later = ours[0::2], ours[1::2]
    say("")
    say(_complete("of the living complete", ours, living, least=1.0))
    for name, own, bare_ in (("first contact", first, floor[0::2]), ("later rounds", later, floor[1::2])):
        own_us, bare_us = _median(own, _request_us), _median(bare_, _request_us)
        requests = statistics.median(one["requests"] for one in own) / len(ports)
        say(
            f"{name}: {requests:.1f} requests a printer, {own_us:.0f} µs CPU each; the bare loop "
            f"{bare_us:.1f} µs: {_median_ratio(own, bare_):.1f} times (goal ≤ 8)"
        )
    _against_netsnmp(say, walks, later, len(ports), len(sample))
    say(f"peak of memory {max(peaks):.0f} MB (goal ≤ 150)")
    say("")
    with measure.fleet(PRINTERS, loss=0.1, seed=1) as (ports, dead):
        lossy = measure.measured("collect", ports, retries=3, rounds=1)["rounds"]
    say(_complete("of the living complete at 10 % loss", lossy, len(ports) - len(dead), least=0.999))
    folders = [folder for folder in (HERE, RECORDINGS) if folder.is_dir()]
    same = sum(compared(folder, way) for folder in folders for way in WAYS.values())
    say(f"{same} recordings read over the network in {len(WAYS)} ways, each exactly as from its file")
    if RECORDINGS not in folders:
        say("the real recordings (../shared/printers) are not on this machine")


def _sample(ports: Sequence[int], dead: set[int]) -> list[int]:
    """As many dead among them as among all."""
    chance = random.Random(0)  # noqa: S311 -- which printers, not a secret
    gone = round(WALKED * len(dead) / len(ports))
    living = [port for port in ports if port not in dead]
    return chance.sample(living, WALKED - gone) + chance.sample(sorted(dead), gone)


def _request_us(one: dict[str, Any]) -> float:
    return 1e6 * float(one["cpu"]) / float(one["requests"])


def _median(of: Sequence[dict[str, Any]], what: Callable[[dict[str, Any]], float]) -> float:
    return statistics.median(map(what, of))


def _median_ratio(own: Sequence[dict[str, Any]], bare: Sequence[dict[str, Any]]) -> float:
    pairs = zip(own, bare, strict=True)
    return statistics.median(_request_us(one) / _request_us(other) for one, other in pairs)


def _round(own: Sequence[dict[str, Any]], bare: Sequence[dict[str, Any]], living: int) -> str:
    return "; ".join(
        f"{one['complete']} of {living} in {one['wall']:.1f} s, {one['cpu']:.2f} s CPU, "
        f"{one['requests']:,} requests at {_request_us(one):.0f} µs (bare {_request_us(other):.1f})"
        for one, other in zip(own, bare, strict=True)
    )


def _complete(what: str, of: Sequence[dict[str, Any]], living: int, *, least: float) -> str:
    worst = min(one["complete"] for one in of)
    return (
        f"{what}: at worst {worst:,} of {living:,}, {100 * worst / living:.2f} % (goal ≥ {100 * least:g} %)"
    )


def _against_netsnmp(
    say: Say, walks: Sequence[dict[str, Any]], own: Sequence[dict[str, Any]], printers: int, walked: int
) -> None:
    if any(walk.get("missing") for walk in walks):
        say("snmpbulkwalk is not installed (apt install snmp): not compared with it")
        return
    cpu = [1e3 * walk["cpu"] / walked for walk in walks]
    wall = [1e3 * walk["wall"] / walked for walk in walks]
    own_cpu = [1e3 * one["cpu"] / printers for one in own]
    own_wall = [1e3 * one["wall"] / printers for one in own]
    for what, theirs, ours, goal in (("CPU", cpu, own_cpu, 20), ("elapsed", wall, own_wall, 10)):
        ratio = statistics.median(their / our for their, our in zip(theirs, ours, strict=True))
        say(
            f"{what} a printer: {statistics.median(ours):.2f} ms, snmpbulkwalk "
            f"{statistics.median(theirs):.1f} ms: {ratio:.0f} times less (goal ≥ {goal})"
        )
