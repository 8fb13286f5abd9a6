"""Against an implementation that is not ours: Debian's snmpd, as a private process on loopback."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metered.agent import oids, report
from metered.agent.collect import Collector, Memory, Outcome, Target
from metered.agent.snmp.credentials import Community, Credentials, User
from tests.agent.devices import NOON

SNMPD = shutil.which("snmpd") or next(iter(Path("/usr/sbin").glob("snmpd")), None)

pytestmark = pytest.mark.skipif(SNMPD is None, reason="snmpd is not installed (apt install snmpd)")

PASSWORD, SECRET = "the first password", "the second password"
AUTH = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA-224": "sha224",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
PRIVACY = {"DES": "des", "AES": "aes128", "AES-192": "aes192", "AES-256": "aes256"}

USERS: dict[User, str] = {User("nobody"): "createUser nobody"}
for _word, _auth in AUTH.items():
    _user = User(f"a-{_auth}", _auth, PASSWORD)
    USERS[_user] = f'createUser {_user.name} {_word} "{PASSWORD}"'
    for _cipher, _privacy in PRIVACY.items():
        _user = User(f"p-{_auth}-{_privacy}", _auth, PASSWORD, _privacy, SECRET)
        USERS[_user] = f'createUser {_user.name} {_word} "{PASSWORD}" {_cipher} "{SECRET}"'

ROWS = (
    f".{oids.prtGeneralSerialNumber}.1 octet_str SNMPD12345",
    f".{oids.prtMarkerCounterUnit}.1.1 integer 7",
    f".{oids.prtMarkerLifeCount}.1.1 counter 4294967290",
    *(f".{oids.prtMarkerSuppliesDescription}.1.{n} octet_str Toner{n}" for n in range(1, 7)),
    *(f".{oids.prtMarkerSuppliesType}.1.{n} integer 3" for n in range(1, 7)),
    *(f".{oids.prtMarkerSuppliesMaxCapacity}.1.{n} integer 1000" for n in range(1, 7)),
    *(f".{oids.prtMarkerSuppliesLevel}.1.{n} integer {n * 100}" for n in range(1, 6)),
    f".{oids.prtMarkerSuppliesLevel}.1.6 integer -3",
)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("snmpd")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    lines = [
        "rocommunity public 127.0.0.1",
        "sysDescr Xerox VersaLink C7130 Color MFP; System 57.40.31",
        "sysObjectID .1.3.6.1.4.1.253.8.62.1.39",
        *USERS.values(),
        *(
            f"rouser {user.name} {'priv' if user.privacy else 'auth' if user.auth else 'noauth'}"
            for user in USERS
        ),
        *(f"override {row}" for row in ROWS),
    ]
    configuration = folder / "snmpd.conf"
    configuration.write_text("\n".join(lines) + "\n")
    log = folder / "log"
    process = subprocess.Popen(
        [str(SNMPD), "-f", "-r", "-C", "-c", str(configuration), "-Lf", str(log), f"udp:127.0.0.1:{number}"],
        env=os.environ | {"SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            if _collect(number, Community("public"), timeout=0.1).walk is not None:
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield number
    finally:
        process.terminate()
        process.wait(10)


def _collect(
    port: int, *credentials: Credentials, timeout: float = 3, memory: Memory | None = None
) -> Outcome:
    async def read() -> Outcome:
        async with Collector(timeout=timeout, memory=memory, retries=0) as collector:
            targets = [Target("127.0.0.1", credentials, port)]
            (outcome,) = [outcome async for outcome in collector.round(targets)]
            return outcome

    return asyncio.run(read())


def _good(outcome: Outcome) -> None:
    assert outcome.complete, outcome.error
    assert outcome.walk is not None
    read = report.read(outcome.walk, observed_at=NOON)
    assert (read.serial, read.vendor, read.model) == ("SNMPD12345", "Xerox", "VersaLink C7130")
    assert [(meter.count, meter.unit) for meter in read.meters] == [(4294967290, "impressions")]
    assert [supply.percent for supply in read.supplies] == [10.0, 20.0, 30.0, 40.0, 50.0, None]
    assert read.supplies[5].state == "some_remaining"


@pytest.mark.parametrize("version", ["1", "2c"])
def test_communities(port: int, version: str) -> None:
    _good(_collect(port, Community("public", "1" if version == "1" else "2c")))


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_every_user(port: int, user: User) -> None:
    _good(_collect(port, user))


def test_the_engine_is_remembered(port: int) -> None:
    user, memory = next(user for user in USERS if user.privacy == "aes128"), Memory()
    first = _collect(port, user, memory=memory)
    second = _collect(port, user, memory=Memory.from_json(memory.as_json()))
    _good(second)
    assert second.requests < first.requests


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"auth_password": "not the password"}, "the authentication password or protocol of user"),
        ({"name": "stranger"}, "it does not know the SNMPv3 user stranger"),
        ({"contexts": ("elsewhere",)}, "it has no context 'elsewhere'"),
        ({"privacy_password": "not the secret"}, "probably the privacy password or protocol is wrong"),
    ],
)
def test_what_snmpd_refuses_is_said(port: int, change: dict[str, Any], words: str) -> None:
    user = next(user for user in USERS if user.privacy == "aes128")
    assert words in (_collect(port, replace(user, **change), timeout=0.3).error or "")


def test_boots_and_time_that_were_remembered_wrong_are_agreed_about(port: int) -> None:
    user, memory = next(user for user in USERS if user.privacy == "aes128"), Memory()
    _good(_collect(port, user, memory=memory))
    engine = memory.of("127.0.0.1", port).engine
    assert engine is not None
    for boots, time_ in (
        (engine.boots + 3, engine.time),
        (engine.boots - 1, engine.time),
        (engine.boots, 90_000),
    ):
        engine.boots, engine.time, engine.latest = boots, time_, time_
        _good(_collect(port, user, memory=memory))
