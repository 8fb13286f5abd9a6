"""`python -m metered.replenishment.serve`: the policy as a process that speaks fleet-replay/1 (method part
3).

One JSON message per line on standard input, one answer per line on standard output, nothing else there.
No clock, no files, no database: the same input gives the same output. Exit status 2 and one line on standard
error for input that breaks the protocol.
"""

from __future__ import annotations

import os
import sys

# One core is enough, and threads of a BLAS would only wait for each other on arrays of this size.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import msgspec  # noqa: E402

from metered.replenishment import protocol  # noqa: E402
from metered.replenishment.replay import Replay  # noqa: E402


def main() -> int:
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    encode = msgspec.json.Encoder().encode
    kind = msgspec.json.Decoder(protocol.Kind)
    hello = msgspec.json.Decoder(protocol.Hello)
    day = msgspec.json.Decoder(protocol.Day)
    replay: Replay | None = None
    for line in source:
        if not line.strip():
            continue
        try:
            match kind.decode(line).type:
                case "hello" if replay is None:
                    replay = Replay(hello.decode(line))
                    answer = encode(protocol.Ready())
                case "day" if replay is not None:
                    answer = encode(replay.evening(day.decode(line)))
                case "end":
                    return 0
                case other:
                    raise ValueError(f"unexpected message {other!r}")
        except (msgspec.DecodeError, ValueError) as error:
            sys.stderr.write(f"fleet-replay: {error}\n")
            return 2
        sink.write(answer + b"\n")
        sink.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
