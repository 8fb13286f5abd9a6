"""What a first visit loads: CSS within 15 KB, JavaScript within 25 KB on the wire (design/README)."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

ROOT = Path(__file__).parents[2]


def wire(names: list[str]) -> int:
    total = 0
    for name in names:
        found = finders.find(name)
        assert found, name
        total += len(gzip.compress(Path(str(found)).read_bytes(), 9))
    return total


def linked(pattern: str) -> list[str]:
    page = render_to_string("base_bare.html") + render_to_string("account/login.html")
    return sorted(set(re.findall(pattern, page)))


def test_css_is_small() -> None:
    sheets = linked(r'/static/(css/[\w./-]+\.css)"')
    assert "css/tokens.css" in sheets and "css/pictures.css" in sheets
    assert wire(sheets) < 15_000


def test_javascript_is_small() -> None:
    scripts = [name for name in linked(r'<script[^>]* src="/static/([\w./-]+\.js)"') if "mfa/" not in name]
    assert any("htmx" in name for name in scripts)
    assert wire(scripts) < 25_000


def test_every_own_script_is_a_module_without_imports_from_elsewhere() -> None:
    for path in (ROOT / "static" / "js").glob("*.js"):
        text = path.read_text()
        assert "http://" not in text and "https://" not in text, path.name
        assert "eval(" not in text and "innerHTML" not in text, path.name
