"""Pictures of every page in docs/screenshots, and a check of each for accessibility."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from metered.portal import look


class Command(BaseCommand):
    help = (
        "Takes pictures of every page of a running demo (three widths, light and dark) and runs axe on each."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", help="where the demo runs; without it .run/demo.json says so")
        parser.add_argument("--login", help="e-mail:password; without it the demo's first owner")
        parser.add_argument("--into", type=Path, default=settings.BASE_DIR / "docs" / "screenshots")
        parser.add_argument("--only", nargs="*", help="names of pages, such as overview device")
        parser.add_argument("--no-axe", action="store_true", help="pictures only")

    def handle(self, **options: Any) -> None:
        url, email, password, staff = self._door(options)
        run = look.Look(
            url=url,
            email=email,
            password=password,
            staff=staff,
            into=options["into"],
            only=frozenset(options["only"] or ()),
            axe=not options["no_axe"],
            say=self.stdout.write,
        )
        findings = run.all()
        size = sum(file.stat().st_size for file in options["into"].glob("*.png"))
        self.stdout.write(f"{run.taken} pictures, {size / 1e6:.1f} MB in all, {len(findings)} findings")
        if findings:
            raise CommandError(f"{len(findings)} findings of axe; see above")

    def _door(self, options: dict[str, Any]) -> tuple[str, str, str, tuple[str, str] | None]:
        file = settings.BASE_DIR / ".run" / "demo.json"
        demo: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        url = options["url"] or demo.get("url")
        if not url:
            raise CommandError("No demo is running here. Start one with: python3 manage.py demo")
        if urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"} and not os.environ.get(
            "METERED_ANYWHERE"
        ):
            raise CommandError("This signs in with a demo's login: only to this machine.")
        if options["login"]:
            email, sign, password = options["login"].partition(":")
            if not sign:
                raise CommandError("--login is e-mail:password")
            return url, email, password, None
        owners = [login for login in demo.get("logins", []) if login.get("role") == "owner"]
        if not owners:
            raise CommandError("demo.json names no owner; say --login e-mail:password")
        staff = [login for login in demo.get("logins", []) if login.get("role") == "staff"]
        desk = (str(staff[0]["email"]), str(staff[0]["password"])) if staff else None
        return url, owners[0]["email"], owners[0]["password"], desk
