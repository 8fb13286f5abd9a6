"""Two demos never share a port, though their web servers could."""

from __future__ import annotations

import socket

import pytest

from launch import ports
from launch.terminal import Stop


def free_number() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_claimed_port_is_not_given_twice() -> None:
    number = free_number()
    first = ports.claim(number)
    assert first is not None
    assert ports.claim(number) is None
    first.release()
    again = ports.claim(number)
    assert again is not None
    again.release()


def test_a_port_with_a_listener_is_not_free() -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert ports.claim(listener.getsockname()[1]) is None


def test_the_wanted_port_or_a_clear_word() -> None:
    number = free_number()
    port = ports.choose(str(number))
    assert port.number == number
    with pytest.raises(Stop, match=f"Port {number} is in use"):
        ports.choose(str(number))
    port.release()


@pytest.mark.parametrize("wanted", ["eighty", "0", "65536", "-1", "８０００"])
def test_what_is_no_port_is_refused(wanted: str) -> None:
    with pytest.raises(Stop, match="PORT must be a number"):
        ports.choose(wanted)


def test_the_next_free_one_is_taken() -> None:
    first, second = ports.choose(""), ports.choose("")
    assert ports.FIRST <= first.number < second.number <= ports.LAST
    first.release()
    second.release()
