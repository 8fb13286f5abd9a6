"""Who sends a batch."""

from __future__ import annotations

from msgspec import Struct


class Sender(Struct, frozen=True):
    """A token of the agent `agent_id` (any device of the account), or of the one device `device_id`."""

    token_id: int
    account_id: int
    device_id: int | None
    agent_id: int | None = None
