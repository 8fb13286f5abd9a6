"""docs/operations.md lists exactly the settings that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READER = r'env\.(?:text|flag|integer|number|words|duration)\(\s*"([A-Z_]+)"'


def test_every_setting_is_documented_and_no_other() -> None:
    read = set(re.findall(READER, (ROOT / "metered" / "config" / "settings.py").read_text()))
    rows = [
        line.split("|")[1]
        for line in (ROOT / "docs" / "operations.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    documented = {name for row in rows for name in re.findall(r"`([A-Z][A-Z_]+)`", row)}
    assert "METERED_SECRET_KEY" in read
    assert documented == read


def test_the_example_file_names_existing_settings() -> None:
    read = set(re.findall(READER, (ROOT / "metered" / "config" / "settings.py").read_text()))
    named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named - {"POSTGRES_PASSWORD"} <= read
