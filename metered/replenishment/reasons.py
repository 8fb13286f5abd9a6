"""A decision's reason while it is made: typed, so that thousands cost little. explain.py says what each value
means, and reads what `plain` or PostgreSQL gives. No database."""

from __future__ import annotations

from typing import Any

import msgspec


class SlotSaid(msgspec.Struct, gc=False):
    """A slot the decision is for."""

    slot: int
    device: str
    label: str
    state: str
    percent: float | None
    use: float | None
    use_sd: float | None
    runs_out: tuple[str, str, str] | None


class Reason(msgspec.Struct, gc=False, omit_defaults=True):
    """A pool's decision. `also`, kept as "with", is there only where something is sent."""

    rule: str
    barred: str
    held_until: str | None
    held_because: str
    supply: msgspec.Raw
    """As JSON: thousands of pools hold the same few supplies."""
    quantity: int
    shelf: int
    believed_shelf: float
    on_the_way: int
    counted_on: str | None
    alpha: float
    risk: float
    lead_days: int
    ships_on: str
    arrives_by: str
    join_days: int
    later_risk: float
    slots: list[SlotSaid]
    decided_at: str
    look_again_at: str
    also: list[str] | None = msgspec.field(default=None, name="with")


def raw(value: object) -> msgspec.Raw:
    """Anything as the JSON that it will be, made once."""
    return msgspec.Raw(as_json(value))


as_json = msgspec.json.Encoder().encode
"""A reason, or what stands in one, as JSON."""


def plain(reason: Reason) -> dict[str, Any]:
    """As it is read from the database."""
    found: dict[str, Any] = msgspec.json.decode(as_json(reason))
    return found
