"""`python3 manage.py check_all`: every check that isn't a test. Runs all of them, then says which failed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from launch.paths import Checkout
from launch.terminal import say

PRODUCTION_LIKE = {
    "METERED_SECRET_KEY": "a-key-for-checks-only-with-more-than-fifty-different-characters-0123456789",
    "METERED_SITE_URL": "https://portal.example.com",
    "METERED_ALLOWED_HOSTS": "portal.example.com",
    "METERED_STATIC_STORAGE": "plain",
    # Whatever the person's own shell says.
    "METERED_DEBUG": "false",
    "METERED_DEMO": "false",
}
"""Settings as production has them; no check talks to a server."""

MACHINE_PATH = re.compile(r"(?<![\w.~$}>-])/(?:home|Users|work|root|opt)/[\w.-]+")
REGISTRY_HOST = re.compile(r"\b(?:files\.pythonhosted|pypi|registry\.npmjs|conda\.anaconda)\.org\b")


@dataclass(frozen=True)
class Check:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def all_checks(checkout: Checkout) -> list[Check]:
    python = sys.executable
    manage = [python, "manage.py"]
    imports = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    checks = [
        Check("types (mypy)", [python, "-m", "mypy"]),
        Check("lint (ruff)", [python, "-m", "ruff", "check", "--output-format", "concise", "."]),
        Check(
            "format (ruff)", [python, "-m", "ruff", "format", "--check", "--output-format", "concise", "."]
        ),
        Check("import contracts", [python, "-c", imports]),
        Check("templates, lint", [python, "-m", "djlint", "templates", "--lint", "--quiet"]),
        Check("templates, format", [python, "-m", "djlint", "templates", "--check"]),
        Check("migrations are complete", [*manage, "makemigrations", "--check", "--dry-run"]),
        Check("deployment settings", [*manage, "check", "--deploy", "--fail-level", "WARNING"]),
        Check("no machine's paths or hosts", [python, "-c", SCAN]),
    ]
    return [Check(each.name, each.command, {**PRODUCTION_LIKE, **each.environment}) for each in checks]


SCAN = """\
import sys
from launch.checks import scan
from launch.paths import CHECKOUT
found = scan(CHECKOUT)
print("\\n".join(found))
sys.exit(bool(found))
"""


def scan(checkout: Checkout) -> list[str]:
    """Lines of tracked files that hold a path of somebody's machine or the host of a registry."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=checkout.root,
        capture_output=True,
        text=True,
        check=True,
    )
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        try:
            lines = (checkout.root / name).read_text().splitlines()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        for number, line in enumerate(lines, 1):
            if suspicious(line):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    return found


def suspicious(line: str) -> bool:
    """Whether a line names a folder of somebody's machine or the host of a package registry."""
    return bool(MACHINE_PATH.search(line) or REGISTRY_HOST.search(line))


def run_one(check: Check, checkout: Checkout) -> tuple[int, str, float]:
    begun = time.monotonic()
    done = subprocess.run(
        list(check.command),
        cwd=checkout.root,
        env={**os.environ, **check.environment, "METERED_NO_VENV": "1", "DJANGO_SETTINGS_MODULE": SETTINGS},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, time.monotonic() - begun


SETTINGS = "metered.config.settings"


def main(checkout: Checkout, arguments: Sequence[str]) -> int:
    """Run the checks (those whose name holds one of the arguments, if any); 1 when one fails."""
    checks = [
        check
        for check in all_checks(checkout)
        if not arguments or any(argument in check.name for argument in arguments)
    ]
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for check, (code, output, took) in zip(
            checks, pool.map(lambda each: run_one(each, checkout), checks), strict=True
        ):
            say(f"{'passed' if code == 0 else 'FAILED'}  {check.name} ({took:.1f} s)")
            if code:
                failed.append(check.name)
                say("    " + output.rstrip().replace("\n", "\n    "))
    if failed:
        say(f"\n{len(failed)} of {len(checks)} checks failed: {', '.join(failed)}")
        return 1
    say(f"\nAll {len(checks)} checks passed.")
    return 0
