"""Policies to compare: a process speaking the protocol, the engine in here, and "ship one at 20 %"."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from metered.replenishment import policy, protocol
from metered.replenishment.replay import Replay

Message = dict[str, Any]


class Policy(Protocol):
    seconds: float

    def hello(self, message: Message) -> None: ...

    def day(self, message: Message) -> Message: ...

    def end(self) -> None: ...


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


class ShipAt:
    """Ship one when a cartridge is at or below a level, once per cartridge; flags at low; no level: pages
    by yield.
    """

    def __init__(self, percent: float = 20.0) -> None:
        self.seconds = 0.0
        self._at = percent

    def hello(self, message: Message) -> None:
        s = message["supplies"]
        self._device: list[int] = s["device"]
        self._pool: list[int] = s["pool"]
        self._tinted = [k in ("C", "M", "Y", "drumC", "drumM", "drumY") for k in s["kind"]]
        self._yield: list[float] = s["yield"]
        n = len(self._device)
        self._ordered = [False] * n
        self._blind = [r == "none" for r in s["reports"]]
        self._printed = [0.5 * y for y in self._yield]
        devices = len(message["devices"]["site"])
        self._mine: list[list[int]] = [[] for _ in range(devices)]
        for i, d in enumerate(self._device):
            self._mine[d].append(i)
        self._modulus = message["devices"]["meter_modulus"]
        self._meter: list[tuple[float, float] | None] = [None] * devices
        self._gone = [False] * devices

    def _pages(self, d: int, total: float, colour: float, unknown: set[int], out: dict[int, int]) -> None:
        last, self._meter[d] = self._meter[d], (total, colour)
        if last is None:
            return
        gain, tint = (total - last[0]) % self._modulus[d], (colour - last[1]) % self._modulus[d]
        if gain > 200_000:
            return
        for s in self._mine[d]:
            if self._blind[s] or s in unknown:
                self._printed[s] += tint if self._tinted[s] else gain
                if self._printed[s] >= (1 - self._at / 100) * self._yield[s]:
                    self._printed[s] -= self._yield[s]
                    out[self._pool[s]] = out.get(self._pool[s], 0) + 1

    def day(self, message: Message) -> Message:
        out: dict[int, int] = {}
        for d in message["removed"]:
            self._gone[d] = True
        levels = message["levels"]
        unknown: set[int] = set()
        for s, v in zip(levels["s"], levels["v"], strict=True):
            if v == -2:
                unknown.add(s)
            low = v in (-4, -5) or 0 <= v <= self._at
            if low and not self._ordered[s]:
                self._ordered[s] = True
                out[self._pool[s]] = out.get(self._pool[s], 0) + 1
            elif v == -3 or v > 50:
                self._ordered[s] = False
        for name in ("reports", "reads"):
            r = message[name]
            for d, total, colour in zip(r["d"], r["total"], r["color"], strict=True):
                self._pages(d, total, colour, unknown, out)
        return {
            "type": "orders", "day": message["day"], "p": list(out), "n": [min(n, 30) for n in out.values()]
        }  # fmt: skip

    def end(self) -> None:
        pass
