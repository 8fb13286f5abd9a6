"""The only writer of orders; each verb has a file of its own, and this is the one door to them.

Locks are taken as locking.py says: address, contract, order, line, pool, then devices and slots.
"""

from __future__ import annotations

from metered.orders.closing import HOLD, cancel_line
from metered.orders.holding import hold, resume
from metered.orders.placing import Wanted, next_number, place, take_proposals
from metered.orders.releasing import release_due, release_now
from metered.orders.shipping import deliver, ship

__all__ = [
    "HOLD",
    "Wanted",
    "cancel_line",
    "deliver",
    "hold",
    "next_number",
    "place",
    "release_due",
    "release_now",
    "resume",
    "ship",
    "take_proposals",
]
