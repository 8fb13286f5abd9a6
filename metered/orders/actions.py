"""The only writer of orders; each verb has a file of its own, and this is the one door to them.

Locks are taken as locking.py says: address, contract, order, line, pool, then devices and slots.
"""

from __future__ import annotations

from metered.orders.by_hand import Asked, order_by_hand
from metered.orders.carts import count_here, empty_cart, fill_cart, order_again
from metered.orders.closing import HOLD, cancel_line, cancel_lines
from metered.orders.holding import hold, resume
from metered.orders.placing import Wanted, next_number, place, take_proposals
from metered.orders.problems import Reported, answer_problem, replace_problem, report_problem
from metered.orders.releasing import release_due, release_now
from metered.orders.releasing_held import decline_line, reduce_line, release_line, weigh_held
from metered.orders.shipping import deliver, ship
from metered.orders.stopping import stop_removed
from metered.orders.timing import time_parcels

__all__ = [
    "HOLD",
    "Asked",
    "Reported",
    "Wanted",
    "answer_problem",
    "cancel_line",
    "cancel_lines",
    "count_here",
    "decline_line",
    "deliver",
    "empty_cart",
    "fill_cart",
    "hold",
    "next_number",
    "order_again",
    "order_by_hand",
    "place",
    "reduce_line",
    "release_due",
    "release_line",
    "release_now",
    "replace_problem",
    "report_problem",
    "resume",
    "ship",
    "stop_removed",
    "take_proposals",
    "time_parcels",
    "weigh_held",
]
