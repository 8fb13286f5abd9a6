"""The hash-locked requirements."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from launch.checks import REGISTRY_HOST
from launch.venv import LOCKS

ROOT = Path(__file__).resolve().parents[2]


def packages(name: str) -> set[tuple[str, str]]:
    """(package, version); a package has two versions where newer Pythons need another one."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return set(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", text, re.MULTILINE))


def names_of(group: str, groups: dict[str, list[str | dict[str, str]]]) -> set[str]:
    found: set[str] = set()
    for entry in groups[group]:
        if isinstance(entry, dict):
            found |= names_of(entry["include-group"], groups)
        else:
            match = re.match(r"[A-Za-z0-9._-]+", entry)
            assert match is not None
            found.add(match[0].lower().replace("_", "-").replace(".", "-"))
    return found


def test_the_locks_are_nested_at_one_version_each() -> None:
    run, demo, dev = (packages(name) for name in LOCKS)
    assert run < demo < dev


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_its_group_every_hash_and_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert names_of(name, groups) <= {each.lower().replace("_", "-") for each, _ in packages(name)}
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(packages(name))
    assert all("--hash=sha256:" in block for block in blocks)
    assert not REGISTRY_HOST.search(text)
    assert "://" not in text
