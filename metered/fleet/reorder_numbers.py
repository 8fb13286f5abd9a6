"""Reorder numbers as people type them: 6R244 is 006R00244, "6r 244", "P/N 006R-00244". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_RUNS = re.compile(r"[0-9]+|[A-Z]+")
_KEPT = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")

SHORTEST = 3
"""So many characters at least have to agree before a part of a number counts as it."""


def reorder_key(text: str) -> str:
    """What the spellings of one reorder number share: letters and digits alone, in upper case, each run of
    digits without its leading zeros.
    """
    together = "".join(character for character in text.upper() if character in _KEPT)
    return "".join(run.lstrip("0") or "0" if run.isdigit() else run for run in _RUNS.findall(together))


def found(typed: str, numbers: Mapping[int, str]) -> list[int]:
    """The ids of those of `numbers` (id → reorder number) that `typed` names, best first; empty for none.

    The very number; else the same but for spelling; else those whose number ends what was typed (it had a
    word before it) or begins or ends with what was typed (part of it was left out). Several of the last kind
    are a question to whoever typed.
    """
    text = typed.strip().upper()
    if exact := [pk for pk, number in numbers.items() if number.upper() == text]:
        return exact
    key = reorder_key(typed)
    if not key:
        return []
    keys = {pk: reorder_key(number) for pk, number in numbers.items()}
    if same := [pk for pk, other in keys.items() if other == key]:
        return same
    if ended := [pk for pk, other in keys.items() if len(other) >= SHORTEST and key.endswith(other)]:
        return _longest(ended, keys)
    if len(key) < SHORTEST:
        return []
    return sorted(
        (pk for pk, other in keys.items() if other.endswith(key) or other.startswith(key)),
        key=lambda pk: (len(keys[pk]), keys[pk]),
    )


def _longest(ids: Iterable[int], keys: Mapping[int, str]) -> list[int]:
    """6R244 names 6R244, not also R244 that it ends with."""
    ids = list(ids)
    most = max(len(keys[pk]) for pk in ids)
    return [pk for pk in ids if len(keys[pk]) == most]
