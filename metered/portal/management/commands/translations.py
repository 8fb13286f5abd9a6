"""`python3 manage.py translations update | check`: the catalogues of all languages."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from metered.lib import catalogs


def languages() -> list[str]:
    """Those that need a catalogue: all but the one that the sources are written in."""
    return [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


class Command(BaseCommand):
    help = "Brings the catalogues in locale/ up to the sources, or says what they lack."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["update", "check"])
        parser.add_argument("--language", action="append", choices=languages(), help="only this one")

    def handle(self, *args: Any, what: str, language: list[str] | None, **options: Any) -> None:
        wrong = 0
        for code in language or languages():
            if what == "update":
                catalogs.update(settings.BASE_DIR, code)
            faults = catalogs.missing(settings.BASE_DIR, code)
            wrong += len(faults)
            for fault in faults if what == "check" else []:
                self.stdout.write(f"{code}: {fault}")
            self.stdout.write(f"{code}: {len(faults)} to be translated or mended")
        if wrong and what == "check":
            raise CommandError(f"{wrong} texts are not as they should be in another language")
