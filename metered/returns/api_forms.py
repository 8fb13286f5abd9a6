"""Returns as the API says them, and what a program asks for."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from metered.fleet.queries import supplies_named
from metered.returns.queries import Whole

PLAIN = (
    "state", "filed_at", "due_on", "decided_at", "boxes", "pallet", "pick_up_on", "carrier", "tracking",
    "handed_over_at", "received_at", "closed_at",
)  # fmt: skip


def sealed(place: str) -> str:
    """A place in the list, fit for an address as it is."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def opened(text: str) -> str:
    """The place that `sealed` made; the beginning of the list for what it didn't."""
    try:
        return base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)).decode()
    except (ValueError, UnicodeError):
        return ""


def listed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of queries.history."""
    place = row["address__public_id"]
    return {
        "id": row["public_id"],
        "rma": row["number"],
        **{name: row[name] for name in PLAIN},
        "address": {"id": place, "name": row["address__name"]} if place else None,
        "lines": [
            {
                "reorder_number": line["supply__reorder_number"],
                "supply": line["supply__name"],
                **{name: line[name] for name in ("quantity", "accepted", "received")},
                "reason": str(line["reason"]),
            }
            for line in row["lines"]
        ],
    }


def whole(found: Whole) -> dict[str, Any]:
    """One return with its timeline."""
    made = found.made
    return {
        "id": made.public_id,
        "rma": made.number,
        **{name: getattr(made, name) for name in PLAIN},
        "address": {"id": made.address.public_id, "name": made.address.name} if made.address else None,
        "lines": [
            {
                "reorder_number": line.supply.reorder_number,
                "supply": line.supply.name,
                "quantity": line.quantity,
                "accepted": line.accepted,
                "received": line.received,
                "reason": str(line.reason),
            }
            for line in found.lines
        ],
        "timeline": _timeline(found),
    }


def _timeline(found: Whole) -> list[dict[str, Any]]:
    made = found.made
    steps = [("filed", made.filed_at)]
    if made.decided_at is not None:
        steps.append(("rejected" if made.state == "rejected" else "confirmed", made.decided_at))
    if made.handed_over_at is not None:
        steps.append(("handed_over", made.handed_over_at))
    steps += [("received", receipt.received_at) for receipt in found.receipts]
    if made.closed_at is not None:
        steps.append(("withdrawn" if made.state == "withdrawn" else "closed", made.closed_at))
    return [{"what": what, "at": at} for what, at in sorted(steps, key=lambda step: step[1])]


def units_of(lines: Sequence[Mapping[str, Any]]) -> tuple[dict[int, int], list[dict[str, list[str]]]]:
    """Units by supply, and what is wrong with each line (as DRF says it); no faults: an empty list.

    The same supply twice is added up.
    """
    units: dict[int, int] = {}
    faults: list[dict[str, list[str]]] = []
    for line in lines:
        named = supplies_named(line["reorder_number"])
        if len(named) == 1:
            units[named[0].pk] = units.get(named[0].pk, 0) + line["quantity"]
            faults.append({})
        elif named:
            several = ", ".join(supply.reorder_number for supply in named[:10])
            faults.append({"reorder_number": [f"Which of these: {several}?"]})
        else:
            faults.append({"reorder_number": ["We know no supply by this number."]})
    return units, faults if any(faults) else []
