"""What `pip install .` installs runs with nothing beside it; a sample of `manage.py prove agent alone`."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from metered.agent import cli
from tests.agent.devices import HERE, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages that the wheel holds, as setuptools chooses them."""
    folder = tmp_path_factory.mktemp("installed")
    chosen = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    for source in ROOT.joinpath("metered").rglob("*.py"):
        package = ".".join(source.parent.relative_to(ROOT).parts)
        if any(fnmatch(package, pattern) for pattern in chosen):
            (folder / source.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / source.relative_to(ROOT))
    return folder


def call(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """-S leaves site-packages out and -I the environment, so that only the standard library is there."""
    code = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); from metered.agent.cli import main\n"
        "status = main(sys.argv[1:])\n"
        "ours = [n for n in sys.modules if n.startswith('metered.')]\n"
        "others = [n for n in ours if not n.startswith('metered.agent')]\n"
        "sys.exit(status or len(others))"
    )
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=installed,
    )


def test_it_holds_the_agent_and_nothing_of_the_portal(installed: Path) -> None:
    assert [each.name for each in (installed / "metered").iterdir() if each.is_dir()] == ["agent"]
    assert (installed / "metered" / "agent" / "snmp" / "ber.py").is_file()


def test_it_needs_no_package() -> None:
    assert PROJECT["project"]["dependencies"] == ["tzdata; sys_platform == 'win32'"]
    module, _, name = PROJECT["project"]["scripts"]["metered-agent"].partition(":")
    assert getattr(importlib.import_module(module), name) is cli.command


def test_it_runs(installed: Path, tmp_path: Path) -> None:
    read = call(installed, "read", str(HERE / "xerox_versalink.snmprec"))
    assert (read.returncode, read.stderr) == (0, "")
    assert json.loads(read.stdout)["serial"] == "3TX481207"
    checked = call(installed, "check", "--config", str(tmp_path / "none.toml"))
    assert checked.returncode == 1 and "No such file" in checked.stderr


def test_it_shows_all_that_is_ever_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--show-oids"]) == 0
    text = capsys.readouterr().out
    assert "1.3.6.1.2.1.43.11.1.1.9" in text and "identity:" in text
    assert "1.3.6.1.2.1.1.4" not in text, "sysContact"
