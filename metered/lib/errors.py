"""The one exception by which an action says no."""

from __future__ import annotations


class Refused(Exception):
    """An action was refused. `reason` is a sentence for the person; `code` is for programs and tests."""

    def __init__(self, reason: str, *, code: str = "refused") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
