"""SNMP versions 1 and 2c: a version, a community, a PDU (RFC 1157 section 4, RFC 1901 section 3)."""

from collections.abc import Generator
from functools import lru_cache

from metered.agent.snmp import pdu
from metered.agent.snmp.ber import OCTETS, SEQUENCE, content, integer, number, wrapped
from metered.agent.snmp.credentials import Community
from metered.agent.snmp.pdu import Answer, Pdu

NUMBERS = {"1": 0, "2c": 1}


@lru_cache(maxsize=2048)
def _around(version: int, community: bytes, asked: Pdu) -> tuple[bytes, bytes]:
    """The message before and after the four octets of its request id."""
    message = wrapped(
        SEQUENCE,
        integer(version) + wrapped(OCTETS, community) + pdu.encoded(asked, pdu.SMALLEST_ID),
    )
    after = pdu.tail(asked)
    return message[: len(message) - len(after) - 4], after


class PlainAsk:
    """One request and how to know its answer."""

    __slots__ = ("datagram", "request_id", "version")

    def __init__(self, version: int, community: bytes, asked: Pdu) -> None:
        self.version = version
        self.request_id = pdu.new_id()
        before, after = _around(version, community, asked)
        self.datagram = before + self.request_id.to_bytes(4, "big") + after

    def accept(self, data: bytes) -> Answer | None:
        """The answer in this datagram; None when it is to another request. Raises Malformed.

        What follows the message in the datagram is not looked at: some devices pad.
        """
        at, end = content(data, 0, len(data), SEQUENCE)
        # the version as all write it; what is written longer is read as well
        if data[at : at + 2] == b"\x02\x01" and at + 3 <= end:
            version, at = data[at + 2], at + 3
        else:
            version, at = number(data, at, end)
        _, at = content(data, at, end, OCTETS)  # some devices send another community back
        return pdu.decoded(data, at, end, self.request_id) if version == self.version else None


class PlainSession:
    """A device that is asked with a community."""

    def __init__(self, credentials: Community, version: str | None = None) -> None:
        self.version = version or credentials.version
        self.bulk = self.version == "2c"
        self._community = credentials.community.encode()
        self._last: tuple[Pdu, PlainAsk] | None = None

    def asked(self, what: Pdu) -> Generator[PlainAsk, Answer | None, Answer | None]:
        """One attempt; None when nothing came. The same PDU again is the same datagram again, so that an
        answer that was only late still counts."""
        if self._last is None or self._last[0] is not what:
            self._last = what, PlainAsk(NUMBERS[self.version], self._community, what)
        return (yield self._last[1])
