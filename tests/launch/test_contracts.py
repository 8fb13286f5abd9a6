"""The import contracts break when they are violated: each is tried on a copy with one bad module."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"

VIOLATIONS = [
    ("layers", "metered/fleet/peek.py", "from metered.orders import models"),
    ("layers", "metered/lib/peek.py", "from metered.notify import apps"),
    ("layers", "metered/shipping/__init__.py", ""),
    ("models", "metered/portal/views/peek.py", "from metered.fleet.models import Device"),
    ("models", "metered/orders/tasks.py", "from metered.orders.models import Order"),
    ("pure", "metered/replenishment/policy.py", "from django.conf import settings"),
    ("pure", "metered/replenishment/forecast.py", "from metered.config import celery"),
    ("agent", "metered/agent/peek.py", "from metered.lib import ids"),
    ("agent", "metered/agent/peek.py", "import django"),
    ("launch", "launch/peek.py", "import psycopg"),
    ("launch", "launch/peek.py", "from metered.lib import env"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts")
    for name in ("metered", "launch"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    chosen = ["--contract", contract] if contract else []
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", *chosen],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_hold(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize(("contract", "file", "line"), VIOLATIONS)
def test_a_violation_breaks_its_contract(copy: Path, contract: str, file: str, line: str) -> None:
    target = copy / file
    before = target.read_text() if target.exists() else None
    new_package = not target.parent.exists()
    target.parent.mkdir(exist_ok=True)
    target.write_text((before or "") + f"\n{line}\n")
    try:
        done = lint(copy, contract)
    finally:
        if before is not None:
            target.write_text(before)
        elif new_package:
            shutil.rmtree(target.parent)
        else:
            target.unlink()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout or "not listed" in done.stdout + done.stderr
