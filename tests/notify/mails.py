"""What tests of the outbox share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from metered.notify import actions
from metered.notify.models import Message

VALUES: dict[str, Any] = {
    "order_number": "SO-20418",
    "address_name": "Main St",
    "lines": [
        {
            "quantity": 2,
            "supply": "Black toner",
            "reorder_number": "006R01828",
            "devices": ["Front desk · VersaLink C7130"],
            "why": "It will be empty on 1 December.",
        }
    ],
    "item_count": 2,
    "release_at": "2026-11-21T15:30:00+00:00",
    "order_path": "/orders/abcdefgh01234567/",
}


@dataclass(frozen=True)
class Person:
    email: str = "ana@example.com"
    language: str = "en"
    time_zone: str = "America/New_York"
    kind: str = ""
    digest: bool = False


ANA, BEN = Person(), Person("ben@example.com", time_zone="Europe/Berlin")


def posted(event: str = "order_announced:1", *people: Person, **values: Any) -> Message:
    """The first recipient's row of a mail about an order."""
    to = people or (ANA,)
    actions.post(event=event, to=to, template="order_announced", values=VALUES | values)
    return Message.objects.get(event=event, email=to[0].email)
