"""The device agent against the real portal: killed at random, and a week without a network.

`python3 manage.py prove agent` does each of PARTS at full size, the suite a sample. A part says what it
sees and returns what was wrong.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import random
import signal
import sqlite3
import subprocess
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from django.db import connection

from metered.accounts.models import Account
from metered.agent.batch import encoded
from metered.agent.deliver import Delivery
from metered.agent.portal import Portal
from metered.agent.spool import NAME, Spool
from metered.agent.spool_rows import Reading
from metered.fleet.models import Device
from metered.fleet.serials import serial_key
from metered.reads.models import Batch, Observation
from tests import factories as make
from tests.agent.datagrams import prove as damaged_datagrams
from tests.agent.devices import HERE, RECORDINGS
from tests.agent.fuzz_walks import fuzz
from tests.agent.sites import Site, site
from tests.agent.spools import report
from tests.flows.stack import ROOT, Stack, running, url_of

Say = Callable[[str], Any]

SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
MOST_MEGABYTES = 300
MOST_TIMES = 3.0


@dataclass(frozen=True)
class Size:
    """How much of each a part does."""

    agent_kills: int = 200
    portal_kills: int = 50
    printers: int = 2_000
    hours: int = 168
    datagrams: int = 1_000_000
    walks: int = 100_000
    seed: int = 0


def account_with(serials: list[str], name: str) -> tuple[Account, str]:
    """An account with these devices at one address, and the token of its agent."""
    account = make.account(name)
    address, contract, model = make.address(account), make.contract(account), make.printer_model()
    Device.objects.bulk_create(
        Device(
            account=account,
            contract=contract,
            address=address,
            model=model,
            serial=serial,
            serial_key=serial_key(serial),
            installed_on=dt.date(2025, 1, 1),
            replenishment="off",
        )
        for serial in serials
    )
    return account, make.agent_token(account)


# Killed at random


@dataclass
class Books:
    """What the agent committed, and what the portal has. The spool's own trigger keeps the first: it writes
    in the transaction of the reading, so that it holds what was committed, no more and no less."""

    site: Site
    account: Account
    lost: list[tuple[str, str]] = field(default_factory=list)

    def open(self) -> None:
        Spool(self.site.spool).close()
        with sqlite3.connect(self.site.spool / NAME) as db:
            db.executescript(
                "CREATE TABLE journal (serial TEXT, observed_at INTEGER, PRIMARY KEY (serial, observed_at));"
                "CREATE TRIGGER journal AFTER INSERT ON reading BEGIN"
                " INSERT OR IGNORE INTO journal VALUES (NEW.serial, NEW.observed_at); END;"
            )

    def committed(self) -> set[tuple[str, int]]:
        with sqlite3.connect(self.site.spool / NAME) as db:
            return set(db.execute("SELECT serial, observed_at FROM journal"))

    def waiting(self) -> int:
        with sqlite3.connect(self.site.spool / NAME) as db:
            return int(db.execute("SELECT count(*) FROM reading").fetchone()[0])

    def kept(self) -> list[tuple[str, int]]:
        """The portal's observations."""
        serials = dict(Device.objects.filter(account=self.account).values_list("pk", "serial"))
        rows = Observation.objects.filter(account_id=self.account.pk).values_list("device_id", "observed_at")
        return [(serials[device], int(at.timestamp())) for device, at in rows]

    def faults(self) -> list[str]:
        committed, kept = self.committed(), self.kept()
        accepted = sum(answer["accepted"] for answer in self._answers())
        found = []
        if committed - set(kept):
            found.append(f"{len(committed - set(kept))} committed readings are not in the portal")
        if set(kept) - committed:
            found.append(f"{len(set(kept) - committed)} readings in the portal were never committed")
        if len(kept) != len(set(kept)):
            found.append(f"{len(kept) - len(set(kept))} readings are in the portal twice")
        if accepted > len(kept):
            found.append(f"the portal counted {accepted} readings as new and has {len(kept)}")
        return found

    def _answers(self) -> list[dict[str, Any]]:
        return list(Batch.objects.filter(account=self.account).values_list("answer", flat=True))


@contextmanager
def agent_at(stack: Stack, folder: Path, printers: int) -> Iterator[Books]:
    """Printers that are read every second, and an account that knows them."""
    serials = [f"3TX{number:06d}" for number in range(printers)]
    account, token = account_with(serials, f"Site {folder.name}")
    with site(folder, printers, portal=stack.url, token=token, schedule='supplies_every = "1s"') as made:
        books = Books(made, account)
        books.open()
        yield books


def kill_and_look(
    stack: Stack, books: Books, *, agent_kills: int, portal_kills: int, seed: int, say: Say
) -> list[str]:
    """Kills the agent, and in between the portal, at random moments; then lets the rest be delivered."""
    chance = random.Random(seed)
    victims = ["agent"] * agent_kills + ["portal"] * portal_kills
    chance.shuffle(victims)
    process = books.site.start("run")
    for number, victim in enumerate(victims, 1):
        if chance.random() < 0.7:  # in the middle of its work; else maybe before it has begun
            before = len(books.committed())
            stack.wait(lambda: len(books.committed()) > before, within=60)  # noqa: B023 -- used up at once
        stack.rest(chance.uniform(0.0, 1.5))
        if victim == "portal":
            stack.wait(lambda: stack.supervisor.children["web"].process is not None, within=60)
            os.killpg(stack.pid("web"), signal.SIGKILL)
            stack.supervisor.children["web"].failures = 0  # killed is not failing: start it again at once
        else:
            process.kill()
            process.communicate()
            process = books.site.start("run")
        if number % 25 == 0:
            say(f"{number:>4} kills, {len(books.committed()):,} readings committed, {books.waiting():,} wait")
    stack.wait(stack.web_answers, within=60)
    stack.rest(1)
    process.terminate()
    process.communicate()
    found = _deliver_the_rest(stack, books)
    found += books.faults()
    say(f"{agent_kills} kills of the agent and {portal_kills} of the portal:")
    say(f"{len(books.committed()):,} readings committed, {len(books.kept()):,} in the portal")
    say("; ".join(found) or "none lost, none double")
    return found


def _deliver_the_rest(stack: Stack, books: Books) -> list[str]:
    made = books.site.config()
    spool = Spool(made.folder)
    delivery = Delivery(spool, Portal(stack.url, seconds=30), lambda: books.site.token or "", clock=_now)
    end = time.monotonic() + 120
    while spool.state().waiting and time.monotonic() < end:
        stack.rest(min(delivery.step().wait or 0.0, 1.0) + 0.01)
    left, aside = spool.state().waiting, spool.aside()
    spool.close()
    return [f"{left} readings were not delivered"] * bool(left) + [f"refused: {aside}"] * bool(aside)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def kills(size: Size, say: Say) -> list[str]:
    with (
        tempfile.TemporaryDirectory(prefix="metered-prove-") as folder,
        running(Path(folder), url_of(connection.settings_dict), "valkey", "web") as stack,
        agent_at(stack, Path(folder) / "site", printers=8) as books,
    ):
        return kill_and_look(
            stack,
            books,
            agent_kills=size.agent_kills,
            portal_kills=size.portal_kills,
            seed=size.seed,
            say=say,
        )


# A week without a network


class _Noting(Portal):
    """Keeps the body that was sent last, so that the same bytes can be sent bare."""

    last = b""

    def send(self, body: bytes, *, token: str) -> dict[str, Any]:
        object.__setattr__(self, "last", body)
        return super().send(body, token=token)


@dataclass(frozen=True)
class Outage:
    """What a week without a network came to."""

    readings: int
    megabytes: float
    delivering: float
    bare: float
    batches: int
    faults: list[str]

    def __str__(self) -> str:
        return (
            f"{self.readings:,} readings in a spool of {self.megabytes:.1f} MB; delivered in"
            f" {self.delivering:.1f} s, bare POSTs of the same bytes {self.bare:.1f} s:"
            f" {self.delivering / self.bare:.2f} times as long ({self.batches:,} batches)"
        )


def outage(stack: Stack, folder: Path, *, printers: int, hours: int, say: Say) -> Outage:
    """Rounds of all printers, an hour apart by a simulated clock, while nothing is delivered; then all of it.

    Each batch is delivered by the agent and then sent bare, already packed, for other devices of another
    account: both find the same server in the same state. Serials are not those of the printers that `kills`
    asks: in one portal a serial is in use once.
    """
    account, token = account_with([f"3TW{number:06d}" for number in range(printers)], "Offline")
    _, other_token = account_with([f"3TY{number:06d}" for number in range(printers)], "Bare")
    spool = Spool(folder)
    start = _now().replace(microsecond=0) - hours * HOUR
    for hour in range(hours):
        at = start + hour * HOUR
        spool.add([_reading(number, at + number * SECOND, hour) for number in range(printers)])
        if hour % 24 == 23:
            say(f"{hour + 1:>4} hours offline, {spool.size() / 1e6:.1f} MB")
    megabytes = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    portal = _Noting(stack.url, seconds=120)
    delivery = Delivery(spool, portal, lambda: token, clock=_now)
    agent, bare, taken = [], [], 0
    headers = {"Authorization": f"Bearer {other_token}", "Content-Encoding": "gzip"}
    with httpx.Client(base_url=stack.url, timeout=120, headers=headers) as client:
        while spool.state().waiting:
            begun = time.perf_counter()
            step = delivery.step()
            agent.append(time.perf_counter() - begun)
            taken += step.taken
            if step.problem:
                return Outage(printers * hours, megabytes, 1, 1, len(agent), [step.said])
            packed = gzip.compress(portal.last.replace(b'"3TW', b'"3TY'), 6, mtime=0)
            begun = time.perf_counter()
            answer = client.post(
                "/api/v1/telemetry", content=packed, headers={"Content-Type": "application/json"}
            )
            bare.append(time.perf_counter() - begun)
            assert answer.json()["accepted"] == step.taken, answer.text
            if len(agent) % 100 == 0:
                times = f"{median(agent) * 1e3:.0f} ms a batch, bare {median(bare) * 1e3:.0f} ms"
                say(f"{taken:,} delivered, {times}")
    spool.close()
    kept = Observation.objects.filter(account_id=account.pk).count()
    faults = [f"{kept:,} of {printers * hours:,} are in the portal"] * (kept != printers * hours)
    return Outage(printers * hours, megabytes, sum(agent), sum(bare), len(agent), faults)


def _reading(number: int, at: dt.datetime, hour: int) -> Reading:
    """A printer of its own: its counters, its levels, its address."""
    meters = hour % 24 == 0
    told = report(f"3TW{number:06d}", at, meters=meters, turn=hour * (1 + number % 5))
    told["host"] = f"10.1.{number // 250}.{number % 250}"
    return Reading(told["serial"], told["host"], at, meters, True, encoded(told))


def offline(size: Size, say: Say) -> list[str]:
    with (
        tempfile.TemporaryDirectory(prefix="metered-prove-") as folder,
        running(Path(folder), url_of(connection.settings_dict), "valkey", "web") as stack,
    ):
        seen = outage(stack, Path(folder) / "spool", printers=size.printers, hours=size.hours, say=say)
    say(str(seen))
    found = list(seen.faults)
    if seen.megabytes > MOST_MEGABYTES:
        found.append(f"the spool is larger than {MOST_MEGABYTES} MB")
    if seen.delivering > MOST_TIMES * seen.bare:
        found.append(f"delivering takes more than {MOST_TIMES:g} times as long as bare POSTs")
    return found


# Alone


def alone(size: Size, say: Say) -> list[str]:
    """`pip install .` into an empty environment."""
    with tempfile.TemporaryDirectory(prefix="metered-prove-") as folder:
        home = Path(folder)
        venv.create(home / "env", with_pip=True)
        python = str(home / "env" / "bin" / "python")
        before = _packages(python)
        subprocess.run([python, "-m", "pip", "install", "--quiet", str(_source(home))], check=True)
        return installed(home, python, before, say)


def _source(home: Path) -> Path:
    """The checkout's tracked files: a build leaves its own beside them."""
    source = home / "source"
    source.mkdir()
    listed = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "pyproject.toml",
        "LICENSE",
        "docs",
        "metered",
    ]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\0"
    ):
        if name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    return source


def installed(home: Path, python: str, before: set[str], say: Say) -> list[str]:
    """What is wrong with an agent that was installed beside `python`."""
    command = str(Path(python).with_name("metered-agent"))
    found = []
    if _packages(python) - before != {"metered-agent"}:
        found.append(f"installed were {_packages(python) - before}")
    listing = (
        "from importlib.util import find_spec;"
        "print([name for name in ('django', 'metered.portal', 'launch') if find_spec(name)])"
    )
    if (extra := _said(python, "-c", listing, at=home).strip()) != "[]":
        found.append(f"{extra} can be imported")
    help_text = _said(command, "--help", at=home)
    if "enroll" not in help_text or max(map(len, help_text.splitlines())) > 110:
        found.append("the help is not readable")
    read = json.loads(_said(command, "read", str(HERE / "xerox_versalink.snmprec"), at=home))
    if read["serial"] != "3TX481207":
        found.append("it does not read a walk")
    if "1.3.6.1.2.1.43.11.1.1.9" not in _said(command, "--show-oids", at=home):
        found.append("it does not show its OIDs")
    say(f"installed alone: {', '.join(sorted(_packages(python) - before))}; {'; '.join(found) or 'it runs'}")
    return found


def _packages(python: str) -> set[str]:
    listed = _said(python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check")
    return {entry["name"] for entry in json.loads(listed)}


def _said(*command: str, at: Path | None = None) -> str:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "METERED"))
    }
    return subprocess.run(command, cwd=at, env=environment, capture_output=True, text=True, check=True).stdout


# Whatever a printer sends


def datagrams(size: Size, say: Say) -> list[str]:
    """Damaged answers, one by one and within whole conversations."""
    tally = damaged_datagrams(size.datagrams, size.seed, say)
    say(f"{tally.datagrams:,} damaged datagrams: {dict(tally.seen)}; {len(tally.faults)} faults")
    return tally.faults


def walks(size: Size, say: Say) -> list[str]:
    """Walks gone wrong: made ones, and the recordings where they are."""
    outcome = fuzz(
        size.walks, seed=size.seed, recordings=RECORDINGS if RECORDINGS.is_dir() else None, say=say
    )
    say(str(outcome))
    return outcome.faults


PARTS: dict[str, Callable[[Size, Say], list[str]]] = {
    "kills": kills,
    "offline": offline,
    "alone": alone,
    "datagrams": datagrams,
    "walks": walks,
}
"""What `prove agent` can be asked for, in its order."""
