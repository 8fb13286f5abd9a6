"""A sample of `prove agent datagrams`: damaged and hostile answers."""

from __future__ import annotations

import random

from tests.agent import datagrams
from tests.agent.datagrams import is_value, prove


def test_a_sample_of_the_million_damaged_datagrams() -> None:
    tally = prove(3_000, seed=20261126)
    assert tally.faults == []
    assert tally.datagrams >= 3_000
    # the sample holds every sort: what is read, what is not, what is signed, whole conversations and reports
    for sort in ("read", "malformed", "not believed", "signed and whole", "conversations", "reports"):
        assert tally.seen[sort] > 20, tally.seen


def test_damage_is_damage() -> None:
    chance = random.Random(1)
    whole = bytes(range(200))
    assert sum(datagrams.damaged(whole, chance) != whole for _ in range(500)) > 450


def test_the_oracle_takes_no_value_that_was_not_said() -> None:
    assert is_value(0x41, b"\xff\xff\xff\xff", 2**32 - 1)
    assert not is_value(0x41, b"\xfe", 254)
    assert is_value(0x02, b"\xfe", -2)
    assert not is_value(0x02, b"\xfe", 254)
    assert not is_value(0x06, b"\x80", (1, 3))
    assert not is_value(0x44, b"\x05", 5)
