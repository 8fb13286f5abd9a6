"""Our policy, as the process that speaks the protocol and as the engine in here."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from metered.replenishment import policy, protocol
from metered.replenishment.replay import Replay

if TYPE_CHECKING:
    from metered.replenishment.simulation.world import World

Message = dict[str, Any]


class Policy(Protocol):
    seconds: float

    def hello(self, message: Message) -> None: ...

    def day(self, message: Message) -> Message: ...

    def end(self) -> None: ...


@runtime_checkable
class Seer(Protocol):
    """A policy that is shown the world itself before the first day: a bound, no candidate."""

    def sees(self, world: World) -> None: ...


class Process:
    """A candidate over pipes. Any answer that breaks the protocol raises."""

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-m", "metered.replenishment.serve")
    ) -> None:
        self.seconds = 0.0
        self._process = subprocess.Popen(list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _ask(self, message: Mapping[str, Any]) -> Message:
        assert self._process.stdin is not None and self._process.stdout is not None
        data = msgspec.json.encode(message) + b"\n"
        began = time.perf_counter()
        self._process.stdin.write(data)
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        self.seconds += time.perf_counter() - began
        if not line:
            raise RuntimeError("the candidate ended before its answer")
        answer: Message = msgspec.json.decode(line)
        return answer

    def hello(self, message: Message) -> None:
        if self._ask(message) != {"type": "ready"}:
            raise RuntimeError("the candidate is not ready")

    def day(self, message: Message) -> Message:
        return self._ask(message)

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b'{"type":"end"}\n')
        self._process.stdin.close()
        if self._process.wait(timeout=60) != 0:
            raise RuntimeError("the candidate failed at its end")


class Engine:
    """Our engine in this process, with other dials: for comparing settings quickly."""

    def __init__(self, settings: policy.Settings | None = None) -> None:
        self.seconds = 0.0
        self._settings = settings
        self.replay: Replay | None = None

    def hello(self, message: Message) -> None:
        self.replay = Replay(msgspec.convert(message, protocol.Hello, strict=False), self._settings)

    def day(self, message: Message) -> Message:
        assert self.replay is not None
        began = time.perf_counter()
        answer = self.replay.evening(msgspec.convert(message, protocol.Day))
        self.seconds += time.perf_counter() - began
        out: Message = msgspec.to_builtins(answer)
        return out

    def end(self) -> None:
        pass
