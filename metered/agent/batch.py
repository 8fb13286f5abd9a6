"""A batch as telemetry.md writes it, and what the portal answers. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

MOST_REPORTS = 2_000
MOST_BYTES = 7_500_000
"""The portal takes 8 MiB unpacked; the envelope needs some of it."""

TOTALS = ("received", "accepted", "duplicates")


def encoded(value: Mapping[str, Any]) -> bytes:
    """JSON without a needless byte, always in the same order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def body(agent: bytes, reports: Sequence[bytes]) -> bytes:
    """The whole batch; `agent` and each report are JSON already, so the same parts give the same bytes."""
    return b'{"schema":1,"agent":%b,"reports":[%b]}' % (agent, b",".join(reports))


def is_answer(answer: object) -> bool:
    """Whether it has the form of the portal's answer to a batch."""
    if not isinstance(answer, dict) or not all(isinstance(answer.get(key), int) for key in TOTALS):
        return False
    told = [answer.get("refused"), answer.get("warnings")]
    return all(isinstance(entries, list) and all(map(_is_entry, entries)) for entries in told)


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("index"), int) and "reason" in entry
