"""Recorded walks, sent to the portal as telemetry.md says.

Everything in a batch comes from the files, so that the same push is the same batch, byte by byte: the
instance from their digest, the sequence and the time of sending from their newest modification.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from metered.agent import VERSION, batch
from metered.agent.batch import MOST_BYTES, TOTALS, encoded
from metered.agent.files import Recording
from metered.agent.report import utc

MOST_REPORTS = batch.MOST_REPORTS


@dataclass(frozen=True, slots=True)
class Batch:
    """One POST. `first` is the place of its first report in the whole push."""

    body: bytes
    first: int


def batches(recordings: Sequence[Recording], reports: Sequence[bytes]) -> list[Batch]:
    """The recordings' reports (each already JSON) in as few bodies as the portal's limits allow."""
    cuts, size = [0], 0
    for at, report in enumerate(reports):
        if at - cuts[-1] == MOST_REPORTS or (size + len(report) > MOST_BYTES and at > cuts[-1]):
            cuts.append(at)
            size = 0
        size += len(report) + 1
    return [
        Batch(_body(recordings[start:end], reports[start:end]), start)
        for start, end in zip(cuts, [*cuts[1:], len(reports)], strict=True)
    ]


def _body(recordings: Sequence[Recording], reports: Sequence[bytes]) -> bytes:
    digest = sha256(b"".join(recording.digest() for recording in recordings)).hexdigest()
    newest = max(recording.read_at for recording in recordings)
    agent = {
        "instance": str(uuid.uuid5(uuid.NAMESPACE_OID, digest)),
        "version": VERSION,
        "sequence": int(newest.timestamp()),
        "sent_at": utc(newest),
    }
    return batch.body(encoded(agent), reports)


def together(answers: Sequence[tuple[Batch, dict[str, Any]]]) -> dict[str, Any]:
    """One answer for a push of several batches: sums, and indexes that count through the whole push."""
    if len(answers) == 1:
        return answers[0][1]
    whole = dict(answers[-1][1])
    for key in TOTALS:
        whole[key] = sum(answer[key] for _, answer in answers)
    for key in ("refused", "warnings"):
        whole[key] = [
            {**entry, "index": entry["index"] + sent.first}
            for sent, answer in answers
            for entry in answer[key]
        ]
    return whole
