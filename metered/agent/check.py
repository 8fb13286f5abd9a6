"""`check`: what works, and in words what does not and what to do about it."""

import asyncio
import datetime as dt
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from metered.agent import VERSION, batch, secret
from metered.agent.config import Config, ConfigError
from metered.agent.deliver import is_older
from metered.agent.discover import Found
from metered.agent.networks import NetworksError
from metered.agent.portal import Portal, PortalError
from metered.agent.report import utc
from metered.agent.run import chosen_addresses, collecting, searched
from metered.agent.service import is_running
from metered.agent.snmp.credentials import Credentials
from metered.agent.spool import NAME, Spool, SpoolError

MOST_ASKED = 256
"""Addresses that a check asks; `scan` asks them all."""

CLOCK = 120.0
"""Seconds that this machine's clock may differ from the portal's."""

LEAST_FREE = 200_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """`works` None: nothing wrong, but worth knowing."""

    what: str
    works: bool | None
    words: str

    def __str__(self) -> str:
        mark = {True: "ok", None: "note", False: "FAIL"}[self.works]
        return f"{mark:<5} {self.what:<9} {self.words}"


def check(config: Config, clock: Callable[[], dt.datetime]) -> Iterator[Finding]:
    """From the near to the far; each finding as it is made."""
    yield Finding("config", True, f"{config.file}")
    try:
        spool = Spool(config.folder, config.limits)
    except SpoolError as error:
        yield Finding("spool", False, str(error))
        spool = None
    try:
        if spool is not None:
            yield from _spool(config, spool)
        yield from _printers(config, [each.host for each in spool.printers()] if spool else [])
        yield from _portal(config, clock, spool.instance if spool else str(uuid.uuid4()))
    finally:
        if spool is not None:
            spool.close()


def _spool(config: Config, spool: Spool) -> Iterator[Finding]:
    running = "an agent is running with it" if is_running(config.folder) else "no agent is running with it"
    waiting = spool.state().waiting
    yield Finding("spool", True, f"{config.folder / NAME}, {waiting:,} readings wait, {running}")
    free = shutil.disk_usage(config.folder).free
    if free < LEAST_FREE:
        yield Finding("disk", False, f"only {free / 1e6:,.0f} MB free for {config.folder}: make room")


# Printers


def _printers(config: Config, known: list[str]) -> Iterator[Finding]:
    try:
        credentials = config.credentials()
    except ConfigError as error:
        yield Finding("secrets", False, str(error))
        return
    yield Finding("secrets", True, f"{len(credentials)} way{'s' * (len(credentials) > 1)} to ask printers")
    try:
        chosen = list(chosen_addresses(config))
    except NetworksError as error:
        yield Finding("networks", False, str(error))
        return
    yield Finding("networks", True, f"{len(chosen):,} addresses")
    asked = (known or chosen)[:MOST_ASKED]
    found = asyncio.run(_found(config, credentials, asked))
    printers = [each for each in found if each.printer]
    others = len(found) - len(printers)
    if printers:
        beside = f", {others:,} others" if others else ""
        yield Finding("printers", True, f"{len(printers):,} of {len(asked):,} addresses asked answer{beside}")
        return
    if others:
        yield Finding("printers", False, f"{others:,} devices answer, and none of them is a printer")
        return
    yield Finding("printers", False, _why_none(asked, config.printers.port))


async def _found(config: Config, credentials: tuple[Credentials, ...], asked: list[str]) -> list[Found]:
    async with collecting(config) as collector:
        return [each async for each in searched(config, credentials, collector, asked)]


def _why_none(asked: list[str], port: int) -> str:
    """A host with nothing on the port says so (ICMP port unreachable); a wrong community meets silence."""
    closed = [host for host in asked[:16] if _is_closed(host, port)]
    if closed:
        return (
            f"{closed[0]} is there but nothing answers on UDP port {port}: switch SNMP on in the printer's"
            " settings, or mind the port"
        )
    return (
        f"none of {len(asked):,} addresses answers on UDP port {port}. Either the printers are off or"
        " elsewhere, a firewall lets nothing through, or community, user or password are not theirs: SNMP"
        " says nothing to those"
    )


def _is_closed(host: str, port: int) -> bool:
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.settimeout(0.3)
            probe.connect(place)
            probe.send(b"")
            probe.recv(1)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


# The portal


def _portal(config: Config, clock: Callable[[], dt.datetime], instance: str) -> Iterator[Finding]:
    try:
        portal = config.connection()
        portal.context  # noqa: B018 -- reads the CA file
    except (ConfigError, PortalError) as error:
        yield Finding("portal", False, str(error))
        return
    unknown = _unknown_name(portal)
    if unknown:
        yield Finding("portal", False, unknown)
        return
    try:
        token = secret.read(config.token_file)
    except secret.SecretError as error:
        yield Finding("token", False, f"{error}. Make a code in the portal and enroll this agent with it")
        token = ""
    body = _nothing(instance, clock())
    try:
        answer = portal.send(body, token=token or "none")
    except PortalError as error:
        yield from _no_answer(portal, error, enrolled=bool(token))
        return
    yield Finding(
        "portal", True, f"{portal.url}, over {'a proxy' if portal.proxy else 'a direct connection'}"
    )
    yield Finding("token", True, f"{config.token_file} is accepted")
    yield from _version(answer.get("minimum_agent_version"))
    yield from _clock(answer.get("server_time"), clock())


def _unknown_name(portal: Portal) -> str | None:
    host = urlsplit(portal.proxy or portal.url).hostname or ""
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        return f"this machine cannot find the name {host}: {error.strerror or error}"
    return None


def _no_answer(portal: Portal, error: PortalError, *, enrolled: bool) -> Iterator[Finding]:
    if error.status not in (401, 403):
        yield Finding("portal", False, f"{error}{_hint(portal, error)}")
        return
    yield Finding("portal", True, portal.url)
    if enrolled:
        yield Finding("token", False, f"the portal does not accept it; enroll this agent again ({error})")


def _nothing(instance: str, now: dt.datetime) -> bytes:
    """An empty batch says whether all up to the token works, and brings the portal's clock and version."""
    agent = {"instance": instance, "version": VERSION, "sequence": 0, "sent_at": utc(now)}
    return batch.body(batch.encoded(agent), [])


def _hint(portal: Portal, error: PortalError) -> str:
    if error.status is None and not error.certificate and not portal.proxy:
        return ". If this network lets programs out through a proxy only, set proxy"
    return ""


def _version(least: object) -> Iterator[Finding]:
    if isinstance(least, str) and is_older(VERSION, least):
        yield Finding(
            "version", None, f"the portal asks for {least} or later, and this is {VERSION}: please update"
        )
    else:
        yield Finding("version", True, VERSION)


def _clock(told: object, now: dt.datetime) -> Iterator[Finding]:
    try:
        theirs = dt.datetime.fromisoformat(str(told))
        apart = (now - theirs).total_seconds()
    except (ValueError, TypeError):
        return
    if abs(apart) > CLOCK:
        way = "ahead of" if apart > 0 else "behind"
        yield Finding(
            "clock", None, f"this machine is {abs(apart) / 60:,.0f} minutes {way} the portal: set its clock"
        )
    else:
        yield Finding("clock", True, "agrees with the portal's")
