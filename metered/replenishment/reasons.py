"""A decision's reason while it is made and as it is kept: typed, so that thousands cost little. explain.py
says what each value means, and reads what `plain` gives.

It is kept as JSON without the names: a list of the values in the order of the fields. Fields are only ever
added at the end, with a default: a shorter list is an older reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.db import models

from metered.lib.said import all_kept


class SlotSaid(msgspec.Struct, gc=False, array_like=True):
    """A slot the decision is for."""

    slot: int
    device: str
    label: str
    state: str
    percent: float | None
    use: float | None
    use_sd: float | None
    runs_out: tuple[str, str, str] | None


class Reason(msgspec.Struct, gc=False, array_like=True):
    """A pool's decision. `also`, read as "with", is there only where something is sent."""

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
    also: list[str] | None = None


def raw(value: object) -> msgspec.Raw:
    """Anything as the JSON that it will be, made once."""
    return msgspec.Raw(as_json(value))


as_json = msgspec.json.Encoder().encode
"""A reason, or what stands in one, as JSON."""


if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField

_decode = msgspec.json.Decoder(Reason).decode


def plain(kept: str | bytes | Reason) -> dict[str, Any]:
    """A reason by the names of explain.py; what was kept with its names is as it was."""
    if isinstance(kept, Reason):
        kept = as_json(kept)
    if kept[:1] in ("{", b"{"):
        named: dict[str, Any] = msgspec.json.decode(kept)
        return named
    reason = _decode(kept)
    found = {name: getattr(reason, name) for name in Reason.__struct_fields__[:-1]}
    found["supply"] = msgspec.json.decode(reason.supply)
    of_slot = SlotSaid.__struct_fields__
    found["slots"] = [{name: getattr(slot, name) for name in of_slot} for slot in reason.slots]
    for slot in found["slots"]:
        slot["runs_out"] = slot["runs_out"] and list(slot["runs_out"])
    if reason.also is not None:
        found["with"] = reason.also
    return found


class ReasonField(_TextField):
    """A reason: a dict in Python, text in the database. It is read as a whole and never searched: PostgreSQL
    would take each apart and put it together for nothing.
    """

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: Any) -> dict[str, Any] | None:
        return None if value is None else plain(value)

    def to_python(self, value: Any) -> Any:
        return plain(value) if isinstance(value, str) and value else value

    def get_prep_value(self, value: Any) -> str | None:
        return value if value is None or isinstance(value, str) else as_json(all_kept(value)).decode()

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""
