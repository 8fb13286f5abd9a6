"""Who sends a batch."""

from __future__ import annotations

from msgspec import Struct


class Sender(Struct, frozen=True):
    """A token of an agent (any device of the account), or of the one device `device_id`."""

    token_id: int
    account_id: int
    device_id: int | None
