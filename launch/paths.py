"""Where things of one checkout are kept. Everything that a run writes lives under `.run/`."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Checkout:
    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def run(self) -> Path:
        return self.root / ".run"

    @property
    def logs(self) -> Path:
        return self.run / "logs"

    @property
    def demo(self) -> Path:
        """State of the demo: servers' data, what is running, the secret key."""
        return self.run / "demo"

    @property
    def demo_file(self) -> Path:
        return self.run / "demo.json"

    def lock_file(self, name: str) -> Path:
        return self.root / "requirements" / f"{name}.txt"

    @property
    def short_name(self) -> str:
        """Eight hexadecimal digits that tell this checkout from others on the machine."""
        return hashlib.sha256(str(self.root).encode()).hexdigest()[:8]

    def make_run(self) -> None:
        """Create `.run` for its owner alone (as root: passable, since the servers run as nobody)."""
        self.run.mkdir(exist_ok=True)
        if self.run.stat().st_uid == os.geteuid():
            self.run.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self.logs.mkdir(mode=0o700, exist_ok=True)


CHECKOUT = Checkout(HERE)
