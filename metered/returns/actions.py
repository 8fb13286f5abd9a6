"""The only writer of returns.

Filed in filing.py (unconfirmed.py for who is not signed in), decided in deciding.py, received in
receiving.py; what removed devices leave behind stands in leftovers.py.
"""

from __future__ import annotations

from metered.returns.deciding import (
    answer_due,
    arrange_pick_up,
    choose_address,
    decide,
    hand_over,
    withdraw,
)
from metered.returns.filing import Filled, file_return
from metered.returns.leftovers import assign, look_for_leftovers, none_left, remind, take_facts
from metered.returns.receiving import Counted, add_photo, close, receive
from metered.returns.unconfirmed import ask, take_unconfirmed, use_link

__all__ = [
    "Counted",
    "Filled",
    "add_photo",
    "answer_due",
    "arrange_pick_up",
    "ask",
    "assign",
    "choose_address",
    "close",
    "decide",
    "file_return",
    "hand_over",
    "look_for_leftovers",
    "none_left",
    "receive",
    "remind",
    "take_facts",
    "take_unconfirmed",
    "use_link",
    "withdraw",
]
