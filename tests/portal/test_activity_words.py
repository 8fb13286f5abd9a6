"""Whatever is written into the activity log has a sentence, and its kind a word of the filter."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from metered.portal.presentation.activity import KINDS, SENTENCES

ROOT = Path(__file__).parents[2] / "metered"


def written() -> Iterator[tuple[str, str, str]]:
    """(kind, verb, where) of each call of `log` that names both."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "log":
                continue
            said = {
                word.arg: word.value.value
                for word in node.keywords
                if word.arg in ("kind", "verb") and isinstance(word.value, ast.Constant)
            }
            if len(said) == 2:
                yield str(said["kind"]), str(said["verb"]), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_the_code_writes_what_this_test_reads() -> None:
    assert len(set(written())) > 25


def test_every_entry_has_a_sentence() -> None:
    missing = {(kind, verb): where for kind, verb, where in written() if (kind, verb) not in SENTENCES}
    assert not missing, f"add sentences to metered/portal/presentation/activity.py: {missing}"


def test_every_kind_is_found_by_the_filter() -> None:
    known = {kind for kinds in KINDS.values() for kind in kinds}
    assert {kind for kind, _verb, _where in written()} <= known
