"""`python3 manage.py prove <what>`: claims of the documentation, tried many times.

The tests of the suite try a sample; this tries as often as one likes and says what it saw. It works in a
database of its own, which is dropped afterwards.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import override_settings

REGISTRATION_MS = 10
"""The median times of matching and other registrations differ by less (the proof's own measure)."""


@contextlib.contextmanager
def _static_files(root: Path) -> Iterator[None]:
    """Collects sheets and scripts there, for a portal that is started meanwhile."""
    os.environ["METERED_STATIC_ROOT"] = str(root)
    with override_settings(
        STATIC_ROOT=root,
        STORAGES=settings.STORAGES
        | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
    ):
        call_command("collectstatic", interactive=False, verbosity=0)
    yield
    del os.environ["METERED_STATIC_ROOT"]


def _speak(language: str) -> None:
    """Makes it everybody's language. In a thread of its own: Playwright keeps an event loop in this one."""
    from metered.accounts.models import User

    def everybody() -> None:
        User.objects.update(language=language)
        connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(everybody).result()


class Command(BaseCommand):
    help = (
        "Prove what the documentation claims, many times over (kills, registration, browser, agent, returns)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="what")
        kills = what.add_parser(
            "kills", help="kill -9 worker, beat and Valkey in turn: exactly one order each"
        )
        kills.add_argument("--times", type=int, default=50, help="how many kills (default 50)")
        kills.add_argument("--seed", type=int, default=0, help="chooses the moments of the kills")
        registration = what.add_parser(
            "registration", help="answers to registrations don't tell whether they match"
        )
        self.add_agent_arguments(
            what.add_parser("agent", help="the device agent loses nothing, whatever happens")
        )
        self.add_returns_arguments(
            what.add_parser("returns", help="returns are answered in time, and the books agree")
        )
        pages = what.add_parser(
            "browser", help="every page in every language, size and theme: axe, CSP, nothing sideways"
        )
        every = [code for code, _name in settings.LANGUAGES]
        pages.add_argument("--languages", nargs="*", choices=every, default=every)
        pages.add_argument("--widths", nargs="*", type=int, default=[320, 390, 768, 1280])
        pages.add_argument("--only", nargs="*", default=[], help="names of pages, such as overview device")
        registration.add_argument("--pairs", type=int, default=1000, help="how many pairs (default 1,000)")

    def add_agent_arguments(self, agent: ArgumentParser) -> None:
        from tests.flows.agents import PARTS, Size

        usual = Size()
        agent.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (default: all of them)")
        agent.add_argument("--agent-kills", type=int, default=usual.agent_kills)
        agent.add_argument("--portal-kills", type=int, default=usual.portal_kills)
        agent.add_argument("--printers", type=int, default=usual.printers, help="of the week offline")
        agent.add_argument("--hours", type=int, default=usual.hours, help="of it")
        agent.add_argument("--datagrams", type=int, default=usual.datagrams, help="damaged ones")
        agent.add_argument("--walks", type=int, default=usual.walks, help="gone wrong")
        agent.add_argument("--seed", type=int, default=usual.seed)

    def add_returns_arguments(self, returns: ArgumentParser) -> None:
        from tests.flows.returns import PARTS, Size

        usual = Size()
        returns.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (default: all of them)")
        returns.add_argument("--days", type=int, default=usual.days, help="of filings")
        returns.add_argument("--runs", type=int, default=usual.runs, help="of the machine over the books")
        returns.add_argument("--steps", type=int, default=usual.steps, help="of each")
        returns.add_argument("--interleavings", type=int, default=usual.interleavings, help="of a removal")
        returns.add_argument("--seed", type=int, default=usual.seed)

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        name = connection.settings_dict["NAME"]
        connection.settings_dict["TEST"] |= {"NAME": f"{name}_prove_{os.getpid()}", "TEMPLATE": None}
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            proofs: dict[str, Callable[..., None]] = {
                "kills": self.kills,
                "registration": self.registration,
                "browser": self.browser,
                "agent": self.agent,
                "returns": self.returns,
            }
            proofs[what](**options)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)

    def browser(self, *, languages: list[str], widths: list[int], only: list[str], **_: Any) -> None:
        from metered.portal import look
        from metered.portal.demo import load
        from metered.portal.demo.customers import PASSWORD, STAFF
        from tests.flows.stack import running, url_of

        load.load(small=True)
        with (
            tempfile.TemporaryDirectory(prefix="metered-prove-") as folder,
            _static_files(Path(folder) / "static"),
            running(Path(folder), url_of(connection.settings_dict), "valkey", "web") as stack,
        ):
            found: list[str] = []
            for script in (True, False):
                walk = look.Look(
                    url=stack.url,
                    email="maria.alvarez@northwind.example",
                    password=PASSWORD,
                    staff=(STAFF.email, PASSWORD),
                    into=Path(folder),
                    only=frozenset(only),
                    axe=True,
                    say=self.stdout.write,
                    widths=tuple(widths),
                    languages=tuple(languages),
                    speak=_speak,
                    script=script,
                    pictures=False,
                )
                found += walk.all()
                self.stdout.write(f"{walk.taken} pages {'with' if script else 'without'} JavaScript")
        for item in found:
            self.stdout.write(item)
        self.stdout.write(f"{len(found)} findings")
        if found:
            raise CommandError("a page is not as it should be")

    def agent(self, *, parts: list[str], **options: Any) -> None:
        from tests.flows.agents import PARTS, Size

        self._each(parts, PARTS, Size, options)

    def returns(self, *, parts: list[str], **options: Any) -> None:
        from tests.flows.returns import PARTS, Size

        self._each(parts, PARTS, Size, options)

    def _each(
        self, parts: list[str], there: dict[str, Callable[..., list[str]]], sizes: Any, options: Any
    ) -> None:
        """Does the parts (all of them without any) and fails with what was wrong."""
        unknown = set(parts) - set(there)
        if unknown:
            raise CommandError(f"unknown: {', '.join(unknown)}; there are {', '.join(there)}")
        size = sizes(**{name: options[name] for name in sizes.__dataclass_fields__})
        wrong = []
        for name in parts or there:
            begun = time.monotonic()
            self.stdout.write(f"{name}:")
            found = there[name](size, self.stdout.write)
            wrong += [f"{name}: {fault}" for fault in found]
            self.stdout.write(f"{name}: {(time.monotonic() - begun) / 60:.1f} min")
        if wrong:
            raise CommandError("; ".join(wrong))

    def kills(self, *, times: int, seed: int, **_: Any) -> None:
        # The stories live with the tests: one way to start everything, one definition of "right".
        from tests.flows.kills import moments, survive
        from tests.flows.stack import running, url_of

        begun, wrong, seen = time.monotonic(), 0, Counter[str]()
        with (
            tempfile.TemporaryDirectory(prefix="metered-prove-") as folder,
            running(Path(folder), url_of(connection.settings_dict)) as stack,
        ):
            for number, (victim, delay) in enumerate(moments(times, seed=seed), 1):
                outcome = survive(stack, victim, delay)
                seen[victim] += 1
                wrong += bool(outcome.faults)
                self.stdout.write(f"{number:>4}  {outcome}")
        minutes = (time.monotonic() - begun) / 60
        tally = ", ".join(f"{count} of {victim}" for victim, count in sorted(seen.items()))
        self.stdout.write(
            f"{times} kills ({tally}) in {minutes:.1f} min: {wrong} with anything lost or doubled"
        )
        if wrong:
            raise CommandError("an order was lost or doubled")

    def registration(self, *, pairs: int, **_: Any) -> None:
        from tests.portal import registrations

        registrations.scene()
        begun, different, found = time.monotonic(), 0, []
        for number, pair in enumerate(registrations.pairs(pairs), 1):
            found.append(pair)
            different += not pair.alike
            if number % 100 == 0:
                self.stdout.write(f"{number:>6} pairs, {different} of them told apart")
        matching, other = registrations.medians(found)
        faults = registrations.mail_faults(pairs)
        slow = abs(matching - other) >= REGISTRATION_MS
        self.stdout.write(
            f"{pairs} pairs in {time.monotonic() - begun:.0f} s: {different} differ in bytes or headers; "
            f"median {matching:.2f} ms matching, {other:.2f} ms not matching, {abs(matching - other):.2f} ms "
            f"apart; {len(faults)} mails wrong"
        )
        if different or slow or faults:
            raise CommandError(
                "; ".join(["an answer or a mail tells whether a registration matches", *faults[:5]])
            )
